/* SPDX-License-Identifier: BSD-2-Clause */
/* files.c - fs.h's functions of files */
#include "btrfs.h"
#include "fs/driver/bytes.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* Inodes have numbers of their own in each subvolume. */
static uint64_t number_of(uint64_t tree, uint64_t number)
{
	return number + (tree == BTRFS_FILE_TREE ? 0 : tree << 40);
}

/* As a stat of the name would tell. */
static uint64_t number_at(struct nacre_fs *f, const struct btrfs_inode *dir,
			  const struct btrfs_key *location)
{
	struct btrfs_tree tree;

	if (location->type != BTRFS_ROOT_ITEM)
		return number_of(dir->tree.id, location->object);
	if (btrfs_is_below(f, &dir->tree, dir->number, location->object) ||
	    btrfs_tree_open(f, location->object, &tree))
		return number_of(dir->tree.id, BTRFS_STUB);
	return number_of(tree.id, tree.top);
}

FS_EXPORT int nacre_fs_stat(struct nacre_fs *f, const char *path, struct nacre_fs_stat *st)
{
	struct btrfs_inode i;
	int result = btrfs_find(f, path, &i);

	*st = (struct nacre_fs_stat){0};
	if (result)
		return result;
	*st = (struct nacre_fs_stat){.ino = number_of(i.tree.id, i.number),
				     .size = S_ISDIR(i.mode) ? 0 : i.size,
				     .mtime = i.mtime,
				     .mtime_ns = i.mtime_ns,
				     .mode = i.mode,
				     .uid = i.uid,
				     .gid = i.gid,
				     .links = i.links};
	if (S_ISCHR(i.mode) || S_ISBLK(i.mode)) {
		st->major = (uint32_t)(i.device >> 20);
		st->minor = (uint32_t)i.device & 0xfffff;
	}
	return 0;
}

static uint32_t type_of(uint8_t type)
{
	static const uint32_t types[] = {0,	  S_IFREG, S_IFDIR,  S_IFCHR,
					 S_IFBLK, S_IFIFO, S_IFSOCK, S_IFLNK};

	return type < sizeof(types) / sizeof(types[0]) ? types[type] : 0;
}

/* The name at or after *@cursor. Return: 0, ENOENT: no more, errno */
static int next_entry(struct nacre_fs *f, const struct btrfs_inode *i, uint64_t *cursor,
		      struct nacre_fs_entry *entry)
{
	struct btrfs_key key = {.object = i->number, .type = BTRFS_DIR_INDEX, .offset = *cursor};
	struct btrfs_item item;
	struct btrfs_name name;
	uint32_t at = 0;
	int result = btrfs_first_of(f, i->tree.root, &key, &item);

	if (result)
		return result;
	if (!btrfs_name_next(&item, &at, &name) || !btrfs_name_ok(&name) ||
	    item.key.offset == UINT64_MAX)
		return EUCLEAN;
	*cursor = item.key.offset + 1;
	*entry = (struct nacre_fs_entry){.type = type_of(name.type)};
	memcpy(entry->name, name.text, name.length);
	entry->ino = number_at(f, i, &name.location); /* @name is gone after that */
	return 0;
}

FS_EXPORT int nacre_fs_list(struct nacre_fs *f, const char *path, uint64_t *cursor,
			    struct nacre_fs_entry *entries, uint32_t capacity, uint32_t *count)
{
	struct btrfs_inode i;
	int result = btrfs_find(f, path, &i);

	*count = 0;
	if (!result && !S_ISDIR(i.mode))
		result = ENOTDIR;
	if (result || i.stub)
		return result;
	while (*count < capacity && *count < NACRE_FS_LIST &&
	       !(result = next_entry(f, &i, cursor, &entries[*count])))
		++*count;
	return result == ENOENT ? 0 : result;
}

