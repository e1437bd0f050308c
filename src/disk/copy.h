/* SPDX-License-Identifier: BSD-2-Clause */
/* copy.h - what is used of one image goes into another, as fast as both can */
#ifndef NACRE_DISK_COPY_H
#define NACRE_DISK_COPY_H

#include "disk/image.h"

/** struct nacre_disk_copied - bytes: read of the source, written to the target, zeroes that were not written */
struct nacre_disk_copied {
	uint64_t read, written, zeroes;
};

/**
 * The caller's thread hears now and then how far it is, and once at the end. Return: other than 0 to stop
 * @done, @total: bytes of the extents
 */
typedef int (*nacre_disk_progress)(void *user, uint64_t done, uint64_t total);

/**
 * nacre_disk_copy() - the extents of @tag in @what, from @from to the same places of @to
 * @what:     what lies beyond the end of @from is no error: granules may pass it
 * @progress: may be NULL
 * @counts:   filled also on failure; may be NULL
 *
 * Nothing but these extents is read, and of them only what is not a hole. Afterwards @to has the same bytes
 * there, whatever it had before; zeroes are only written over something else. nacre_image_finish() is the
 * caller's. Memory: NACRE_DISK_COPY_MEMORY bytes. Return: -1 with the first error: of reading, the place on the
 * disk that could not be read; a full target.
 */
int nacre_disk_copy(struct nacre_image *from, struct nacre_image *to, const struct nacre_extents *what,
		    uint32_t tag, nacre_disk_progress progress, void *user,
		    struct nacre_disk_copied *counts, struct nacre_error *e);

enum { NACRE_DISK_COPY_MEMORY = 8 << 20 };

#endif
