/* SPDX-License-Identifier: BSD-2-Clause */
/* tracker_shared.h - what the BPF program and its owner both know */
#ifndef NACRE_CONVERSION_SNAPSHOT_TRACKER_SHARED_H
#define NACRE_CONVERSION_SNAPSHOT_TRACKER_SHARED_H

enum { TRACKER_LAYOUT = 3 };

/** struct tracker_target - read-only data of the program; set before it is loaded */
struct tracker_target {
	__u32 major, minor; /* of the whole disk, also for I/O to its partitions */
	__u32 shift;        /* a grain is 1 << shift sectors of 512 bytes */
	__u32 layout;       /* TRACKER_LAYOUT: what another version of us has left behind is not taken for our own */
	__u32 bios, spare;  /* @bios: not 0: it has no requests */
	__u64 grains;       /* on the disk; the bitmap has that many bits, rounded up */
};

/** enum tracker_counter - what is counted, and noted */
enum tracker_counter {
	TRACKER_EVENTS,  /* completed changes that were marked */
	TRACKER_SECTORS, /* how many sectors they had, of 512 bytes, bios: those that write data. To be compared with the disk's statistics */
	TRACKER_BASE,    /* in the owner's row: what those had more at the beginning */
	TRACKER_OUTSIDE, /* changes that lie beyond the bitmap: the disk is not what it was */
	TRACKER_ALL,     /* changes too long to be marked one by one: every grain may have changed */
	TRACKER_UNKNOWN, /* commands that may have written, and do not say where (SG_IO, NVMe passthrough) */
	TRACKER_EARLY,   /* bios that were not seen when they began; in the owner's row: how many there were at the beginning */
	TRACKER_ZEROES,  /* sectors of bios that write zeroes: some drivers have them in their statistics */
	TRACKER_CELLS
};

/** struct tracker_row - of the map "counters": a cache line for each processor, and one for the owner after them */
struct tracker_row {
	__u64 cells[TRACKER_CELLS];
};

#endif
