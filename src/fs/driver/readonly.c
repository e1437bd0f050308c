/* SPDX-License-Identifier: BSD-2-Clause */
/* readonly.c - fs.h's functions that change something, for drivers that only read */
#include "driver.h"

#include <errno.h>

FS_EXPORT int nacre_fs_sync(struct nacre_fs *fs)
{
	(void)fs;
	return 0;
}

FS_EXPORT int nacre_fs_create(struct nacre_fs *fs, const char *path, uint32_t mode, uint32_t uid,
			      uint32_t gid)
{
	(void)fs, (void)path, (void)mode, (void)uid, (void)gid;
	return EROFS;
}

FS_EXPORT int nacre_fs_write_file(struct nacre_fs *fs, const char *path, uint64_t offset,
				  const void *data, uint32_t size)
{
	(void)fs, (void)path, (void)offset, (void)data, (void)size;
	return EROFS;
}

FS_EXPORT int nacre_fs_truncate(struct nacre_fs *fs, const char *path, uint64_t size)
{
	(void)fs, (void)path, (void)size;
	return EROFS;
}

FS_EXPORT int nacre_fs_link_symbolic(struct nacre_fs *fs, const char *target, const char *path)
{
	(void)fs, (void)target, (void)path;
	return EROFS;
}

FS_EXPORT int nacre_fs_remove(struct nacre_fs *fs, const char *path)
{
	(void)fs, (void)path;
	return EROFS;
}

FS_EXPORT int nacre_fs_rename(struct nacre_fs *fs, const char *from, const char *to)
{
	(void)fs, (void)from, (void)to;
	return EROFS;
}

FS_EXPORT int nacre_fs_set_attribute(struct nacre_fs *fs, const char *path, const char *name,
				     const void *data, uint32_t size)
{
	(void)fs, (void)path, (void)name, (void)data, (void)size;
	return EROFS;
}

FS_EXPORT int nacre_fs_set_owner(struct nacre_fs *fs, const char *path, uint32_t uid, uint32_t gid)
{
	(void)fs, (void)path, (void)uid, (void)gid;
	return EROFS;
}

FS_EXPORT int nacre_fs_set_times(struct nacre_fs *fs, const char *path, int64_t mtime,
				 uint32_t nanoseconds)
{
	(void)fs, (void)path, (void)mtime, (void)nanoseconds;
	return EROFS;
}

FS_EXPORT int nacre_fs_resize(struct nacre_fs *fs, uint64_t size)
{
	(void)fs, (void)size;
	return ENOTSUP;
}
