/* SPDX-License-Identifier: BSD-2-Clause */
/* reader.h - grains of disks are read past the page cache, by a few threads that are ready before they are needed
 *
 * The page cache of a block device does not know what a file system writes: a second read through it returns old
 * data. So everything is read with O_DIRECT, and what the file systems still hold is written out by syncfs() before.
 */
#ifndef NACRE_CONVERSION_SNAPSHOT_READER_H
#define NACRE_CONVERSION_SNAPSHOT_READER_H

#include "conversion/snapshot/snapshot.h"

enum { READER_PIECE = 512 << 10, READER_KEEP = 16 << 20, READER_KEPT_MAX = 8192 };

struct reader;

/** struct reader_disk - @fd: O_DIRECT; @todo: grains to be read */
struct reader_disk {
	int fd;
	const char *path;
	uint64_t size;
	uint32_t grain;
	uint64_t *todo;
};

/** struct reader_counts - bytes that were read, sent as data, and zeroes that were not; grains that could not be read */
struct reader_counts {
	uint64_t read, written, zeroes, bad;
	uint64_t first_bad; /* byte on the disk */
};

/** reader_open() - @disks stay the caller's. Memory: some 20 MiB, all of it there from now on */
struct reader *reader_open(const struct reader_disk *disks, unsigned count, const struct nacre_snapshot_sink *sink,
			   const struct nacre_snapshot_options *o, struct nacre_error *e);
/** reader_copy() - all of todo goes to the sink; @progress now and then, may be NULL */
int reader_copy(struct reader *r, void (*progress)(void *arg, uint64_t bytes), void *arg, struct nacre_error *e);
/** reader_keep() - all of todo is read into memory, as long as there is room; the rest goes to the sink at once */
int reader_keep(struct reader *r, struct nacre_error *e);
/** reader_send() - what was kept goes to the sink */
int reader_send(struct reader *r, struct nacre_error *e);
/** reader_counts() - so far; while nothing is read */
const struct reader_counts *reader_counts(struct reader *r);
void reader_close(struct reader *r);

#endif
