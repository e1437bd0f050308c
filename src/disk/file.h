/* SPDX-License-Identifier: BSD-2-Clause */
/* file.h - the file or device that an image lies in: exact reads and writes, and its holes */
#ifndef NACRE_DISK_FILE_H
#define NACRE_DISK_FILE_H

#include "disk/image.h"

enum { NACRE_FILE_BLOCK = 4096 }; /* what direct I/O is aligned to */

/** nacre_file_where() - the image's path for messages: the end of it, where it is too long for them */
const char *nacre_file_where(const struct nacre_image *image);
/** nacre_file_size() - bytes of the file or device as it is now */
int nacre_file_size(const struct nacre_image *image, uint64_t *size, struct nacre_error *e);
/** nacre_file_read() - exactly @size bytes at @at; the end of the file before that is an error */
int nacre_file_read(const struct nacre_image *image, uint64_t at, void *data, size_t size,
		    struct nacre_error *e);
/** nacre_file_write() - all of it; past the page cache where image->direct is set and all is aligned */
int nacre_file_write(const struct nacre_image *image, uint64_t at, const void *data, size_t size,
		     struct nacre_error *e);
/**
 * nacre_file_data() - the first range in [@at, @end) that is no hole
 * @length: 0: there is none. Where holes cannot be told, everything is data
 */
int nacre_file_data(const struct nacre_image *image, uint64_t at, uint64_t end, uint64_t *start,
		    uint64_t *length, struct nacre_error *e);
int nacre_file_sync(const struct nacre_image *image, struct nacre_error *e);
int nacre_file_truncate(const struct nacre_image *image, uint64_t size, struct nacre_error *e);

#endif
