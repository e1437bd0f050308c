/* SPDX-License-Identifier: BSD-2-Clause */
/* used.c - what of a mounted file system is in use, as its kernel driver says
 *
 * FS_IOC_GETFSMAP (linux/fsmap.h): in use is all but what is said to be free. What is said to be used is not enough:
 * ext4 leaves out ranges between its records that are in use.
 *
 * btrfs has no such call; its trees are searched (linux/btrfs_tree.h). Device extents say which pieces of the device
 * belong to which chunk; where a chunk lies on the device as it is, extent items say what of it is in use. New extents
 * get their items with the next commit: after a sync, all that was written before it has one.
 */
#include "conversion/snapshot/live.h"

#include "base/bytes.h"
#include "conversion/snapshot/bits.h"

#include <errno.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/fsmap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

enum { RECORDS = 4096, SEARCH = 64 << 10 };

struct nacre_live_memory {
	struct fsmap_head *map;
	struct btrfs_ioctl_search_args_v2 *search;
};

struct nacre_live_memory *nacre_live_memory_new(void)
{
	struct nacre_live_memory *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->map = calloc(1, fsmap_sizeof(RECORDS));
	m->search = calloc(1, sizeof(*m->search) + SEARCH);
	if (!m->map || !m->search) {
		nacre_live_memory_free(m);
		return NULL;
	}
	memset(m->map, 0, fsmap_sizeof(RECORDS)); /* all of it is there from now on */
	memset(m->search, 0, sizeof(*m->search) + SEARCH);
	return m;
}

void nacre_live_memory_free(struct nacre_live_memory *m)
{
	if (!m)
		return;
	free(m->map);
	free(m->search);
	free(m);
}

/* Grains that lie in [start, start + length) of the volume as a whole are free. */
static void set_free(const struct nacre_live *live, uint32_t grain, uint64_t *bits, uint64_t start, uint64_t length)
{
	uint64_t end;

	if (start >= live->length)
		return;
	length = length < live->length - start ? length : live->length - start;
	end = (live->start + start + length) / grain;
	start = (live->start + start + grain - 1) / grain;
	if (start < end)
		bits_fill(bits, start, end, false);
}

static void set_used(const struct nacre_live *live, uint32_t grain, uint64_t *bits, uint64_t start, uint64_t length)
{
	if (start >= live->length || !length)
		return;
	length = length < live->length - start ? length : live->length - start;
	bits_fill(bits, (live->start + start) / grain, (live->start + start + length - 1) / grain + 1, true);
}

/* The boot area before the file system's own first block, whatever the file system says of it. */
static void keep_start(const struct nacre_live *live, uint32_t grain, uint64_t *bits)
{
	set_used(live, grain, bits, 0, 4096);
}

static int by_fsmap(const struct nacre_live *live, struct fsmap_head *map, uint32_t grain, uint64_t *bits,
		    struct nacre_error *e)
{
	const uint32_t device = (minor(live->device) & 0xff) | major(live->device) << 8 |
				(minor(live->device) & ~0xffU) << 12;

	memset(map, 0, sizeof(*map));
	map->fmh_count = RECORDS;
	memset(&map->fmh_keys[1], 0xff, sizeof(map->fmh_keys[1]));
	map->fmh_keys[1].fmr_length = 0;
	memset(map->fmh_keys[1].fmr_reserved, 0, sizeof(map->fmh_keys[1].fmr_reserved));
	set_used(live, grain, bits, 0, live->length);
	for (;;) {
		const struct fsmap *last;

		if (ioctl(live->fd, FS_IOC_GETFSMAP, map))
			return nacre_error_set(e, NACRE_E_SYSTEM, errno, live->mount, "its map of free space cannot be had");
		if (!map->fmh_entries)
			break;
		for (uint32_t i = 0; i < map->fmh_entries && i < RECORDS; i++) {
			const struct fsmap *record = &map->fmh_recs[i];

			if (record->fmr_flags & FMR_OF_SPECIAL_OWNER && record->fmr_owner == FMR_OWN_FREE &&
			    (record->fmr_device == device || !(map->fmh_oflags & FMH_OF_DEV_T)))
				set_free(live, grain, bits, record->fmr_physical, record->fmr_length);
		}
		last = &map->fmh_recs[map->fmh_entries - 1];
		if (last->fmr_flags & FMR_OF_LAST)
			break;
		fsmap_advance(map);
	}
	keep_start(live, grain, bits);
	return 0;
}

