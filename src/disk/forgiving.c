/* SPDX-License-Identifier: BSD-2-Clause */
/* forgiving.c - a disk that fails in places; see forgiving.h
 *
 * What can be read as a whole is. Where that fails, it is read block by block, and what fails then, again and again, is
 * noted: it is asked for once, as each time may take the disk seconds. A single block is read past the page cache, which
 * reads as much as it likes at a time, and has none of it if a part fails.
 */
#include "disk/forgiving.h"

#include "base/extents.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 4096, TRIES = 3, BAD = 1 };

struct forgiving {
	struct nacre_image_ops ops; /* ours, with the name of what is below */
	struct nacre_image *under;
	int direct; /* the same disk past the page cache; -1: it is no raw one, or cannot be had */
	pthread_mutex_t lock; /* of what follows */
	struct nacre_extents bad;
	uint64_t count; /* blocks */
};

/* Linux has words of its own for what a medium does not give back (blk_status_t). */
static bool is_forgivable(const struct nacre_error *e)
{
	return e->code == NACRE_E_SYSTEM && (e->sys == EIO || e->sys == ENODATA || e->sys == EILSEQ || e->sys == EREMOTEIO ||
					     e->sys == ETIMEDOUT || e->sys == EBADMSG);
}

static bool is_bad(struct forgiving *f, uint64_t block)
{
	bool bad = false;

	pthread_mutex_lock(&f->lock);
	for (size_t i = 0; i < f->bad.count && !bad; i++)
		bad = block * BLOCK - f->bad.list[i].start < f->bad.list[i].length;
	pthread_mutex_unlock(&f->lock);
	return bad;
}

static int note(struct forgiving *f, uint64_t block, const struct nacre_error *why, struct nacre_error *e)
{
	int status = 0;

	pthread_mutex_lock(&f->lock);
	if (f->count == NACRE_FORGIVEN_MOST)
		status = nacre_error_set(e, why->code, why->sys, f->under->path,
					 "more than %d blocks cannot be read, the last one at byte %" PRIu64,
					 NACRE_FORGIVEN_MOST, block * BLOCK);
	else if (nacre_extents_add(&f->bad, block * BLOCK, BLOCK, BAD))
		status = nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
	else
		f->count++;
	pthread_mutex_unlock(&f->lock);
	return status;
}

/* Part of one block, once. */
static int try_block(const struct forgiving *f, uint64_t offset, uint8_t *data, size_t size, struct nacre_error *e)
{
	uint8_t block[BLOCK] __attribute__((aligned(BLOCK)));
	size_t at = (size_t)(offset % BLOCK);
	ssize_t n;

	if (f->direct < 0)
		return nacre_image_read(f->under, offset, data, size, e);
	do
		n = pread(f->direct, block, BLOCK, (off_t)(offset - at));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, f->under->path, "cannot be read at byte %" PRIu64, offset);
	if ((size_t)n < at + size) /* the end of a file that is no whole number of blocks */
		memset(block + n, 0, BLOCK - (size_t)n);
	memcpy(data, block + at, size);
	return 0;
}

/* Part of one block. */
static int read_block(struct forgiving *f, uint64_t offset, uint8_t *data, size_t size, struct nacre_error *e)
{
	struct nacre_error why = {0};

	for (int i = 0; i < TRIES && !is_bad(f, offset / BLOCK); i++) {
		if (try_block(f, offset, data, size, &why) == 0)
			return 0;
		if (!is_forgivable(&why)) {
			*e = why;
			return -1;
		}
		if (i == TRIES - 1 && note(f, offset / BLOCK, &why, e))
			return -1;
	}
	memset(data, 0, size);
	return 0;
}

static int forgiving_read(struct nacre_image *image, uint64_t offset, void *data, size_t size, struct nacre_error *e)
{
	struct forgiving *f = image->own;
	struct nacre_error own;
	uint8_t *to = data;

	e = e ? e : &own;
	if (nacre_image_read(f->under, offset, data, size, e) == 0)
		return 0;
	if (!is_forgivable(e))
		return -1;
	while (size) {
		size_t n = BLOCK - (size_t)(offset % BLOCK);

		n = n < size ? n : size;
		if (read_block(f, offset, to, n, e))
			return -1;
		to += n;
		offset += n;
		size -= n;
	}
	return 0;
}

static int forgiving_write(struct nacre_image *image, uint64_t offset, const void *data, size_t size,
			   struct nacre_error *e)
{
	(void)offset, (void)data, (void)size;
	return nacre_error_set(e, NACRE_E_SUPPORT, EROFS, image->path, "is only read");
}

static int forgiving_data(struct nacre_image *image, uint64_t offset, uint64_t *start, uint64_t *length,
			  struct nacre_error *e)
{
	return nacre_image_data(((struct forgiving *)image->own)->under, offset, start, length, e);
}

static int forgiving_finish(struct nacre_image *image, struct nacre_error *e)
{
	(void)image, (void)e;
	return 0;
}

static void forgiving_close(struct nacre_image *image)
{
	struct forgiving *f = image->own;

	if (f->direct >= 0)
		close(f->direct);
	nacre_image_close(f->under);
	nacre_extents_free(&f->bad);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

static const struct nacre_image_ops forgiving_ops = {
	.read = forgiving_read, .write = forgiving_write, .data = forgiving_data,
	.finish = forgiving_finish, .close = forgiving_close};

struct nacre_image *nacre_forgiving_image(struct nacre_image *under, struct nacre_error *e)
{
	struct nacre_image *image = calloc(1, sizeof(*image));
	struct forgiving *f = calloc(1, sizeof(*f));
	char *path = strdup(under->path), self[40];

	if (!image || !f || !path) {
		free(path);
		free(f);
		free(image);
		nacre_image_close(under);
		nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
		return NULL;
	}
	f->under = under;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", under->fd);
	f->direct = strcmp(under->ops->name, "raw") ? -1 : open(self, O_RDONLY | O_DIRECT | O_CLOEXEC);
	f->ops = forgiving_ops;
	f->ops.name = under->ops->name;
	pthread_mutex_init(&f->lock, NULL);
	*image = (struct nacre_image){.ops = &f->ops, .path = path, .fd = -1, .direct = -1, .size = under->size,
				      .sector = under->sector, .device = under->device, .named = true, .own = f};
	return image;
}

uint64_t nacre_forgiven(const struct nacre_image *image, uint64_t *first)
{
	const struct forgiving *f = image && image->ops->close == forgiving_close ? image->own : NULL;

	if (!f || !f->count)
		return 0;
	*first = f->bad.list[0].start;
	return f->count;
}
