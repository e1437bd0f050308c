/* SPDX-License-Identifier: BSD-2-Clause */
/* spool.h - a disk that is there only until it was sent: a sink with one disk (transfer/transfer.h)
 *
 * Of a disk in use what was streamed cannot be changed any more, while rounds go on writing to the copy until its instant is
 * whole, and then the fix-ups do. So it is whole before the first byte goes out, and until then it needs a place: a sparse file
 * without a name. Whatever happens to us, nothing is left of it.
 */
#ifndef NACRE_CONVERSION_SPOOL_H
#define NACRE_CONVERSION_SPOOL_H

#include "conversion/snapshot/live.h"
#include "conversion/transfer/transfer.h"

/**
 * nacre_spool_open() - find a place
 * @directory: NULL: the first of $TMPDIR, /tmp, /var/tmp and /dev/shm that has room
 * @lives: none of these file systems may hold it: they are frozen, and what is written to them is copied
 * @bytes: that will be needed
 */
struct nacre_sink *nacre_spool_open(const char *directory, const struct nacre_lives *lives, uint64_t bytes,
				    struct nacre_error *e);
/** nacre_spool_image() - the disk, of the sink */
struct nacre_image *nacre_spool_image(struct nacre_sink *spool);
/** nacre_spool_used() - add what was written and is not zero to @used, with @tag */
int nacre_spool_used(struct nacre_sink *spool, struct nacre_extents *used, uint32_t tag, struct nacre_error *e);

#endif
