/* SPDX-License-Identifier: BSD-2-Clause */
/* table.c - which partition table a disk has, what of it has to be copied, and how it grows
 *
 * The order of belief is Linux's: an MBR with an entry for protection means a GPT, whatever else it has;
 * an MBR without one is itself the table, even where an old GPT is left behind it.
 */
#include "disk/table.h"

#include "base/auto.h"
#include "base/bytes.h"
#include "base/extents.h"
#include "disk/table_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A boot loader in the gap before the first partition is small (GRUB's core.img: 30-120 KiB; those of
 * small boards up to some MiB): farther nobody looks, and holes of the image are not read. */
enum { EMBEDDED_MAX = 32 << 20, EMBEDDED_STEP = 1 << 16 };

void nacre_table_warn(struct nacre_table *table, const char *fmt, ...)
{
	int most = (int)(sizeof(table->warnings) / sizeof(table->warnings[0]));
	va_list ap;

	if (table->warning_count == most) {
		snprintf(table->warnings[most - 1], sizeof(table->warnings[0]),
			 "there is more that is odd than is listed");
		return;
	}
	va_start(ap, fmt);
	vsnprintf(table->warnings[table->warning_count++], sizeof(table->warnings[0]), fmt, ap);
	va_end(ap);
}

struct nacre_partition *nacre_table_add(const struct nacre_image *image, struct nacre_table *table,
					int number, uint64_t start, uint64_t length)
{
	struct nacre_partition *p = &table->list[table->count];

	if (table->count == NACRE_PARTITIONS_MAX) {
		nacre_table_warn(table, "more than %d partitions: number %d is left out", NACRE_PARTITIONS_MAX,
				 number);
		return NULL;
	}
	if (start >= image->size) {
		nacre_table_warn(table, "partition %d begins beyond the end of the disk: it is left out", number);
		return NULL;
	}
	if (length > image->size - start) {
		nacre_table_warn(table, "partition %d ends %" PRIu64 " bytes beyond the end of the disk", number,
				 length - (image->size - start));
		length = image->size - start;
	}
	*p = (struct nacre_partition){.number = number, .start = start, .length = length};
	table->count++;
	return p;
}

static bool within(const struct nacre_partition *inner, const struct nacre_partition *outer)
{
	return inner->start >= outer->start && inner->start + inner->length <= outer->start + outer->length;
}

static void warn_overlaps(struct nacre_table *table)
{
	for (int i = 0; i < table->count; i++) {
		for (int n = i + 1; n < table->count; n++) {
			const struct nacre_partition *a = &table->list[i], *b = &table->list[n];

			if (a->start >= b->start + b->length || b->start >= a->start + a->length)
				continue;
			if ((a->extended && b->number > 4 && within(b, a)) ||
			    (b->extended && a->number > 4 && within(a, b)))
				continue;
			nacre_table_warn(table, "partitions %d and %d overlap", a->number, b->number);
		}
	}
}

/* The end of the table itself: where a boot loader may follow. */
static uint64_t table_end(struct nacre_image *image, const struct nacre_table *table)
{
	return table->kind == NACRE_TABLE_GPT ? table->first : table_sector(image);
}

/* The last byte in [from, to) that is not zero, plus one; @from if there is none. */
static int last_data(struct nacre_image *image, uint64_t from, uint64_t to, uint64_t *end,
		     struct nacre_error *e)
{
	static const uint8_t zeroes[512];
	uint8_t data[EMBEDDED_STEP];
	uint64_t start, length;

	*end = from;
	for (uint64_t at = from; at < to; at += length) {
		if (nacre_image_data(image, at, &start, &length, e))
			return -1;
		if (!length || start >= to)
			return 0;
		at = start > at ? start : at;
		length = to - at < sizeof(data) ? to - at : sizeof(data);
		if (nacre_image_read(image, at, data, length, e))
			return -1;
		for (size_t n = 0; n < length; n += 512) {
			size_t size = length - n < 512 ? length - n : 512;

			if (memcmp(data + n, zeroes, size))
				*end = at + n + size;
		}
	}
	return 0;
}

static int find_embedded(struct nacre_image *image, struct nacre_table *table, struct nacre_error *e)
{
	uint64_t from = table_end(image, table), to = image->size, end;

	for (int i = 0; i < table->count; i++)
		if (table->list[i].start < to)
			to = table->list[i].start;
	if (to > from + EMBEDDED_MAX)
		to = from + EMBEDDED_MAX;
	if (to <= from)
		return 0;
	if (last_data(image, from, to, &end, e))
		return -1;
	table->embedded = end - from;
	return 0;
}

static bool is_protective(const uint8_t *mbr)
{
	for (int i = 0; i < 4; i++)
		if (nacre_mbr_entry(mbr, i).type == MBR_PROTECTIVE)
			return true;
	return false;
}

/* An MBR without entries: of an empty disk, of a disk that is one file system behind a boot loader, or zeroes. */
static bool has_entries(const uint8_t *mbr)
{
	for (int i = 0; i < 4; i++) {
		struct mbr_entry m = nacre_mbr_entry(mbr, i);

		if (m.type && m.count)
			return true;
	}
	return false;
}

/* The first sector of @image; @kind as far as it says. Return: 0 or -1 */
static int read_first(struct nacre_image *image, uint8_t *mbr, enum nacre_table_kind *kind,
		      struct nacre_error *e)
{
	uint32_t sector = table_sector(image);

	*kind = NACRE_TABLE_NONE;
	memset(mbr, 0, TABLE_SECTOR_MAX);
	if (image->size < sector)
		return 0;
	if (nacre_image_read(image, 0, mbr, sector, e))
		return -1;
	if (nacre_mbr_is_table(image, mbr))
		*kind = is_protective(mbr) ? NACRE_TABLE_GPT : NACRE_TABLE_MBR;
	return 0;
}

