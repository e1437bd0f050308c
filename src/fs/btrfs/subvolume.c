/* SPDX-License-Identifier: BSD-2-Clause */
/* subvolume.c - trees of files, where they hang in one another, and which one is shown */
#include "btrfs.h"
#include "fs/driver/bytes.h"

#include <errno.h>
#include <string.h>

enum {
	ROOT_LEAST = 239, /* bytes of a root item that are needed here */
	STEPS = 64	  /* names up to the first tree, at the most */
};

struct btrfs_root btrfs_root_of(const uint8_t *item)
{
	return (struct btrfs_root){.at = le64(item + 176), .level = item[238]};
}

int btrfs_tree_open(struct nacre_fs *f, uint64_t id, struct btrfs_tree *tree)
{
	struct btrfs_key key = {.object = id, .type = BTRFS_ROOT_ITEM};
	struct btrfs_item item;
	int result;

	if (id != BTRFS_FILE_TREE && (id < BTRFS_FIRST || id > -(uint64_t)BTRFS_FIRST))
		return EUCLEAN;
	for (size_t i = 0; i < BTRFS_TREES; i++)
		if (f->trees[i].id == id) {
			*tree = f->trees[i];
			return 0;
		}
	result = btrfs_first_of(f, f->root, &key, &item);
	if (result)
		return result;
	if (item.size < ROOT_LEAST)
		return EUCLEAN;
	*tree = (struct btrfs_tree){
		.id = id, .top = le64(item.data + 168), .root = btrfs_root_of(item.data)};
	f->trees[f->next_tree] = *tree;
	f->next_tree = (f->next_tree + 1) % BTRFS_TREES;
	return 0;
}

int btrfs_is_below(struct nacre_fs *f, const struct btrfs_tree *tree, uint64_t number, uint64_t id)
{
	struct btrfs_key key = {.object = tree->id, .type = BTRFS_ROOT_REF, .offset = id};
	struct btrfs_item item;
	int result = btrfs_first_of(f, f->root, &key, &item);

	if (!result && item.key.offset != id)
		result = ENOENT;
	if (!result && item.size < 18)
		result = EUCLEAN;
	return result ? result : le64(item.data) == number ? 0 : ENOENT;
}

/** struct way - a path that is made from its end */
struct way {
	char *path;
	size_t at; /* where it begins */
};

/* A name with its length before it, at @from of @item, and a slash. */
static int put_before(struct way *w, const struct btrfs_item *item, uint32_t from)
{
	uint32_t length = item->size >= from + 2 ? le16(item->data + from) : 0;
	struct btrfs_name name = {.length = length, .text = item->data + from + 2};

	if (!length || length > item->size - from - 2 || !btrfs_name_ok(&name))
		return EUCLEAN;
	if (length + 1 > w->at)
		return ENAMETOOLONG;
	w->at -= length + 1;
	w->path[w->at] = '/';
	memcpy(w->path + w->at + 1, name.text, length);
	return 0;
}

/* From directory @number of @tree up to the tree's top. */
static int climb(struct nacre_fs *f, const struct btrfs_tree *tree, uint64_t number, struct way *w,
		 int *steps)
{
	struct btrfs_item item;
	int result = 0;

	while (!result && number != tree->top) {
		struct btrfs_key key = {.object = number, .type = BTRFS_INODE_REF};

		if (!--*steps)
			return ELOOP;
		result = btrfs_first_of(f, tree->root, &key, &item);
		if (!result)
			result = put_before(w, &item, 8);
		if (!result)
			number = item.key.offset;
	}
	return result;
}

static int default_tree(struct nacre_fs *f, uint64_t *id)
{
	struct btrfs_inode top = {.tree.root = f->root, .number = BTRFS_TREE_DIRECTORY};
	struct btrfs_name found;
	int result = btrfs_name_find(f, &top, BTRFS_DIR_ITEM, "default", &found);

	*id = result ? BTRFS_FILE_TREE : found.location.object;
	return result == ENOENT ? 0 : result;
}

int btrfs_default_path(struct nacre_fs *f, char *path, size_t capacity)
{
	struct way w = {path, capacity - 1};
	struct btrfs_tree tree;
	struct btrfs_item item;
	uint64_t id, number;
	int steps = STEPS, result = default_tree(f, &id);

	path[w.at] = 0;
	while (!result && id != BTRFS_FILE_TREE) {
		struct btrfs_key key = {.object = id, .type = BTRFS_ROOT_BACKREF};

		if (!--steps)
			return ELOOP;
		result = btrfs_first_of(f, f->root, &key, &item);
		if (!result)
			result = put_before(&w, &item, 16);
		if (result)
			break;
		number = le64(item.data);
		id = item.key.offset;
		result = btrfs_tree_open(f, id, &tree);
		if (!result)
			result = climb(f, &tree, number, &w, &steps);
	}
	memmove(path, path + w.at, capacity - w.at);
	return result;
}
