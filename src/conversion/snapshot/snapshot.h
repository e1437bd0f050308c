/* SPDX-License-Identifier: BSD-2-Clause */
/* snapshot.h - disks that are in use are copied as they were at one instant (C2, C3, C6, C19)
 *
 * DOC: Theory of Operation
 *
 * Tracking begins (tracker.h), then what is in use is copied while everything works; then what was written meanwhile,
 * and so on, until little is left. Then programs flush and hold (writers.h), all file systems are frozen at
 * once (freeze.h), what is still missing is read into memory, and everything goes on: milliseconds. What was read is
 * sent after that.
 *
 * A grain is up to date in the copy if it was read after its last change. At the instant, all grains that are in use are.
 * What is in use:
 * - ext4 and xfs: what the kernel's driver says at the instant (used.c);
 * - everything else: what was in use after tracking had begun and all was synced, and whatever was
 *   written since. What matters was there before, or was written.
 *
 * Between freeze and thaw nothing is written to any file system of these disks, no memory is asked for, and nothing is
 * said: the root file system may be among them.
 */
#ifndef NACRE_CONVERSION_SNAPSHOT_SNAPSHOT_H
#define NACRE_CONVERSION_SNAPSHOT_SNAPSHOT_H

#include "base/extents.h"
#include "conversion/snapshot/live.h"
#include "os/priority.h"

struct nacre_snapshot;
struct nacre_kept;
struct nacre_kept_record;

/** enum nacre_consistency - what a volume of the copy is like; each includes the ones before */
enum nacre_consistency {
	NACRE_CONSISTENT_CRASH,       /* as after a power cut */
	NACRE_CONSISTENT_FILE_SYSTEM, /* as after a clean sync: its own journal has nothing to mend */
	NACRE_CONSISTENT_APPLICATION  /* programs had flushed and held still */
};
const char *nacre_consistency_name(enum nacre_consistency c);

/** struct nacre_snapshot_sink - where data goes; several threads call at once, never for the same grain. Return: 0 or -1 with @e */
struct nacre_snapshot_sink {
	int (*write)(void *arg, unsigned disk, uint64_t offset, const void *data, size_t size, struct nacre_error *e);
	int (*zero)(void *arg, unsigned disk, uint64_t offset, uint64_t length, struct nacre_error *e);
	void *arg;
};

/** struct nacre_snapshot_says - what happens meanwhile, never while anything is frozen; may be NULL */
struct nacre_snapshot_says {
	void (*round)(void *arg, int number, uint64_t bytes);       /* begins, with so much to do */
	void (*bytes)(void *arg, uint64_t done, uint64_t total);    /* of this round */
	void (*dirty)(void *arg, uint64_t bytes);                   /* were written since it began; before each of the above */
	void (*slowed)(void *arg, uint64_t bytes_per_second);       /* programs may write so much from here on; 0: as before */
	void (*writer)(void *arg, const char *name, const char *problem); /* a hook was called; NULL: all went well */
	void *arg;
};

/** struct nacre_snapshot_options - zero is a good default for all */
struct nacre_snapshot_options {
	uint32_t max_freeze_ms;            /* 0: 2000 */
	uint64_t bytes_per_second;         /* 0: as fast as it goes */
	bool zero_bad;                     /* what cannot be read becomes zeroes, and is counted; else it is an error */
	enum nacre_consistency require;    /* less than this is an error, found before anything else is done with the copy */
	const char *const *hook_directories; /* NULL-ended; NULL: none */
	uint32_t hook_timeout_s;           /* 0: 30 */
	const char *const *stop_cgroups;   /* NULL-ended directories, NULL: none */
	const char *const *throttle_cgroups; /* may be slowed down where they write faster than is copied; as stop_cgroups */
	/** priority from the first hook to the last, and in between that of the caller; NULL: the same */
	const struct nacre_priority *holding;
	uint32_t unwanted;                 /* tag in the maps of what is left out whatever is mounted there; 0: nothing is */
	/** called once, when little is left: what is to stop for good stops now, and what it writes then is copied. May be NULL */
	int (*last)(void *arg, struct nacre_error *e);
	void *last_arg;
	struct nacre_snapshot_says says;
	/** for tests: everything is frozen and sent; the time that it takes does not count. May be NULL */
	void (*held)(void *arg);
	void *held_arg;
};

enum { NACRE_SNAPSHOT_WRITERS = 32 };

/** struct nacre_snapshot_volume - what became of one file system */
struct nacre_snapshot_volume {
	char mount[256], type[16], why[160];
	enum nacre_consistency consistency;
};

