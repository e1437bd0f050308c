/* SPDX-License-Identifier: BSD-2-Clause */
/* fat.h - the driver for FAT12, FAT16 and FAT32 with long names
 *
 * DOC: Theory of Operation
 *
 * Source: Microsoft, FAT32 File System Specification 1.03 (2000), which has the long names as well.
 *
 * Nothing but the boot sector's numbers is kept: table entries and directory slots are read from
 * the cache (driver/disk.c) and written to it, into all copies of the table. A chain of clusters is
 * never followed for more steps than there are clusters. Whoever opens for writing first has the
 * whole tree walked (check.c): where two chains share a cluster, changing the one would break the
 * other, so nothing is changed there.
 *
 * A directory is a sequence of slots of 32 bytes. A long name stands in slots before that of the
 * short name, last part first; they count only if they are complete, in order, and carry the
 * checksum of the short name. Else they are left-overs of a system that knew no long names.
 */
#ifndef NACRE_FS_FAT_H
#define NACRE_FS_FAT_H

#include "fs/driver/driver.h"

enum {
	FAT_SLOT = 32,
	FAT_RUN = 512, /* entries that are read at once, where all are */
	FAT_SLOTS_MOST = 65536, /* of a directory, by the specification */
	FAT_FREE = 0,		/* table entries; the special ones as FAT32 has them */
	FAT_BAD = 0x0ffffff7,
	FAT_END = 0x0fffffff,
	FAT_READ_ONLY = 1, /* attributes */
	FAT_LABEL = 8,
	FAT_DIRECTORY = 16,
	FAT_ARCHIVE = 32,
	FAT_LONG = 15,
	FAT_UNITS = 255 /* of a long name, in UTF-16 */
};

struct nacre_fs {
	struct fs_disk disk;
	uint32_t bits;					    /* 12, 16, 32 */
	uint32_t sector, cluster;			    /* bytes */
	uint64_t size, table, table_size, fixed_root, data; /* bytes, offsets */
	uint32_t tables, first_table, fixed_slots;
	uint32_t clusters; /* 2 .. clusters + 1 are their numbers */
	uint32_t root;	   /* first cluster of the root directory, 0: it has a fixed place */
	uint64_t fsinfo;   /* offset, 0: none */
	uint32_t state, serial;
	char label[NACRE_FS_NAME];
	/* of writing: */
	bool counted, changed;
	uint32_t free, next;
	/* where a chain was left: reading a file by pieces does not begin anew each time */
	uint32_t near_first, near_index, near_cluster;
};

/** struct fat_dir - a directory; @first: 0 for the root in its fixed place */
struct fat_dir {
	uint32_t first;
};

/** struct fat_node - what a name leads to; @slot 0 with @root: the root directory, which has none
 */
struct fat_node {
	bool root;
	struct fat_dir parent;
	uint32_t long_slot, slot; /* the name's first slot; the slot of the short name */
	uint64_t at;		  /* offset of the latter */
	uint32_t first, size;
	uint8_t attributes;
	uint16_t date, time;
	char name[NACRE_FS_NAME];
	uint8_t short_name[11];
	char short_text[64];
};

/* table.c */
/** fat_get() - entry of @cluster; special values as in FAT32. EUCLEAN: no such cluster */
int fat_get(struct nacre_fs *f, uint32_t cluster, uint32_t *value);
/** fat_get_run() - entries of @count clusters from @cluster on, at most FAT_RUN */
int fat_get_run(struct nacre_fs *f, uint32_t cluster, uint32_t count, uint32_t *values);
int fat_put(struct nacre_fs *f, uint32_t cluster, uint32_t value);
bool fat_is_cluster(const struct nacre_fs *f, uint32_t cluster);
uint64_t fat_cluster_offset(const struct nacre_fs *f, uint32_t cluster);
/** fat_nth() - the cluster that is @index steps after @first; *cluster 0: the chain ends before */
int fat_nth(struct nacre_fs *f, uint32_t first, uint32_t index, uint32_t *cluster);
/** fat_count() - set f->free and f->next from the table, once */
int fat_count(struct nacre_fs *f);
/** fat_allocate() - @count clusters, chained, ended; nothing is taken if there are not so many:
 * ENOSPC */
int fat_allocate(struct nacre_fs *f, uint32_t count, uint32_t *first);
/** fat_release() - free a chain from @first on */
int fat_release(struct nacre_fs *f, uint32_t first);

/* check.c */
/** fat_check() - walk the tree. Return: EUCLEAN where chains are crossed, looped or broken */
int fat_check(struct nacre_fs *f);

/* slots.c */
/** fat_slot_offset() - where slot @index of @dir is; *offset 0: the directory ends before */
int fat_slot_offset(struct nacre_fs *f, struct fat_dir dir, uint32_t index, uint64_t *offset);
/** fat_next() - the name at or after slot *@index, which moves behind it. Return: 0, ENOENT: no
 * more, errno */
int fat_next(struct nacre_fs *f, struct fat_dir dir, uint32_t *index, struct fat_node *node);
int fat_find(struct nacre_fs *f, const char *path, struct fat_node *node);
/** fat_find_in() - by long or short name, whatever the capitals */
int fat_find_in(struct nacre_fs *f, struct fat_dir dir, const char *name, struct fat_node *node);
uint8_t fat_checksum(const uint8_t *short_name);
/** fat_label() - of the root directory, if it has one */
int fat_label(struct nacre_fs *f, char *text, size_t capacity);

/* short.c */
/** fat_short_text() - a short name as text; @nt: which parts are in small letters */
void fat_short_text(const uint8_t *name, uint8_t nt, char *text, size_t capacity);
/** fat_short_whole() - does @name need no long name? Then @short_name is it */
bool fat_short_whole(const char *name, uint8_t *short_name);
/** fat_short_make() - the @number-th try at a short name for @name */
void fat_short_make(const char *name, uint32_t number, uint8_t *short_name);

/* link.c */
/** fat_insert() - put a name into @dir: @slot32 has all but the short name */
int fat_insert(struct nacre_fs *f, struct fat_dir dir, const char *name, const uint8_t *slot32);
/** fat_erase() - take a name's slots away; its clusters stay */
int fat_erase(struct nacre_fs *f, const struct fat_node *node);
/** fat_set_first() - @node's first cluster and size, in its slot too */
int fat_set_first(struct nacre_fs *f, struct fat_node *node, uint32_t first, uint32_t size);
/** fat_stamp() - date and time of @seconds since 1970, within what FAT knows */
void fat_stamp(int64_t seconds, uint16_t *date, uint16_t *time);
int64_t fat_seconds(uint16_t date, uint16_t time);

#endif
