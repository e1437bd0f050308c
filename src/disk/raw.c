/* SPDX-License-Identifier: BSD-2-Clause */
/* raw.c - raw files and block devices: byte N of the disk is byte N of the file */
#include "disk/file.h"
#include "disk/format.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>

static int raw_open(struct nacre_image *image, struct nacre_error *e)
{
	uint64_t size;
	int sector = 512;

	if (nacre_file_size(image, &size, e))
		return -1;
	if (!size)
		return nacre_error_set(e, NACRE_E_INPUT, 0, nacre_file_where(image), "is empty: there is no disk in it");
	if (image->device && ioctl(image->fd, BLKSSZGET, &sector) == 0 && sector >= 512)
		image->sector = (uint32_t)sector;
	image->size = size + (512 - size % 512) % 512;
	return 0;
}

/* All of the device reads as zeroes: by a discard that promises it, or by writing. */
static int make_blank(struct nacre_image *image, struct nacre_error *e)
{
	enum { STEP = 1 << 30 };

	for (uint64_t at = 0; at < image->size;) {
		uint64_t range[2] = {at, image->size - at < STEP ? image->size - at : STEP};

		if (fallocate(image->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at,
			      (off_t)range[1]) && ioctl(image->fd, BLKZEROOUT, range))
			return nacre_error_set(e, NACRE_E_SYSTEM, errno, nacre_file_where(image),
					       "cannot be made blank at byte %" PRIu64, at);
		at += range[1];
	}
	return 0;
}

static int raw_create(struct nacre_image *image, const struct nacre_extents *used, struct nacre_error *e)
{
	uint64_t size;
	int sector;

	(void)used;
	if (!image->device)
		return nacre_file_truncate(image, image->size, e);
	if (nacre_file_size(image, &size, e))
		return -1;
	if (size < image->size)
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, nacre_file_where(image),
				       "has %" PRIu64 " bytes, and %" PRIu64 " are needed; take a larger device",
				       size, image->size);
	if (ioctl(image->fd, BLKSSZGET, &sector) == 0 && sector >= 512)
		image->sector = (uint32_t)sector;
	return make_blank(image, e);
}

static int raw_read(struct nacre_image *image, uint64_t offset, void *data, size_t size,
		    struct nacre_error *e)
{
	uint64_t have;
	size_t padding = 0;

	/* The last sector of a file may be cut: only that much is made up. */
	if (offset + size > image->size - 512) {
		if (nacre_file_size(image, &have, e))
			return -1;
		if (have < image->size && image->size - have < 512 && offset + size > have) {
			padding = (size_t)(offset + size - (offset > have ? offset : have));
			memset((uint8_t *)data + size - padding, 0, padding);
		}
	}
	return nacre_file_read(image, offset, data, size - padding, e);
}

static int raw_data(struct nacre_image *image, uint64_t offset, uint64_t *start, uint64_t *length,
		    struct nacre_error *e)
{
	return nacre_file_data(image, offset, image->size, start, length, e);
}

/* All but the last sector, which may be cut. */
static int raw_place(const struct nacre_image *image, uint64_t offset, uint64_t *length, uint64_t *at)
{
	uint64_t end = image->size - 512;

	if (offset >= end)
		return -1;
	*length = *length < end - offset ? *length : end - offset;
	*at = offset;
	return image->fd;
}

static int raw_write(struct nacre_image *image, uint64_t offset, const void *data, size_t size,
		     struct nacre_error *e)
{
	return nacre_file_write(image, offset, data, size, e);
}

static int raw_finish(struct nacre_image *image, struct nacre_error *e)
{
	return nacre_file_sync(image, e);
}

const struct nacre_image_ops nacre_image_raw = {
	.name = "raw",
	.open = raw_open,
	.create = raw_create,
	.read = raw_read,
	.write = raw_write,
	.data = raw_data,
	.place = raw_place,
	.finish = raw_finish,
};
