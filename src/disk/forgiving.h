/* SPDX-License-Identifier: BSD-2-Clause */
/* forgiving.h - a disk that fails in places, as it would be with zeroes there */
#ifndef NACRE_DISK_FORGIVING_H
#define NACRE_DISK_FORGIVING_H

#include "disk/image.h"

/**
 * nacre_forgiving_image() - @under, whose blocks that cannot be read are zeroes
 * @under: taken over, also after an error; for reading only
 *
 * A block (4 KiB) is tried a few times, and then known. Only what a disk says when it cannot read is forgiven; an image that
 * is malformed is not. Where more than NACRE_FORGIVEN_MOST blocks are bad it is no disk any more, and an error.
 */
struct nacre_image *nacre_forgiving_image(struct nacre_image *under, struct nacre_error *e);
/** nacre_forgiven() - how many blocks could not be read so far; @first: byte of the first one on the disk, if any */
uint64_t nacre_forgiven(const struct nacre_image *image, uint64_t *first);

enum { NACRE_FORGIVEN_MOST = 1 << 16 };

#endif
