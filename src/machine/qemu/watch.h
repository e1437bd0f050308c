/* SPDX-License-Identifier: BSD-2-Clause */
/* watch.h - how far a machine has come up, told from what it writes */
#ifndef NACRE_MACHINE_QEMU_WATCH_H
#define NACRE_MACHINE_QEMU_WATCH_H

#include "machine/qemu/qemu.h"

#include <stddef.h>
#include <stdint.h>

/** struct nacre_watch - zero-initialised */
struct nacre_watch {
	enum nacre_boot_stage stage; /* only grows, but nacre_watch_restart() */
	bool up, failed;             /* decided; once set, they stay */
	char why[256];               /* where it failed: the reason */
	char detail[160];            /* the last line that told of trouble */
	char root_device[64], failed_units[512];
	char tail[4096];             /* the last lines, each with its newline */
	char line[512];              /* the line that is being written */
	size_t line_used;
	uint32_t letter;             /* the bytes of the UTF-8 character that is being written */
	char escape[32];             /* the terminal's control sequence that is being written */
	size_t escape_used;
	bool returned;               /* the cursor went back to the start of the line */
};

/** nacre_watch_serial() - bytes of the serial console, in any pieces */
void nacre_watch_serial(struct nacre_watch *w, const char *bytes, size_t size);
/** nacre_watch_screen() - all that is on the screen, as nacre_screen_text() gives it */
void nacre_watch_screen(struct nacre_watch *w, const char *text);
/** nacre_watch_restart() - the machine was reset: it begins anew */
void nacre_watch_restart(struct nacre_watch *w);

#endif
