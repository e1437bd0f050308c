/* SPDX-License-Identifier: BSD-2-Clause */
/* edit.c - fs.h's functions that change files and directories */
#include "fat.h"
#include "fs/driver/bytes.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* The directory that @path is in, and its last name. */
static int find_parent(struct nacre_fs *f, const char *path, struct fat_node *dir, char *name)
{
	char parent[NACRE_FS_PATH];
	size_t length = strnlen(path, sizeof(parent)), start;
	int result;

	if (length >= sizeof(parent))
		return ENAMETOOLONG;
	while (length && path[length - 1] == '/')
		length--;
	for (start = length; start && path[start - 1] != '/'; start--)
		;
	if (length == start)
		return EEXIST;
	if (length - start >= NACRE_FS_NAME)
		return ENAMETOOLONG;
	memcpy(name, path + start, length - start);
	name[length - start] = 0;
	memcpy(parent, path, start);
	parent[start] = 0;
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return EINVAL;
	result = fat_find(f, parent, dir);
	if (!result && !(dir->attributes & FAT_DIRECTORY))
		result = ENOTDIR;
	return !result && !dir->first && !dir->root ? EUCLEAN : result;
}

static void set_slot(const struct nacre_fs *f, uint8_t *slot, uint8_t attributes, uint32_t first)
{
	uint16_t date, clock;

	memset(slot, 0, FAT_SLOT);
	memset(slot, ' ', 11);
	slot[11] = attributes;
	fat_stamp(time(NULL), &date, &clock);
	put_le16(slot + 14, clock);
	put_le16(slot + 16, date);
	put_le16(slot + 18, date);
	if (f->bits == 32)
		put_le16(slot + 20, (uint16_t)(first >> 16));
	put_le16(slot + 22, clock);
	put_le16(slot + 24, date);
	put_le16(slot + 26, (uint16_t)first);
}

/* A new directory's cluster: "." and "..", the latter 0 where that is the root. */
static int make_directory(struct nacre_fs *f, const struct fat_node *parent, uint32_t *first)
{
	uint8_t slot[FAT_SLOT];
	uint64_t at;
	int result = fat_allocate(f, 1, first);

	if (result)
		return result;
	at = fat_cluster_offset(f, *first);
	result = fs_disk_zero(&f->disk, at, f->cluster);
	set_slot(f, slot, FAT_DIRECTORY, *first);
	slot[0] = '.';
	if (!result)
		result = fs_disk_put(&f->disk, at, slot, sizeof(slot));
	set_slot(f, slot, FAT_DIRECTORY, parent->root ? 0 : parent->first);
	slot[0] = slot[1] = '.';
	return result ? result : fs_disk_put(&f->disk, at + FAT_SLOT, slot, sizeof(slot));
}

FS_EXPORT int nacre_fs_create(struct nacre_fs *f, const char *path, uint32_t mode, uint32_t uid,
			      uint32_t gid)
{
	struct fat_node dir, node;
	char name[NACRE_FS_NAME];
	uint8_t slot[FAT_SLOT];
	uint32_t first = 0;
	int result;

	(void)uid, (void)gid; /* FAT has no owners, and of the mode whether it may be written */
	if (!f->disk.write)
		return EROFS;
	if (!S_ISREG(mode) && !S_ISDIR(mode))
		return ENOTSUP;
	result = find_parent(f, path, &dir, name);
	if (!result)
		result = fat_find_in(f, (struct fat_dir){dir.first}, name, &node);
	if (result != ENOENT)
		return result ? result : EEXIST;
	result = S_ISDIR(mode) ? make_directory(f, &dir, &first) : 0;
	if (result)
		return result;
	set_slot(f, slot, S_ISDIR(mode) ? FAT_DIRECTORY : FAT_ARCHIVE, first);
	if (!(mode & 0222) && S_ISREG(mode))
		slot[11] |= FAT_READ_ONLY;
	result = fat_insert(f, (struct fat_dir){dir.first}, name, slot);
	if (result && first)
		fat_release(f, first);
	return result;
}

static uint32_t clusters_for(const struct nacre_fs *f, uint64_t size)
{
	return (uint32_t)((size + f->cluster - 1) / f->cluster);
}

static int find_file(struct nacre_fs *f, const char *path, struct fat_node *node)
{
	int result = f->disk.write ? fat_find(f, path, node) : EROFS;

	return !result && node->attributes & FAT_DIRECTORY ? EISDIR : result;
}