struct nacre_snapshot_result {
	double seconds, frozen_ms, held_ms; /* held: hooks, from the first call to the last */
	int rounds, restarts;            /* restarts: the kernel had not reported all changes, all was copied again */
	uint64_t read, written, zeroes;  /* bytes */
	uint64_t last;                   /* bytes that were read while frozen */
	uint64_t used;                   /* bytes in use at the instant */
	uint64_t slowed_to;              /* bytes a second that programs were slowed down to at last; 0: they were not */
	double slowed_s;                 /* for so long */
	uint64_t bad, first_bad;         /* grains that could not be read, and where the first is */
	struct nacre_snapshot_volume volumes[NACRE_LIVE_MAX];
	int volume_count;
	struct {
		char name[64], problem[128]; /* "": none */
	} writers[NACRE_SNAPSHOT_WRITERS];
	int writer_count;
};

/**
 * nacre_snapshot_open() - find what is mounted from @paths, begin to track, sync
 * @paths: block devices, whole disks
 *
 * What the caller finds out about the disks' use from now on, together with what is tracked, is complete.
 */
struct nacre_snapshot *nacre_snapshot_open(const char *const *paths, unsigned count, struct nacre_error *e);
/**
 * nacre_snapshot_again() - the same, where tracking of an earlier copy may have been left behind
 * @left: of each disk a directory (kept.h), whose tracking goes on if it can be trusted, and is removed if not
 *
 * A disk of such a copy need not be copied as a whole again: nacre_snapshot_kept().
 */
struct nacre_snapshot *nacre_snapshot_again(const char *const *paths, const char *const *left, unsigned count,
					    struct nacre_error *e);
/** nacre_snapshot_kept() - the record of the earlier copy of a disk, to be changed; NULL: there is none */
struct nacre_kept *nacre_snapshot_kept(const struct nacre_snapshot *s, unsigned disk);
/** nacre_snapshot_distrust() - the earlier copy of a disk is not what was believed: all of it is to be copied */
void nacre_snapshot_distrust(struct nacre_snapshot *s, unsigned disk);
/** nacre_snapshot_trusted() - is only what changed since an earlier copy read of this disk? */
bool nacre_snapshot_trusted(const struct nacre_snapshot *s, unsigned disk);
/**
 * nacre_snapshot_read() - after a run: what a disk has now, and what of it is still as it was at the instant
 * @offset, @size: whole grains, but for the end of the disk; @data: aligned to 4096
 * @same: of each grain: it was not written between the instant and the end of this call, and could be read
 */
void nacre_snapshot_read(struct nacre_snapshot *s, unsigned disk, uint64_t offset, uint8_t *data, size_t size, bool *same);
/** nacre_snapshot_lost() - after a run: was for certain something written that was not seen? */
bool nacre_snapshot_lost(const struct nacre_snapshot *s);
/** nacre_snapshot_overwritten() - after a run: something else was written there to the copy of a disk */
void nacre_snapshot_overwritten(struct nacre_snapshot *s, unsigned disk, uint64_t offset, uint64_t length);
/**
 * nacre_snapshot_leave() - after a run: the disk is tracked on when all is closed, from the instant of the run
 * @directory: that was given to nacre_snapshot_again(), on a BPF file system
 */
int nacre_snapshot_leave(struct nacre_snapshot *s, unsigned disk, const char *directory,
			 const struct nacre_kept_record *record, struct nacre_error *e);
const struct nacre_lives *nacre_snapshot_lives(const struct nacre_snapshot *s);
uint64_t nacre_snapshot_size(const struct nacre_snapshot *s, unsigned disk);
/**
 * nacre_snapshot_run() - copy, until the instant is in the sink
 * @maps: of each disk: extents of tag 0 are in use (enum nacre_fs_use NACRE_FS_USED); what has another tag is left out where
 *        nothing is mounted. Volumes whose kernel driver tells are asked anew. Volumes that are unwanted are not frozen
 *
 * On an error everything goes on as if nothing had been.
 */
int nacre_snapshot_run(struct nacre_snapshot *s, const struct nacre_extents *const *maps,
		       const struct nacre_snapshot_sink *sink, const struct nacre_snapshot_options *o,
		       struct nacre_snapshot_result *result, struct nacre_error *e);
/** nacre_snapshot_used() - after a run: grains in use at the instant, @grain: their size */
const uint64_t *nacre_snapshot_used(const struct nacre_snapshot *s, unsigned disk, uint32_t *grain);
void nacre_snapshot_close(struct nacre_snapshot *s);

#endif
