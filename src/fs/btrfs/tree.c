/* SPDX-License-Identifier: BSD-2-Clause */
/* tree.c - through all of a tree, by rising keys; and to one place in it */
#include "btrfs.h"
#include "fs/driver/bytes.h"

#include <errno.h>
#include <string.h>

enum { HEAD = 101, KEY = 17, POINTER = 33, ITEM = 25 };

static struct btrfs_key key_at(const uint8_t *p)
{
	return (struct btrfs_key){.object = le64(p), .type = p[8], .offset = le64(p + 9)};
}

static int compare(const struct btrfs_key *a, const struct btrfs_key *b)
{
	if (a->object != b->object)
		return a->object < b->object ? -1 : 1;
	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

/* @generation 0: any */
static bool is_node(const struct nacre_fs *f, const uint8_t *n, uint64_t logical, uint8_t level,
		    uint64_t generation)
{
	uint32_t count = le32(n + 96);

	if (FS_CHECKSUMS && ~fs_crc32c(0xffffffff, n + 32, f->node - 32) != le32(n))
		return false;
	if (FS_CHECKSUMS && memcmp(n + 32, f->nodes_fsid, 16))
		return false;
	return le64(n + 48) == logical && n[100] == level &&
	       (!generation || le64(n + 80) == generation) &&
	       count <= (f->node - HEAD) / (level ? POINTER : ITEM);
}

/* The node in its level's place in memory, from whichever copy is whole. */
static int read_node(struct nacre_fs *f, uint64_t logical, uint8_t level, uint64_t generation)
{
	const struct btrfs_chunk *c = btrfs_chunk_find(f, logical, f->node);
	uint8_t *n = f->nodes + (size_t)level * f->node;
	int result = 0;

	if (f->node_at[level] == logical + 1 && (!generation || le64(n + 80) == generation))
		return 0;
	f->node_at[level] = 0;
	if (!c || logical % f->sector)
		return EUCLEAN;
	/* Striped, or on other devices only */
	if (!c->copies)
		return ENOTSUP;
	for (uint32_t i = 0; i < c->copies; i++) {
		result = fs_disk_get(&f->disk, c->at[i] + (logical - c->logical), n, f->node);
		if (!result && is_node(f, n, logical, level, generation)) {
			f->node_at[level] = logical + 1;
			return 0;
		}
	}
	return result ? result : EUCLEAN;
}

static int leaf(struct nacre_fs *f, struct btrfs_walk *w, const uint8_t *n)
{
	uint32_t count = le32(n + 96);
	int result = 0;

	for (uint32_t i = 0; i < count && !result; i++) {
		const uint8_t *item = n + HEAD + (size_t)i * ITEM;
		struct btrfs_key key = key_at(item);
		uint32_t offset = le32(item + KEY), size = le32(item + KEY + 4);

		if ((w->begun && compare(&key, &w->last) <= 0) || offset > f->node - HEAD ||
		    size > f->node - HEAD - offset)
			return EUCLEAN;
		w->begun = true;
		w->last = key;
		result = w->item(f, &key, n + HEAD + offset, size, w->user);
	}
	return result;
}

/* One node and all below it; no deeper than BTRFS_LEVELS, as each child is one level lower. */
static int descend(struct nacre_fs *f, struct btrfs_walk *w, uint64_t logical, uint8_t level,
		   uint64_t generation, bool top)
{
	const uint8_t *n = f->nodes + (size_t)level * f->node;
	int result = read_node(f, logical, level, generation);

	if (!result && w->each_node)
		result = w->each_node(f, logical, w->user);
	if (!result && !le32(n + 96) && !(top && !level))
		result = EUCLEAN;
	if (result || !level)
		return result ? result : leaf(f, w, n);
	for (uint32_t i = 0; i < le32(n + 96); i++) {
		const uint8_t *p = n + HEAD + (size_t)i * POINTER;
		struct btrfs_key key = key_at(p);

		/* So a child is not gone through twice, which matters where there are many levels.
		 */
		if (w->begun && compare(&key, &w->last) <= 0)
			return EUCLEAN;
		result = descend(f, w, le64(p + KEY), (uint8_t)(level - 1), le64(p + KEY + 8),
				 false);
		if (result)
			return result;
	}
	return 0;
}

int btrfs_walk(struct nacre_fs *f, struct btrfs_root root, struct btrfs_walk *w)
{
	w->begun = false;
	if (root.level >= BTRFS_LEVELS)
		return EUCLEAN;
	return descend(f, w, root.at, root.level, 0, true);
}

/* How many of a node's keys are at most @key? */
static uint32_t up_to(const uint8_t *n, uint32_t step, const struct btrfs_key *key)
{
	uint32_t low = 0, high = le32(n + 96);

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		struct btrfs_key there = key_at(n + HEAD + (size_t)middle * step);

		if (compare(&there, key) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Down to the leaf where @key belongs. @next: the first key behind that leaf, if @more */
static int find_leaf(struct nacre_fs *f, struct btrfs_root root, const struct btrfs_key *key,
		     struct btrfs_key *next, bool *more)
{
	uint64_t logical = root.at, generation = 0;

	*more = false;
	if (root.level >= BTRFS_LEVELS)
		return EUCLEAN;
	for (uint8_t level = root.level;; level--) {
		const uint8_t *n = f->nodes + (size_t)level * f->node;
		int result = read_node(f, logical, level, generation);
		uint32_t i;

		if (result || !level)
			return result;
		if (!le32(n + 96))
			return EUCLEAN;
		i = up_to(n, POINTER, key);
		if (i < le32(n + 96)) {
			*next = key_at(n + HEAD + (size_t)i * POINTER);
			*more = true;
		}
		n += HEAD + (size_t)(i ? i - 1 : 0) * POINTER;
		logical = le64(n + KEY);
		generation = le64(n + KEY + 8);
	}
}

/* An item of the leaf that was found. */
static int take(const struct nacre_fs *f, uint32_t index, struct btrfs_item *item)
{
	const uint8_t *p = f->nodes + HEAD + (size_t)index * ITEM;
	uint32_t offset = le32(p + KEY), size = le32(p + KEY + 4);

	if (offset > f->node - HEAD || size > f->node - HEAD - offset)
		return EUCLEAN;
	*item = (struct btrfs_item){key_at(p), f->nodes + HEAD + offset, size};
	return 0;
}

int btrfs_at_most(struct nacre_fs *f, struct btrfs_root root, const struct btrfs_key *key,
		  struct btrfs_item *item)
{
	struct btrfs_key next;
	bool more;
	int result = find_leaf(f, root, key, &next, &more);
	uint32_t count = result ? 0 : up_to(f->nodes, ITEM, key);

	return result ? result : count ? take(f, count - 1, item) : ENOENT;
}

int btrfs_at_least(struct nacre_fs *f, struct btrfs_root root, const struct btrfs_key *key,
		   struct btrfs_item *item)
{
	struct btrfs_key wanted = *key, next;
	bool more = true;

	/* The next leaf begins with the key that leads there. */
	for (int leaves = 0; leaves < 2; leaves++) {
		int result = find_leaf(f, root, &wanted, &next, &more);
		uint32_t i;

		if (result)
			return result;
		i = up_to(f->nodes, ITEM, &wanted);
		if (i) {
			struct btrfs_key before = key_at(f->nodes + HEAD + (size_t)(i - 1) * ITEM);

			i -= !compare(&before, &wanted);
		}
		if (i < le32(f->nodes + 96))
			return take(f, i, item);
		if (!more)
			return ENOENT;
		wanted = next;
	}
	return EUCLEAN;
}

int btrfs_first_of(struct nacre_fs *f, struct btrfs_root root, const struct btrfs_key *key,
		   struct btrfs_item *item)
{
	int result = btrfs_at_least(f, root, key, item);

	if (!result && (item->key.object != key->object || item->key.type != key->type))
		result = ENOENT;
	return result;
}
