/* SPDX-License-Identifier: BSD-2-Clause */
/* initramfs.h - the modules that a virtual machine needs early, now and at the next rebuild */
#ifndef NACRE_CONVERSION_INITRAMFS_H
#define NACRE_CONVERSION_INITRAMFS_H

#include "conversion/fixup/linux/run.h"

extern const char *const nacre_virtio_modules[]; /* with all that may be separate in some kernels; NULL-ended */
extern const char *const nacre_lasting_modules[]; /* those that config files name; NULL-ended */

/** nacre_initramfs_lasting() - config of initramfs-tools, dracut, mkinitcpio, mkinitfs, SUSE's mkinitrd */
int nacre_initramfs_lasting(struct nacre_run *r);

/* Editors; @arg: a NULL-ended list of module names, or of features for mkinitfs. */
int nacre_edit_module_list(struct nacre_span in, void *arg, struct nacre_text *out);
/** MODULES=(...) or MODULES="..." of mkinitcpio.conf, INITRD_MODULES="...", features="..." */
int nacre_edit_mkinitcpio(struct nacre_span in, void *arg, struct nacre_text *out);
int nacre_edit_suse_kernel(struct nacre_span in, void *arg, struct nacre_text *out);
int nacre_edit_mkinitfs(struct nacre_span in, void *arg, struct nacre_text *out);

#endif
