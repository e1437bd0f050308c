/* SPDX-License-Identifier: BSD-2-Clause */
/* streamed.h - the disk, already fixed, as a VHD to a pipe: whoever reads it has only to save it (C15, C16) */
#ifndef NACRE_CONVERSION_STREAMED_H
#define NACRE_CONVERSION_STREAMED_H

#include "conversion/convert.h"

/**
 * nacre_streamed() - fix @from in memory, then write it to @out
 * @used: what travels of it (tag NACRE_FS_USED)
 * @make_swaps: writes what is made anew, of disk @disk, to the image that it gets
 */
int nacre_streamed(const struct nacre_convert_options *o, struct nacre_image *from, const struct nacre_extents *used,
		   int (*make_swaps)(void *arg, int disk, struct nacre_image *to, struct nacre_error *e), void *arg, int out,
		   struct nacre_convert_result *result, struct nacre_error *e);

#endif
