/* SPDX-License-Identifier: BSD-2-Clause */
/* streamed.h - the disk, already fixed, as a VHD to a pipe: whoever reads it has only to save it (C15, C16) */
#ifndef NACRE_CONVERSION_STREAMED_H
#define NACRE_CONVERSION_STREAMED_H

#include "conversion/convert.h"

/** struct nacre_streamed_what - a disk that is quiet */
struct nacre_streamed_what {
	struct nacre_image *from;         /* is only read */
	const char *name;                 /* as the source's kernel calls it; "": not known */
	const struct nacre_extents *used; /* what travels of it (tag NACRE_FS_USED) */
	struct nacre_sink_modify modify;  /* the fix-ups */
	/** writes what is made anew, to the image that it gets */
	int (*make_swaps)(void *arg, int disk, struct nacre_image *to, struct nacre_error *e);
	void *arg;
};

/** nacre_streamed() - fix it in memory, then write it to @out */
int nacre_streamed(const struct nacre_convert_options *o, const struct nacre_streamed_what *what, int out,
		   struct nacre_convert_result *result, struct nacre_error *e);

#endif
