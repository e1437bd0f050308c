/* SPDX-License-Identifier: BSD-2-Clause */
/* vhd_dynamic.c - dynamic VHD: blocks of the disk are where a table says, or nowhere
 *
 * A new image is built in memory as far as its table goes: blocks get their places (all at once in the
 * order of the disk, if it is known what will be used; else as they are written), data is written
 * there, and nacre_image_finish() writes bitmaps, table and header, waits until they are on the disk,
 * and only then puts the two footers. A block that never was written is not in the table. Places are also
 * noted where the table will be, so that the image can be taken up by another process; without header and footers
 * nobody else takes it for one.
 *
 * An image that is complete (opened, or finished) is kept complete: a new block's bitmap, then the
 * footer behind it, then its table entry; the footer at the beginning is valid all the time.
 *
 * The bitmap is the last in its 4 KiB, so that data is aligned to 4 KiB. A bitmap with zeroes in it is
 * honoured when reading, and filled up at the first write to its block.
 *
 * own->lock guards the table and `end`; entries are read without it, as they change once, from free to
 * their place, after the place is ready.
 */
#include "disk/file.h"
#include "disk/format.h"
#include "disk/vhd_format.h"

#include "base/auto.h"
#include "base/extents.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>

enum { TABLE = VHD_FOOTER + VHD_HEADER, GROW = 64 /* blocks */ };

enum bitmap { BITMAP_UNKNOWN, BITMAP_FULL, BITMAP_PARTIAL, BITMAP_UNTOUCHED };

struct dynamic {
	uint8_t footer[VHD_FOOTER]; /* as it stands, or will stand, at both ends */
	struct vhd_header header;
	uint64_t header_at;
	uint32_t count;        /* entries that the disk needs */
	uint32_t bitmap;       /* bytes of one */
	uint32_t *table;       /* sector of the bitmap, or VHD_FREE */
	uint8_t *state;        /* enum bitmap for each block that has a place; UNTOUCHED: never written */
	uint64_t end;          /* behind the last block */
	uint64_t length;       /* of the file, while it is being made */
	bool complete;         /* table, header and footers are in the file */
	pthread_mutex_t lock;
};

static uint64_t round_up(uint64_t value, uint64_t unit)
{
	return (value + unit - 1) / unit * unit;
}

static struct dynamic *dynamic_new(struct nacre_image *image, uint32_t block, struct nacre_error *e)
{
	struct dynamic *own = calloc(1, sizeof(*own));
	uint64_t count = image->size / block + (image->size % block != 0);

	if (own && count <= VHD_ENTRIES_MOST) {
		own->count = (uint32_t)count;
		own->bitmap = (uint32_t)round_up(block / VHD_SECTOR / 8, VHD_SECTOR);
		own->table = malloc(count * sizeof(*own->table));
		own->state = calloc(count, 1);
		pthread_mutex_init(&own->lock, NULL);
		image->own = own;
		if (own->table && own->state) {
			memset(own->table, 0xff, count * sizeof(*own->table));
			return own;
		}
		nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, nacre_file_where(image), "cannot be opened");
		return NULL;
	}
	free(own);
	nacre_error_set(e, NACRE_E_SUPPORT, 0, nacre_file_where(image),
			"%" PRIu64 " blocks of %u bytes are more than a VHD has", count, block);
	return NULL;
}

static void dynamic_close(struct nacre_image *image)
{
	struct dynamic *own = image->own;

	if (!own)
		return;
	pthread_mutex_destroy(&own->lock);
	free(own->table);
	free(own->state);
	free(own);
}

static bool dynamic_probe(const uint8_t *head, size_t size, const uint8_t *tail)
{
	uint32_t type = vhd_footer_type(tail);

	if (size < VHD_FOOTER || type == VHD_FIXED)
		return false;
	return type || vhd_footer_type(head) > VHD_FIXED;
}

