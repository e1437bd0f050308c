/* SPDX-License-Identifier: BSD-2-Clause */
/* files.c - fs.h's functions that read files and directories */
#include "xfs.h"
#include "fs/driver/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

FS_EXPORT int nacre_fs_stat(struct nacre_fs *f, const char *path, struct nacre_fs_stat *st)
{
	struct xfs_inode i;
	int result = xfs_find(f, path, &i);

	*st = (struct nacre_fs_stat){0};
	if (result)
		return result;
	*st = (struct nacre_fs_stat){.ino = i.number,
				     .size = i.size,
				     .mtime = i.mtime,
				     .mtime_ns = i.mtime_ns,
				     .mode = i.mode,
				     .uid = i.uid,
				     .gid = i.gid,
				     .links = i.links};
	if ((S_ISCHR(i.mode) || S_ISBLK(i.mode)) && i.fork_size >= 4) {
		st->major = be32(i.fork) >> 18;
		st->minor = be32(i.fork) & 0x3ffff;
	}
	return 0;
}

FS_EXPORT int nacre_fs_list(struct nacre_fs *f, const char *path, uint64_t *cursor,
			    struct nacre_fs_entry *entries, uint32_t capacity, uint32_t *count)
{
	struct xfs_entry e;
	struct xfs_inode i;
	int result = xfs_find(f, path, &i);

	*count = 0;
	if (!result && !S_ISDIR(i.mode))
		result = ENOTDIR;
	if (result)
		return result;
	while (*count < capacity && *count < NACRE_FS_LIST &&
	       !(result = xfs_next(f, &i, cursor, &e))) {
		struct nacre_fs_entry *to = &entries[(*count)++];

		*to = (struct nacre_fs_entry){.ino = e.ino, .type = e.type};
		memcpy(to->name, e.name, strlen(e.name) + 1);
	}
	return result == ENOENT ? 0 : result;
}

/* Bytes of the data fork from @offset on; holes are zeroes. */
static int read_fork(struct nacre_fs *f, const struct xfs_inode *i, uint64_t offset, uint8_t *data,
		     uint32_t size)
{
	struct xfs_run run;
	int result = 0;

	if (i->format == XFS_LOCAL) {
		memcpy(data, i->fork + offset, size);
		return 0;
	}
	while (size && !result) {
		uint32_t within = (uint32_t)(offset & (f->block - 1)), n = size;

		result = xfs_run_at(f, i, offset >> f->block_log, &run);
		if (result)
			break;
		if (run.count < (within + (uint64_t)size + f->block - 1) >> f->block_log)
			n = (uint32_t)(run.count << f->block_log) - within;
		if (run.hole)
			memset(data, 0, n);
		else
			result = fs_disk_get(&f->disk, (run.start << f->block_log) + within, data,
					     n);
		data += n;
		offset += n;
		size -= n;
	}
	return result;
}

FS_EXPORT int nacre_fs_read_file(struct nacre_fs *f, const char *path, uint64_t offset, void *data,
				 uint32_t capacity, uint32_t *length)
{
	struct xfs_inode i;
	int result = xfs_find(f, path, &i);

	*length = 0;
	if (!result && !S_ISREG(i.mode))
		result = S_ISDIR(i.mode) ? EISDIR : EINVAL;
	if (result)
		return result;
	capacity = fs_piece(i.size, offset, capacity);
	result = capacity ? read_fork(f, &i, offset, data, capacity) : 0;
	*length = result ? 0 : capacity;
	return result;
}

/* Each block of a link in version 5 has a head, with how many bytes of the target it holds. */
static int read_remote_link(struct nacre_fs *f, const struct xfs_inode *i, char *target)
{
	uint64_t done = 0;
	struct xfs_run run;
	int result;

	for (uint64_t block = 0; done < i->size; block++) {
		uint32_t head = f->v5 ? 56 : 0, n = f->block - head;

		result = xfs_run_at(f, i, block, &run);
		if (!result && run.hole)
			result = EUCLEAN;
		if (!result)
			result = fs_disk_get(&f->disk, run.start << f->block_log, f->scratch,
					     f->block);
		if (result)
			return result;
		n = i->size - done < n ? (uint32_t)(i->size - done) : n;
		if (f->v5 && (memcmp(f->scratch, "XSLM", 4) || be32(f->scratch + 4) != done ||
			      be32(f->scratch + 8) < n))
			return EUCLEAN;
		memcpy(target + done, f->scratch + head, n);
		done += n;
	}
	return 0;
}

FS_EXPORT int nacre_fs_read_link(struct nacre_fs *f, const char *path, char *target,
				 uint32_t capacity)
{
	struct xfs_inode i;
	int result = xfs_find(f, path, &i);

	if (capacity)
		target[0] = 0;
	if (!result && !S_ISLNK(i.mode))
		result = EINVAL;
	if (!result && (i.size >= 1024 || !i.size))
		result = EUCLEAN;
	if (!result && i.size >= capacity)
		result = ERANGE;
	if (result)
		return result;
	if (i.format == XFS_LOCAL)
		memcpy(target, i.fork, i.size);
	else
		result = read_remote_link(f, &i, target);
	target[result ? 0 : i.size] = 0;
	return result;
}

FS_EXPORT int nacre_fs_file_map(struct nacre_fs *f, const char *path, uint64_t from,
				struct nacre_fs_extent *extents, uint32_t capacity, uint32_t *count)
{
	struct xfs_inode i;
	int result = xfs_find(f, path, &i);
	uint64_t block = from >> f->block_log, end;

	*count = 0;
	if (!result && !S_ISREG(i.mode))
		result = EINVAL;
	if (!result && i.format == XFS_LOCAL)
		result = ENOTSUP;
	if (result)
		return result;
	end = (i.size >> f->block_log) + !!(i.size & (f->block - 1));
	while (block < end && *count < capacity && *count < NACRE_FS_LIST) {
		struct xfs_run run;

		result = xfs_run_at(f, &i, block, &run);
		if (!result && run.hole)
			result = ENOTSUP;
		if (result)
			return result;
		if (run.count > end - block)
			run.count = end - block;
		extents[(*count)++] = (struct nacre_fs_extent){.start = run.start << f->block_log,
							       .length = run.count << f->block_log};
		block += run.count;
	}
	return 0;
}
