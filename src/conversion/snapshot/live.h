/* SPDX-License-Identifier: BSD-2-Clause */
/* live.h - the file systems that are mounted from a disk, and how what they use is asked for
 *
 * A file system is found where its device is the disk, a partition of it, something that the device mapper or md
 * makes of those, or a loop device whose file lies in a file system that was found. They are in the order in which they are to be
 * frozen: what lies in another one comes before it.
 */
#ifndef NACRE_CONVERSION_SNAPSHOT_LIVE_H
#define NACRE_CONVERSION_SNAPSHOT_LIVE_H

#include <nacre/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { NACRE_LIVE_MAX = 64, NACRE_LIVE_DISKS = 16 };

/** enum nacre_live_map - who knows what of the volume is in use */
enum nacre_live_map {
	NACRE_LIVE_READER, /* nobody but who reads the disk */
	NACRE_LIVE_FSMAP,  /* FS_IOC_GETFSMAP; exact at any time */
	NACRE_LIVE_BTRFS,  /* BTRFS_IOC_TREE_SEARCH; exact after a sync, for what was not written since */
	NACRE_LIVE_ELSEWHERE /* it lies on the disk, but not as one piece of it (LVM, a loop device's file) */
};

/** struct nacre_live - one file system, however often it is mounted */
struct nacre_live {
	char mount[256], type[16];
	dev_t device;         /* that it is on */
	int fd;               /* its root directory; -1: it cannot be reached, see .problem */
	int disk;             /* of those that were asked for */
	uint64_t start, length; /* on that disk, bytes; not for NACRE_LIVE_ELSEWHERE */
	enum nacre_live_map map;
	bool read_only;
	int depth;            /* 0: on the disk itself; more for what lies in others */
	char problem[96];
};

struct nacre_lives {
	struct nacre_live list[NACRE_LIVE_MAX];
	int count;
};

/**
 * nacre_live_find() - all that are mounted from @disks, as this process sees mounts
 * @lives: nacre_live_free() in any case
 */
int nacre_live_find(const dev_t *disks, int count, struct nacre_lives *lives, struct nacre_error *e);
void nacre_live_free(struct nacre_lives *lives);
/** nacre_live_of() - the one of them that @fd, a file or directory, lies in; NULL: none */
const struct nacre_live *nacre_live_of(const struct nacre_lives *lives, int fd);

/** struct nacre_live_memory - what nacre_live_used() works with; it takes no memory of its own */
struct nacre_live_memory;
struct nacre_live_memory *nacre_live_memory_new(void);
void nacre_live_memory_free(struct nacre_live_memory *memory);

/**
 * nacre_live_used() - mark the grains of @live that hold anything in use, unmark all others of it
 * @bits:  of the disk, a bit per grain of @grain bytes; a grain that is partly free is in use
 *
 * For FSMAP and BTRFS only. May be called while the file system is frozen.
 */
int nacre_live_used(const struct nacre_live *live, struct nacre_live_memory *memory, uint32_t grain,
		    uint64_t *bits, struct nacre_error *e);

#endif