static int by_value(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

static int clash(const struct nacre_image *image, uint32_t sector, struct nacre_error *e)
{
	return nacre_error_set(e, NACRE_E_INPUT, 0, nacre_file_where(image),
			       "its VHD table is damaged: the block at byte %" PRIu64 " lies on something else",
			       (uint64_t)sector * VHD_SECTOR);
}

/* A block may lie anywhere, but not on header or table, or beyond @end. */
static int check_block(const struct nacre_image *image, const struct dynamic *own, uint32_t sector,
		       uint64_t end, struct nacre_error *e)
{
	uint64_t from = (uint64_t)sector * VHD_SECTOR, to = from + own->bitmap + own->header.block;
	uint64_t taken[3][2] = {
		{0, VHD_FOOTER},
		{own->header_at, own->header_at + VHD_HEADER},
		{own->header.table, own->header.table + 4ull * own->count},
	};

	for (int k = 0; k < 3; k++)
		if (from < taken[k][1] && to > taken[k][0])
			return clash(image, sector, e);
	if (to > end)
		return nacre_error_set(e, NACRE_E_INPUT, 0, nacre_file_where(image),
				       "was cut short: a block ends at byte %" PRIu64
				       ", and there is only room to %" PRIu64, to, end);
	return 0;
}

/* Nor on each other. What is not free is sorted; that is few, of a large disk that is nearly empty. */
static int check_table(const struct nacre_image *image, const struct dynamic *own, uint64_t end,
		       struct nacre_error *e)
{
	uint64_t stride = (own->bitmap + (uint64_t)own->header.block) / VHD_SECTOR;
	NACRE_AUTO_FREE uint32_t *sorted = NULL;
	uint32_t used = 0, n = 0;

	for (uint32_t i = 0; i < own->count; i++) {
		if (own->table[i] == VHD_FREE)
			continue;
		if (check_block(image, own, own->table[i], end, e))
			return -1;
		used++;
	}
	sorted = malloc(((size_t)used + 1) * sizeof(*sorted));
	if (!sorted)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, nacre_file_where(image), "cannot be opened");
	for (uint32_t i = 0; i < own->count; i++)
		if (own->table[i] != VHD_FREE)
			sorted[n++] = own->table[i];
	qsort(sorted, used, sizeof(*sorted), by_value);
	for (uint32_t i = 1; i < used; i++)
		if (sorted[i] < sorted[i - 1] + stride)
			return clash(image, sorted[i], e);
	return 0;
}

static int read_entries(struct nacre_image *image, struct dynamic *own, struct nacre_error *e)
{
	if (nacre_file_read(image, own->header.table, own->table, 4 * (size_t)own->count, e))
		return -1;
	for (uint32_t i = 0; i < own->count; i++)
		own->table[i] = be32toh(own->table[i]);
	return 0;
}

static int read_table(struct nacre_image *image, struct dynamic *own, uint64_t end, struct nacre_error *e)
{
	uint64_t taken[2][2] = {{0, VHD_FOOTER}, {own->header_at, own->header_at + VHD_HEADER}};

	if (own->count > own->header.entries)
		return nacre_error_set(e, NACRE_E_INPUT, 0, nacre_file_where(image),
				       "its VHD table has %u entries, and %u are needed for its size: it is damaged",
				       own->header.entries, own->count);
	if (own->header.table > end || 4ull * own->count > end - own->header.table)
		return nacre_error_set(e, NACRE_E_INPUT, 0, nacre_file_where(image),
				       "its VHD table would be beyond its end: it was cut short");
	for (int i = 0; i < 2; i++)
		if (own->header.table < taken[i][1] && own->header.table + 4ull * own->count > taken[i][0])
			return nacre_error_set(e, NACRE_E_INPUT, 0, nacre_file_where(image),
					       "is damaged: its VHD table lies on its %s", i ? "header" : "footer");
	return read_entries(image, own, e) || check_table(image, own, end, e) ? -1 : 0;
}

