/* SPDX-License-Identifier: BSD-2-Clause */
/* sink_image.c - a sink's disk as an image that can be written, so that the copier needs to know no sinks
 *
 * On a sink that was resumed only what differs is written (differ.h). Where nothing was before, there are
 * zeroes, and so the copier need not send any.
 */
#include "conversion/transfer/transfer.h"

#include "conversion/transfer/differ.h"
#include "disk/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct disk {
	struct nacre_sink *sink;
	unsigned number;
	struct nacre_differ *differ; /* NULL: nothing is there */
};

static int disk_read(struct nacre_image *image, uint64_t offset, void *data, size_t size,
		     struct nacre_error *e)
{
	(void)offset, (void)data, (void)size;
	return nacre_error_set(e, NACRE_E_SUPPORT, 0, image->path, "is not here to be read");
}

static int disk_write(struct nacre_image *image, uint64_t offset, const void *data, size_t size,
		      struct nacre_error *e)
{
	struct disk *d = image->own;
	const uint8_t *from = data;

	if (d->differ)
		return nacre_differ_write(d->differ, offset, data, size, e);
	while (size) {
		size_t n = NACRE_SINK_MOST - (size_t)(offset % NACRE_SINK_MOST);

		n = n < size ? n : size;
		if (nacre_sink_write(d->sink, d->number, offset, from, n, e))
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
	*length = d->differ ? image->size - offset : 0;
	return 0;
}

static int disk_finish(struct nacre_image *image, struct nacre_error *e)
{
	return nacre_sink_sync(((struct disk *)image->own)->sink, e);
}

static void disk_close(struct nacre_image *image)
{
	struct disk *d = image->own;

	nacre_differ_close(d->differ);
	free(d);
}

static const struct nacre_image_ops disk_ops = {
	.name = "sink", .read = disk_read, .write = disk_write, .data = disk_data, .finish = disk_finish,
	.close = disk_close};

uint64_t nacre_sink_image_there(const struct nacre_image *image)
{
	const struct disk *d = image->own;

	return d->differ ? nacre_differ_there(d->differ) : 0;
}

struct nacre_image *nacre_sink_image(struct nacre_sink *sink, unsigned disk, struct nacre_error *e)
{
	struct nacre_image *image = calloc(1, sizeof(*image));
	struct disk *d = calloc(1, sizeof(*d));

	if (image && d) {
		image->fd = image->direct = -1;
		image->path = strdup("the new disk");
		d->differ = sink->resumed ? nacre_differ_open(sink, disk, NULL) : NULL;
	}
	if (!image || !d || !image->path || (sink->resumed && !d->differ)) {
		if (d)
			nacre_differ_close(d->differ);
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
	return image;
}
