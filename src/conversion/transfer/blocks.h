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
 * It is for whoever resumes a transfer: what is there need not be sent again.
 */
#ifndef NACRE_CONVERSION_BLOCKS_H
#define NACRE_CONVERSION_BLOCKS_H

#include "conversion/transfer/transfer.h"
#include "disk/image.h"

/** struct nacre_blocks_head - what the image was begun as */
struct nacre_blocks_head {
	char format[16];
	uint64_t size, source_size;
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
/** nacre_blocks_zero() - [offset, offset + length) reads as zeroes; written to only where there is something else */
int nacre_blocks_zero(struct nacre_image *image, uint64_t offset, uint64_t length, struct nacre_error *e);
/** nacre_blocks_have() - the hashes of @count blocks from @first on; blocks are read where the note does not say */
int nacre_blocks_have(struct nacre_image *image, uint64_t first, uint32_t count, uint64_t *hashes,
		      struct nacre_error *e);
/** nacre_blocks_read() - the same, every block read anew */
int nacre_blocks_read(struct nacre_image *image, uint64_t first, uint32_t count, uint64_t *hashes,
		      struct nacre_error *e);

#endif
