/* SPDX-License-Identifier: BSD-2-Clause */
/* qemu.h - a virtual machine that is ours as long as we wait for it: start, QMP, screen, end */
#ifndef NACRE_MACHINE_QEMU_H
#define NACRE_MACHINE_QEMU_H

#include "machine/definition.h"

#include <nacre/error.h>

#include <stdbool.h>
#include <stdint.h>

/** struct nacre_boot_options - how to run or to check it */
struct nacre_boot_options {
	const char *directory;  /* of the virtual machine: nacre.json, disk, report */
	bool check;             /* prove that it comes up, on a throw-away overlay; else run it on its disk */
	bool snapshot;          /* run it, but throw the changes away */
	int timeout_s;          /* of the check; 0: 180, or 900 where it has to be emulated */
	const char *picture;    /* PNG to write, NULL: none */
	const char *serial_log; /* NULL: none */
	bool headless;          /* run it on the terminal: serial line, Ctrl-] for its power button */
	void (*progress)(void *arg, const char *stage, double seconds);
	void *arg;
};

enum nacre_boot_stage { NACRE_STAGE_STARTED, NACRE_STAGE_FIRMWARE, NACRE_STAGE_LOADER, NACRE_STAGE_KERNEL,
	NACRE_STAGE_INITRAMFS, NACRE_STAGE_ROOT, NACRE_STAGE_TARGET, NACRE_STAGE_LOGIN };

/** struct nacre_boot_result - @why: the sentence for the user; @tail: the last lines of the serial console */
struct nacre_boot_result {
	bool up;
	enum nacre_boot_stage stage; /* the last that was reached */
	double seconds;
	const char *accelerator; /* "kvm" or "tcg" */
	const char *emulated;    /* why it is not "kvm", NULL where it is */
	bool again;              /* the first try ended by a fault of the emulation, see check.c; this is of the second */
	char root_device[64];    /* what the root was mounted from, "" unknown */
	char failed_units[512];
	char why[256], tail[4096];
};

/** nacre_boot_stage_name() - a word for a stage: "firmware", "boot loader", ... */
const char *nacre_boot_stage_name(enum nacre_boot_stage stage);
/** nacre_boot() - run to the end, or check; 0 also when the machine does not come up (result->up) */
int nacre_boot(const struct nacre_definition *d, const struct nacre_boot_options *options,
	       struct nacre_boot_result *result, struct nacre_error *e);

#endif
