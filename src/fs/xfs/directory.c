/* SPDX-License-Identifier: BSD-2-Clause */
/* directory.c - directories in their inodes or in blocks; only the data blocks are read, never the
 * hash trees */
#include "xfs.h"
#include "fs/driver/bytes.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { FREE_TAG = 0xffff };

static const uint32_t types[] = {0, S_IFREG, S_IFDIR, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK, S_IFLNK};

/* A name and a type of the disk. Return: EUCLEAN for what cannot be a name */
static int set_entry(struct xfs_entry *e, uint64_t ino, const uint8_t *name, size_t length,
		     uint8_t type)
{
	if (!length || memchr(name, 0, length) || memchr(name, '/', length))
		return EUCLEAN;
	e->ino = ino;
	e->type = type < sizeof(types) / sizeof(types[0]) ? types[type] : 0;
	memcpy(e->name, name, length);
	e->name[length] = 0;
	return 0;
}

/* In the inode: a head, then entries of length, tag, name, type, inode. *@cursor counts entries. */
static int next_short(struct nacre_fs *f, const struct xfs_inode *dir, uint64_t *cursor,
		      struct xfs_entry *e)
{
	const uint8_t *at = dir->fork, *end = dir->fork + dir->size;
	size_t wide = dir->size > 1 && at[1] ? 8 : 4, more = f->has_types ? 1 : 0;
	uint32_t count;

	if (dir->size < 2 + wide)
		return EUCLEAN;
	count = at[1] ? at[1] : at[0];
	at += 2 + wide;
	for (uint64_t i = 0; i < count; i++) {
		size_t length = end - at >= 3 ? at[0] : 0;

		if (end - at < 3 || (size_t)(end - at) < 3 + length + more + wide)
			return EUCLEAN;
		if (i == *cursor) {
			const uint8_t *ino = at + 3 + length + more;

			++*cursor;
			return set_entry(e, wide == 8 ? be64(ino) : be32(ino), at + 3, length,
					 more ? at[3 + length] : 0);
		}
		at += 3 + length + more + wide;
	}
	return ENOENT;
}

/* Is it a block of entries, undamaged? */
static int check_block(const struct nacre_fs *f, const uint8_t *data)
{
	if (memcmp(data, f->v5 ? "XDB3" : "XD2B", 4) && memcmp(data, f->v5 ? "XDD3" : "XD2D", 4))
		return EUCLEAN;
	return f->v5 && !xfs_check_crc(data, f->dir_block, 4) ? EUCLEAN : 0;
}

/* A directory block in f->kept, which may be several blocks in several places; ENOENT: a hole. */
static int read_block(struct nacre_fs *f, const struct xfs_inode *dir, uint64_t at)
{
	struct xfs_run run;
	int result = 0;

	if (f->kept_ino == dir->number && f->kept_at == at)
		return 0;
	f->kept_ino = 0;
	for (uint32_t done = 0; done < f->dir_block; done += f->block) {
		result = xfs_run_at(f, dir, (at + done) >> f->block_log, &run);
		if (!result && run.hole)
			result = ENOENT;
		if (!result)
			result = fs_disk_get(&f->disk, run.start << f->block_log, f->kept + done,
					     f->block);
		if (result)
			return result;
	}
	result = check_block(f, f->kept);
	if (!result) {
		f->kept_ino = dir->number;
		f->kept_at = at;
	}
	return result;
}

/* Where entries begin and end in a block. */
static int bounds(const struct nacre_fs *f, const uint8_t *data, uint32_t *from, uint32_t *to)
{
	uint32_t leaves = be32(data + f->dir_block - 8);

	*from = f->v5 ? 64 : 16;
	*to = f->dir_block;
	if (memcmp(data, f->v5 ? "XDB3" : "XD2B", 4))
		return 0;
	/* The only one of its directory has the hashes behind the entries. */
	if (leaves > (f->dir_block - *from - 8) / 8)
		return EUCLEAN;
	*to = f->dir_block - 8 - leaves * 8;
	return 0;
}

/* The entry at or after *@at in a block, where one begins; ENOENT: none. */
static int next_in(const struct nacre_fs *f, const uint8_t *data, uint32_t *at, struct xfs_entry *e)
{
	uint32_t from, to, length, more = f->has_types ? 1 : 0;
	int result = bounds(f, data, &from, &to);

	if (*at % 8)
		return EINVAL;
	for (*at = *at > from ? *at : from; !result && to - *at >= 16 && *at < to; *at += length) {
		const uint8_t *p = data + *at;
		bool is_free = be16(p) == FREE_TAG;

		length = is_free ? be16(p + 2) : (8 + 1 + p[8] + more + 2 + 7U) / 8 * 8;
		if (!length || length % 8 || length > to - *at)
			return EUCLEAN;
		if (is_free)
			continue;
		*at += length;
		return set_entry(e, be64(p), p + 9, p[8], more ? p[9 + p[8]] : 0);
	}
	return result ? result : ENOENT;
}

int xfs_next(struct nacre_fs *f, const struct xfs_inode *dir, uint64_t *cursor, struct xfs_entry *e)
{
	uint64_t end =
		dir->size < 1ULL << 35 ? dir->size : 1ULL << 35; /* hashes are behind 32 GiB */
	int result = ENOENT;

	if (dir->format == XFS_LOCAL)
		return next_short(f, dir, cursor, e);
	while (*cursor < end && result == ENOENT) {
		uint32_t at = (uint32_t)(*cursor % f->dir_block);
		uint64_t start = *cursor - at;
		struct xfs_run run;

		result = read_block(f, dir, start);
		if (result == ENOENT) {
			/* Holes may be long: a whole one is passed at once. */
			result = xfs_run_at(f, dir, start >> f->block_log, &run);
			if (!result)
				result = ENOENT;
			start += run.hole ? (run.count - 1) / (f->dir_block >> f->block_log) *
						    f->dir_block
					  : 0;
			*cursor = start + f->dir_block;
			continue;
		}
		do {
			if (!result)
				result = next_in(f, f->kept, &at, e);
		} while (!result && (!strcmp(e->name, ".") || !strcmp(e->name, "..")));
		*cursor = result == ENOENT ? start + f->dir_block : start + at;
	}
	return result;
}

static int find_in(struct nacre_fs *f, const struct xfs_inode *dir, const char *name, uint64_t *ino)
{
	struct xfs_entry e;
	uint64_t cursor = 0;
	int result;

	while ((result = xfs_next(f, dir, &cursor, &e)) == 0)
		if (!strcmp(e.name, name)) {
			*ino = e.ino;
			return 0;
		}
	return result;
}

int xfs_find(struct nacre_fs *f, const char *path, struct xfs_inode *i)
{
	struct fs_walk w = {.rest = path};
	int more, result = xfs_inode_read(f, f->root, i);
	uint64_t ino = 0;

	while (!result && (more = fs_walk_next(&w, &result)) > 0) {
		if (!S_ISDIR(i->mode))
			return ENOTDIR;
		result = find_in(f, i, w.name, &ino);
		if (!result)
			result = xfs_inode_read(f, ino, i);
	}
	return result;
}
