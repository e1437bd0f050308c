/* SPDX-License-Identifier: BSD-2-Clause */
/* differ.c - only what is not there already is written to a sink's disk; see differ.h
 *
 * The lock is held while hashes are asked for, and again when a write is over and its hashes are noted. So a
 * chunk that was asked for while another thread wrote to one of its blocks gets that block's hash in any case: by the
 * answer, or by the writer afterwards.
 */
#include "conversion/transfer/differ.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

enum { BLOCK = NACRE_SINK_BLOCK, CHUNKS = 4, BLOCKS = NACRE_SINK_MOST / BLOCK, UNKNOWN = 1 /* no block has this hash */ };

struct chunk {
	bool known;
	uint64_t number, used; /* @used: when */
	uint64_t hashes[NACRE_SINK_HASHES];
};

struct nacre_differ {
	struct nacre_sink *sink;
	unsigned disk;
	uint64_t size;
	bool compare;
	pthread_mutex_t lock; /* of what follows */
	uint64_t uses, there;
	struct chunk chunks[CHUNKS];
};

static struct chunk *known_chunk(struct nacre_differ *d, uint64_t block)
{
	for (int i = 0; i < CHUNKS; i++)
		if (d->chunks[i].known && d->chunks[i].number == block / NACRE_SINK_HASHES)
			return &d->chunks[i];
	return NULL;
}

/* The chunk with block @block; under the lock. */
static const struct chunk *find_chunk(struct nacre_differ *d, uint64_t block, struct nacre_error *e)
{
	uint64_t number = block / NACRE_SINK_HASHES, blocks = (d->size + BLOCK - 1) / BLOCK;
	uint64_t left = blocks - number * NACRE_SINK_HASHES;
	struct chunk *chunk = known_chunk(d, block);

	if (!chunk) {
		chunk = d->chunks;
		for (int i = 1; i < CHUNKS; i++)
			if (d->chunks[i].used < chunk->used)
				chunk = &d->chunks[i];
		chunk->known = false;
		if (nacre_sink_have(d->sink, d->disk, number * NACRE_SINK_HASHES,
				    left < NACRE_SINK_HASHES ? (uint32_t)left : NACRE_SINK_HASHES, chunk->hashes, e))
			return NULL;
		chunk->known = true;
		chunk->number = number;
	}
	chunk->used = ++d->uses;
	return chunk;
}

static int have(struct nacre_differ *d, uint64_t first, uint32_t count, uint64_t *hashes, struct nacre_error *e)
{
	int status = 0;

	pthread_mutex_lock(&d->lock);
	for (uint32_t i = 0; i < count && !status; i++) {
		const struct chunk *chunk = find_chunk(d, first + i, e);

		if (chunk)
			hashes[i] = chunk->hashes[(first + i) % NACRE_SINK_HASHES];
		else
			status = -1;
	}
	pthread_mutex_unlock(&d->lock);
	return status;
}

/* Under the lock: what block @block has now, where it is known what it had. */
static void note(struct nacre_differ *d, uint64_t block, uint64_t hash)
{
	struct chunk *chunk = known_chunk(d, block);

	if (chunk)
		chunk->hashes[block % NACRE_SINK_HASHES] = hash;
}

/* The blocks of [offset, offset + size), at most BLOCKS + 1 of them, that are not there like this. */
static int write_other(struct nacre_differ *d, uint64_t offset, const uint8_t *data, size_t size, struct nacre_error *e)
{
	uint64_t hashes[BLOCKS + 1], first = offset / BLOCK, there = 0;
	uint32_t count = (uint32_t)((offset + size - 1) / BLOCK - first + 1);
	size_t from = 0, at = 0;

	if (have(d, first, count, hashes, e))
		return -1;
	for (uint32_t i = 0; i < count; i++) {
		size_t n = BLOCK - (size_t)((offset + at) % BLOCK);
		bool whole = n == BLOCK, same;
		uint64_t hash = UNKNOWN;

		if (n > size - at) {
			n = size - at;
			whole &= offset + size == d->size;
		}
		if (whole)
			hash = nacre_sink_hash(data + at, n);
		same = whole && hash == hashes[i];
		hashes[i] = hash;
		if (same && at > from && nacre_sink_write(d->sink, d->disk, offset + from, data + from, at - from, e))
			return -1;
		at += n;
		if (same) {
			from = at;
			there += n;
		}
	}
	if (at > from && nacre_sink_write(d->sink, d->disk, offset + from, data + from, at - from, e))
		return -1;
	pthread_mutex_lock(&d->lock);
	for (uint32_t i = 0; i < count; i++)
		note(d, first + i, hashes[i]);
	d->there += there;
	pthread_mutex_unlock(&d->lock);
	return 0;
}

int nacre_differ_write(struct nacre_differ *d, uint64_t offset, const void *data, size_t size, struct nacre_error *e)
{
	const uint8_t *from = data;

	while (size) {
		size_t n = NACRE_SINK_MOST - (size_t)(offset % NACRE_SINK_MOST);

		n = n < size ? n : size;
		if (d->compare ? write_other(d, offset, from, n, e)
			       : nacre_sink_write(d->sink, d->disk, offset, from, n, e))
			return -1;
		from += n;
		offset += n;
		size -= n;
	}
	return 0;
}

int nacre_differ_zero(struct nacre_differ *d, uint64_t offset, uint64_t length, struct nacre_error *e)
{
	uint64_t end = offset + length;

	/* It says little, and the sink writes only where there is something else. */
	if (nacre_sink_zero(d->sink, d->disk, offset, length, e))
		return -1;
	if (!d->compare)
		return 0;
	pthread_mutex_lock(&d->lock);
	for (uint64_t block = offset / BLOCK; block * BLOCK < end; block++) {
		uint64_t stop = (block + 1) * BLOCK < d->size ? (block + 1) * BLOCK : d->size;

		note(d, block, block * BLOCK >= offset && stop <= end ? 0 : UNKNOWN);
	}
	pthread_mutex_unlock(&d->lock);
	return 0;
}

void nacre_differ_compare(struct nacre_differ *d, bool on)
{
	/* What is written meanwhile is not noted. */
	for (int i = 0; i < CHUNKS && on && !d->compare; i++)
		d->chunks[i].known = false;
	d->compare = on;
}

uint64_t nacre_differ_there(const struct nacre_differ *d)
{
	return d->there;
}

struct nacre_differ *nacre_differ_open(struct nacre_sink *sink, unsigned disk, struct nacre_error *e)
{
	struct nacre_differ *d = calloc(1, sizeof(*d));

	if (!d) {
		nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
		return NULL;
	}
	d->sink = sink;
	d->disk = disk;
	d->size = sink->disks[disk].size;
	d->compare = true;
	pthread_mutex_init(&d->lock, NULL);
	return d;
}

void nacre_differ_close(struct nacre_differ *d)
{
	if (!d)
		return;
	pthread_mutex_destroy(&d->lock);
	free(d);
}
