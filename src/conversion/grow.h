/* SPDX-License-Identifier: BSD-2-Clause */
/* grow.h - the last partition of the first disk takes what that has more, and what is in it follows (C4)
 *
 * DOC: Theory of Operation
 *
 * Whether a partition may become larger depends on what is in it, and is known before anything is written: a
 * driver says whether it could enlarge its file system, a swap area is made anew, XFS and btrfs are enlarged
 * by the kernel where that is trusted. Where nobody can, the partition grows all the same, and the machine itself
 * enlarges the file system at its first start, if it has systemd-growfs and mounts it by fstab
 * (fixup/linux/growfs.c); else a person is told with what command. What is found by something at its end, or is
 * not known, keeps its partition.
 */
#ifndef NACRE_CONVERSION_GROW_H
#define NACRE_CONVERSION_GROW_H

#include "conversion/fixup/fixup.h"
#include "conversion/transfer/transfer.h"

enum nacre_growth_kind {
	NACRE_GROWTH_NONE,        /* there is nothing to take */
	NACRE_GROWTH_FILE_SYSTEM, /* partition and file system */
	NACRE_GROWTH_SWAP,        /* the area is made anew */
	NACRE_GROWTH_FIRST_START, /* the file system by the machine itself */
	NACRE_GROWTH_PARTITION,   /* what is in it by hand */
	NACRE_GROWTH_KEPT         /* not even the partition */
};

/** struct nacre_growth - of @partition (0: a disk without a table), @from bytes to @to */
struct nacre_growth {
	enum nacre_growth_kind kind;
	int partition, place; /* @place: its index in the inventory */
	uint64_t from, to;
	char text[288];       /* a sentence for a person */
};

/**
 * nacre_growth_plan() - what would become of the last partition on a disk of @size bytes; nothing is changed
 * @inventory: with its volumes open for reading
 * @options:   whether the fix "growfs" is left out
 */
int nacre_growth_plan(struct nacre_inventory *inventory, uint64_t size, const struct nacre_fix_options *options,
		      struct nacre_growth *growth, struct nacre_error *e);
/** nacre_growth_apply() - do it on @image, whose table fits its size; no volume of it is open */
int nacre_growth_apply(struct nacre_image *image, const struct nacre_fix_options *options,
		       struct nacre_growth *growth, struct nacre_error *e);
/** nacre_growth_tell() - a note for record and report; what is left to do is a finding of @inventory as well */
void nacre_growth_tell(const struct nacre_growth *growth, struct nacre_sink_note *notes, int *count,
		       struct nacre_inventory *inventory);
/** nacre_growth_is_odd() - something is left to do, or was not done: a warning */
bool nacre_growth_is_odd(const struct nacre_growth *growth);

#endif
