/* SPDX-License-Identifier: BSD-2-Clause */
/* plain.c - fs.h's functions of extended attributes, for drivers that do not read them */
#include "driver.h"

#include <errno.h>

FS_EXPORT int nacre_fs_get_attribute(struct nacre_fs *fs, const char *path, const char *name,
				     void *data, uint32_t capacity, uint32_t *length)
{
	(void)fs, (void)path, (void)name, (void)data, (void)capacity;
	*length = 0;
	return ENOTSUP;
}

FS_EXPORT int nacre_fs_list_attributes(struct nacre_fs *fs, const char *path, char *names,
				       uint32_t capacity, uint32_t *length)
{
	(void)fs, (void)path, (void)names, (void)capacity;
	*length = 0;
	return ENOTSUP;
}
