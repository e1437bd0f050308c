/* SPDX-License-Identifier: BSD-2-Clause */
/* disks.h - the disks of a snapshot, and a bit for each of their grains; part of snapshot.h, which explains it */
#ifndef NACRE_CONVERSION_SNAPSHOT_DISKS_H
#define NACRE_CONVERSION_SNAPSHOT_DISKS_H

#include "conversion/snapshot/kept.h"
#include "conversion/snapshot/snapshot.h"
#include "conversion/snapshot/swapfile.h"
#include "conversion/snapshot/tracker.h"

/* Bitmaps of one disk, each of @words: */
struct disk {
	char path[64];
	int fd;
	dev_t device;
	uint64_t size, grains;
	uint32_t grain;
	size_t words;
	struct nacre_tracker *tracker;
	struct nacre_kept *kept; /* of an earlier copy, which goes on; NULL: this is a first one */
	bool trusted;            /* that copy has what is said there */
	uint64_t *used;    /* in use, as of the last time that was asked */
	uint64_t *begun;   /* in use by the caller's map */
	uint64_t *have;    /* up to date in the copy */
	uint64_t *marks;   /* the last that were taken */
	uint64_t *ever;    /* written since tracking began */
	uint64_t *left;    /* never copied where nothing is mounted: swap */
	uint64_t *swap;    /* the content of files that are swapped to: not in use */
	uint64_t *unwanted; /* never copied, whatever is there */
	uint64_t *todo;
};

struct nacre_snapshot {
	struct disk disks[NACRE_LIVE_DISKS];
	unsigned count;
	struct nacre_lives lives;
	struct nacre_live_memory *memory;
	struct swapfiles swapfiles;
};

/** disks_sync() - what the file systems hold is on the disks */
void disks_sync(const struct nacre_snapshot *s);
/** disks_take_map() - what the caller knows of a disk's use: tag 0 is in use, others are left out; see snapshot.h for @unwanted */
void disks_take_map(struct disk *d, const struct nacre_extents *map, uint32_t unwanted);
/** disks_drop_unwanted() - nothing that is mounted from unwanted volumes is looked at any more */
void disks_drop_unwanted(struct nacre_snapshot *s);
/** disks_keep_mounted() - nothing is left out of what is mounted */
void disks_keep_mounted(struct nacre_snapshot *s);
/** disks_take_marks() - what was written since is not up to date any more */
void disks_take_marks(struct nacre_snapshot *s);
/** disks_find_begun() - after a sync: ask again what of btrfs is in use */
int disks_find_begun(struct nacre_snapshot *s, struct nacre_error *e);
/** disks_find_swap() - where swap files lie; not while anything is frozen */
void disks_find_swap(struct nacre_snapshot *s);
/** disks_find_used() - what is in use now */
int disks_find_used(struct nacre_snapshot *s, struct nacre_error *e);
/** disks_find_todo() - Return: bytes that are in use and not up to date; they are in todo */
uint64_t disks_find_todo(struct nacre_snapshot *s);
/** disks_have_todo() - todo was copied */
void disks_have_todo(struct nacre_snapshot *s);
/** disks_dirty() - bytes that were written since marks were last taken */
uint64_t disks_dirty(const struct nacre_snapshot *s);
/** disks_distrust() - nothing of the disk is up to date in the copy, whatever was believed */
void disks_distrust(struct disk *d);
/** disks_lost() - was anything written that was not marked? */
bool disks_lost(const struct nacre_snapshot *s);

#endif
