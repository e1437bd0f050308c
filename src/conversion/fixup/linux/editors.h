/* SPDX-License-Identifier: BSD-2-Clause */
/* editors.h - the config files that name devices: each editor is a function from bytes to bytes */
#ifndef NACRE_CONVERSION_EDITORS_H
#define NACRE_CONVERSION_EDITORS_H

#include "conversion/inventory/devices.h"

/** struct nacre_edit - what an editor goes by, and what it tells */
struct nacre_edit {
	const struct nacre_devices *devices;
	bool serial; /* console=tty0 console=ttyS0 on kernel command lines */
	void (*note)(void *arg, const char *text); /* what a person should know; may be NULL */
	void *arg;
};

/* @arg: struct nacre_edit. Return: 0, -1: this is no such file, leave it alone. */
int nacre_edit_fstab(struct nacre_span in, void *arg, struct nacre_text *out);
int nacre_edit_crypttab(struct nacre_span in, void *arg, struct nacre_text *out);
/** grub.cfg, and GRUB Legacy's menu.lst */
int nacre_edit_grub_menu(struct nacre_span in, void *arg, struct nacre_text *out);
/** /etc/default/grub; also Alpine's update-extlinux.conf, /etc/sysconfig/kernel's and others' NAME="arguments" */
int nacre_edit_grub_default(struct nacre_span in, void *arg, struct nacre_text *out);
/** the environment block: exactly 1024 bytes */
int nacre_edit_grubenv(struct nacre_span in, void *arg, struct nacre_text *out);
/** Boot Loader Specification entries: "options ..." */
int nacre_edit_entry(struct nacre_span in, void *arg, struct nacre_text *out);
/** extlinux.conf, syslinux.cfg: "append ..." */
int nacre_edit_extlinux(struct nacre_span in, void *arg, struct nacre_text *out);
/** /etc/kernel/cmdline: nothing but arguments */
int nacre_edit_arguments_file(struct nacre_span in, void *arg, struct nacre_text *out);
/** /etc/initramfs-tools/conf.d/resume */
int nacre_edit_resume(struct nacre_span in, void *arg, struct nacre_text *out);
/** lvm.conf: filters that name disks of the old machine */
int nacre_edit_lvm(struct nacre_span in, void *arg, struct nacre_text *out);

/** nacre_edit_arguments() - a kernel command line; @serial: add the consoles where it lacks them */
void nacre_edit_arguments(struct nacre_span in, const struct nacre_edit *edit, bool serial,
			  struct nacre_text *out);
/** nacre_find_root() - the first root= of a boot menu that can be the root's number in @d, or an empty span */
struct nacre_span nacre_find_root(struct nacre_span menu, const struct nacre_devices *d);

#endif
