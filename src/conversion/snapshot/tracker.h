/* SPDX-License-Identifier: BSD-2-Clause */
/* tracker.h - which grains of a disk were written since they were last asked for (C2)
 *
 * DOC: Theory of Operation
 *
 * A BPF program of ours (tracker.bpf.c) runs when the kernel has completed a request, or a bio of a disk that has no requests, and sets the bits of
 * its grains in an array that is mapped here as well. There is no queue that could overflow. The owner takes bits by
 * exchanging words for zero, and reads the grains afterwards: what is written in between is marked again. Bits are cleared by
 * atomic operations that are full barriers, and by nothing else: the program relies on it.
 *
 * When it cannot be trusted it says so, rather than guess:
 * - before: a kind of device whose writes do not all pass there (nacre_tracker_judge()), a kernel that does
 *   not let programs be loaded;
 * - afterwards (nacre_tracker_check()): the kernel skipped the program, because it was at work already on that processor
 *   (recursion_misses); a write beyond the disk; a command whose place is not known;
 * - and whenever it is asked (nacre_tracker_lost()): while somebody else begins or ends to trace the same place, the
 *   kernel now and then calls nobody, and counts nothing (about one in 10^5 changes, on Linux 6.18). So the program adds up the sectors
 *   of what it has seen, and the sum is compared with the disk's own statistics, which the kernel keeps right beside the place that is
 *   traced.
 *
 * A tracker may be left behind in a directory of a BPF file system: it goes on without us, and is found there
 * again until the machine is shut down.
 */
#ifndef NACRE_CONVERSION_SNAPSHOT_TRACKER_H
#define NACRE_CONVERSION_SNAPSHOT_TRACKER_H

#include <nacre/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct nacre_tracker;

/** struct nacre_tracker_disk - @device: of the whole disk, never of a partition; @size in bytes */
struct nacre_tracker_disk {
	const char *path; /* for messages */
	dev_t device;
	uint64_t size;
	uint32_t grain;   /* bytes: a power of two, 4 KiB to 64 KiB */
};

/**
 * nacre_tracker_judge() - can the changes of a disk be told?
 * @sysfs: the disk's directory in /sys/block, with a path of its own in tests
 * @name:  for messages
 *
 * Return: 0, or -1 with the reason (NACRE_E_SUPPORT).
 */
int nacre_tracker_judge(const char *sysfs, const char *name, struct nacre_error *e);
/** nacre_tracker_of_bios() - is it one whose driver takes bios, not requests? @sysfs as above */
bool nacre_tracker_of_bios(const char *sysfs);

/**
 * nacre_tracker_open() - track from now on; every grain is unmarked
 *
 * What ends after this call returned is marked. Memory of the kernel: a bit per grain.
 */
struct nacre_tracker *nacre_tracker_open(const struct nacre_tracker_disk *disk, struct nacre_error *e);
/**
 * nacre_tracker_begin() - what nacre_tracker_lost() tells is of the time from now on
 *
 * After the last nacre_tracker_open() of any disk, and before anything is read: to attach a second one can lose changes
 * of the first. Waits for a moment in which nothing is written, some 100 ms at most.
 */
int nacre_tracker_begin(struct nacre_tracker *t, struct nacre_error *e);
/**
 * nacre_tracker_lost() - was anything written that is not marked? Every grain may be it
 *
 * To be asked after nacre_tracker_take(), while nothing writes to the disk; of a disk that is being written to it may say yes without
 * need.
 */
bool nacre_tracker_lost(struct nacre_tracker *t);
/** nacre_tracker_missed() - the same for certain, where there is time: of a disk that is being written to it waits for a moment's pause */
bool nacre_tracker_missed(struct nacre_tracker *t);

/** nacre_tracker_words() - 64-bit words of the bitmap; bit 0 of word 0 is the first grain */
size_t nacre_tracker_words(const struct nacre_tracker *t);
/**
 * nacre_tracker_take() - add what was marked since to @bits, and unmark it
 *
 * Whatever is read of the disk from now on is at least as new as the marks that were taken. No page is touched
 * besides @bits and the map. Return: the marks that were taken.
 */
uint64_t nacre_tracker_take(struct nacre_tracker *t, uint64_t *bits);
/** nacre_tracker_is_marked() - was grain @grain written since marks were last taken? Its mark stays */
bool nacre_tracker_is_marked(const struct nacre_tracker *t, uint64_t grain);
/** nacre_tracker_marked() - grains that are marked now; they stay so */
uint64_t nacre_tracker_marked(const struct nacre_tracker *t);
/**
 * nacre_tracker_witness() - from now on, before a mark is taken, its bit is cleared in @bits: who is killed with marks that he took
 * leaves word of it there. Memory that lasts longer than we do; NULL: no more
 */
void nacre_tracker_witness(struct nacre_tracker *t, uint64_t *bits);
/** nacre_tracker_put_back() - mark these again: they were taken, but not used */
void nacre_tracker_put_back(struct nacre_tracker *t, const uint64_t *bits);
/** nacre_tracker_check() - 0: nothing was missed so far; -1: what, and why */
int nacre_tracker_check(struct nacre_tracker *t, struct nacre_error *e);
/** nacre_tracker_events() - changes that were marked so far */
uint64_t nacre_tracker_events(const struct nacre_tracker *t);
/** nacre_tracker_close() - also NULL; the tracking ends, unless it was left behind */
void nacre_tracker_close(struct nacre_tracker *t);

/**
 * nacre_tracker_leave() - let it go on when we are gone
 * @directory: on a BPF file system; is made, must not be there
 */
int nacre_tracker_leave(struct nacre_tracker *t, const char *directory, struct nacre_error *e);
/** nacre_tracker_find() - the one that was left in @directory; of the same disk, or NACRE_E_ABSENT */
struct nacre_tracker *nacre_tracker_find(const struct nacre_tracker_disk *disk, const char *directory,
					 struct nacre_error *e);
/** nacre_tracker_forget() - remove what was left in @directory; the tracking ends when nobody has it open */
void nacre_tracker_forget(const char *directory);

#endif
