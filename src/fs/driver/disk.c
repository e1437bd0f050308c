/* SPDX-License-Identifier: BSD-2-Clause */
/* disk.c - the volume in a cache
 *
 * DOC: Theory of Operation
 *
 * FS_LINES lines of line_size bytes are kept; the one that was not used for the longest time makes
 * room. A line is read whole, as what lies beside metadata is metadata. Written bytes wait in their
 * line, as one range. Reads of whole lines that are not kept go past the cache: they are files.
 */
#include "driver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/** struct fs_line - a piece of the volume at a multiple of line_size; [low, high) is to be written
 */
struct fs_line {
	uint64_t at, used;
	uint32_t low, high;
	bool taken;
	uint8_t *data;
};

int fs_disk_open(struct fs_disk *d, nacre_fs_reader reader, nacre_fs_writer writer, void *user,
		 uint64_t size, uint32_t flags, uint32_t line_size)
{
	if (!reader || (!writer && flags & NACRE_FS_WRITABLE) ||
	    flags & ~(uint32_t)NACRE_FS_WRITABLE)
		return EINVAL;
	*d = (struct fs_disk){.read = reader, .user = user, .size = size, .line_size = line_size};
	d->write = flags & NACRE_FS_WRITABLE ? writer : NULL;
	d->lines = calloc(FS_LINES, sizeof(*d->lines));
	d->memory = malloc((size_t)FS_LINES * line_size);
	if (!d->lines || !d->memory)
		return ENOMEM;
	for (size_t i = 0; i < FS_LINES; i++)
		d->lines[i].data = d->memory + i * line_size;
	return 0;
}

void fs_disk_close(struct fs_disk *d)
{
	free(d->lines);
	free(d->memory);
	nacre_extents_free(&d->map);
	d->lines = NULL;
	d->memory = NULL;
}

/* Only an errno number comes from a host. */
static int said(int result)
{
	return result >= 0 && result < 4096 ? result : EIO;
}

static int clean(struct fs_disk *d, struct fs_line *line)
{
	int result;

	if (line->low == line->high)
		return 0;
	result = said(d->write(d->user, line->at + line->low, line->data + line->low,
			       line->high - line->low));
	if (!result)
		line->low = line->high = 0;
	return result;
}

int fs_disk_flush(struct fs_disk *d)
{
	int result = 0, one;

	for (size_t i = 0; d->lines && i < FS_LINES; i++) {
		one = clean(d, &d->lines[i]);
		result = result ? result : one;
	}
	return result;
}

static struct fs_line *find(struct fs_disk *d, uint64_t at)
{
	if (d->last && d->last->taken && d->last->at == at)
		return d->last;
	for (size_t i = 0; i < FS_LINES; i++)
		if (d->lines[i].taken && d->lines[i].at == at) {
			d->lines[i].used = ++d->clock;
			return d->last = &d->lines[i];
		}
	return NULL;
}

static uint32_t length_of(const struct fs_disk *d, uint64_t at)
{
	return d->size - at < d->line_size ? (uint32_t)(d->size - at) : d->line_size;
}

/* The line at @at with its content; without, if it is written whole in a moment. */
static int take(struct fs_disk *d, uint64_t at, bool whole, struct fs_line **found)
{
	struct fs_line *oldest = &d->lines[0];
	int result;

	*found = find(d, at);
	if (*found)
		return 0;
	for (size_t i = 1; i < FS_LINES; i++)
		if (d->lines[i].used < oldest->used)
			oldest = &d->lines[i];
	result = clean(d, oldest);
	if (result)
		return result;
	oldest->taken = false;
	if (!whole)
		result = said(d->read(d->user, at, oldest->data, length_of(d, at)));
	if (result)
		return result;
	oldest->at = at;
	oldest->taken = true;
	oldest->used = ++d->clock;
	*found = d->last = oldest;
	return 0;
}

static bool outside(const struct fs_disk *d, uint64_t offset, size_t size)
{
	return offset > d->size || size > d->size - offset;
}

/* How many bytes from @offset, the start of a line, are whole lines that are not kept? */
static uint32_t past_cache(struct fs_disk *d, uint64_t offset, size_t size)
{
	uint32_t n = 0;

	while (size - n >= d->line_size && n + d->line_size <= NACRE_FS_CHUNK &&
	       !find(d, offset + n))
		n += d->line_size;
	return n;
}

int fs_disk_get(struct fs_disk *d, uint64_t offset, void *data, size_t size)
{
	struct fs_line *line;
	uint8_t *to = data;
	int result;

	if (outside(d, offset, size))
		return EUCLEAN;
	while (size) {
		uint32_t from = (uint32_t)(offset % d->line_size), n;

		n = from || size < 2 * (size_t)d->line_size ? 0 : past_cache(d, offset, size);
		if (n) {
			result = said(d->read(d->user, offset, to, n));
		} else {
			n = size < d->line_size - from ? (uint32_t)size : d->line_size - from;
			result = take(d, offset - from, false, &line);
			if (!result)
				memcpy(to, line->data + from, n);
		}
		if (result)
			return result;
		to += n;
		offset += n;
		size -= n;
	}
	return 0;
}

/* @data NULL: zeroes */
static int put(struct fs_disk *d, uint64_t offset, const uint8_t *data, uint64_t size)
{
	struct fs_line *line;
	int result;

	if (offset > d->size || size > d->size - offset)
		return EUCLEAN;
	if (!d->write)
		return EROFS;
	while (size) {
		uint32_t from = (uint32_t)(offset % d->line_size);
		uint32_t n = size < d->line_size - from ? (uint32_t)size : d->line_size - from;

		result = take(d, offset - from, n == length_of(d, offset - from), &line);
		if (result)
			return result;
		if (data) {
			memcpy(line->data + from, data, n);
			data += n;
		} else {
			memset(line->data + from, 0, n);
		}
		line->low = line->low == line->high || from < line->low ? from : line->low;
		line->high = from + n > line->high ? from + n : line->high;
		offset += n;
		size -= n;
	}
	return 0;
}

int fs_disk_put(struct fs_disk *d, uint64_t offset, const void *data, size_t size)
{
	return put(d, offset, data, size);
}

int fs_disk_zero(struct fs_disk *d, uint64_t offset, uint64_t size)
{
	return put(d, offset, NULL, size);
}
