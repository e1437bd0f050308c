/* SPDX-License-Identifier: BSD-2-Clause */
/* stream.c - the content of attributes: values in records, runs of clusters, lists of further
 * records */
#include "ntfs.h"
#include "fs/driver/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void ntfs_stream_free(struct ntfs_stream *s)
{
	free(s->value);
	free(s->runs);
	*s = (struct ntfs_stream){0};
}

/* A number of @size bytes, little endian; signed. */
static int64_t number(const uint8_t *at, unsigned size, bool is_signed)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t)at[i] << 8 * i;
	if (is_signed && size && size < 8 && at[size - 1] & 0x80)
		value |= UINT64_MAX << 8 * size;
	return (int64_t)value;
}

static int add_run(struct ntfs_stream *s, int64_t lcn, uint64_t vcn, uint64_t count)
{
	struct ntfs_run *runs;

	if (s->count == s->room) {
		if (s->room >= NTFS_RUNS_MOST)
			return EFBIG;
		s->room = s->room ? 2 * s->room : 16;
		runs = reallocarray(s->runs, s->room, sizeof(*runs));
		if (!runs)
			return ENOMEM;
		s->runs = runs;
	}
	s->runs[s->count++] = (struct ntfs_run){.lcn = lcn, .vcn = vcn, .count = count};
	return 0;
}

/* The runs of one attribute, which go on where the last one ended. */
static int add_runs(struct nacre_fs *f, const uint8_t *a, struct ntfs_stream *s)
{
	const uint8_t *p = a + le16(a + 32), *end = a + le32(a + 4);
	uint64_t vcn = le64(a + 16),
		 last = s->count ? s->runs[s->count - 1].vcn + s->runs[s->count - 1].count : 0;
	int64_t lcn = 0, step;
	int result = 0;

	if (vcn != last)
		return EUCLEAN;
	for (; p < end && *p && !result; p += 1 + (*p & 15) + (*p >> 4)) {
		unsigned wide = *p & 15, from = *p >> 4;
		uint64_t count;

		if (!wide || wide > 8 || from > 8 || (size_t)(end - p) < 1 + wide + from)
			return EUCLEAN;
		count = (uint64_t)number(p + 1, wide, false);
		step = number(p + 1 + wide, from, true);
		if (!count || count > INT64_MAX - vcn || __builtin_add_overflow(lcn, step, &lcn))
			return EUCLEAN;
		if (from && (lcn < 0 || (uint64_t)lcn >= f->clusters ||
			     count > f->clusters - (uint64_t)lcn))
			return EUCLEAN;
		result = add_run(s, from ? lcn : -1, vcn, count);
		vcn += count;
	}
	return result;
}

/* Take an attribute as the stream's first or next part. */
static int add_part(struct nacre_fs *f, const uint8_t *a, struct ntfs_stream *s, bool first)
{
	if (!a[8]) {
		if (!first)
			return EUCLEAN;
		s->resident = true;
		s->flags = le16(a + 12);
		s->size = s->initialized = le32(a + 16);
		s->value = malloc(s->size + 1);
		if (!s->value)
			return ENOMEM;
		memcpy(s->value, a + le16(a + 20), s->size);
		return 0;
	}
	if (first) {
		s->flags = le16(a + 12);
		s->allocated = le64(a + 40);
		s->size = le64(a + 48);
		s->initialized = le64(a + 56);
		if (s->size > INT64_MAX || s->initialized > s->size)
			return EUCLEAN;
	} else if (s->resident) {
		return EUCLEAN;
	}
	return add_runs(f, a, s);
}

static const uint8_t *find_attribute(struct nacre_fs *f, const uint8_t *raw, uint32_t type,
				     const char *name, uint64_t vcn, bool any)
{
	for (const uint8_t *a = ntfs_attribute_next(f, raw, NULL); a;
	     a = ntfs_attribute_next(f, raw, a))
		if (ntfs_attribute_is(a, type, name) && (any || (a[8] ? le64(a + 16) : 0) == vcn))
			return a;
	return NULL;
}

/* The part that a list's entry points to. */
static int add_listed(struct nacre_fs *f, const uint8_t *entry, const struct ntfs_file *file,
		      uint32_t type, const char *name, struct ntfs_stream *s, bool first)
{
	uint64_t at = le64(entry + 16) & 0xffffffffffff;
	uint8_t raw[NTFS_RECORD_MOST];
	const uint8_t *part;
	int result = 0;

	if (at == file->number) {
		memcpy(raw, file->raw, f->record);
	} else {
		result = ntfs_record_read(f, at, raw);
		if (!result &&
		    (!(le16(raw + 22) & 1) || (le64(raw + 32) & 0xffffffffffff) != file->number))
			result = EUCLEAN;
	}
	if (result)
		return result;
	part = find_attribute(f, raw, type, name, le64(entry + 8), false);
	return part ? add_part(f, part, s, first) : EUCLEAN;
}

