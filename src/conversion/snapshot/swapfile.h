/* SPDX-License-Identifier: BSD-2-Clause */
/* swapfile.h - files that are swapped to: their content is of no use to the copy (C3) */
#ifndef NACRE_CONVERSION_SNAPSHOT_SWAPFILE_H
#define NACRE_CONVERSION_SNAPSHOT_SWAPFILE_H

#include "conversion/snapshot/live.h"

enum { SWAPFILE_LIST = 4096 };

/** struct swapfiles - @list: name and size of each that is in use, as /proc/swaps last said */
struct swapfiles {
	int fd; /* of /proc/swaps; -1: there is none */
	char list[SWAPFILE_LIST];
};

void swapfiles_open(struct swapfiles *s);
/** swapfiles_changed() - has one come or gone since they were last marked? Takes no memory */
bool swapfiles_changed(const struct swapfiles *s);
/**
 * swapfiles_mark() - set the grains of @live that hold nothing but the content of swap files in use
 * @bits: of the disk, a bit per grain
 *
 * A file that is swapped to keeps its place. Its first page, which says what it is, is left out. For FSMAP volumes only: elsewhere
 * a file system's addresses may not be those of the disk.
 */
void swapfiles_mark(struct swapfiles *s, const struct nacre_live *live, uint32_t grain, uint64_t *bits);
void swapfiles_close(struct swapfiles *s);

#endif