struct btrfs {
	const struct nacre_live *live;
	struct btrfs_ioctl_search_args_v2 *search;
	uint32_t grain, node;
	uint64_t *bits;
	uint64_t device_id;
	struct nacre_error *e;
};

typedef int (*btrfs_item)(struct btrfs *b, const struct btrfs_ioctl_search_header *h, const uint8_t *item, void *arg);

/* All items of @tree from (first, type) to (last, type_last), in their order. Return: -1, or what @each did not return 0 with. */
static int btrfs_each(struct btrfs *b, const struct btrfs_ioctl_search_key *wanted, btrfs_item each, void *arg)
{
	struct btrfs_ioctl_search_key key = *wanted;
	struct btrfs_ioctl_search_header h = {0};

	for (;;) {
		const uint8_t *at = (const uint8_t *)b->search->buf;
		size_t left = SEARCH;

		b->search->key = key;
		b->search->key.nr_items = ~0U;
		b->search->buf_size = SEARCH;
		if (ioctl(b->live->fd, BTRFS_IOC_TREE_SEARCH_V2, b->search))
			return nacre_error_set(b->e, NACRE_E_SYSTEM, errno, b->live->mount,
					       "its map of used space cannot be had");
		if (!b->search->key.nr_items)
			return 0;
		for (uint32_t i = 0; i < b->search->key.nr_items; i++) {
			int status;

			if (left < sizeof(h))
				return nacre_error_set(b->e, NACRE_E_INPUT, 0, b->live->mount, "its trees are cut");
			memcpy(&h, at, sizeof(h));
			if (left - sizeof(h) < h.len)
				return nacre_error_set(b->e, NACRE_E_INPUT, 0, b->live->mount, "its trees are cut");
			status = each(b, &h, at + sizeof(h), arg);
			if (status)
				return status;
			at += sizeof(h) + h.len;
			left -= sizeof(h) + h.len;
		}
		key.min_objectid = h.objectid;
		key.min_type = h.type;
		key.min_offset = h.offset + 1;
		if (!key.min_offset && !++key.min_type)
			return 0;
	}
}

/* One piece of the device that belongs to a chunk. */
struct piece {
	uint64_t physical, logical, length;
};

static int extent(struct btrfs *b, const struct btrfs_ioctl_search_header *h, const uint8_t *item, void *arg)
{
	struct piece *p = arg;
	uint64_t length = h->type == BTRFS_METADATA_ITEM_KEY ? b->node : h->offset;

	(void)item;
	if ((h->type != BTRFS_EXTENT_ITEM_KEY && h->type != BTRFS_METADATA_ITEM_KEY) || h->objectid < p->logical ||
	    h->objectid >= p->logical + p->length)
		return 0;
	set_used(b->live, b->grain, b->bits, p->physical + (h->objectid - p->logical), length);
	return 0;
}

static int chunk(struct btrfs *b, const struct btrfs_ioctl_search_header *h, const uint8_t *item, void *arg)
{
	(void)b;
	if (h->type == BTRFS_CHUNK_ITEM_KEY && h->len >= sizeof(struct btrfs_chunk))
		*(uint64_t *)arg = nacre_le64(item + offsetof(struct btrfs_chunk, type));
	return 0;
}

enum { PIECES = 512 };

struct pieces {
	struct piece list[PIECES];
	int count;
};

static int device_extent(struct btrfs *b, const struct btrfs_ioctl_search_header *h, const uint8_t *item, void *arg)
{
	struct pieces *pieces = arg;

	if (h->type != BTRFS_DEV_EXTENT_KEY || h->objectid != b->device_id || h->len < sizeof(struct btrfs_dev_extent))
		return 0;
	if (pieces->count == PIECES)
		return 1;
	pieces->list[pieces->count++] = (struct piece){
		.physical = h->offset,
		.logical = nacre_le64(item + offsetof(struct btrfs_dev_extent, chunk_offset)),
		.length = nacre_le64(item + offsetof(struct btrfs_dev_extent, length))};
	return 0;
}

