/* SPDX-License-Identifier: BSD-2-Clause */
/* sink_image.c - a sink's disk as an image that can be written, so that the copier needs to know no sinks
 *
 * On a sink that was resumed, every block is compared by its hash with what is there. The hashes are asked for as
 * they are needed, NACRE_SINK_HASHES at a time, and the latest few are kept: the copier's threads work close to
 * each other. Where nothing was before, there are zeroes, and so the copier need not send any.
 */
#include "conversion/transfer/transfer.h"

#include "disk/image.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = NACRE_SINK_BLOCK, CHUNKS = 4, BLOCKS = NACRE_SINK_MOST / BLOCK };

struct chunk {
	bool known;
	uint64_t number, used; /* @used: when */
	uint64_t hashes[NACRE_SINK_HASHES];
};

struct disk {
	struct nacre_sink *sink;
	unsigned number;
	pthread_mutex_t lock; /* of what follows */
	uint64_t uses;
	struct chunk *chunks; /* NULL: nothing is there */
};

static int disk_read(struct nacre_image *image, uint64_t offset, void *data, size_t size,
		     struct nacre_error *e)
{
	(void)offset, (void)data, (void)size;
	return nacre_error_set(e, NACRE_E_SUPPORT, 0, image->path, "is not here to be read");
}

/* The chunk with block @block; under the lock. */
static const struct chunk *find_chunk(struct nacre_image *image, uint64_t block, struct nacre_error *e)
{
	struct disk *d = image->own;
	uint64_t number = block / NACRE_SINK_HASHES, blocks = (image->size + BLOCK - 1) / BLOCK;
	uint64_t left = blocks - number * NACRE_SINK_HASHES;
	struct chunk *chunk = d->chunks;

	for (int i = 0; i < CHUNKS; i++) {
		if (d->chunks[i].known && d->chunks[i].number == number) {
			d->chunks[i].used = ++d->uses;
			return &d->chunks[i];
		}
		if (d->chunks[i].used < chunk->used)
			chunk = &d->chunks[i];
	}
	chunk->known = false;
	if (nacre_sink_have(d->sink, d->number, number * NACRE_SINK_HASHES,
			    left < NACRE_SINK_HASHES ? (uint32_t)left : NACRE_SINK_HASHES, chunk->hashes, e))
		return NULL;
	chunk->known = true;
	chunk->number = number;
	chunk->used = ++d->uses;
	return chunk;
}

static int have(struct nacre_image *image, uint64_t first, uint32_t count, uint64_t *hashes,
		struct nacre_error *e)
{
	struct disk *d = image->own;
	int status = 0;

	pthread_mutex_lock(&d->lock);
	for (uint32_t i = 0; i < count && !status; i++) {
		const struct chunk *chunk = find_chunk(image, first + i, e);

		if (chunk)
			hashes[i] = chunk->hashes[(first + i) % NACRE_SINK_HASHES];
		else
			status = -1;
	}
	pthread_mutex_unlock(&d->lock);
	return status;
}

/* The blocks of [offset, offset + size), at most BLOCKS of them, that are not there like this. */
static int write_other(struct nacre_image *image, uint64_t offset, const uint8_t *data, size_t size,
		       struct nacre_error *e)
{
	struct disk *d = image->own;
	uint64_t hashes[BLOCKS + 1], first = offset / BLOCK;
	uint32_t count = (uint32_t)((offset + size - 1) / BLOCK - first + 1);
	size_t from = 0, at = 0;

	if (have(image, first, count, hashes, e))
		return -1;
	for (uint32_t i = 0; i < count; i++) {
		size_t n = BLOCK - (size_t)((offset + at) % BLOCK);
		bool whole = n == BLOCK, same;

		if (n > size - at) {
			n = size - at;
			whole &= offset + size == image->size;
		}
		same = whole && nacre_sink_hash(data + at, n) == hashes[i];
		if (same && at > from && nacre_sink_write(d->sink, d->number, offset + from, data + from, at - from, e))
			return -1;
		at += n;
		if (same)
			from = at;
	}
	return at > from ? nacre_sink_write(d->sink, d->number, offset + from, data + from, at - from, e) : 0;
}

static int disk_write(struct nacre_image *image, uint64_t offset, const void *data, size_t size,
		      struct nacre_error *e)
{
	struct disk *d = image->own;
	const uint8_t *from = data;

	while (size) {
		size_t n = NACRE_SINK_MOST - (size_t)(offset % NACRE_SINK_MOST);

		n = n < size ? n : size;
		if (d->chunks ? write_other(image, offset, from, n, e)
			      : nacre_sink_write(d->sink, d->number, offset, from, n, e))
			return -1;
		from += n;
		offset += n;
		size -= n;
	}
	return 0;
}

/* What is there already is not told from zeroes here: writing finds out. */
static int disk_data(struct nacre_image *image, uint64_t offset, uint64_t *start, uint64_t *length,
		     struct nacre_error *e)
{
	struct disk *d = image->own;

	(void)e;
	*start = offset;
	*length = d->chunks ? image->size - offset : 0;
	return 0;
}

static int disk_finish(struct nacre_image *image, struct nacre_error *e)
{
	return nacre_sink_sync(((struct disk *)image->own)->sink, e);
}

static void disk_close(struct nacre_image *image)
{
	struct disk *d = image->own;

	pthread_mutex_destroy(&d->lock);
	free(d->chunks);
	free(d);
}

static const struct nacre_image_ops disk_ops = {
	.name = "sink", .read = disk_read, .write = disk_write, .data = disk_data, .finish = disk_finish,
	.close = disk_close};

struct nacre_image *nacre_sink_image(struct nacre_sink *sink, unsigned disk, struct nacre_error *e)
{
	struct nacre_image *image = calloc(1, sizeof(*image));
	struct disk *d = calloc(1, sizeof(*d));

	if (image && d) {
		image->fd = image->direct = -1;
		image->path = strdup("the new disk");
		d->chunks = sink->resumed ? calloc(CHUNKS, sizeof(*d->chunks)) : NULL;
	}
	if (!image || !d || !image->path || (sink->resumed && !d->chunks)) {
		free(d ? d->chunks : NULL);
		free(d);
		free(image ? image->path : NULL);
		free(image);
		nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
		return NULL;
	}
	image->ops = &disk_ops;
	image->own = d;
	image->size = sink->disks[disk].size;
	image->sector = 512;
	image->writable = image->named = true;
	d->sink = sink;
	d->number = disk;
	pthread_mutex_init(&d->lock, NULL);
	return image;
}
