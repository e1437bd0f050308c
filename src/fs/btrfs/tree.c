/* SPDX-License-Identifier: BSD-2-Clause */
/* tree.c - through all of a tree, by rising keys */
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

	if (!c || logical % f->sector)
		return EUCLEAN;
	/* Striped, or on other devices only */
	if (!c->copies)
		return ENOTSUP;
	for (uint32_t i = 0; i < c->copies; i++) {
		result = fs_disk_get(&f->disk, c->at[i] + (logical - c->logical), n, f->node);
		if (!result && is_node(f, n, logical, level, generation))
			return 0;
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
