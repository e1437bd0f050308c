/* SPDX-License-Identifier: BSD-2-Clause */
/* space.c - what is in use on this device */
#include "btrfs.h"
#include "fs/driver/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/** struct gather - places on the device, in any order; trees that were found */
struct gather {
	struct range {
		uint64_t start, length;
	} * list;
	size_t count, room;
	struct btrfs_root extents, devices;
	struct btrfs_root *logs;
	size_t log_count;
};

static int add(struct gather *g, uint64_t start, uint64_t length)
{
	struct range *list, *last = g->count ? &g->list[g->count - 1] : NULL;

	if (last && last->start + last->length == start) {
		last->length += length;
		return 0;
	}
	if (g->count == g->room) {
		g->room = g->room ? 2 * g->room : 1024;
		list = reallocarray(g->list, g->room, sizeof(*list));
		if (!list)
			return ENOMEM;
		g->list = list;
	}
	g->list[g->count++] = (struct range){.start = start, .length = length};
	return 0;
}

static int add_logical(struct nacre_fs *f, struct gather *g, uint64_t logical, uint64_t length)
{
	const struct btrfs_chunk *c = btrfs_chunk_find(f, logical, length);
	int result = c ? 0 : EUCLEAN;

	for (uint32_t i = 0; !result && i < c->copies; i++)
		result = add(g, c->at[i] + (logical - c->logical), length);
	return result;
}

static int take_extent(struct nacre_fs *f, const struct btrfs_key *key, const uint8_t *data,
		       uint32_t size, void *user)
{
	(void)data, (void)size;
	if (key->type == BTRFS_EXTENT_ITEM)
		return key->offset ? add_logical(f, user, key->object, key->offset) : EUCLEAN;
	return key->type == BTRFS_METADATA_ITEM ? add_logical(f, user, key->object, f->node) : 0;
}

/* A device's part of a chunk: of those that are not in order all of it is taken. */
static int take_device(struct nacre_fs *f, const struct btrfs_key *key, const uint8_t *data,
		       uint32_t size, void *user)
{
	const struct btrfs_chunk *c;

	if (key->type != BTRFS_DEV_EXTENT || key->object != f->device)
		return 0;
	if (size < 32 || !le64(data + 24) || key->offset > f->disk.size ||
	    le64(data + 24) > f->disk.size - key->offset)
		return EUCLEAN;
	c = btrfs_chunk_find(f, le64(data + 16), 1);
	if (!c)
		return EUCLEAN;
	return c->striped ? add(user, key->offset, le64(data + 24)) : 0;
}

static int take_root(struct nacre_fs *f, const struct btrfs_key *key, const uint8_t *data,
		     uint32_t size, void *user)
{
	struct gather *g = user;

	(void)f;
	if (key->type != BTRFS_ROOT_ITEM ||
	    (key->object != BTRFS_EXTENT_TREE && key->object != BTRFS_DEV_TREE))
		return 0;
	if (size < 239)
		return EUCLEAN;
	*(key->object == BTRFS_EXTENT_TREE ? &g->extents : &g->devices) = btrfs_root_of(data);
	return 0;
}

static int take_log_node(struct nacre_fs *f, uint64_t logical, void *user)
{
	return add_logical(f, user, logical, f->node);
}

static int take_log_root(struct nacre_fs *f, const struct btrfs_key *key, const uint8_t *data,
			 uint32_t size, void *user)
{
	struct gather *g = user;
	struct btrfs_root *logs;

	(void)f;
	if (key->type != BTRFS_ROOT_ITEM)
		return 0;
	if (size < 239)
		return EUCLEAN;
	logs = reallocarray(g->logs, g->log_count + 1, sizeof(*logs));
	if (!logs)
		return ENOMEM;
	g->logs = logs;
	g->logs[g->log_count++] = btrfs_root_of(data);
	return 0;
}

/* A file's extent in a log: its bytes are written, and no other tree knows them yet. */
static int take_log_item(struct nacre_fs *f, const struct btrfs_key *key, const uint8_t *data,
			 uint32_t size, void *user)
{
	if (key->type != BTRFS_EXTENT_DATA || size < 53 || !data[20] || !le64(data + 21))
		return 0;
	return le64(data + 29) ? add_logical(f, user, le64(data + 21), le64(data + 29)) : EUCLEAN;
}

static int read_logs(struct nacre_fs *f, struct gather *g)
{
	struct btrfs_walk roots = {.item = take_log_root, .each_node = take_log_node, .user = g};
	struct btrfs_walk items = {.item = take_log_item, .each_node = take_log_node, .user = g};
	int result = f->log_root.at ? btrfs_walk(f, f->log_root, &roots) : 0;

	for (size_t i = 0; !result && i < g->log_count; i++)
		result = btrfs_walk(f, g->logs[i], &items);
	return result;
}

static int read_trees(struct nacre_fs *f, struct gather *g)
{
	struct btrfs_walk roots = {.item = take_root, .user = g};
	struct btrfs_walk extents = {.item = take_extent, .user = g};
	struct btrfs_walk devices = {.item = take_device, .user = g};
	int result = btrfs_walk(f, f->root, &roots);

	if (!result && (!g->extents.at || !g->devices.at))
		result = EUCLEAN;
	if (!result)
		result = btrfs_walk(f, g->extents, &extents);
	if (!result)
		result = btrfs_walk(f, g->devices, &devices);
	return result ? result : read_logs(f, g);
}

static int by_start(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

int btrfs_map(struct nacre_fs *f)
{
	static const uint64_t copies[] = {64ULL << 20, 256ULL << 30};
	struct gather g = {0};
	int result, failed = 0;

	/* Room for a boot loader, and the superblock, whose copies are wherever they fit */
	result = add(&g, 0, BTRFS_SUPER_AT + BTRFS_SUPER);
	for (size_t i = 0; !result && i < sizeof(copies) / sizeof(copies[0]); i++)
		if (copies[i] + BTRFS_SUPER <= f->device_size)
			result = add(&g, copies[i], BTRFS_SUPER);
	if (!result)
		result = read_trees(f, &g);
	if (!result)
		qsort(g.list, g.count, sizeof(*g.list), by_start);
	for (size_t i = 0; !result && !failed && i < g.count; i++)
		failed = nacre_extents_add(&f->disk.map, g.list[i].start, g.list[i].length,
					   NACRE_FS_USED);
	free(g.list);
	free(g.logs);
	return failed ? ENOMEM : result;
}
