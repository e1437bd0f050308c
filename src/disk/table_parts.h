/* SPDX-License-Identifier: BSD-2-Clause */
/* table_parts.h - what table.c, mbr.c, gpt.c and boot_record.c share */
#ifndef NACRE_DISK_TABLE_PARTS_H
#define NACRE_DISK_TABLE_PARTS_H

#include "disk/table.h"

enum {
	MBR_SIZE = 512,
	MBR_ENTRIES = 446,    /* offset of the four entries */
	MBR_ENTRY = 16,
	MBR_PROTECTIVE = 0xee,
	GPT_ENTRY_MIN = 128,
	GPT_ENTRY_MAX = 4096,
	GPT_ENTRIES_BYTES = 1 << 20, /* more than any system makes: 128 entries of 128 bytes are usual */
	TABLE_SECTOR_MAX = 4096
};

/** struct mbr_entry - one of four, as it stands there; sectors */
struct mbr_entry {
	uint8_t flag, type;
	uint32_t start, count;
};

/** struct mbr_chain - the extended boot records in their order, bytes of the disk */
struct mbr_chain {
	uint64_t at[NACRE_PARTITIONS_MAX];
	int count;
};

/** struct gpt_header - the members that matter; sectors */
struct gpt_header {
	uint8_t raw[TABLE_SECTOR_MAX]; /* the sector */
	uint32_t size;		       /* of the header in it */
	uint64_t own, other, first, last, entries;
	uint32_t count, entry_size, entries_crc;
	uint8_t *list; /* the entries: count * entry_size bytes; new memory */
	size_t list_size;
};

/** struct gpt - both copies; a copy that is not usable has list NULL and says why */
struct gpt {
	struct gpt_header first, second;
	char why_first[96], why_second[96];
};

static inline uint32_t table_sector(const struct nacre_image *image)
{
	return image->sector == 4096 ? 4096 : 512;
}

void nacre_table_warn(struct nacre_table *table, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/** nacre_table_add() - a partition that is cut where the disk ends. Return: it, or NULL: warned, left out */
struct nacre_partition *nacre_table_add(const struct nacre_image *image, struct nacre_table *table,
					int number, uint64_t start, uint64_t length);

struct mbr_entry nacre_mbr_entry(const uint8_t *sector, int number);
bool nacre_mbr_is_extended(uint8_t type);
/** nacre_mbr_is_table() - @sector has four entries that make sense, rather than a file system's boot sector */
bool nacre_mbr_is_table(const struct nacre_image *image, const uint8_t *sector);
/** nacre_mbr_read() - add the partitions; @chain: filled with the extended boot records */
int nacre_mbr_read(struct nacre_image *image, const uint8_t *sector, struct nacre_table *table,
		   struct mbr_chain *chain, struct nacre_error *e);
/** nacre_mbr_end() - where partitions may end, at most, on a disk of @size bytes */
uint64_t nacre_mbr_end(const struct nacre_image *image, uint64_t size);
int nacre_mbr_grow_last(struct nacre_image *image, const struct nacre_table *table,
			struct nacre_partition *grown, struct nacre_error *e);

/** nacre_gpt_load() - read both copies; -1 only when reading fails; else nacre_gpt_free() at the end */
int nacre_gpt_load(struct nacre_image *image, const uint8_t *mbr, struct gpt *gpt,
		   struct nacre_error *e);
void nacre_gpt_free(struct gpt *gpt);
/** nacre_gpt_valid() - the copy that counts, NULL if none does */
struct gpt_header *nacre_gpt_valid(struct gpt *gpt);
int nacre_gpt_read(struct nacre_image *image, const uint8_t *mbr, struct nacre_table *table,
		   struct nacre_error *e);
int nacre_gpt_fit(struct nacre_image *image, struct nacre_error *e);
int nacre_gpt_grow_last(struct nacre_image *image, const struct nacre_table *table,
			struct nacre_partition *grown, struct nacre_error *e);

enum nacre_boot_record nacre_boot_record_find(const uint8_t *sector);

#endif
