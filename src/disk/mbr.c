/* SPDX-License-Identifier: BSD-2-Clause */
/* mbr.c - partitions of an MBR and of the chain of extended boot records behind it
 *
 * DOC: Theory of Operation
 *
 * The first sector has four entries. One of them may be an extended partition, which begins with an extended
 * boot record: its first entry is a partition, counted from that record; its second entry is the next
 * record, counted from the start of the extended partition. Linux and sfdisk take the first extended
 * partition alone, and number what they find in the chain from 5; so does this file.
 *
 * The chain is somebody else's: it may loop, leave the disk, or go on for ever. Each record is visited
 * once, and there are at most NACRE_PARTITIONS_MAX of them.
 */
#include "base/bytes.h"
#include "disk/table_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { EXTENDED_DOS = 0x05, EXTENDED_LBA = 0x0f, EXTENDED_LINUX = 0x85, ESP = 0xef, FIRST_LOGICAL = 5 };
#define NONE UINT64_MAX

struct mbr_entry nacre_mbr_entry(const uint8_t *sector, int number)
{
	const uint8_t *p = sector + MBR_ENTRIES + number * MBR_ENTRY;

	return (struct mbr_entry){p[0], p[4], nacre_le32(p + 8), nacre_le32(p + 12)};
}

bool nacre_mbr_is_extended(uint8_t type)
{
	return type == EXTENDED_DOS || type == EXTENDED_LBA || type == EXTENDED_LINUX;
}

static bool is_signed(const uint8_t *sector)
{
	return sector[510] == 0x55 && sector[511] == 0xaa;
}

static bool is_used(const struct mbr_entry *m)
{
	return m->type && m->count;
}

bool nacre_mbr_is_table(const struct nacre_image *image, const uint8_t *sector)
{
	bool boot_sector = !memcmp(sector + 3, "NTFS    ", 8) || !memcmp(sector + 3, "EXFAT   ", 8) ||
			   !memcmp(sector + 3, "-FVE-FS-", 8) || !memcmp(sector + 54, "FAT", 3) ||
			   !memcmp(sector + 82, "FAT32", 5);
	uint64_t sectors = image->size / table_sector(image);
	int used = 0;

	if (!is_signed(sector))
		return false;
	for (int i = 0; i < 4; i++) {
		struct mbr_entry m = nacre_mbr_entry(sector, i);

		if (m.flag & 0x7f)
			return false;
		/* In the boot sector of a file system these bytes are code. */
		if (boot_sector && is_used(&m) && (!m.start || m.start + (uint64_t)m.count > sectors))
			return false;
		used += is_used(&m);
	}
	return used || !boot_sector;
}

static void name(const struct nacre_image *image, struct nacre_table *table, int number,
		 const struct mbr_entry *m, uint64_t base)
{
	uint64_t sector = table_sector(image);
	struct nacre_partition *p =
		nacre_table_add(image, table, number, (base + m->start) * sector, m->count * sector);

	if (!p)
		return;
	p->mbr_type = m->type;
	p->active = m->flag == 0x80;
	p->esp = m->type == ESP;
	p->extended = nacre_mbr_is_extended(m->type);
	if (table->id[0])
		snprintf(p->guid, sizeof(p->guid), "%.8s-%02x", table->id + 2, number & 0xff);
}

/* One record of the chain. Return: sectors from the start of the extended partition to the next,
 * NONE for the last. */
static uint64_t record(struct nacre_image *image, const uint8_t *sector, struct nacre_table *table,
		       uint64_t at, int *number)
{
	uint64_t next = NONE;

	for (int i = 0; i < 4; i++) {
		struct mbr_entry m = nacre_mbr_entry(sector, i);

		if (!is_used(&m))
			continue;
		if (nacre_mbr_is_extended(m.type)) {
			if (next == NONE)
				next = m.start;
		} else if (i < 2) {
			name(image, table, (*number)++, &m, at);
		}
	}
	return next;
}

static bool visited(const struct mbr_chain *chain, uint64_t at)
{
	for (int i = 0; i < chain->count; i++)
		if (chain->at[i] == at)
			return true;
	return false;
}

/* @base: first sector of the extended partition */
static int follow(struct nacre_image *image, uint64_t base, struct nacre_table *table,
		  struct mbr_chain *chain, struct nacre_error *e)
{
	uint32_t size = table_sector(image);
	uint8_t sector[TABLE_SECTOR_MAX];
	int number = FIRST_LOGICAL;

	for (uint64_t at = base, next; ; at = base + next) {
		if (at >= image->size / size) {
			nacre_table_warn(table, "the chain of logical partitions leaves the disk after number %d",
					 number - 1);
			return 0;
		}
		if (visited(chain, at * size)) {
			nacre_table_warn(table, "the chain of logical partitions loops after number %d",
					 number - 1);
			return 0;
		}
		if (chain->count == NACRE_PARTITIONS_MAX || number > NACRE_PARTITIONS_MAX) {
			nacre_table_warn(table, "more than %d logical partitions: the rest is left out",
					 number - FIRST_LOGICAL);
			return 0;
		}
		if (nacre_image_read(image, at * size, sector, size, e))
			return -1;
		if (!is_signed(sector)) {
			nacre_table_warn(table, "the extended boot record at sector %" PRIu64 " is damaged", at);
			return 0;
		}
		chain->at[chain->count++] = at * size;
		next = record(image, sector, table, at, &number);
		if (next == NONE)
			return 0;
	}
}

int nacre_mbr_read(struct nacre_image *image, const uint8_t *sector, struct nacre_table *table,
		   struct mbr_chain *chain, struct nacre_error *e)
{
	uint32_t id = nacre_le32(sector + 440);
	bool followed = false;

