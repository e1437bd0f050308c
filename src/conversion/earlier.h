/* SPDX-License-Identifier: BSD-2-Clause */
/* earlier.h - a machine that was made before is taken up again, and brought up to date
 *
 * DOC: Theory of Operation
 *
 * What such a machine keeps beside each disk: the note of what is in its blocks, marked whole, with the instant that it
 * is a copy of and the file as it was left (transfer/blocks.h), and the log of what the fix-ups changed (transfer/before.h). Both were on the disk
 * before the machine got its name.
 *
 *	NAME          whole: the disk as it was at the instant, and fixed
 *	NAME.partial  from the moment that it is taken up: the log is there, and is put back, from the beginning if need be;
 *	              the log is gone: the disk is a copy of its instant, into which later data comes;
 *	              the log is there again: it is being fixed
 *	NAME          whole: of the next instant
 *
 * So nothing that is called NAME is half of two instants, and whoever knows what changed since the note's instant can go on whenever
 * this was ended by a kill. Where the computer went down in between, or the log is damaged, no instant is believed any more:
 * then every block is compared (blocks.h, doubted).
 *
 * Somebody else may have started the machine: its disk is then another file by size, time or number, and is not touched.
 */
#ifndef NACRE_CONVERSION_EARLIER_H
#define NACRE_CONVERSION_EARLIER_H

#include "conversion/transfer/blocks.h"

/**
 * nacre_earlier_take() - the machine @directory becomes @partial again, if it is there and can be brought up to date
 * @lock: gets the locked directory, or -1: there is no such machine
 *
 * Nothing is touched unless it returns 0.
 */
int nacre_earlier_take(const char *directory, const char *partial, int *lock, struct nacre_error *e);
/** struct nacre_earlier_disk - paths of a disk and of what is kept beside it */
struct nacre_earlier_disk {
	const char *disk, *blocks, *before;
};
/**
 * nacre_earlier_restore() - what was changed after the data came is as it was before
 * @was:   its note before it was opened
 * @known: of which of the instants in @what it is a copy, from 1 on; 0: of none, and so it is from now on
 */
int nacre_earlier_restore(struct nacre_image *image, const struct nacre_earlier_disk *d, const struct nacre_blocks_head *was,
			  const struct nacre_sink_disk *what, unsigned *known, struct nacre_error *e);
/** nacre_earlier_keep() - disk, note and log are whole, and last; the image is closed */
int nacre_earlier_keep(const struct nacre_earlier_disk *d, const char *instant, struct nacre_error *e);

#endif
