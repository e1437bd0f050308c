/* SPDX-License-Identifier: BSD-2-Clause */
/* table.h - partition tables and boot records (C1, C7): MBR with extended partitions, GPT
 *
 * Read through the image; all of it is somebody else's bytes. Sources: UEFI 2.10 section 5 for GPT;
 * MBR as every BIOS has it, extended partitions as chains of at most NACRE_PARTITIONS_MAX records.
 */
#ifndef NACRE_DISK_TABLE_H
#define NACRE_DISK_TABLE_H

#include "disk/image.h"

enum { NACRE_PARTITIONS_MAX = 128 };

enum nacre_table_kind { NACRE_TABLE_NONE, NACRE_TABLE_MBR, NACRE_TABLE_GPT };
enum nacre_boot_record {
	NACRE_BOOT_NONE,
	NACRE_BOOT_GRUB, /* stage 1 of GRUB 2 */
	NACRE_BOOT_GRUB_LEGACY,
	NACRE_BOOT_WINDOWS,
	NACRE_BOOT_SYSLINUX,
	NACRE_BOOT_LILO,
	NACRE_BOOT_UNKNOWN /* there is code */
};

/** struct nacre_partition - bytes of the disk; @number as the system counts (logical ones from 5) */
struct nacre_partition {
	int number;
	uint64_t start, length;
	uint8_t mbr_type;   /* 0 in a GPT */
	char type[40];      /* GPT type GUID as text, "" in an MBR */
	char guid[40];      /* PARTUUID as the system prints it, both kinds */
	char name[112];     /* UTF-8 of the GPT's name */
	bool active, esp, extended, bios_boot;
};

/** struct nacre_table - a disk's table; a disk without one holds one file system or nothing */
struct nacre_table {
	enum nacre_table_kind kind;
	enum nacre_boot_record boot;
	char id[40];             /* disk signature or GUID as text */
	bool hybrid;             /* a GPT whose MBR has more than the protective entry */
	bool used_backup;        /* the first GPT was damaged, the one at the end was taken */
	bool backup_misplaced;   /* the backup is not at the end of the disk, or there is none */
	uint64_t first, last;    /* bytes that partitions may use: [first, last) */
	uint64_t embedded;       /* bytes after the table that hold a boot loader (core.img): to be copied */
	struct nacre_partition list[NACRE_PARTITIONS_MAX];
	int count;
	char warnings[8][160];   /* what is odd: overlaps, beyond the disk, loops */
	int warning_count;
};

/** nacre_table_read() - 0 also where there is no table (kind NONE); damage that leaves nothing usable is an error */
int nacre_table_read(struct nacre_image *image, struct nacre_table *table, struct nacre_error *e);
/** nacre_table_extents() - what of the disk outside of partitions has to be copied: tables, boot records, core.img */
int nacre_table_extents(struct nacre_image *image, const struct nacre_table *table,
			struct nacre_extents *used, uint32_t tag, struct nacre_error *e);
/**
 * nacre_table_fit() - after the disk grew, or where one copy of the GPT is damaged: both are made sound, the backup at the
 * end, and the protective MBR mended; nothing is done where all fits, and for MBR
 */
int nacre_table_fit(struct nacre_image *image, struct nacre_error *e);
/** nacre_table_last() - the partition that ends last; NULL: there is none. One in a container goes before it */
const struct nacre_partition *nacre_table_last(const struct nacre_table *table);
/** nacre_table_last_length() - how long it would be on a disk of @size bytes; a GPT of unusual size: nearly so */
uint64_t nacre_table_last_length(const struct nacre_image *image, const struct nacre_table *table,
				 uint64_t size);
/** nacre_table_grow_last() - the last partition takes what is free behind it; @grown: its number and new length */
int nacre_table_grow_last(struct nacre_image *image, struct nacre_partition *grown,
			  struct nacre_error *e);
const char *nacre_boot_record_name(enum nacre_boot_record boot);

#endif
