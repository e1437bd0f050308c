/* SPDX-License-Identifier: BSD-2-Clause */
/* vhd_stream.c - a dynamic VHD to a pipe: footer, header, table, blocks, footer
 *
 * The layout is the one that vhd_dynamic.c gives a new image: the bitmap of a block is the last in its 4 KiB, so
 * that data is aligned for whoever works with the file later.
 */
#include "disk/vhd_stream.h"

#include "base/auto.h"
#include "base/extents.h"
#include "disk/file.h"
#include "disk/vhd_format.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { TABLE = VHD_FOOTER + VHD_HEADER, BITMAP = VHD_BLOCK / VHD_SECTOR / 8, PIPE_SIZE = 1 << 20 };

struct stream {
	struct nacre_image *from;
	const struct nacre_extents *what;
	uint32_t tag;
	int out;
	uint64_t at;     /* bytes that were written */
	uint32_t count;  /* of blocks of the disk */
	uint32_t *table; /* as it is written */
	uint8_t *data;   /* one block */
	uint8_t footer[VHD_FOOTER];
};

static int put(struct stream *s, const void *data, size_t size, struct nacre_error *e)
{
	const uint8_t *from = data;

	while (size) {
		ssize_t n = write(s->out, from, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return nacre_error_set(e, errno == EPIPE ? NACRE_E_LOST : NACRE_E_SYSTEM, errno, "standard output",
					       "takes no more at byte %" PRIu64 " of the VHD: what came is no disk",
					       s->at);
		from += n;
		s->at += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

/* Where the bitmap of the next block goes, behind @end. */
static uint64_t next_place(uint64_t end)
{
	return (end + BITMAP + NACRE_FILE_BLOCK - 1) / NACRE_FILE_BLOCK * NACRE_FILE_BLOCK - BITMAP;
}

static uint64_t table_end(const struct stream *s)
{
	return (TABLE + 4ull * s->count + VHD_SECTOR - 1) / VHD_SECTOR * VHD_SECTOR;
}

/* Blocks with something in them get places, in the order of the disk. */
static void make_table(struct stream *s)
{
	uint64_t end = table_end(s), next = 0;

	for (size_t i = 0; i < s->what->count; i++) {
		const struct nacre_extent *x = &s->what->list[i];
		uint64_t first = x->start / VHD_BLOCK, last = (x->start + x->length - 1) / VHD_BLOCK;

		if (x->tag != s->tag)
			continue;
		for (next = next > first ? next : first; next <= last && next < s->count; next++) {
			uint64_t place = next_place(end);

			s->table[next] = htobe32((uint32_t)(place / VHD_SECTOR));
			end = place + BITMAP + VHD_BLOCK;
		}
	}
}

static int put_front(struct stream *s, struct nacre_error *e)
{
	struct vhd_header header = {.table = TABLE, .entries = s->count, .block = VHD_BLOCK};
	struct vhd_footer footer;
	uint8_t bytes[VHD_HEADER];

	vhd_footer_make(&footer, VHD_DYNAMIC, s->from->size);
	vhd_footer_encode(&footer, s->footer);
	vhd_header_encode(&header, bytes);
	return put(s, s->footer, VHD_FOOTER, e) || put(s, bytes, sizeof(bytes), e) ||
	       put(s, s->table, (size_t)(table_end(s) - TABLE), e) ? -1 : 0;
}

/* What of block @block is used; the rest of it is zeroes. */
static int read_block(struct stream *s, uint64_t block, uint64_t *done, struct nacre_error *e)
{
	uint64_t start = block * VHD_BLOCK, end = start + VHD_BLOCK;

	end = end < s->from->size ? end : s->from->size;
	memset(s->data, 0, VHD_BLOCK);
	for (const struct nacre_extent *x = nacre_extents_find(s->what, start);
	     x && x < s->what->list + s->what->count && x->start < end; x++) {
		uint64_t from = x->start > start ? x->start : start, to = x->start + x->length;

		to = to < end ? to : end;
		if (x->tag != s->tag || from >= to)
			continue;
		if (nacre_image_read(s->from, from, s->data + (from - start), (size_t)(to - from), e))
			return nacre_error_add(e, "reading the disk from byte %" PRIu64 " on", from);
		*done += to - from;
	}
	return 0;
}

static int put_blocks(struct stream *s, nacre_disk_progress progress, void *user, struct nacre_error *e)
{
	static const uint8_t zeroes[NACRE_FILE_BLOCK];
	uint64_t done = 0, total = nacre_extents_total(s->what, s->tag);
	uint8_t ones[BITMAP];

	memset(ones, 0xff, sizeof(ones));
	for (uint32_t block = 0; block < s->count; block++) {
		if (s->table[block] == VHD_FREE)
			continue;
		if (read_block(s, block, &done, e) ||
		    put(s, zeroes, (size_t)(next_place(s->at) - s->at), e) ||
		    put(s, ones, sizeof(ones), e) || put(s, s->data, VHD_BLOCK, e))
			return -1;
		if (progress && progress(user, done < total ? done : total, total))
			return nacre_error_set(e, NACRE_E_FAILED, 0, "standard output", "was stopped");
	}
	return put(s, s->footer, VHD_FOOTER, e);
}

int nacre_vhd_stream(struct nacre_image *from, const struct nacre_extents *what, uint32_t tag, int out,
		     nacre_disk_progress progress, void *user, struct nacre_error *e)
{
	struct stream s = {.from = from, .what = what, .tag = tag, .out = out};
	NACRE_AUTO_FREE uint32_t *table = NULL;
	NACRE_AUTO_FREE uint8_t *data = malloc(VHD_BLOCK);
	size_t bytes;

	if (vhd_check_size(from, e))
		return -1;
	s.count = (uint32_t)((from->size + VHD_BLOCK - 1) / VHD_BLOCK);
	bytes = (size_t)(table_end(&s) - TABLE);
	table = malloc(bytes);
	if (!table || !data)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
	memset(table, 0xff, bytes);
	fcntl(out, F_SETPIPE_SZ, PIPE_SIZE); /* so that we read while the other end works; a file takes no such thing */
	s.table = table;
	s.data = data;
	make_table(&s);
	return put_front(&s, e) || put_blocks(&s, progress, user, e) ? -1 : 0;
}
