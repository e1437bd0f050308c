/* SPDX-License-Identifier: BSD-2-Clause */
/* gpt.c - the GUID partition table, its backup, and the protective MBR before it
 *
 * DOC: Theory of Operation
 *
 * A copy of the table is a header of one sector and an array of entries, both with a CRC-32. The first
 * copy is at sector 1, the second at the end of the disk; each names the other. A copy counts when its
 * header and its entries are as their checksums say, and when its numbers fit the disk. The first one
 * that counts is taken, as Linux does. Source: UEFI 2.10, section 5.3.
 *
 * A disk that has grown has its second copy where the disk once ended: the first copy knows where.
 * nacre_gpt_fit() writes the second copy at the new end first, then the first one, then the
 * protective MBR: whenever it is cut short, one copy is right.
 */
#include "base/auto.h"
#include "base/bytes.h"
#include "disk/crc32.h"
#include "disk/table_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	HEADER_MIN = 92,
	AT_SIZE = 12, AT_CRC = 16, AT_OWN = 24, AT_OTHER = 32, AT_FIRST = 40, AT_LAST = 48, AT_GUID = 56,
	AT_ENTRIES = 72, AT_COUNT = 80, AT_ENTRY_SIZE = 84, AT_ENTRIES_CRC = 88
};

#define ESP_GUID  "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
#define BIOS_GUID "21686148-6449-6e6f-744e-656564454649"

static void print_guid(char *to, size_t size, const uint8_t *g)
{
	snprintf(to, size, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", nacre_le32(g),
		 nacre_le16(g + 4), nacre_le16(g + 6), g[8], g[9], g[10], g[11], g[12], g[13], g[14], g[15]);
}

static uint64_t sectors_of(const struct nacre_image *image)
{
	return image->size / table_sector(image);
}

/* Sectors that the entries of @h take. */
static uint64_t list_sectors(const struct nacre_image *image, const struct gpt_header *h)
{
	uint32_t sector = table_sector(image);

	return (h->list_size + sector - 1) / sector;
}

/* Do the numbers make sense? Return: NULL, or why not. Nothing of them has been used before. */
static const char *check(const struct nacre_image *image, struct gpt_header *h, uint64_t at)
{
	uint64_t sectors = sectors_of(image), list;
	uint8_t copy[TABLE_SECTOR_MAX];

	if (memcmp(h->raw, "EFI PART", 8))
		return "there is none";
	if (h->size < HEADER_MIN || h->size > table_sector(image))
		return "the size of its header is absurd";
	memcpy(copy, h->raw, h->size);
	nacre_put_le32(copy + AT_CRC, 0);
	if (nacre_crc32(copy, h->size) != nacre_le32(h->raw + AT_CRC))
		return "the checksum of its header is wrong";
	if (h->own != at)
		return "its header belongs to another place";
	if (h->entry_size < GPT_ENTRY_MIN || h->entry_size > GPT_ENTRY_MAX ||
	    h->entry_size & (h->entry_size - 1) || !h->count ||
	    h->count > GPT_ENTRIES_BYTES / h->entry_size)
		return "the number or size of its entries is absurd";
	h->list_size = (size_t)h->count * h->entry_size;
	list = list_sectors(image, h);
	if (h->entries < 2 || h->entries >= sectors || list > sectors - h->entries ||
	    (at >= h->entries && at - h->entries < list))
		return "its entries are not on the disk";
	if (h->first > h->last || h->first < 2)
		return "the range for partitions is absurd";
	return NULL;
}

static void decode(struct gpt_header *h)
{
	h->size = nacre_le32(h->raw + AT_SIZE);
	h->own = nacre_le64(h->raw + AT_OWN);
	h->other = nacre_le64(h->raw + AT_OTHER);
	h->first = nacre_le64(h->raw + AT_FIRST);
	h->last = nacre_le64(h->raw + AT_LAST);
	h->entries = nacre_le64(h->raw + AT_ENTRIES);
	h->count = nacre_le32(h->raw + AT_COUNT);
	h->entry_size = nacre_le32(h->raw + AT_ENTRY_SIZE);
	h->entries_crc = nacre_le32(h->raw + AT_ENTRIES_CRC);
}

/* Read the copy at sector @at. Return: 0, also where it does not count (list NULL, @why); -1: read error */
static int load(struct nacre_image *image, uint64_t at, struct gpt_header *h, char *why, size_t size,
		struct nacre_error *e)
{
	uint32_t sector = table_sector(image);
	NACRE_AUTO_FREE uint8_t *list = NULL;
	const char *wrong = "there is none";