	if (id)
		snprintf(table->id, sizeof(table->id), "0x%08x", id);
	table->first = table_sector(image);
	table->last = image->size - image->size % table_sector(image);
	for (int i = 0; i < 4; i++) {
		struct mbr_entry m = nacre_mbr_entry(sector, i);

		if (!is_used(&m))
			continue;
		name(image, table, i + 1, &m, 0);
		if (!nacre_mbr_is_extended(m.type))
			continue;
		if (followed) {
			nacre_table_warn(table, "partition %d is a second extended one: it is not looked into", i + 1);
			continue;
		}
		followed = true;
		if (follow(image, m.start, table, chain, e))
			return -1;
	}
	return 0;
}

/* Cylinder, head and sector of a last sector, for programs that still look: 255 heads, 63 sectors. */
static void put_chs(uint8_t *p, uint64_t sector)
{
	uint64_t cylinder = sector / (255 * 63);

	if (cylinder > 1023) {
		memcpy(p, "\xfe\xff\xff", 3);
		return;
	}
	p[0] = (uint8_t)(sector / 63 % 255);
	p[1] = (uint8_t)(sector % 63 + 1) | (uint8_t)(cylinder >> 8 << 6);
	p[2] = (uint8_t)cylinder;
}

/* Entry @number of the record at @at ends at @end, bytes; @base: what its start is counted from. */
static int lengthen(struct nacre_image *image, uint64_t at, int number, uint64_t base, uint64_t end,
		    struct nacre_error *e)
{
	uint8_t sector[TABLE_SECTOR_MAX], *p = sector + MBR_ENTRIES + number * MBR_ENTRY;
	uint32_t size = table_sector(image);

	if (nacre_image_read(image, at, sector, size, e))
		return -1;
	nacre_put_le32(p + 12, (uint32_t)((end - base) / size - nacre_le32(p + 8)));
	put_chs(p + 5, end / size - 1);
	return nacre_image_write(image, at, sector, size, e);
}

/* The entry of the extended boot records that describes @p. Return: 0, -1: read error, 1: there is none. */
static int find_logical(struct nacre_image *image, const struct mbr_chain *chain,
			const struct nacre_partition *p, uint64_t *at, int *entry, struct nacre_error *e)
{
	uint8_t sector[TABLE_SECTOR_MAX];
	uint32_t size = table_sector(image);

	for (int n = 0; n < chain->count; n++) {
		if (nacre_image_read(image, chain->at[n], sector, size, e))
			return -1;
		for (int i = 0; i < 2; i++) {
			struct mbr_entry m = nacre_mbr_entry(sector, i);

			if (!is_used(&m) || nacre_mbr_is_extended(m.type) ||
			    chain->at[n] + (uint64_t)m.start * size != p->start)
				continue;
			*at = chain->at[n];
			*entry = i;
			return 0;
		}
	}
	return 1;
}

/* A logical partition is also covered by a link of the record before it, whose length nobody checks
 * but sfdisk --verify. */
static int lengthen_link(struct nacre_image *image, const struct mbr_chain *chain, uint64_t record_at,
			 uint64_t end, struct nacre_error *e)
{
	uint8_t sector[TABLE_SECTOR_MAX];
	uint32_t size = table_sector(image);

	for (int n = 0; n < chain->count; n++) {
		if (nacre_image_read(image, chain->at[n], sector, size, e))
			return -1;
		for (int i = 0; i < 4; i++) {
			struct mbr_entry m = nacre_mbr_entry(sector, i);

			if (is_used(&m) && nacre_mbr_is_extended(m.type) &&
			    chain->at[0] + (uint64_t)m.start * size == record_at)
				return lengthen(image, chain->at[n], i, chain->at[0], end, e);
		}
	}
	return 0;
}

/* What an extended partition begins at is counted, too: it has to reach as far. */
uint64_t nacre_mbr_end(const struct nacre_image *image, uint64_t size)
{
	uint64_t most = (uint64_t)UINT32_MAX * table_sector(image);

	return (size < most ? size : most) & ~4095ull;
}

int nacre_mbr_grow_last(struct nacre_image *image, const struct nacre_table *table,
			struct nacre_partition *grown, struct nacre_error *e)
{
	const struct nacre_partition *last = nacre_table_last(table);
	struct nacre_table again = {.kind = NACRE_TABLE_MBR};
	struct mbr_chain chain = {.count = 0};
	uint64_t size = table_sector(image), end = nacre_mbr_end(image, image->size), at = 0;
	uint8_t sector[TABLE_SECTOR_MAX];
	int entry;

	if (!last)
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, image->path, "there is no partition that could grow");
	*grown = *last;
	if (nacre_image_read(image, 0, sector, size, e) || nacre_mbr_read(image, sector, &again, &chain, e))
		return -1;
	entry = last->number - 1;
	if (last->number >= FIRST_LOGICAL && chain.count) {
		int found = find_logical(image, &chain, last, &at, &entry, e);

		if (found)
			return found < 0 ? -1 : nacre_error_set(e, NACRE_E_INPUT, 0, image->path,
				"logical partition %d has no record of its own", last->number);
	}
	if (end <= last->start + last->length)
		return 0;
	grown->length = end - last->start;
	if (lengthen(image, at, entry, at, end, e))
		return -1;
	if (!at)
		return 0;
	if (lengthen_link(image, &chain, at, end, e))
		return -1;
	for (int i = 0; i < 4; i++) {
		struct mbr_entry m = nacre_mbr_entry(sector, i);

		if (is_used(&m) && m.start * size == chain.at[0])
			return lengthen(image, 0, i, 0, end, e);
	}
	return 0;
}
