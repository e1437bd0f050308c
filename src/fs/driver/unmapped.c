/* SPDX-License-Identifier: BSD-2-Clause */
/* unmapped.c - nacre_fs_file_map() for drivers that do not tell */
#include "driver.h"

#include <errno.h>

FS_EXPORT int nacre_fs_file_map(struct nacre_fs *fs, const char *path, uint64_t from,
				struct nacre_fs_extent *extents, uint32_t capacity, uint32_t *count)
{
	(void)fs, (void)path, (void)from, (void)extents, (void)capacity;
	*count = 0;
	return ENOTSUP;
}
