/* SPDX-License-Identifier: BSD-2-Clause */
/* chunk.c - from logical addresses to places on this device */
#include "btrfs.h"
#include "fs/driver/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	RAID0 = 1 << 3,
	RAID10 = 1 << 6,
	RAID5 = 1 << 7,
	RAID6 = 1 << 8,
	KNOWN = 0x7ff, /* data, system, metadata; raid0, 1, dup, raid10, 5, 6, 1c3, 1c4 */
	STRIPES_AT = 48,
	STRIPE = 32
};

static int insert(struct btrfs_chunks *chunks, const struct btrfs_chunk *chunk)
{
	struct btrfs_chunk *list;
	size_t at = chunks->count;

	while (at && chunks->list[at - 1].logical > chunk->logical)
		at--;
	if (at && chunks->list[at - 1].length > chunk->logical - chunks->list[at - 1].logical)
		return EUCLEAN;
	if (at < chunks->count && chunk->length > chunks->list[at].logical - chunk->logical)
		return EUCLEAN;
	if (chunks->count == chunks->room) {
		chunks->room = chunks->room ? 2 * chunks->room : 32;
		list = reallocarray(chunks->list, chunks->room, sizeof(*list));
		if (!list)
			return ENOMEM;
		chunks->list = list;
	}
	memmove(chunks->list + at + 1, chunks->list + at,
		(chunks->count - at) * sizeof(*chunks->list));
	chunks->list[at] = *chunk;
	chunks->count++;
	return 0;
}

int btrfs_chunk_add(struct nacre_fs *f, struct btrfs_chunks *chunks, uint64_t logical,
		    const uint8_t *item, uint32_t size)
{
	struct btrfs_chunk chunk = {.logical = logical};
	uint32_t stripes;
	uint64_t type;

	if (size < STRIPES_AT + STRIPE)
		return EUCLEAN;
	chunk.length = le64(item);
	type = le64(item + 24);
	stripes = le16(item + 44);
	if (!stripes || size != STRIPES_AT + stripes * STRIPE || !chunk.length ||
	    chunk.length % f->sector || logical % f->sector || chunk.length > INT64_MAX ||
	    logical > INT64_MAX - chunk.length)
		return EUCLEAN;
	if (type & ~(uint64_t)KNOWN)
		return ENOTSUP;
	chunk.striped = type & (RAID0 | RAID10 | RAID5 | RAID6);
	for (const uint8_t *s = item + STRIPES_AT; s < item + size && !chunk.striped; s += STRIPE) {
		if (le64(s) != f->device)
			continue;
		if (chunk.copies == BTRFS_COPIES || le64(s + 8) > f->disk.size ||
		    chunk.length > f->disk.size - le64(s + 8))
			return EUCLEAN;
		chunk.at[chunk.copies++] = le64(s + 8);
	}
	/* A single stripe is in order, whatever it is called. */
	if (chunk.striped && stripes == 1 && le64(item + STRIPES_AT) == f->device &&
	    le64(item + STRIPES_AT + 8) <= f->disk.size &&
	    chunk.length <= f->disk.size - le64(item + STRIPES_AT + 8)) {
		chunk.striped = false;
		chunk.copies = 1;
		chunk.at[0] = le64(item + STRIPES_AT + 8);
	}
	return insert(chunks, &chunk);
}

const struct btrfs_chunk *btrfs_chunk_find(const struct nacre_fs *f, uint64_t logical,
					   uint64_t length)
{
	size_t low = 0, high = f->chunks.count;
	const struct btrfs_chunk *c;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		c = &f->chunks.list[middle];
		if (logical < c->logical)
			high = middle;
		else if (logical - c->logical >= c->length)
			low = middle + 1;
		else
			return length <= c->length - (logical - c->logical) ? c : NULL;
	}
	return NULL;
}

static int take(struct nacre_fs *f, const struct btrfs_key *key, const uint8_t *data, uint32_t size,
		void *user)
{
	if (key->type != BTRFS_CHUNK_ITEM)
		return 0;
	return btrfs_chunk_add(f, user, key->offset, data, size);
}

int btrfs_chunks_read(struct nacre_fs *f)
{
	struct btrfs_chunks all = {0};
	struct btrfs_walk walk = {.item = take, .user = &all};
	int result = btrfs_walk(f, f->chunk_root, &walk);

	if (result) {
		free(all.list);
		return result;
	}
	free(f->chunks.list);
	f->chunks = all;
	return 0;
}
