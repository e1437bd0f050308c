/* SPDX-License-Identifier: BSD-2-Clause */
/* files.c - fs.h's functions that read files and directories */
#include "ntfs.h"
#include "fs/driver/bytes.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* 100 ns since 1601 */
static int64_t seconds(uint64_t time)
{
	return (int64_t)(time / 10000000) - 11644473600LL;
}

FS_EXPORT int nacre_fs_stat(struct nacre_fs *f, const char *path, struct nacre_fs_stat *st)
{
	struct ntfs_stream s;
	struct ntfs_file file;
	int result = ntfs_find(f, path, &file);

	*st = (struct nacre_fs_stat){0};
	if (result)
		return result;
	st->ino = file.number;
	st->mode = file.directory ? S_IFDIR | 0755 : S_IFREG | 0644;
	st->links = file.directory ? 1 : le16(file.raw + 18);
	result = ntfs_stream_open(f, &file, NTFS_STANDARD, "", &s);
	if (!result && s.resident && s.size >= 36) {
		st->mtime = seconds(le64(s.value + 8));
		st->mtime_ns = (uint32_t)(le64(s.value + 8) % 10000000 * 100);
		if (le32(s.value + 32) & 1 && !file.directory)
			st->mode &= ~0222U;
	}
	if (!result)
		ntfs_stream_free(&s);
	if (!file.directory && (result = ntfs_stream_open(f, &file, NTFS_DATA, "", &s)) == 0) {
		st->size = s.size;
		ntfs_stream_free(&s);
	}
	return result == ENODATA ? 0 : result;
}

FS_EXPORT int nacre_fs_list(struct nacre_fs *f, const char *path, uint64_t *cursor,
			    struct nacre_fs_entry *entries, uint32_t capacity, uint32_t *count)
{
	struct ntfs_directory d;
	struct ntfs_entry e;
	struct ntfs_file file;
	int result = ntfs_find(f, path, &file);

	*count = 0;
	if (!result)
		result = ntfs_directory_open(f, &file, &d);
	if (result)
		return result;
	while (*count < capacity && *count < NACRE_FS_LIST &&
	       !(result = ntfs_directory_next(f, &d, cursor, &e))) {
		struct nacre_fs_entry *to = &entries[(*count)++];

		*to = (struct nacre_fs_entry){.ino = e.number,
					      .type = e.directory ? S_IFDIR : S_IFREG};
		memcpy(to->name, e.name, sizeof(to->name));
	}
	ntfs_directory_close(&d);
	return result == ENOENT ? 0 : result;
}

FS_EXPORT int nacre_fs_read_link(struct nacre_fs *f, const char *path, char *target,
				 uint32_t capacity)
{
	struct ntfs_file file;
	int result = ntfs_find(f, path, &file);

	if (capacity)
		target[0] = 0;
	return result ? result : EINVAL; /* reparse points are not resolved */
}

/* Is its content somewhere else: a link, or compressed by the system? */
static bool is_elsewhere(struct nacre_fs *f, const struct ntfs_file *file)
{
	struct ntfs_stream s;
	bool is = false;

	if (ntfs_stream_open(f, file, NTFS_STANDARD, "", &s))
		return false;
	is = s.resident && s.size >= 36 && le32(s.value + 32) & NTFS_REPARSE;
	ntfs_stream_free(&s);
	return is;
}

FS_EXPORT int nacre_fs_read_file(struct nacre_fs *f, const char *path, uint64_t offset, void *data,
				 uint32_t capacity, uint32_t *length)
{
	struct ntfs_stream s;
	struct ntfs_file file;
	int result = ntfs_find(f, path, &file);

	*length = 0;
	if (!result && file.directory)
		result = EISDIR;
	if (!result && is_elsewhere(f, &file))
		result = ENOTSUP;
	if (!result)
		result = ntfs_stream_open(f, &file, NTFS_DATA, "", &s);
	if (result)
		return result == ENODATA ? 0 : result;
	capacity = fs_piece(s.size, offset, capacity);
	if (capacity)
		result = ntfs_stream_read(f, &s, offset, data, capacity);
	*length = result ? 0 : capacity;
	ntfs_stream_free(&s);
	return result;
}