	*h = (struct gpt_header){.list = NULL};
	if (at >= 1 && at < sectors_of(image)) {
		if (nacre_image_read(image, at * sector, h->raw, sector, e))
			return -1;
		decode(h);
		wrong = check(image, h, at);
	}
	if (!wrong) {
		list = malloc(h->list_size);
		if (!list)
			return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, image->path, "cannot read the GPT");
		if (nacre_image_read(image, h->entries * sector, list, h->list_size, e))
			return -1;
		if (nacre_crc32(list, h->list_size) != h->entries_crc)
			wrong = "the checksum of its entries is wrong";
		else
			h->list = nacre_steal(list);
	}
	snprintf(why, size, "%s", wrong ? wrong : "");
	return 0;
}

/* Where the protective MBR says that the disk ended. */
static uint64_t protected_end(const uint8_t *mbr)
{
	for (int i = 0; i < 4; i++) {
		struct mbr_entry m = nacre_mbr_entry(mbr, i);

		if (m.type == MBR_PROTECTIVE)
			return (uint64_t)m.start + m.count - 1;
	}
	return 0;
}

int nacre_gpt_load(struct nacre_image *image, const uint8_t *mbr, struct gpt *gpt,
		   struct nacre_error *e)
{
	uint64_t sectors = sectors_of(image), ends[3];

	memset(gpt, 0, sizeof(*gpt));
	if (load(image, 1, &gpt->first, gpt->why_first, sizeof(gpt->why_first), e))
		return -1; /* nothing to free so far */
	ends[0] = sectors - 1;
	ends[1] = gpt->first.list ? gpt->first.other : 0;
	ends[2] = protected_end(mbr);
	for (int i = 0; i < 3 && !gpt->second.list; i++) {
		char why[sizeof(gpt->why_second)];

		if (ends[i] < 2 || ends[i] >= sectors || (i && ends[i] == ends[0]))
			continue;
		if (load(image, ends[i], &gpt->second, why, sizeof(why), e)) {
			nacre_gpt_free(gpt);
			return -1;
		}
		if (!i || gpt->second.list)
			memcpy(gpt->why_second, why, sizeof(why));
	}
	return 0;
}

void nacre_gpt_free(struct gpt *gpt)
{
	free(gpt->first.list);
	free(gpt->second.list);
	gpt->first.list = gpt->second.list = NULL;
}

struct gpt_header *nacre_gpt_valid(struct gpt *gpt)
{
	return gpt->first.list ? &gpt->first : gpt->second.list ? &gpt->second : NULL;
}

/* UTF-16LE to UTF-8; what is no character becomes U+FFFD. Stops where @size is reached. */
static void print_name(char *to, size_t size, const uint8_t *from)
{
	size_t n = 0;

	for (int i = 0; i < 36; i++) {
		uint32_t c = nacre_le16(from + 2 * i), low;

		if (!c)
			break;
		if (c >= 0xd800 && c < 0xdc00 && i < 35 && (low = nacre_le16(from + 2 * i + 2)) >= 0xdc00 &&
		    low < 0xe000) {
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			i++;
		} else if (c >= 0xd800 && c < 0xe000) {
			c = 0xfffd;
		}
		if (n + 5 > size)
			break;
		if (c < 0x80) {
			to[n++] = (char)c;
		} else if (c < 0x800) {
			to[n++] = (char)(0xc0 | c >> 6);
			to[n++] = (char)(0x80 | (c & 63));
		} else {
			if (c < 0x10000) {
				to[n++] = (char)(0xe0 | c >> 12);
			} else {
				to[n++] = (char)(0xf0 | c >> 18);
				to[n++] = (char)(0x80 | (c >> 12 & 63));
			}
			to[n++] = (char)(0x80 | (c >> 6 & 63));
			to[n++] = (char)(0x80 | (c & 63));
		}
	}
	to[n] = 0;
}

static void read_entry(struct nacre_image *image, const struct gpt_header *h, uint32_t number,
		       struct nacre_table *table)
{
	const uint8_t *entry = h->list + (size_t)number * h->entry_size;
	uint64_t first = nacre_le64(entry + 32), last = nacre_le64(entry + 40);
	uint64_t sector = table_sector(image), most = UINT64_MAX / sector - 1;
	static const uint8_t none[16];
	struct nacre_partition *p;