static int dynamic_open(struct nacre_image *image, struct nacre_error *e)
{
	const char *where = nacre_file_where(image);
	uint8_t bytes[VHD_HEADER];
	struct vhd_footer footer;
	struct vhd_header header;
	struct dynamic *own;
	uint64_t size, end;
	bool damaged;

	if (vhd_find_footer(image, &footer, &damaged, e) || nacre_file_size(image, &size, e))
		return -1;
	if (footer.type != VHD_DYNAMIC)
		return nacre_error_set(e, NACRE_E_INPUT, 0, where, "is a fixed VHD, not a dynamic one");
	if (damaged && image->writable)
		return nacre_error_set(e, NACRE_E_INPUT, 0, where,
				       "its VHD footer is damaged, only the copy is sound: make a copy to work with");
	end = damaged ? size : size - VHD_FOOTER;
	if (footer.header > end || VHD_HEADER > end - footer.header)
		return nacre_error_set(e, NACRE_E_INPUT, 0, where,
				       "its VHD header would be beyond its end: it was cut short");
	if (nacre_file_read(image, footer.header, bytes, sizeof(bytes), e) ||
	    vhd_header_decode(bytes, &header, where, e))
		return -1;
	image->size = vhd_footer_size(&footer);
	own = dynamic_new(image, header.block, e);
	if (!own)
		return -1;
	own->header = header;
	own->header_at = footer.header;
	own->complete = true;
	own->end = end;
	if (image->writable && nacre_file_read(image, end, own->footer, sizeof(own->footer), e))
		return -1;
	return read_table(image, own, end, e);
}

/* A place behind the last block for the next one. */
static uint32_t take_place(struct dynamic *own)
{
	uint64_t bitmap = round_up(own->end + own->bitmap, NACRE_FILE_BLOCK) - own->bitmap;

	own->end = bitmap + own->bitmap + own->header.block;
	return (uint32_t)(bitmap / VHD_SECTOR);
}

/* To the end of its last sector the table is full of free entries. */
static int write_table(struct nacre_image *image, struct nacre_error *e)
{
	struct dynamic *own = image->own;
	uint32_t part[1024];

	for (uint32_t at = 0; at < own->count; at += 1024) {
		uint32_t n = own->count - at < 1024 ? (own->count - at + 127) / 128 * 128 : 1024;

		for (uint32_t i = 0; i < n; i++)
			part[i] = htobe32(at + i < own->count ? own->table[at + i] : VHD_FREE);
		if (nacre_file_write(image, own->header.table + 4ull * at, part, 4 * (size_t)n, e))
			return -1;
	}
	return 0;
}

static uint64_t data_of(const struct dynamic *own, uint32_t sector)
{
	return (uint64_t)sector * VHD_SECTOR + own->bitmap;
}

static int dynamic_create(struct nacre_image *image, const struct nacre_extents *used, struct nacre_error *e)
{
	struct vhd_footer footer;
	struct dynamic *own;
	uint64_t next = 0;

	if (vhd_check_size(image, e))
		return -1;
	own = dynamic_new(image, VHD_BLOCK, e);
	if (!own)
		return -1;
	vhd_footer_make(&footer, VHD_DYNAMIC, image->size);
	vhd_footer_encode(&footer, own->footer);
	own->header = (struct vhd_header){.table = TABLE, .entries = own->count, .block = VHD_BLOCK};
	own->end = round_up(TABLE + 4ull * own->count, VHD_SECTOR);
	for (size_t i = 0; used && i < used->count; i++) {
		uint64_t first = used->list[i].start / VHD_BLOCK;
		uint64_t last = (used->list[i].start + used->list[i].length - 1) / VHD_BLOCK;

		for (next = next > first ? next : first; next <= last && next < own->count; next++) {
			own->table[next] = take_place(own);
			own->state[next] = BITMAP_UNTOUCHED;
		}
	}
	own->length = own->end;
	if (nacre_file_truncate(image, own->length, e))
		return -1;
	return write_table(image, e);
}

