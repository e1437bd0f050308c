/* SPDX-License-Identifier: BSD-2-Clause */
/* overlay.c - an image with changes in memory; see overlay.h
 *
 * Changed blocks lie at their own places in a sparse file in memory; a bit says which ones. A block that is
 * written in part is first copied from below. For one thread at a time.
 */
#include "disk/overlay.h"

#include "base/extents.h"
#include "disk/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BLOCK = NACRE_FILE_BLOCK };

struct overlay {
	struct nacre_image *under;
	uint8_t *changed; /* a bit for each block */
};

static bool is_changed(const struct overlay *o, uint64_t block)
{
	return o->changed[block / 8] >> (block % 8) & 1;
}

/* From below, where that goes so far. */
static int read_under(const struct overlay *o, uint64_t offset, uint8_t *to, size_t size, struct nacre_error *e)
{
	uint64_t have = offset < o->under->size ? o->under->size - offset : 0;
	size_t n = have < size ? (size_t)have : size;

	memset(to + n, 0, size - n);
	return n ? nacre_image_read(o->under, offset, to, n, e) : 0;
}

/* How much from @offset on, of @size bytes, is changed, or is not. */
static uint64_t run_length(const struct overlay *o, uint64_t offset, uint64_t size, bool *changed)
{
	uint64_t block = offset / BLOCK, last = (offset + size - 1) / BLOCK, n;

	*changed = is_changed(o, block);
	while (block < last && is_changed(o, block + 1) == *changed)
		block++;
	n = (block + 1) * BLOCK - offset;
	return n < size ? n : size;
}

static int overlay_read(struct nacre_image *image, uint64_t offset, void *data, size_t size, struct nacre_error *e)
{
	const struct overlay *o = image->own;
	uint8_t *to = data;

	while (size) {
		bool changed;
		size_t n = (size_t)run_length(o, offset, size, &changed);

		if (changed ? nacre_file_read(image, offset, to, n, e) : read_under(o, offset, to, n, e))
			return -1;
		to += n;
		offset += n;
		size -= n;
	}
	return 0;
}

/* The whole of the block is here from now on. */
static int bring_up(struct nacre_image *image, uint64_t block, struct nacre_error *e)
{
	struct overlay *o = image->own;
	uint8_t data[BLOCK];

	if (is_changed(o, block))
		return 0;
	if (read_under(o, block * BLOCK, data, sizeof(data), e) ||
	    nacre_file_write(image, block * BLOCK, data, sizeof(data), e))
		return -1;
	o->changed[block / 8] |= (uint8_t)(1 << block % 8);
	return 0;
}

static int overlay_write(struct nacre_image *image, uint64_t offset, const void *data, size_t size,
			 struct nacre_error *e)
{
	struct overlay *o = image->own;
	uint64_t end = offset + size;

	if (offset % BLOCK && bring_up(image, offset / BLOCK, e))
		return -1;
	if (end % BLOCK && bring_up(image, end / BLOCK, e))
		return -1;
	if (nacre_file_write(image, offset, data, size, e))
		return -1;
	for (uint64_t block = offset / BLOCK; block * BLOCK < end; block++)
		o->changed[block / 8] |= (uint8_t)(1 << block % 8);
	return 0;
}

/* What is a hole below is not looked for. */
static int overlay_data(struct nacre_image *image, uint64_t offset, uint64_t *start, uint64_t *length,
			struct nacre_error *e)
{
	(void)e;
	*start = offset;
	*length = image->size - offset;
	return 0;
}

static int overlay_place(const struct nacre_image *image, uint64_t offset, uint64_t *length, uint64_t *at)
{
	const struct overlay *o = image->own;
	bool changed;

	*length = run_length(o, offset, *length, &changed);
	*at = offset;
	if (changed)
		return image->fd;
	if (offset >= o->under->size)
		return -1;
	*length = *length < o->under->size - offset ? *length : o->under->size - offset;
	return nacre_image_place(o->under, offset, length, at);
}

static int overlay_finish(struct nacre_image *image, struct nacre_error *e)
{
	(void)image, (void)e;
	return 0;
}

static void overlay_close(struct nacre_image *image)
{
	struct overlay *o = image->own;

	if (o)
		free(o->changed);
	free(o);
}

static const struct nacre_image_ops overlay_ops = {
	.name = "overlay", .read = overlay_read, .write = overlay_write, .data = overlay_data, .place = overlay_place,
	.finish = overlay_finish, .close = overlay_close};

struct nacre_image *nacre_overlay_image(struct nacre_image *under, uint64_t size, struct nacre_error *e)
{
	struct nacre_image *image = calloc(1, sizeof(*image));
	struct overlay *o = calloc(1, sizeof(*o));
	uint64_t blocks = size / BLOCK + 2;

	if (!image || !o) {
		free(image);
		free(o);
		nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, under->path, "there is no memory for changes");
		return NULL;
	}
	image->ops = &overlay_ops;
	image->own = o;
	image->direct = -1;
	image->fd = memfd_create("nacre-overlay", MFD_CLOEXEC);
	image->path = strdup(under->path);
	image->size = size;
	image->sector = under->sector;
	image->writable = image->named = true;
	o->under = under;
	o->changed = calloc(blocks / 8 + 1, 1);
	if (image->fd >= 0 && image->path && o->changed && !ftruncate(image->fd, (off_t)(blocks * BLOCK)))
		return image;
	nacre_error_set(e, NACRE_E_SYSTEM, errno, under->path, "there is no memory for changes");
	nacre_image_close(image);
	return NULL;
}

int nacre_overlay_changes(struct nacre_image *overlay, struct nacre_extents *to, uint32_t tag, struct nacre_error *e)
{
	const struct overlay *o = overlay->own;

	for (uint64_t block = 0; block * BLOCK < overlay->size; block++) {
		uint64_t left = overlay->size - block * BLOCK;

		if (!o->changed[block / 8]) {
			block |= 7;
			continue;
		}
		if (is_changed(o, block) &&
		    nacre_extents_add(to, block * BLOCK, left < BLOCK ? left : BLOCK, tag))
			return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, overlay->path,
					       "there is no memory for the list of changes");
	}
	return 0;
}