FS_EXPORT int nacre_fs_read_link(struct nacre_fs *f, const char *path, char *target,
				 uint32_t capacity)
{
	struct btrfs_inode i;
	int result = btrfs_find(f, path, &i);

	if (capacity)
		target[0] = 0;
	if (!result && !S_ISLNK(i.mode))
		result = EINVAL;
	if (!result && (!i.size || i.size >= NACRE_FS_PATH))
		result = EUCLEAN;
	if (!result && i.size >= capacity)
		result = ERANGE;
	if (!result)
		result = btrfs_content(f, &i, 0, (uint8_t *)target, (uint32_t)i.size);
	if (!result && memchr(target, 0, i.size))
		result = EUCLEAN;
	if (capacity)
		target[result ? 0 : i.size] = 0;
	return result;
}

FS_EXPORT int nacre_fs_read_file(struct nacre_fs *f, const char *path, uint64_t offset, void *data,
				 uint32_t capacity, uint32_t *length)
{
	struct btrfs_inode i;
	int result = btrfs_find(f, path, &i);

	*length = 0;
	if (!result && !S_ISREG(i.mode))
		result = S_ISDIR(i.mode) ? EISDIR : EINVAL;
	if (result)
		return result;
	capacity = fs_piece(i.size, offset, capacity);
	result = btrfs_content(f, &i, offset, data, capacity);
	*length = result ? 0 : capacity;
	return result;
}

FS_EXPORT int nacre_fs_get_attribute(struct nacre_fs *f, const char *path, const char *name,
				     void *data, uint32_t capacity, uint32_t *length)
{
	struct btrfs_inode i;
	struct btrfs_name found;
	int result = btrfs_find(f, path, &i);

	*length = 0;
	if (result)
		return result;
	result = i.stub ? ENOENT : btrfs_name_find(f, &i, BTRFS_XATTR_ITEM, name, &found);
	if (result)
		return result == ENOENT ? ENODATA : result;
	if (found.value_size > capacity)
		return ERANGE;
	memcpy(data, found.value, found.value_size);
	*length = found.value_size;
	return 0;
}

/* All names of one item, each with a 0. */
static int put_names(const struct btrfs_item *item, char *names, uint32_t capacity,
		     uint32_t *length)
{
	struct btrfs_name name;
	uint32_t at = 0;

	while (btrfs_name_next(item, &at, &name)) {
		if (!name.length || memchr(name.text, 0, name.length))
			return EUCLEAN;
		if (name.length + 1 > capacity - *length)
			return ERANGE;
		memcpy(names + *length, name.text, name.length);
		names[*length + name.length] = 0;
		*length += name.length + 1;
	}
	return at == item->size ? 0 : EUCLEAN;
}

FS_EXPORT int nacre_fs_list_attributes(struct nacre_fs *f, const char *path, char *names,
				       uint32_t capacity, uint32_t *length)
{
	struct btrfs_key key = {.type = BTRFS_XATTR_ITEM};
	struct btrfs_inode i;
	struct btrfs_item item;
	uint32_t put = 0;
	int result = btrfs_find(f, path, &i);

	*length = 0;
	if (result || i.stub)
		return result;
	key.object = i.number;
	while (!(result = btrfs_first_of(f, i.tree.root, &key, &item))) {
		key.offset = item.key.offset + 1;
		result = key.offset ? put_names(&item, names, capacity, &put) : EUCLEAN;
		if (result)
			return result;
	}
	*length = result == ENOENT ? put : 0;
	return result == ENOENT ? 0 : result;
}

FS_EXPORT int nacre_fs_file_map(struct nacre_fs *f, const char *path, uint64_t from,
				struct nacre_fs_extent *extents, uint32_t capacity, uint32_t *count)
{
	struct btrfs_inode i;
	int result = btrfs_find(f, path, &i);

	*count = 0;
	if (!result && !S_ISREG(i.mode))
		result = EINVAL;
	/* What has checksums is not to be told as if others could do with it what they like. */
	if (!result && !(i.flags & BTRFS_NO_CHECKSUMS))
		result = ENOTSUP;
	while (!result && from < i.size && *count < capacity && *count < NACRE_FS_LIST) {
		result = btrfs_place(f, &i, from, &extents[*count]);
		if (!result)
			from += extents[(*count)++].length;
	}
	return result;
}
