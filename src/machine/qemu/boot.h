/* SPDX-License-Identifier: BSD-2-Clause */
/* boot.h - what check.c and run.c share */
#ifndef NACRE_MACHINE_QEMU_BOOT_H
#define NACRE_MACHINE_QEMU_BOOT_H

#include "machine/qemu/vm.h"
#include "machine/qemu/watch.h"

int nacre_boot_check(const struct nacre_definition *d, const struct nacre_boot_options *options,
		     struct nacre_boot_result *result, struct nacre_error *e);
int nacre_boot_run(const struct nacre_definition *d, const struct nacre_boot_options *options,
		   struct nacre_boot_result *result, struct nacre_error *e);

#endif
