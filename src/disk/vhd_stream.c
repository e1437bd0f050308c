/* SPDX-License-Identifier: BSD-2-Clause */
/* vhd_stream.c - a dynamic VHD to a pipe: footer, header, table, blocks, footer
 *
 * The layout is the one that vhd_dynamic.c gives a new image: the bitmap of a block is the last in its 4 KiB, so
 * that data is aligned for whoever works with the file later.
 *
 * What lies in a file as it is, and nobody changes, goes into a pipe by its pages (splice): nothing is copied here, and the
 * processors are left to whoever encrypts it. Pages are read ahead, a few blocks before they are needed, but nothing that
 * is not used: that may be unreadable.
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

enum {
	TABLE = VHD_FOOTER + VHD_HEADER,
	BITMAP = VHD_BLOCK / VHD_SECTOR / 8,
	PIPE_SIZE = 1 << 20,
	BUFFER = 256 << 10, /* small enough to stay in the processor's cache between read and write */
	AHEAD = 4 * VHD_BLOCK
};

struct stream {
	struct nacre_image *from;
	const struct nacre_extents *what;
	uint32_t tag;
	int out;
	uint64_t at;     /* bytes that were written */
	uint32_t count;  /* of blocks of the disk */
	uint32_t *table; /* as it is written */
	uint8_t *data;   /* BUFFER bytes */
	bool splices;    /* @out is a pipe, and what is read takes part */
	int advised;     /* the descriptor that this was said of last; -1: none */
	uint64_t done;   /* bytes of what is used */
	size_t ahead;    /* the extent that is read ahead, */
	uint64_t ahead_at; /* from this byte of the disk on */
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

static int put_zeroes(struct stream *s, uint64_t size, struct nacre_error *e)
{
	static const uint8_t zeroes[64 << 10];

	while (size) {
		size_t n = size < sizeof(zeroes) ? (size_t)size : sizeof(zeroes);

		if (put(s, zeroes, n, e))
			return -1;
		size -= n;
	}
	return 0;
}

/* By pages, as far as that goes. Return: bytes that went; the rest is to be read, which has words for what is wrong. */
static uint64_t splice_part(struct stream *s, int fd, uint64_t at, uint64_t size)
{
	uint64_t went = 0;

	while (went < size) {
		off_t from = (off_t)(at + went);
		ssize_t n = splice(fd, &from, s->out, NULL, (size_t)(size - went), SPLICE_F_MORE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		went += (uint64_t)n;
	}
	s->at += went;
	return went;
}

static int copy_part(struct stream *s, uint64_t offset, uint64_t size, struct nacre_error *e)
{
	while (size) {
		size_t n = size < BUFFER ? (size_t)size : BUFFER;

		if (nacre_image_read(s->from, offset, s->data, n, e))
			return nacre_error_add(e, "reading the disk from byte %" PRIu64 " on", offset);
		if (put(s, s->data, n, e))
			return -1;
		offset += n;
		size -= n;
	}
	return 0;
}

/* [offset, offset + size) of the disk. */
static int put_data(struct stream *s, uint64_t offset, uint64_t size, struct nacre_error *e)
{
	s->done += size;
	while (size) {
		uint64_t n = size, at, went = 0;
		int fd = s->splices ? nacre_image_place(s->from, offset, &n, &at) : -1;

		if (fd >= 0) {
			went = splice_part(s, fd, at, n);
			s->splices = went == n;
		}
		if (went < n && copy_part(s, offset + went, n - went, e))
			return -1;
		offset += n;
		size -= n;
	}
	return 0;
}

/* What is used up to byte @until of the disk is read into the page cache, while others work. */
static void read_ahead(struct stream *s, uint64_t until)
{
	while (s->splices && s->ahead < s->what->count) {
		const struct nacre_extent *x = &s->what->list[s->ahead];
		uint64_t from = x->start > s->ahead_at ? x->start : s->ahead_at, end = x->start + x->length;

		if (from >= until)
			return;
		end = end < until ? end : until;
		while (x->tag == s->tag && from < end) {
			uint64_t n = end - from, at;
			int fd = nacre_image_place(s->from, from, &n, &at);

			if (fd >= 0 && fd != s->advised)
				posix_fadvise(s->advised = fd, 0, 0, POSIX_FADV_RANDOM); /* no more than what we ask for */
			if (fd >= 0)
				posix_fadvise(fd, (off_t)at, (off_t)n, POSIX_FADV_WILLNEED);
			from += n;
		}
		s->ahead_at = end;
		s->ahead += end == x->start + x->length;
	}
}

/* What is used of the block, and zeroes in between. */
static int put_block(struct stream *s, uint64_t block, struct nacre_error *e)
{
	uint64_t start = block * VHD_BLOCK, end = start + VHD_BLOCK, at = start;

	end = end < s->from->size ? end : s->from->size;
	read_ahead(s, end + AHEAD < s->from->size ? end + AHEAD : s->from->size);
	for (const struct nacre_extent *x = nacre_extents_find(s->what, start);
	     x && x < s->what->list + s->what->count && x->start < end; x++) {
		uint64_t from = x->start > at ? x->start : at, to = x->start + x->length;

		to = to < end ? to : end;
		if (x->tag != s->tag || from >= to)
			continue;
		if (put_zeroes(s, from - at, e) || put_data(s, from, to - from, e))
			return -1;
		at = to;
	}
	return put_zeroes(s, start + VHD_BLOCK - at, e);
}

/* What is before the data of a block: all of its sectors are there. */
static int put_bitmap(struct stream *s, struct nacre_error *e)
{
	uint8_t bytes[NACRE_FILE_BLOCK + BITMAP] = {0};
	size_t gap = (size_t)(next_place(s->at) - s->at);

	memset(bytes + gap, 0xff, BITMAP);
	return put(s, bytes, gap + BITMAP, e);
}

static int put_blocks(struct stream *s, nacre_disk_progress progress, void *user, struct nacre_error *e)
{
	uint64_t total = nacre_extents_total(s->what, s->tag);

	for (uint32_t block = 0; block < s->count; block++) {
		if (s->table[block] == VHD_FREE)
			continue;
		if (put_bitmap(s, e) || put_block(s, block, e))
			return -1;
		if (progress && progress(user, s->done < total ? s->done : total, total))
			return nacre_error_set(e, NACRE_E_FAILED, 0, "standard output", "was stopped");
	}
	return put(s, s->footer, VHD_FOOTER, e);
}

int nacre_vhd_stream(struct nacre_image *from, const struct nacre_extents *what, uint32_t tag, int out,
		     nacre_disk_progress progress, void *user, struct nacre_error *e)
{
	struct stream s = {.from = from, .what = what, .tag = tag, .out = out, .advised = -1};
	NACRE_AUTO_FREE uint32_t *table = NULL;
	NACRE_AUTO_FREE uint8_t *data = malloc(BUFFER);
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
	s.splices = fcntl(out, F_GETPIPE_SZ) > 0;
	s.table = table;
	s.data = data;
	make_table(&s);
	return put_front(&s, e) || put_blocks(&s, progress, user, e) ? -1 : 0;
}