static int take_piece(struct btrfs *b, struct piece *p)
{
	const uint64_t striped = BTRFS_BLOCK_GROUP_RAID0 | BTRFS_BLOCK_GROUP_RAID10 | BTRFS_BLOCK_GROUP_RAID5 |
				 BTRFS_BLOCK_GROUP_RAID6;
	struct btrfs_ioctl_search_key key = {.tree_id = BTRFS_CHUNK_TREE_OBJECTID,
					     .min_objectid = BTRFS_FIRST_CHUNK_TREE_OBJECTID,
					     .max_objectid = BTRFS_FIRST_CHUNK_TREE_OBJECTID,
					     .min_type = BTRFS_CHUNK_ITEM_KEY, .max_type = BTRFS_CHUNK_ITEM_KEY,
					     .min_offset = p->logical, .max_offset = p->logical,
					     .max_transid = ~0ULL};
	uint64_t profile = ~0ULL;

	if (btrfs_each(b, &key, chunk, &profile))
		return -1;
	if (profile & striped) {
		set_used(b->live, b->grain, b->bits, p->physical, p->length);
		return 0;
	}
	key = (struct btrfs_ioctl_search_key){.tree_id = BTRFS_EXTENT_TREE_OBJECTID, .min_objectid = p->logical,
					      .max_objectid = p->logical + p->length - 1,
					      .min_type = BTRFS_EXTENT_ITEM_KEY, .max_type = BTRFS_METADATA_ITEM_KEY,
					      .max_offset = ~0ULL, .max_transid = ~0ULL};
	return btrfs_each(b, &key, extent, p);
}

static int by_trees(const struct nacre_live *live, struct nacre_live_memory *memory, uint32_t grain, uint64_t *bits,
		    struct nacre_error *e)
{
	static const uint64_t supers[] = {64 << 10, 64 << 20, 256ULL << 30};
	struct btrfs b = {.live = live, .search = memory->search, .grain = grain, .bits = bits, .e = e};
	struct btrfs_ioctl_fs_info_args fs = {0};
	struct btrfs_ioctl_search_key key = {.tree_id = BTRFS_DEV_TREE_OBJECTID, .min_type = BTRFS_DEV_EXTENT_KEY,
					     .max_type = BTRFS_DEV_EXTENT_KEY, .max_offset = ~0ULL,
					     .max_transid = ~0ULL};
	struct pieces *pieces;
	int status = 1;

	if (ioctl(live->fd, BTRFS_IOC_FS_INFO, &fs))
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, live->mount, "its map of used space cannot be had");
	set_used(live, grain, bits, 0, live->length);
	/* Which of several devices this one is, is not asked: all of it is taken. */
	if (fs.num_devices != 1)
		return 0;
	b.device_id = fs.max_id;
	b.node = fs.nodesize;
	set_free(live, grain, bits, 0, live->length);
	set_used(live, grain, bits, 0, 1 << 20);
	for (size_t i = 0; i < sizeof(supers) / sizeof(*supers); i++)
		set_used(live, grain, bits, supers[i], 4096);
	pieces = malloc(sizeof(*pieces));
	key.min_objectid = key.max_objectid = b.device_id;
	while (pieces && status == 1) {
		pieces->count = 0;
		status = btrfs_each(&b, &key, device_extent, pieces);
		for (int i = 0; status >= 0 && i < pieces->count; i++)
			if (take_piece(&b, &pieces->list[i]) < 0)
				status = -1;
		if (status == 1)
			key.min_offset = pieces->list[PIECES - 1].physical + 1;
	}
	if (!pieces)
		nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, live->mount, "there is no memory for its map");
	free(pieces);
	return status == 0 ? 0 : -1;
}

int nacre_live_used(const struct nacre_live *live, struct nacre_live_memory *memory, uint32_t grain, uint64_t *bits,
		    struct nacre_error *e)
{
	if (live->map == NACRE_LIVE_FSMAP)
		return by_fsmap(live, memory->map, grain, bits, e);
	if (live->map == NACRE_LIVE_BTRFS)
		return by_trees(live, memory, grain, bits, e);
	return nacre_error_set(e, NACRE_E_USAGE, 0, live->mount, "its kernel driver does not tell what it uses");
}