/* Blocks have their places again; of those, the ones with data were written to. */
static int dynamic_resume(struct nacre_image *image, struct nacre_error *e)
{
	struct dynamic *own;
	struct vhd_footer footer;
	uint64_t size, start, length;

	if (vhd_check_size(image, e) || nacre_file_size(image, &size, e))
		return -1;
	own = dynamic_new(image, VHD_BLOCK, e);
	if (!own)
		return -1;
	vhd_footer_make(&footer, VHD_DYNAMIC, image->size);
	vhd_footer_encode(&footer, own->footer);
	own->header_at = VHD_FOOTER;
	own->header = (struct vhd_header){.table = TABLE, .entries = own->count, .block = VHD_BLOCK};
	own->end = round_up(TABLE + 4ull * own->count, VHD_SECTOR);
	own->length = size;
	if (size < own->end)
		return nacre_error_set(e, NACRE_E_INPUT, 0, nacre_file_where(image),
				       "what was begun of it is too short: remove it and begin anew");
	if (read_entries(image, own, e))
		return -1;
	for (uint32_t block = 0; block < own->count; block++) {
		uint64_t data = data_of(own, own->table[block]), end = data + own->header.block;

		if (own->table[block] == VHD_FREE)
			continue;
		if (data % NACRE_FILE_BLOCK)
			return nacre_error_set(e, NACRE_E_INPUT, 0, nacre_file_where(image),
					       "what was begun of it is damaged: remove it and begin anew");
		own->end = end > own->end ? end : own->end;
		if (nacre_file_data(image, data, end < size ? end : size, &start, &length, e))
			return -1;
		own->state[block] = length ? BITMAP_FULL : BITMAP_UNTOUCHED;
	}
	if (own->end > own->length && nacre_file_truncate(image, own->end, e))
		return -1;
	own->length = own->end > own->length ? own->end : own->length;
	return check_table(image, own, own->end, e);
}

/* Are there zeroes in the bitmap of this block? The answer is kept. */
static int look_at_bitmap(struct nacre_image *image, uint32_t block, enum bitmap *state,
			  struct nacre_error *e)
{
	struct dynamic *own = image->own;
	uint8_t bytes[VHD_SECTOR];
	uint32_t left = own->header.block / VHD_SECTOR / 8;
	uint64_t at = (uint64_t)own->table[block] * VHD_SECTOR;

	*state = __atomic_load_n(&own->state[block], __ATOMIC_ACQUIRE);
	if (*state != BITMAP_UNKNOWN)
		return 0;
	*state = BITMAP_FULL;
	while (left && *state == BITMAP_FULL) {
		uint32_t n = left < sizeof(bytes) ? left : sizeof(bytes);

		if (nacre_file_read(image, at, bytes, n, e))
			return -1;
		for (uint32_t i = 0; i < n; i++)
			if (bytes[i] != 0xff)
				*state = BITMAP_PARTIAL;
		left -= n;
		at += n;
	}
	__atomic_store_n(&own->state[block], *state, __ATOMIC_RELEASE);
	return 0;
}

/* From @sector of the block on: is it there, and how many after it are alike (at most @most)? */
static int alike(struct nacre_image *image, uint32_t block, uint32_t sector, uint32_t most,
		 bool *there, uint32_t *count, struct nacre_error *e)
{
	struct dynamic *own = image->own;
	uint8_t bytes[VHD_SECTOR];
	uint32_t first = sector / 8, last = (sector + most - 1) / 8;
	uint32_t n = last - first + 1 < sizeof(bytes) ? last - first + 1 : sizeof(bytes);

	if (nacre_file_read(image, (uint64_t)own->table[block] * VHD_SECTOR + first, bytes, n, e))
		return -1;
	*there = bytes[0] >> (7 - sector % 8) & 1;
	for (*count = 1; *count < most; ++*count) {
		uint32_t bit = sector % 8 + *count;

		if (bit / 8 >= n || (bytes[bit / 8] >> (7 - bit % 8) & 1) != *there)
			break;
	}
	return 0;
}

/* @size bytes at @within of a block whose bitmap has zeroes. */
static int read_partial(struct nacre_image *image, uint32_t block, uint32_t within, uint8_t *data,
			size_t size, struct nacre_error *e)
{
	struct dynamic *own = image->own;

	while (size) {
		uint32_t sector = within / VHD_SECTOR, count;
		uint32_t most = (uint32_t)((within + size - 1) / VHD_SECTOR) - sector + 1;
		size_t n;
		bool there;

		if (alike(image, block, sector, most, &there, &count, e))
			return -1;
		n = (sector + count) * (size_t)VHD_SECTOR - within;
		n = n < size ? n : size;
		if (!there)
			memset(data, 0, n);
		else if (nacre_file_read(image, data_of(own, own->table[block]) + within, data, n, e))
			return -1;
		data += n;
		within += (uint32_t)n;
		size -= n;
	}
	return 0;
}

static int dynamic_read(struct nacre_image *image, uint64_t offset, void *data, size_t size,
			struct nacre_error *e)
{
	struct dynamic *own = image->own;
	uint8_t *to = data;

