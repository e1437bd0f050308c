/* SPDX-License-Identifier: BSD-2-Clause */
/* before.h - a log of what blocks of an image were before they were changed, so that it can be put back
 *
 * DOC: Theory of Operation
 *
 * The fix-ups change a copy, and what comes later from the source is what changed there: it fits to the copy as it
 * was before the fix-ups. So before a block is first changed its content goes to the log. Whoever is killed has it all: a record at the
 * end that is not whole is of a block that was not changed yet. Putting back changes nothing in the log, and can be done any number
 * of times; then the log is removed, and only then may other data come.
 *
 * All numbers are little endian. A head of 24 bytes: "NACREBF1", size of the disk (8), XXH3 of both (8). Then records: number
 * of the block (8), bytes that follow (4: 0 zeroes, else all of the block), 0 (4), XXH3 (8) of these 16 bytes and what follows.
 */
#ifndef NACRE_CONVERSION_BEFORE_H
#define NACRE_CONVERSION_BEFORE_H

#include "disk/image.h"

struct nacre_before;

/** nacre_before_new() - an empty log at @path, in the place of any other; @image is read from, and stays the caller's */
struct nacre_before *nacre_before_new(const char *path, struct nacre_image *image, struct nacre_error *e);
/** nacre_before_note() - [offset, offset + size) is going to be changed. Any number of threads */
int nacre_before_note(struct nacre_before *b, uint64_t offset, uint64_t size, struct nacre_error *e);
/** nacre_before_close() - also NULL; the log stays */
void nacre_before_close(struct nacre_before *b);

/**
 * nacre_before_put_back() - write to @image what the log @path has, as far as its records are whole
 * @bytes: of the log that were good
 *
 * Its bytes are not trusted: it is written to the blocks of @image and nowhere else. Return: NACRE_E_ABSENT: there is none.
 */
int nacre_before_put_back(const char *path, struct nacre_image *image, uint64_t *bytes, struct nacre_error *e);
/** nacre_before_last() - the log is on the disk; @bytes: how long it is, 0: there is none */
int nacre_before_last(const char *path, uint64_t *bytes, struct nacre_error *e);

#endif