static bool entry_is(const uint8_t *entry, size_t length, uint32_t type, const char *name)
{
	if (le32(entry) != type || entry[6] != strlen(name) ||
	    entry[7] + 2 * (size_t)entry[6] > length)
		return false;
	for (size_t i = 0; name[i]; i++)
		if (le16(entry + entry[7] + 2 * i) != (uint8_t)name[i])
			return false;
	return true;
}

/* All parts that the attribute list of @file names, after @known that are there already. */
static int follow_list(struct nacre_fs *f, const struct ntfs_file *file,
		       const struct ntfs_stream *list, uint32_t type, const char *name,
		       struct ntfs_stream *s, bool known)
{
	uint8_t *data;
	bool found = known;
	int result;

	if (list->size > NTFS_LIST_MOST)
		return EUCLEAN;
	data = malloc(list->size + 1);
	result = data ? ntfs_stream_read(f, list, 0, data, list->size) : ENOMEM;
	for (size_t at = 0, length; !result && list->size - at >= 26; at += length) {
		length = le16(data + at + 4);
		if (length < 26 || length > list->size - at) {
			result = EUCLEAN;
			break;
		}
		if (!entry_is(data + at, length, type, name) || (known && !le64(data + at + 8)))
			continue;
		result = add_listed(f, data + at, file, type, name, s, !found);
		found = true;
	}
	free(data);
	return result ? result : found ? 0 : ENODATA;
}

static int open_stream(struct nacre_fs *f, const struct ntfs_file *file, uint32_t type,
		       const char *name, struct ntfs_stream *s, bool known)
{
	const uint8_t *a = find_attribute(f, file->raw, NTFS_LIST, "", 0, true);
	struct ntfs_stream list = {0};
	int result;

	if (a && type != NTFS_LIST) {
		result = add_part(f, a, &list, true);
		if (!result)
			result = follow_list(f, file, &list, type, name, s, known);
		ntfs_stream_free(&list);
		return result;
	}
	a = known ? NULL : find_attribute(f, file->raw, type, name, 0, false);
	return a ? add_part(f, a, s, true) : known ? 0 : ENODATA;
}

int ntfs_stream_open(struct nacre_fs *f, const struct ntfs_file *file, uint32_t type,
		     const char *name, struct ntfs_stream *s)
{
	int result;

	*s = (struct ntfs_stream){0};
	result = open_stream(f, file, type, name, s, false);
	if (result)
		ntfs_stream_free(s);
	return result;
}

int ntfs_stream_mft(struct nacre_fs *f)
{
	/* At first one record is known to be there, from the boot sector; the first part then tells
	 * where more are. */
	uint64_t count = (f->record + f->cluster - 1) / f->cluster;
	struct ntfs_stream whole = {0};
	struct ntfs_file file;
	const uint8_t *a;
	int result = add_run(&f->mft, (int64_t)f->mft_lcn, 0, count);

	f->mft.size = f->mft.initialized = f->record;
	if (!result)
		result = ntfs_file_read(f, NTFS_MFT, &file);
	if (result)
		return result;
	a = find_attribute(f, file.raw, NTFS_DATA, "", 0, false);
	if (!a || !a[8])
		return EUCLEAN;
	result = add_part(f, a, &whole, true);
	if (result) {
		ntfs_stream_free(&whole);
		return result;
	}
	ntfs_stream_free(&f->mft);
	f->mft = whole;
	return open_stream(f, &file, NTFS_DATA, "", &f->mft, true);
}

static const struct ntfs_run *find_run(const struct ntfs_stream *s, uint64_t vcn)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->runs[middle].vcn + s->runs[middle].count > vcn)
			high = middle;
		else
			low = middle + 1;
	}
	return low < s->count ? &s->runs[low] : NULL;
}

static int read_piece(struct nacre_fs *f, const struct ntfs_stream *s, uint64_t offset,
		      uint8_t *data, size_t *size)
{
	const struct ntfs_run *run = find_run(s, offset / f->cluster);
	uint64_t within, there;

	if (offset >= s->initialized) {
		memset(data, 0, *size);
		return 0;
	}
	if (!run)
		return EUCLEAN;
	within = offset - run->vcn * f->cluster;
	there = run->count > SIZE_MAX / 2 / f->cluster ? SIZE_MAX / 2
						       : run->count * f->cluster - within;
	there = s->initialized - offset < there ? s->initialized - offset : there;
	*size = there < *size ? there : *size;
	if (run->lcn < 0) {
		memset(data, 0, *size);
		return 0;
	}
	return fs_disk_get(&f->disk, (uint64_t)run->lcn * f->cluster + within, data, *size);
}

int ntfs_stream_read(struct nacre_fs *f, const struct ntfs_stream *s, uint64_t offset, void *data,
		     size_t size)
{
	uint8_t *to = data;
	int result = 0;

	if (offset > s->size || size > s->size - offset)
		return EUCLEAN;
	if (s->flags & (NTFS_COMPRESSED | NTFS_ENCRYPTED))
		return ENOTSUP;
	if (s->resident) {
		memcpy(to, s->value + offset, size);
		return 0;
	}
	while (size && !result) {
		size_t n = size;

		result = read_piece(f, s, offset, to, &n);
		to += n;
		offset += n;
		size -= n;
	}
	return result;
}