static int shrink(struct nacre_fs *f, struct fat_node *node, uint32_t size)
{
	uint32_t keep = clusters_for(f, size), last, next, first = node->first;
	int result = 0;

	if (!keep) {
		result = fat_set_first(f, node, 0, 0);
		return result || !first ? result : fat_release(f, first);
	}
	result = fat_nth(f, first, keep - 1, &last);
	if (!result && !last)
		result = EUCLEAN;
	if (!result)
		result = fat_get(f, last, &next);
	if (!result && next <= FAT_BAD)
		result = fat_put(f, last, FAT_END);
	if (!result && next <= FAT_BAD)
		result = fat_release(f, next);
	return result ? result : fat_set_first(f, node, first, size);
}

/* Bytes of a file that has its clusters; @data NULL: zeroes. */
static int put_bytes(struct nacre_fs *f, const struct fat_node *node, uint64_t offset,
		     const uint8_t *data, uint64_t size)
{
	uint32_t cluster;
	int result;

	while (size) {
		uint32_t from = (uint32_t)(offset % f->cluster);
		uint32_t n = size < f->cluster - from ? (uint32_t)size : f->cluster - from;

		result = fat_nth(f, node->first, (uint32_t)(offset / f->cluster), &cluster);
		if (!result && !cluster)
			result = EUCLEAN;
		if (!result && data)
			result = fs_disk_put(&f->disk, fat_cluster_offset(f, cluster) + from, data,
					     n);
		else if (!result)
			result = fs_disk_zero(&f->disk, fat_cluster_offset(f, cluster) + from, n);
		if (result)
			return result;
		data = data ? data + n : NULL;
		offset += n;
		size -= n;
	}
	return 0;
}

/* Clusters for @size bytes; what was not there before reads as zeroes up to @zero_to. */
static int grow(struct nacre_fs *f, struct fat_node *node, uint32_t size, uint32_t zero_to)
{
	uint32_t have = 0, want = clusters_for(f, size), last = 0, next, first = node->first, more,
		 old = node->size;
	int result = 0;

	/* What the chain has, whatever the size says: fsck would call the rest lost. */
	for (next = first; !result && first && next <= FAT_BAD; have++) {
		last = next;
		result = have < f->clusters ? fat_get(f, last, &next) : EUCLEAN;
	}
	if (!result && want > have)
		result = fat_allocate(f, want - have, &more);
	if (!result && want > have && last)
		result = fat_put(f, last, more);
	if (!result && !last && want)
		first = more;
	if (!result)
		result = fat_set_first(f, node, first, size);
	return result || zero_to <= old ? result : put_bytes(f, node, old, NULL, zero_to - old);
}

FS_EXPORT int nacre_fs_write_file(struct nacre_fs *f, const char *path, uint64_t offset,
				  const void *data, uint32_t size)
{
	struct fat_node node;
	int result = find_file(f, path, &node);

	if (result || !size)
		return result;
	if (offset > UINT32_MAX || size > UINT32_MAX - offset)
		return EFBIG;
	if (offset + size > node.size)
		result = grow(f, &node, (uint32_t)(offset + size), (uint32_t)offset);
	else
		result = fat_set_first(f, &node, node.first, node.size);
	return result ? result : put_bytes(f, &node, offset, data, size);
}

FS_EXPORT int nacre_fs_truncate(struct nacre_fs *f, const char *path, uint64_t size)
{
	struct fat_node node;
	int result = find_file(f, path, &node);

	if (result)
		return result;
	if (size > UINT32_MAX)
		return EFBIG;
	if (size <= node.size)
		return shrink(f, &node, (uint32_t)size);
	return grow(f, &node, (uint32_t)size, (uint32_t)size);
}

static int is_empty(struct nacre_fs *f, const struct fat_node *node)
{
	struct fat_node one;
	uint32_t index = 0;
	int result;

	if (!(node->attributes & FAT_DIRECTORY))
		return 0;
	if (!node->first)
		return EUCLEAN;
	result = fat_next(f, (struct fat_dir){node->first}, &index, &one);
	return result == ENOENT ? 0 : result ? result : ENOTEMPTY;
}

static int drop(struct nacre_fs *f, const struct fat_node *node)
{
	int result = is_empty(f, node);

	if (!result)
		result = fat_erase(f, node);
	return result || !node->first ? result : fat_release(f, node->first);
}

FS_EXPORT int nacre_fs_remove(struct nacre_fs *f, const char *path)
{
	struct fat_node node;
	int result = f->disk.write ? fat_find(f, path, &node) : EROFS;

	if (!result && node.root)
		result = EBUSY;
	return result ? result : drop(f, &node);
}