/* A GPT that no system sees, because the MBR before it does not say so. */
static int warn_hidden(struct nacre_image *image, struct nacre_table *table, struct nacre_error *e)
{
	uint32_t sector = table_sector(image);
	uint8_t head[TABLE_SECTOR_MAX];

	if (image->size < 2 * sector)
		return 0;
	if (nacre_image_read(image, sector, head, sector, e))
		return -1;
	if (!memcmp(head, "EFI PART", 8))
		nacre_table_warn(table, "there is a GPT without a protective MBR: systems do not see it");
	return 0;
}

int nacre_table_read(struct nacre_image *image, struct nacre_table *table, struct nacre_error *e)
{
	uint8_t mbr[TABLE_SECTOR_MAX];
	struct mbr_chain chain = {.count = 0};
	int result;

	memset(table, 0, sizeof(*table));
	if (read_first(image, mbr, &table->kind, e))
		return -1;
	table->boot = nacre_boot_record_find(mbr);
	if (table->kind == NACRE_TABLE_GPT)
		result = nacre_gpt_read(image, mbr, table, e);
	else
		result = warn_hidden(image, table, e);
	if (!result && table->kind == NACRE_TABLE_MBR)
		result = nacre_mbr_read(image, mbr, table, &chain, e);
	if (result)
		return -1;
	/* An MBR without entries is a table if it has an identity of its own; else the disk may be one volume. */
	if (table->kind == NACRE_TABLE_MBR && !has_entries(mbr) && !table->id[0])
		table->kind = NACRE_TABLE_NONE;
	if (table->kind == NACRE_TABLE_NONE)
		return 0;
	warn_overlaps(table);
	return find_embedded(image, table, e);
}

/* Both copies of a GPT: headers and entries. */
static int add_gpt(struct nacre_image *image, const uint8_t *mbr, struct nacre_extents *used, uint32_t tag,
		   struct nacre_error *e)
{
	uint64_t sector = table_sector(image);
	struct gpt gpt;
	int result = 0;

	if (nacre_gpt_load(image, mbr, &gpt, e))
		return -1;
	for (int i = 0; i < 2; i++) {
		const struct gpt_header *h = i ? &gpt.second : &gpt.first;

		if (h->list && (nacre_extents_add(used, h->own * sector, sector, tag) ||
				nacre_extents_add(used, h->entries * sector,
						  (h->list_size + sector - 1) / sector * sector, tag)))
			result = nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, image->path, "cannot list the GPT");
	}
	nacre_gpt_free(&gpt);
	return result;
}

int nacre_table_extents(struct nacre_image *image, const struct nacre_table *table,
			struct nacre_extents *used, uint32_t tag, struct nacre_error *e)
{
	uint64_t sector = table_sector(image);
	struct nacre_table again = {.kind = NACRE_TABLE_NONE};
	struct mbr_chain chain = {.count = 0};
	uint8_t mbr[TABLE_SECTOR_MAX];
	int failed;

	if (table->kind == NACRE_TABLE_NONE)
		return 0;
	if (nacre_image_read(image, 0, mbr, sector, e))
		return -1;
	failed = nacre_extents_add(used, 0, sector, tag);
	if (table->embedded)
		failed |= nacre_extents_add(used, table_end(image, table), table->embedded, tag);
	if (table->kind == NACRE_TABLE_GPT && add_gpt(image, mbr, used, tag, e))
		return -1;
	if (table->kind == NACRE_TABLE_MBR && nacre_mbr_read(image, mbr, &again, &chain, e))
		return -1;
	for (int i = 0; i < chain.count; i++)
		failed |= nacre_extents_add(used, chain.at[i], sector, tag);
	if (failed)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, image->path, "cannot list the partition table");
	return 0;
}

int nacre_table_fit(struct nacre_image *image, struct nacre_error *e)
{
	uint8_t mbr[TABLE_SECTOR_MAX];
	enum nacre_table_kind kind;

	if (read_first(image, mbr, &kind, e))
		return -1;
	return kind == NACRE_TABLE_GPT ? nacre_gpt_fit(image, e) : 0;
}

const struct nacre_partition *nacre_table_last(const struct nacre_table *table)
{
	const struct nacre_partition *last = NULL;

	for (int i = 0; i < table->count; i++) {
		const struct nacre_partition *p = &table->list[i];

		if (!p->extended && (!last || p->start + p->length > last->start + last->length))
			last = p;
	}
	return last;
}

uint64_t nacre_table_last_length(const struct nacre_image *image, const struct nacre_table *table,
				 uint64_t size)
{
	enum { LIST = 16384 }; /* 128 entries of 128 bytes, as nearly all are */
	const struct nacre_partition *last = nacre_table_last(table);
	uint64_t tail = LIST + table_sector(image), end;

	if (!last)
		return 0;
	if (table->kind == NACRE_TABLE_GPT)
		end = (size > tail ? size - tail : 0) & ~4095ull;
	else
		end = nacre_mbr_end(image, size);
	return end > last->start + last->length ? end - last->start : last->length;
}

int nacre_table_grow_last(struct nacre_image *image, struct nacre_partition *grown, struct nacre_error *e)
{
	struct nacre_table table;

	if (nacre_table_read(image, &table, e))
		return -1;
	if (table.kind == NACRE_TABLE_GPT)
		return nacre_gpt_grow_last(image, &table, grown, e);
	if (table.kind == NACRE_TABLE_MBR)
		return nacre_mbr_grow_last(image, &table, grown, e);
	return nacre_error_set(e, NACRE_E_SUPPORT, 0, image->path, "there is no partition table: nothing can grow");
}
