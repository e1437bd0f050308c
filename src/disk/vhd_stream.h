/* SPDX-License-Identifier: BSD-2-Clause */
/* vhd_stream.h - a dynamic VHD that is only ever written forward (C16) */
#ifndef NACRE_DISK_VHD_STREAM_H
#define NACRE_DISK_VHD_STREAM_H

#include "disk/copy.h"

/**
 * nacre_vhd_stream() - write what is used of @from to @out as a dynamic VHD, in its order
 * @what: the extents of @tag are read; the rest of the disk is zeroes
 *
 * What is used is known before, so the table comes first, and every block once: whoever is at the other
 * end of @out has only to save it.
 */
int nacre_vhd_stream(struct nacre_image *from, const struct nacre_extents *what, uint32_t tag, int out,
		     nacre_disk_progress progress, void *user, struct nacre_error *e);

#endif