	if (!memcmp(entry, none, 16))
		return;
	if (first > last || last >= most) {
		nacre_table_warn(table, "partition %u ends before it begins: it is left out", number + 1);
		return;
	}
	if (first < h->first || last > h->last)
		nacre_table_warn(table, "partition %u is outside of the range that its table is for", number + 1);
	p = nacre_table_add(image, table, (int)number + 1, first * sector, (last - first + 1) * sector);
	if (!p)
		return;
	print_guid(p->type, sizeof(p->type), entry);
	print_guid(p->guid, sizeof(p->guid), entry + 16);
	print_name(p->name, sizeof(p->name), entry + 56);
	p->active = entry[48] & 4;
	p->esp = !strcmp(p->type, ESP_GUID);
	p->bios_boot = !strcmp(p->type, BIOS_GUID);
}

static void compare(const struct nacre_image *image, const struct gpt *gpt, struct nacre_table *table)
{
	const struct gpt_header *a = &gpt->first, *b = &gpt->second;

	table->used_backup = !a->list;
	table->backup_misplaced = !b->list || b->own != sectors_of(image) - 1;
	if (!a->list)
		nacre_table_warn(table, "the first GPT is damaged (%s): its backup is used", gpt->why_first);
	else if (!b->list)
		nacre_table_warn(table, "the backup of the GPT cannot be used: %s", gpt->why_second);
	else if (a->list_size != b->list_size || memcmp(a->list, b->list, a->list_size))
		nacre_table_warn(table, "the GPT and its backup differ: the first one is used");
	if (b->list && table->backup_misplaced)
		nacre_table_warn(table, "the backup of the GPT is not at the end of the disk, which has grown");
}

int nacre_gpt_read(struct nacre_image *image, const uint8_t *mbr, struct nacre_table *table,
		   struct nacre_error *e)
{
	uint64_t sector = table_sector(image), most = sectors_of(image);
	struct gpt gpt;
	const struct gpt_header *h;
	int result = -1;

	if (nacre_gpt_load(image, mbr, &gpt, e))
		return -1;
	h = nacre_gpt_valid(&gpt);
	if (!h) {
		nacre_error_set(e, NACRE_E_INPUT, 0, image->path,
				"the GPT is damaged (%s) and so is its backup (%s): restore one with gdisk first",
				gpt.why_first, gpt.why_second);
		goto out;
	}
	print_guid(table->id, sizeof(table->id), h->raw + AT_GUID);
	table->first = (h->first < most ? h->first : most) * sector;
	table->last = (h->last < most ? h->last + 1 : most) * sector;
	compare(image, &gpt, table);
	for (uint32_t i = 0; i < h->count; i++)
		read_entry(image, h, i, table);
	for (int i = 0; i < 4; i++) {
		struct mbr_entry m = nacre_mbr_entry(mbr, i);

		table->hybrid |= m.type && m.count && m.type != MBR_PROTECTIVE;
	}
	result = 0;
out:
	nacre_gpt_free(&gpt);
	return result;
}

/* Write @h with its entries; the header comes last. */
static int store(struct nacre_image *image, struct gpt_header *h, const uint8_t *list, struct nacre_error *e)
{
	uint32_t sector = table_sector(image);

	nacre_put_le64(h->raw + AT_OWN, h->own);
	nacre_put_le64(h->raw + AT_OTHER, h->other);
	nacre_put_le64(h->raw + AT_LAST, h->last);
	nacre_put_le64(h->raw + AT_ENTRIES, h->entries);
	nacre_put_le32(h->raw + AT_ENTRIES_CRC, nacre_crc32(list, h->list_size));
	nacre_put_le32(h->raw + AT_CRC, 0);
	nacre_put_le32(h->raw + AT_CRC, nacre_crc32(h->raw, h->size));
	if (nacre_image_write(image, h->entries * sector, list, h->list_size, e))
		return -1;
	return nacre_image_write(image, h->own * sector, h->raw, sector, e);
}

/* The last sector of any partition. */
static uint64_t last_used(const struct gpt_header *h)
{
	static const uint8_t none[16];
	uint64_t last = 0;

	for (uint32_t i = 0; i < h->count; i++) {
		const uint8_t *entry = h->list + (size_t)i * h->entry_size;

		if (memcmp(entry, none, 16) && nacre_le64(entry + 40) > last)
			last = nacre_le64(entry + 40);
	}
	return last;
}