	while (size) {
		uint32_t block = (uint32_t)(offset / own->header.block);
		uint32_t within = (uint32_t)(offset % own->header.block);
		size_t n = own->header.block - within < size ? own->header.block - within : size;
		uint32_t place = __atomic_load_n(&own->table[block], __ATOMIC_ACQUIRE);
		enum bitmap state = BITMAP_FULL;

		if (place == VHD_FREE) {
			memset(to, 0, n);
		} else if (look_at_bitmap(image, block, &state, e)) {
			return -1;
		} else if (state == BITMAP_PARTIAL) {
			if (read_partial(image, block, within, to, n, e))
				return -1;
		} else if (nacre_file_read(image, data_of(own, place) + within, to, n, e)) {
			return -1;
		}
		to += n;
		offset += n;
		size -= n;
	}
	return 0;
}

static int write_ones(struct nacre_image *image, uint32_t place, struct nacre_error *e)
{
	struct dynamic *own = image->own;
	uint64_t at = (uint64_t)place * VHD_SECTOR;
	uint8_t ones[VHD_SECTOR];

	memset(ones, 0xff, sizeof(ones));
	for (uint32_t done = 0; done < own->bitmap; done += sizeof(ones))
		if (nacre_file_write(image, at + done, ones, sizeof(ones), e))
			return -1;
	return 0;
}

/* A block for a complete image, which stays complete whenever this ends. Under the lock. */
static int add_block_complete(struct nacre_image *image, uint32_t block, struct nacre_error *e)
{
	static const uint8_t zeroes[VHD_FOOTER];
	struct dynamic *own = image->own;
	uint64_t old_end = own->end;
	uint32_t place = take_place(own), entry = htobe32(place);

	if (own->end / VHD_SECTOR >= VHD_FREE) {
		own->end = old_end;
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, nacre_file_where(image),
				       "has no place for another block: a VHD has at most 2 TiB");
	}
	if (nacre_file_write(image, own->end, own->footer, sizeof(own->footer), e)) {
		own->end = old_end;
		return nacre_file_truncate(image, old_end + VHD_FOOTER, NULL), -1;
	}
	if (nacre_file_write(image, old_end, zeroes, sizeof(zeroes), e) || write_ones(image, place, e) ||
	    nacre_file_write(image, own->header.table + 4ull * block, &entry, sizeof(entry), e))
		return -1;
	own->state[block] = BITMAP_FULL;
	__atomic_store_n(&own->table[block], place, __ATOMIC_RELEASE);
	return 0;
}

static int add_block(struct nacre_image *image, uint32_t block, struct nacre_error *e)
{
	struct dynamic *own = image->own;
	uint32_t place, entry;

	if (own->complete)
		return add_block_complete(image, block, e);
	place = take_place(own);
	entry = htobe32(place);
	if (own->end > own->length) {
		own->length = own->end + (uint64_t)GROW * VHD_BLOCK;
		if (nacre_file_truncate(image, own->length, e))
			return -1;
	}
	if (nacre_file_write(image, own->header.table + 4ull * block, &entry, sizeof(entry), e))
		return -1;
	own->state[block] = BITMAP_FULL;
	__atomic_store_n(&own->table[block], place, __ATOMIC_RELEASE);
	return 0;
}

/* Sectors that the bitmap says are absent become zeroes that are there. Under the lock. */
static int fill_up(struct nacre_image *image, uint32_t block, struct nacre_error *e)
{
	struct dynamic *own = image->own;
	NACRE_AUTO_FREE uint8_t *data = malloc(own->header.block);

	if (!data)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, nacre_file_where(image), "cannot be written");
	if (read_partial(image, block, 0, data, own->header.block, e) ||
	    nacre_file_write(image, data_of(own, own->table[block]), data, own->header.block, e) ||
	    write_ones(image, own->table[block], e))
		return -1;
	__atomic_store_n(&own->state[block], BITMAP_FULL, __ATOMIC_RELEASE);
	return 0;
}

