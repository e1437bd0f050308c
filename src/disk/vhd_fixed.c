/* SPDX-License-Identifier: BSD-2-Clause */
/* vhd_fixed.c - fixed VHD: a raw disk with a footer behind it */
#include "disk/file.h"
#include "disk/format.h"
#include "disk/vhd_format.h"

#include <inttypes.h>

static bool fixed_probe(const uint8_t *head, size_t size, const uint8_t *tail)
{
	(void)head;
	return size >= VHD_FOOTER && vhd_footer_type(tail) == VHD_FIXED;
}

static int fixed_open(struct nacre_image *image, struct nacre_error *e)
{
	struct vhd_footer footer;
	uint64_t size;
	bool from_copy;

	if (vhd_find_footer(image, &footer, &from_copy, e) || nacre_file_size(image, &size, e))
		return -1;
	if (footer.type != VHD_FIXED)
		return nacre_error_set(e, NACRE_E_INPUT, 0, nacre_file_where(image),
				       "is a dynamic VHD, not a fixed one");
	image->size = vhd_footer_size(&footer);
	if (image->size > size - VHD_FOOTER)
		return nacre_error_set(e, NACRE_E_INPUT, 0, nacre_file_where(image),
				       "its VHD footer says %" PRIu64 " bytes, and there are only %" PRIu64
				       ": it was cut short", image->size, size - VHD_FOOTER);
	return 0;
}

static int fixed_create(struct nacre_image *image, const struct nacre_extents *used, struct nacre_error *e)
{
	(void)used;
	return vhd_check_size(image, e) || nacre_file_truncate(image, image->size, e) ? -1 : 0;
}

static int fixed_read(struct nacre_image *image, uint64_t offset, void *data, size_t size,
		      struct nacre_error *e)
{
	return nacre_file_read(image, offset, data, size, e);
}

static int fixed_write(struct nacre_image *image, uint64_t offset, const void *data, size_t size,
		       struct nacre_error *e)
{
	return nacre_file_write(image, offset, data, size, e);
}

static int fixed_data(struct nacre_image *image, uint64_t offset, uint64_t *start, uint64_t *length,
		      struct nacre_error *e)
{
	return nacre_file_data(image, offset, image->size, start, length, e);
}

/* The footer is what makes it a VHD: it comes when the rest is on the disk. */
static int fixed_finish(struct nacre_image *image, struct nacre_error *e)
{
	struct vhd_footer footer;
	uint8_t bytes[VHD_FOOTER];

	if (nacre_file_sync(image, e))
		return -1;
	if (!image->unfinished)
		return 0;
	vhd_footer_make(&footer, VHD_FIXED, image->size);
	vhd_footer_encode(&footer, bytes);
	if (nacre_file_write(image, image->size, bytes, sizeof(bytes), e))
		return -1;
	return nacre_file_sync(image, e);
}

const struct nacre_image_ops nacre_image_vhd_fixed = {
	.name = "vhd-fixed",
	.probe = fixed_probe,
	.open = fixed_open,
	.create = fixed_create,
	.read = fixed_read,
	.write = fixed_write,
	.data = fixed_data,
	.finish = fixed_finish,
};