static int protect(struct nacre_image *image, uint8_t *mbr, struct nacre_error *e)
{
	uint64_t sectors = sectors_of(image);
	bool alone = true;

	for (int i = 0; i < 4; i++) {
		struct mbr_entry m = nacre_mbr_entry(mbr, i);

		alone &= !m.type || m.type == MBR_PROTECTIVE;
	}
	for (int i = 0; i < 4 && alone; i++) {
		uint8_t *p = mbr + MBR_ENTRIES + i * MBR_ENTRY;

		if (p[4] != MBR_PROTECTIVE)
			continue;
		nacre_put_le32(p + 12, sectors - 1 > UINT32_MAX ? UINT32_MAX : (uint32_t)(sectors - 1));
		return nacre_image_write(image, 0, mbr, table_sector(image), e);
	}
	return 0;
}

/* What is left of a backup where the disk once ended would be found by whom looks there. */
static int forget_backup(struct nacre_image *image, const struct gpt *gpt, const struct gpt_header *now,
			 struct nacre_error *e)
{
	static const uint8_t zeroes[TABLE_SECTOR_MAX];
	uint64_t at = gpt->second.own;

	if (!gpt->second.list || at >= now->entries || at <= last_used(now))
		return 0;
	return nacre_image_write(image, at * table_sector(image), zeroes, table_sector(image), e);
}

/* Are both copies sound, the same, and where this disk wants them? */
static bool fits(const struct nacre_image *image, const struct gpt *gpt)
{
	const struct gpt_header *a = &gpt->first, *b = &gpt->second;

	return a->list && b->list && a->own == 1 && b->own == sectors_of(image) - 1 && a->other == b->own &&
	       a->list_size == b->list_size && !memcmp(a->list, b->list, a->list_size);
}

int nacre_gpt_fit(struct nacre_image *image, struct nacre_error *e)
{
	uint32_t sector = table_sector(image);
	uint64_t sectors = sectors_of(image), list;
	struct gpt_header *h, first, second;
	uint8_t mbr[TABLE_SECTOR_MAX];
	struct gpt gpt;
	int result = -1;

	if (nacre_image_read(image, 0, mbr, sector, e) || nacre_gpt_load(image, mbr, &gpt, e))
		return -1;
	h = nacre_gpt_valid(&gpt);
	if (!h) {
		nacre_error_set(e, NACRE_E_INPUT, 0, image->path, "neither the GPT nor its backup can be used");
		goto out;
	}
	if (fits(image, &gpt)) {
		result = 0;
		goto out;
	}
	list = list_sectors(image, h);
	if (last_used(h) + 1 + list >= sectors || 2 + list > h->first) {
		nacre_error_set(e, NACRE_E_INPUT, 0, image->path,
				"there is no room for a GPT beside the partitions: make the disk larger");
		goto out;
	}
	first = *h;
	first.own = 1;
	first.other = sectors - 1;
	first.entries = gpt.first.list ? h->entries : 2;
	first.last = sectors - 2 - list;
	second = first;
	second.own = sectors - 1;
	second.other = 1;
	second.entries = sectors - 1 - list;
	if (store(image, &second, h->list, e) || store(image, &first, h->list, e) ||
	    forget_backup(image, &gpt, &second, e) || protect(image, mbr, e))
		goto out;
	result = 0;
out:
	nacre_gpt_free(&gpt);
	return result;
}

int nacre_gpt_grow_last(struct nacre_image *image, const struct nacre_table *table,
			struct nacre_partition *grown, struct nacre_error *e)
{
	const struct nacre_partition *last = nacre_table_last(table);
	uint64_t sector = table_sector(image), end;
	uint8_t mbr[TABLE_SECTOR_MAX];
	struct gpt gpt;
	int result = -1;

	if (!last)
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, image->path, "there is no partition that could grow");
	*grown = *last;
	if (nacre_gpt_fit(image, e) || nacre_image_read(image, 0, mbr, sector, e) ||
	    nacre_gpt_load(image, mbr, &gpt, e))
		return -1;
	end = (gpt.first.last + 1) * sector & ~4095ull;
	if (!gpt.first.list || !gpt.second.list || (uint32_t)last->number > gpt.first.count) {
		nacre_error_set(e, NACRE_E_INPUT, 0, image->path, "the GPT was not kept as it was written");
		goto out;
	}
	if (end > last->start + last->length) {
		nacre_put_le64(gpt.first.list + (size_t)(last->number - 1) * gpt.first.entry_size + 40,
			       end / sector - 1);
		grown->length = end - last->start;
		if (store(image, &gpt.second, gpt.first.list, e) || store(image, &gpt.first, gpt.first.list, e))
			goto out;
	}
	result = 0;
out:
	nacre_gpt_free(&gpt);
	return result;
}
