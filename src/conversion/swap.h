/* SPDX-License-Identifier: BSD-2-Clause */
/* swap.h - a swap area is made anew, not copied (C3) */
#ifndef NACRE_CONVERSION_SWAP_H
#define NACRE_CONVERSION_SWAP_H

#include "disk/image.h"
#include "conversion/inventory/inventory.h"

/**
 * nacre_swap_make() - write the header of an empty swap area with UUID and label of @place
 *
 * Layout: union swap_header of include/linux/swap.h: version 1 at byte 1024, "SWAPSPACE2" in the
 * last ten bytes of a page of 4096. A hibernation signature in the source does not survive.
 */
int nacre_swap_make(struct nacre_image *image, const struct nacre_place *place,
		    struct nacre_error *e);

#endif
