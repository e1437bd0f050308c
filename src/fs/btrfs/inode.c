/* SPDX-License-Identifier: BSD-2-Clause */
/* inode.c - names, what they lead to, and inodes */
#include "btrfs.h"
#include "fs/driver/bytes.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { NAME_HEAD = 30, INODE_LEAST = 160 };

bool btrfs_name_next(const struct btrfs_item *item, uint32_t *at, struct btrfs_name *name)
{
	const uint8_t *p = item->data + *at;
	uint32_t left = item->size - *at;

	if (left < NAME_HEAD)
		return false;
	*name = (struct btrfs_name){
		.location = {.object = le64(p), .type = p[8], .offset = le64(p + 9)},
		.value_size = le16(p + 25),
		.length = le16(p + 27),
		.type = p[29]};
	if (name->length + name->value_size > left - NAME_HEAD)
		return false;
	name->text = p + NAME_HEAD;
	name->value = name->text + name->length;
	*at += NAME_HEAD + name->length + name->value_size;
	return true;
}

int btrfs_name_find(struct nacre_fs *f, const struct btrfs_inode *i, uint8_t type, const char *text,
		    struct btrfs_name *found)
{
	size_t length = strlen(text);
	struct btrfs_key key = {
		.object = i->number, .type = type, .offset = fs_crc32c(0xfffffffe, text, length)};
	struct btrfs_item item;
	uint32_t at = 0;
	int result = btrfs_first_of(f, i->tree.root, &key, &item);

	if (!result && item.key.offset != key.offset)
		result = ENOENT;
	if (result)
		return result;
	while (btrfs_name_next(&item, &at, found))
		if (found->length == length && !memcmp(found->text, text, length))
			return 0;
	return at == item.size ? ENOENT : EUCLEAN;
}

bool btrfs_name_ok(const struct btrfs_name *name)
{
	return name->length && name->length < NACRE_FS_NAME &&
	       !memchr(name->text, 0, name->length) && !memchr(name->text, '/', name->length) &&
	       !(name->text[0] == '.' &&
		 (name->length == 1 || (name->length == 2 && name->text[1] == '.')));
}

static int read_inode(struct nacre_fs *f, struct btrfs_inode *i)
{
	struct btrfs_key key = {.object = i->number, .type = BTRFS_INODE_ITEM};
	struct btrfs_item item;
	int result = btrfs_first_of(f, i->tree.root, &key, &item);
	const uint8_t *d;

	if (result)
		return result == ENOENT ? EUCLEAN : result;
	d = item.data;
	if (item.size < INODE_LEAST)
		return EUCLEAN;
	i->size = le64(d + 16);
	i->links = le32(d + 40);
	i->uid = le32(d + 44);
	i->gid = le32(d + 48);
	i->mode = le32(d + 52);
	i->device = le64(d + 56);
	i->flags = le64(d + 64);
	i->mtime = (int64_t)le64(d + 136);
	i->mtime_ns = le32(d + 144) < 1000000000 ? le32(d + 144) : 0;
	return i->size > INT64_MAX ? EUCLEAN : 0;
}

/* A subvolume at a name of @i, which becomes its top. */
static int enter(struct nacre_fs *f, struct btrfs_inode *i, uint64_t id)
{
	int result = btrfs_is_below(f, &i->tree, i->number, id);

	if (result == ENOENT) {
		*i = (struct btrfs_inode){.tree = i->tree,
					  .number = BTRFS_STUB,
					  .mode = S_IFDIR | 0755,
					  .links = 1,
					  .stub = true};
		return 0;
	}
	if (!result)
		result = btrfs_tree_open(f, id, &i->tree);
	if (result)
		return result == ENOENT ? EUCLEAN : result;
	i->number = i->tree.top;
	return read_inode(f, i);
}

static int step(struct nacre_fs *f, struct btrfs_inode *i, const char *name)
{
	struct btrfs_name found;
	int result;

	if (!S_ISDIR(i->mode))
		return ENOTDIR;
	if (i->stub)
		return ENOENT;
	result = btrfs_name_find(f, i, BTRFS_DIR_ITEM, name, &found);
	if (result)
		return result;
	if (found.location.type == BTRFS_ROOT_ITEM)
		return enter(f, i, found.location.object);
	if (found.location.type != BTRFS_INODE_ITEM)
		return EUCLEAN;
	i->number = found.location.object;
	return read_inode(f, i);
}

int btrfs_find(struct nacre_fs *f, const char *path, struct btrfs_inode *i)
{
	struct fs_walk walk = {.rest = path};
	int result, more;

	*i = (struct btrfs_inode){.number = 0};
	result = btrfs_tree_open(f, BTRFS_FILE_TREE, &i->tree);
	if (result)
		return result == ENOENT ? EUCLEAN : result;
	i->number = i->tree.top;
	result = read_inode(f, i);
	while (!result && (more = fs_walk_next(&walk, &result)) > 0)
		result = step(f, i, walk.name);
	return result;
}
