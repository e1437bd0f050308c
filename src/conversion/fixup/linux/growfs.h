/* SPDX-License-Identifier: BSD-2-Clause */
/* growfs.h - the line of fstab for a file system that the machine enlarges by itself, at its first start */
#ifndef NACRE_CONVERSION_GROWFS_H
#define NACRE_CONVERSION_GROWFS_H

#include "conversion/inventory/devices.h"

/** struct nacre_growfs_edit - @number: of the partition; @found: fstab has a line for it */
struct nacre_growfs_edit {
	const struct nacre_devices *devices;
	int number;
	bool found;
};

/** nacre_edit_growfs() - an editor of fstab; @arg: struct nacre_growfs_edit */
int nacre_edit_growfs(struct nacre_span in, void *arg, struct nacre_text *out);

#endif