/* Is @dir in the directory that begins at @first, or is it that? Goes up by "..". */
static int is_within(struct nacre_fs *f, const struct fat_node *dir, uint32_t first, bool *within)
{
	uint32_t at = dir->root ? 0 : dir->first;
	uint8_t slot[FAT_SLOT];
	int result = 0;

	*within = false;
	for (uint32_t steps = 0; !result && at && at != f->root; steps++) {
		*within |= at == first;
		if (steps > FAT_SLOTS_MOST || !fat_is_cluster(f, at))
			return EUCLEAN;
		result = fs_disk_get(&f->disk, fat_cluster_offset(f, at) + FAT_SLOT, slot,
				     sizeof(slot));
		if (!result && memcmp(slot, "..         ", 11))
			return EUCLEAN;
		at = le16(slot + 26) | (f->bits == 32 ? (uint32_t)le16(slot + 20) << 16 : 0);
	}
	return result;
}

/* May @node replace what is at @to? */
static int check_target(struct nacre_fs *f, const struct fat_node *node, const struct fat_node *to)
{
	bool directory = node->attributes & FAT_DIRECTORY;

	if (directory != !!(to->attributes & FAT_DIRECTORY))
		return directory ? ENOTDIR : EISDIR;
	return is_empty(f, to);
}

static int move(struct nacre_fs *f, const struct fat_node *node, const struct fat_node *dir,
		const char *name)
{
	uint8_t slot[FAT_SLOT], up[4];
	uint64_t parent;
	int result = fs_disk_get(&f->disk, node->at, slot, sizeof(slot));

	if (!result)
		result = fat_erase(f, node);
	if (result)
		return result;
	result = fat_insert(f, (struct fat_dir){dir->first}, name, slot);
	if (result) {
		/* The old slots are still free, and there are enough of them. */
		fat_insert(f, node->parent, node->name, slot);
		return result;
	}
	if (!(node->attributes & FAT_DIRECTORY))
		return 0;
	parent = fat_cluster_offset(f, node->first) + FAT_SLOT;
	put_le16(up, (uint16_t)((dir->root ? 0 : dir->first) >> 16));
	put_le16(up + 2, (uint16_t)(dir->root ? 0 : dir->first));
	if (f->bits == 32)
		result = fs_disk_put(&f->disk, parent + 20, up, 2);
	return result ? result : fs_disk_put(&f->disk, parent + 26, up + 2, 2);
}

FS_EXPORT int nacre_fs_rename(struct nacre_fs *f, const char *from, const char *to)
{
	struct fat_node node, dir, old;
	char name[NACRE_FS_NAME];
	bool within = false;
	int result = f->disk.write ? fat_find(f, from, &node) : EROFS;

	if (!result && node.root)
		result = EBUSY;
	if (!result)
		result = find_parent(f, to, &dir, name);
	if (!result && node.attributes & FAT_DIRECTORY)
		result = is_within(f, &dir, node.first, &within);
	if (!result && within)
		result = EINVAL;
	if (result)
		return result;
	result = fat_find_in(f, (struct fat_dir){dir.first}, name, &old);
	if (result == ENOENT || (!result && old.at == node.at))
		return move(f, &node, &dir, name);
	if (!result)
		result = check_target(f, &node, &old);
	if (!result)
		result = drop(f, &old);
	return result ? result : move(f, &node, &dir, name);
}

FS_EXPORT int nacre_fs_set_times(struct nacre_fs *f, const char *path, int64_t mtime,
				 uint32_t nanoseconds)
{
	struct fat_node node;
	uint8_t raw[4];
	int result = f->disk.write ? fat_find(f, path, &node) : EROFS;

	(void)nanoseconds; /* it counts in steps of two seconds */
	if (result || node.root)
		return result; /* the root has no slot that could say it */
	fat_stamp(mtime, &node.date, &node.time);
	put_le16(raw, node.time);
	put_le16(raw + 2, node.date);
	f->changed = true;
	return fs_disk_put(&f->disk, node.at + 22, raw, sizeof(raw));
}

FS_EXPORT int nacre_fs_link_symbolic(struct nacre_fs *f, const char *target, const char *path)
{
	(void)target, (void)path;
	return f->disk.write ? ENOTSUP : EROFS;
}

FS_EXPORT int nacre_fs_set_owner(struct nacre_fs *f, const char *path, uint32_t uid, uint32_t gid)
{
	(void)path, (void)uid, (void)gid;
	return f->disk.write ? ENOTSUP : EROFS;
}

FS_EXPORT int nacre_fs_set_attribute(struct nacre_fs *f, const char *path, const char *name,
				     const void *data, uint32_t size)
{
	(void)path, (void)name, (void)data, (void)size;
	return f->disk.write ? ENOTSUP : EROFS;
}
