/* SPDX-License-Identifier: BSD-2-Clause */
/* blocks.h - an image with a note beside it of what is in each of its blocks
 *
 * DOC: Theory of Operation
 *
 * The note is a file of one 64-bit word per block of NACRE_SINK_BLOCK bytes: 0 never written (or
 * zeroes), 1 not known, else nacre_sink_hash(). Before a block is written its word becomes 1, when it
 * is written whole its hash: so whenever the writer is killed, a word that is a hash is true, and a block whose
 * word is 0 holds zeroes. What has 1 is read again to know it. None of this is forced to the disk as
 * it happens: if the computer itself went down in between (another boot id), every block is read again.
 *
 * It is for whoever resumes a transfer: what is there need not be sent again. And for whoever brings a machine up to date that was
 * made before (`whole`): its note was on the disk, as all the rest, when it was marked so, and says which file it is of. Taken up again
 * it is not whole any more, before anything is written. A note that cannot be believed once, is not believed for ever: what is
 * asked for is read.
 */
#ifndef NACRE_CONVERSION_BLOCKS_H
#define NACRE_CONVERSION_BLOCKS_H

#include "conversion/transfer/transfer.h"
#include "disk/image.h"

/** struct nacre_blocks_file - the image's file as it was left: whoever writes to it makes it another one */
struct nacre_blocks_file {
	uint64_t size, seconds, nanoseconds, inode;
};

/** struct nacre_blocks_head - what the image was begun as, and is */
struct nacre_blocks_head {
	char format[16];
	uint64_t size, source_size;
	bool whole;                    /* the machine was made; the rest is known then */
	bool doubted;                  /* the words are not believed */
	char instant[NACRE_SINK_INSTANT]; /* which instant of which source it is a copy of, once `before` is put back; "": of none */
	struct nacre_blocks_file file;
	uint64_t before;               /* bytes of the log of what was changed since (before.h) */
};

/** nacre_blocks_look() - the head of the note @path; NACRE_E_ABSENT: there is none */
int nacre_blocks_look(const char *path, struct nacre_blocks_head *head, struct nacre_error *e);

/**
 * nacre_blocks_image() - @under, with its note in @path
 * @under: belongs to the new image, also after an error
 * @head:  of a new note, which replaces what is there; NULL: the note is there, and goes on
 *
 * It reads and writes as @under does. nacre_image_finish() and _close() do to @under what they say; the note
 * stays in any case.
 */
struct nacre_image *nacre_blocks_image(struct nacre_image *under, const char *path,
				       const struct nacre_blocks_head *head, struct nacre_error *e);
/** nacre_blocks_head() - as it is now */
const struct nacre_blocks_head *nacre_blocks_head(const struct nacre_image *image);
/** nacre_blocks_mark() - a new head, of the same format and sizes */
int nacre_blocks_mark(struct nacre_image *image, const struct nacre_blocks_head *head, struct nacre_error *e);
/** nacre_blocks_mark_file() - the same of the note @path, whose image is closed; note and head are on the disk when it returns */
int nacre_blocks_mark_file(const char *path, const struct nacre_blocks_head *head, struct nacre_error *e);
/** nacre_blocks_log() - from here on what a block had before its first change goes to a new log at @path (before.h) */
int nacre_blocks_log(struct nacre_image *image, const char *path, struct nacre_error *e);
/** nacre_blocks_zero() - [offset, offset + length) reads as zeroes; written to only where there is something else */
int nacre_blocks_zero(struct nacre_image *image, uint64_t offset, uint64_t length, struct nacre_error *e);
/** nacre_blocks_have() - the hashes of @count blocks from @first on; blocks are read where the note does not say */
int nacre_blocks_have(struct nacre_image *image, uint64_t first, uint32_t count, uint64_t *hashes,
		      struct nacre_error *e);
/** nacre_blocks_read() - the same, every block read anew */
int nacre_blocks_read(struct nacre_image *image, uint64_t first, uint32_t count, uint64_t *hashes,
		      struct nacre_error *e);

#endif
