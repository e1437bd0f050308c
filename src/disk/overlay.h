/* SPDX-License-Identifier: BSD-2-Clause */
/* overlay.h - an image as it would be with changes, which stay in memory: the one below is only read */
#ifndef NACRE_DISK_OVERLAY_H
#define NACRE_DISK_OVERLAY_H

#include "disk/image.h"

/**
 * nacre_overlay_image() - @under with changes, closed by nacre_image_close()
 * @under: stays the caller's, and open as long
 * @size:  at least @under's; what is beyond that reads as zeroes
 *
 * What is changed takes memory (or swap), 4 KiB at a time, and a bit for each 4 KiB of the disk.
 */
struct nacre_image *nacre_overlay_image(struct nacre_image *under, uint64_t size, struct nacre_error *e);
/** nacre_overlay_changes() - add what was changed to @to, with @tag */
int nacre_overlay_changes(struct nacre_image *overlay, struct nacre_extents *to, uint32_t tag, struct nacre_error *e);

#endif