/* The block has a place, and a bitmap that says that all of it is there. */
static int ready_block(struct nacre_image *image, uint32_t block, struct nacre_error *e)
{
	struct dynamic *own = image->own;
	enum bitmap state;
	int status = 0;

	if (__atomic_load_n(&own->table[block], __ATOMIC_ACQUIRE) != VHD_FREE &&
	    __atomic_load_n(&own->state[block], __ATOMIC_ACQUIRE) == BITMAP_FULL)
		return 0;
	pthread_mutex_lock(&own->lock);
	if (own->table[block] == VHD_FREE)
		status = add_block(image, block, e);
	else
		status = look_at_bitmap(image, block, &state, e);
	if (!status && own->state[block] == BITMAP_UNTOUCHED)
		__atomic_store_n(&own->state[block], BITMAP_FULL, __ATOMIC_RELEASE);
	if (!status && own->state[block] == BITMAP_PARTIAL)
		status = fill_up(image, block, e);
	pthread_mutex_unlock(&own->lock);
	return status;
}

static int dynamic_write(struct nacre_image *image, uint64_t offset, const void *data, size_t size,
			 struct nacre_error *e)
{
	struct dynamic *own = image->own;
	const uint8_t *from = data;

	while (size) {
		uint32_t block = (uint32_t)(offset / own->header.block);
		uint32_t within = (uint32_t)(offset % own->header.block);
		size_t n = own->header.block - within < size ? own->header.block - within : size;

		if (ready_block(image, block, e) ||
		    nacre_file_write(image, data_of(own, own->table[block]) + within, from, n, e))
			return -1;
		from += n;
		offset += n;
		size -= n;
	}
	return 0;
}

static int dynamic_data(struct nacre_image *image, uint64_t offset, uint64_t *start, uint64_t *length,
			struct nacre_error *e)
{
	struct dynamic *own = image->own;

	for (uint32_t block = (uint32_t)(offset / own->header.block); block < own->count; block++) {
		uint64_t base = (uint64_t)block * own->header.block;
		uint64_t within = offset > base ? offset - base : 0;
		uint64_t most = image->size - base < own->header.block ? image->size - base : own->header.block;
		uint32_t place = __atomic_load_n(&own->table[block], __ATOMIC_ACQUIRE);
		uint64_t data;

		if (place == VHD_FREE)
			continue;
		data = data_of(own, place);
		if (nacre_file_data(image, data + within, data + most, start, length, e))
			return -1;
		if (*length) {
			*start = *start - data + base;
			return 0;
		}
	}
	*start = offset;
	*length = 0;
	return 0;
}

/* What never was written loses its place, and the bitmaps of the rest are written. */
static int settle_blocks(struct nacre_image *image, struct nacre_error *e)
{
	struct dynamic *own = image->own;

	own->end = round_up(TABLE + 4ull * own->count, VHD_SECTOR);
	for (uint32_t block = 0; block < own->count; block++) {
		uint64_t end = data_of(own, own->table[block]) + own->header.block;

		if (own->table[block] != VHD_FREE && own->state[block] == BITMAP_UNTOUCHED)
			own->table[block] = VHD_FREE;
		if (own->table[block] == VHD_FREE)
			continue;
		if (write_ones(image, own->table[block], e))
			return -1;
		own->end = end > own->end ? end : own->end;
	}
	return 0;
}

static int dynamic_finish(struct nacre_image *image, struct nacre_error *e)
{
	struct dynamic *own = image->own;
	uint8_t header[VHD_HEADER];

	if (!own->complete) {
		vhd_header_encode(&own->header, header);
		if (settle_blocks(image, e) || write_table(image, e) ||
		    nacre_file_write(image, VHD_FOOTER, header, sizeof(header), e) ||
		    nacre_file_truncate(image, own->end + VHD_FOOTER, e) || nacre_file_sync(image, e) ||
		    nacre_file_write(image, own->end, own->footer, VHD_FOOTER, e) ||
		    nacre_file_write(image, 0, own->footer, VHD_FOOTER, e))
			return -1;
		own->complete = true;
	}
	return nacre_file_sync(image, e);
}

const struct nacre_image_ops nacre_image_vhd = {
	.name = "vhd",
	.probe = dynamic_probe,
	.open = dynamic_open,
	.create = dynamic_create,
	.resume = dynamic_resume,
	.read = dynamic_read,
	.write = dynamic_write,
	.data = dynamic_data,
	.finish = dynamic_finish,
	.close = dynamic_close,
};
