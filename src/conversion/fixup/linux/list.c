/* SPDX-License-Identifier: BSD-2-Clause */
/* list.c - the fixes for Linux, in the order of need: what keeps it from starting comes first */
#include "conversion/fixup/fixup.h"

#include <stddef.h>

extern const struct nacre_fix nacre_fix_initramfs, nacre_fix_fstab, nacre_fix_bootloader, nacre_fix_esp,
	nacre_fix_network, nacre_fix_drivers, nacre_fix_caches, nacre_fix_console, nacre_fix_services,
	nacre_fix_identity, nacre_fix_growfs, nacre_fix_selinux;

const struct nacre_fix *const nacre_fixes_linux[] = {
	&nacre_fix_initramfs, &nacre_fix_fstab,	   &nacre_fix_bootloader, &nacre_fix_esp,      &nacre_fix_network,
	&nacre_fix_drivers,   &nacre_fix_caches,   &nacre_fix_console,	  &nacre_fix_services, &nacre_fix_identity,
	&nacre_fix_growfs,    &nacre_fix_selinux,  NULL};
