/* SPDX-License-Identifier: BSD-2-Clause */
/* sink_back.c - a sink's disk as an image that can be read back, for fix-ups on this side (--fix-at source)
 *
 * Every read is a question, and on a connection takes a way there and back. So what is read is read by larger
 * pieces, of which the latest are kept: drivers go back and forth between few places. Nobody writes meanwhile.
 */
#include "conversion/transfer/transfer.h"

#include "disk/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 128 << 10, PIECES = 128 };

struct piece {
	uint64_t number, used; /* @used: when; 0: there is nothing in it */
	uint8_t data[PIECE];
};

struct back {
	struct nacre_sink *sink;
	unsigned number;
	uint64_t uses;
	struct piece *pieces[PIECES]; /* made as they are needed */
};

static const struct piece *find(struct nacre_image *image, uint64_t number, struct nacre_error *e)
{
	struct back *b = image->own;
	uint64_t left = image->size - number * PIECE;
	struct piece **oldest = &b->pieces[0];

	for (int i = 0; i < PIECES; i++) {
		if (b->pieces[i] && b->pieces[i]->used && b->pieces[i]->number == number) {
			b->pieces[i]->used = ++b->uses;
			return b->pieces[i];
		}
		if (*oldest && (!b->pieces[i] || b->pieces[i]->used < (*oldest)->used))
			oldest = &b->pieces[i];
	}
	if (!*oldest && !(*oldest = malloc(sizeof(**oldest)))) {
		nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
		return NULL;
	}
	(*oldest)->used = 0;
	if (nacre_sink_read(b->sink, b->number, number * PIECE, (*oldest)->data, left < PIECE ? (size_t)left : PIECE, e))
		return NULL;
	(*oldest)->number = number;
	(*oldest)->used = ++b->uses;
	return *oldest;
}

static int back_read(struct nacre_image *image, uint64_t offset, void *data, size_t size, struct nacre_error *e)
{
	uint8_t *to = data;

	while (size) {
		const struct piece *piece = find(image, offset / PIECE, e);
		size_t at = (size_t)(offset % PIECE), n = PIECE - at < size ? PIECE - at : size;

		if (!piece)
			return -1;
		memcpy(to, piece->data + at, n);
		to += n;
		offset += n;
		size -= n;
	}
	return 0;
}

static int back_write(struct nacre_image *image, uint64_t offset, const void *data, size_t size, struct nacre_error *e)
{
	(void)offset, (void)data, (void)size;
	return nacre_error_set(e, NACRE_E_SUPPORT, EROFS, image->path, "is only read back");
}

static int back_data(struct nacre_image *image, uint64_t offset, uint64_t *start, uint64_t *length,
		     struct nacre_error *e)
{
	(void)e;
	*start = offset;
	*length = image->size - offset;
	return 0;
}

static int back_finish(struct nacre_image *image, struct nacre_error *e)
{
	(void)image, (void)e;
	return 0;
}

static void back_close(struct nacre_image *image)
{
	struct back *b = image->own;

	for (int i = 0; i < PIECES; i++)
		free(b->pieces[i]);
	free(b);
}

static const struct nacre_image_ops back_ops = {
	.name = "sink-back", .read = back_read, .write = back_write, .data = back_data, .finish = back_finish,
	.close = back_close};

struct nacre_image *nacre_sink_back(struct nacre_sink *sink, unsigned disk, struct nacre_error *e)
{
	struct nacre_image *image = calloc(1, sizeof(*image));
	struct back *b = calloc(1, sizeof(*b));
	char *path = strdup("the new disk");

	if (!image || !b || !path) {
		free(path);
		free(b);
		free(image);
		nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
		return NULL;
	}
	*b = (struct back){.sink = sink, .number = disk};
	*image = (struct nacre_image){.ops = &back_ops, .path = path, .fd = -1, .direct = -1, .size = sink->disks[disk].size,
				      .sector = 512, .named = true, .own = b};
	return image;
}
