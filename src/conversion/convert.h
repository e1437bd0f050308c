/* SPDX-License-Identifier: BSD-2-Clause */
/* convert.h - disks become a virtual machine (C14, C17, C18, C19, C20)
 *
 * DOC: Theory of Operation
 *
 * The instructions, in order: look (inventory), plan (map), and from there on as transfer/transfer.h has it: the
 * disk is made, what is in use is copied, table and boot record are fitted, the fix-ups made, the machine defined,
 * reported, proved to boot. The source is only ever read. Until it is defined the machine is DIRECTORY.partial, and
 * its image has no valid header or footer until it is mended: what a run that was cut short leaves
 * cannot be taken for a disk. A copy that was cut short can be resumed. The directory that results is
 * portable: copy it, adjust, run.
 */
#ifndef NACRE_CONVERSION_CONVERT_H
#define NACRE_CONVERSION_CONVERT_H

#include "conversion/again.h"
#include "conversion/fixup/fixup.h"
#include "conversion/plan.h"
#include "conversion/snapshot/snapshot.h"
#include "conversion/transfer/remote.h"
#include "machine/definition.h"
#include "machine/qemu/qemu.h"

/** struct nacre_convert_says - what a run tells while it works; any may be NULL */
struct nacre_convert_says {
	void (*stage)(void *arg, const char *stage);                     /* "looking", "copying"... */
	void (*bytes)(void *arg, uint64_t done, uint64_t total);         /* of the copy, or of this round of it */
	void (*round)(void *arg, int number, uint64_t bytes);            /* of a source in use; 0: all that is used */
	void (*dirty)(void *arg, uint64_t bytes);                        /* written meanwhile: for the next round */
	void (*slowed)(void *arg, uint64_t bytes_per_second);            /* programs may write so much; 0: as before */
	void (*fix)(void *arg, const char *fix, const char *sentence);   /* planned or done */
	void (*boot)(void *arg, const char *stage, double seconds);
	void *arg;
};

/** struct nacre_convert_options - zero is a good default for all but the paths */
struct nacre_convert_options {
	const char *sources[NACRE_DISKS_MAX]; /* images or block devices; the first is the one that is booted from */
	int source_count;
	const char *source_format; /* NULL: by content */
	bool own;                /* this computer runs from them: its memory, CPUs and cards are the machine's */
	const char *const *volumes; /* only these, NULL-ended: see nacre_plan_choose(). NULL: all */
	const char *directory;   /* to be made: disk0.*, NAME.xml, nacre.json, report.html */
	const struct nacre_remote *remote; /* ... at another computer; NULL: here */
	const char *format;      /* "vhd" (default), "vhd-fixed", "raw" */
	const char *name;        /* NULL: the directory's last part */
	uint64_t size;           /* of the new first disk; 0: as the source */
	bool grow_last;
	bool plan_only, no_check;
	const char *spool;       /* where a source in use is until it is streamed; NULL: a usual place with room */
	bool streamed;           /* no directory: a VHD goes to standard output */
	bool resume;             /* go on with what an earlier run left */
	bool zero_bad;           /* of a source that nobody uses: what cannot be read becomes zeroes, and is counted */
	bool fix_at_source;      /* to another computer: the fix-ups are made here, and it gets them as data */
	bool again;              /* bring up to date what an earlier run made, and keep what a later one needs */
	bool cutover;            /* the same for the last time: */
	const char *const *cutover_units; /* ... these services stop, and stay stopped if all goes well. NULL-ended, may be NULL */
	bool verify;             /* read source and copy again, and compare */
	uint32_t memory_mb, cpus; /* 0: the source's, where this computer is it; else 2048 and 2 */
	int timeout_s;            /* of the boot check; 0: 300, without KVM 600 */
	struct nacre_fix_options fix;
	/** the sources are block devices in use: they are copied as they are at one instant. NULL: nobody uses them */
	const struct nacre_snapshot_options *live;
	struct nacre_convert_says says;
};

/** struct nacre_convert_result - figures for the user; the rest is in nacre.json and the report */
struct nacre_convert_result {
	struct nacre_definition definition;
	uint64_t used, skipped, read, written, sent; /* @sent: over the connection, if there is one */
	uint64_t there; /* bytes that an earlier run had copied already */
	uint64_t bad, first_bad; /* places of a few KiB that could not be read, and the byte of the first */
	char host[64]; /* the other computer's name for itself, or "" */
	double seconds_look, seconds_copy, seconds_fix;
	size_t changes;
	struct nacre_snapshot_result snapshot; /* of a source in use */
	struct nacre_again_result again;
	double downtime_ms; /* of services that were stopped; 0: none was */
	bool started_again; /* they were, as not all went well */
	uint64_t verified, written_since; /* bytes that were compared, and those that only the sink's note could be compared with */
	bool data;     /* there is no system on the disks that were asked for: nothing was fixed */
	bool checked;
	bool resumable; /* it failed, and what was copied is kept */
	struct nacre_boot_result boot;
};

/** nacre_convert() - all of it; on an error nothing is left of what it made, unless result->resumable */
int nacre_convert(const struct nacre_convert_options *o, struct nacre_convert_result *result,
		  struct nacre_error *e);

/** struct nacre_repair_options - an image that is already there is only made bootable */
struct nacre_repair_options {
	const char *images[NACRE_DISKS_MAX]; /* of one machine */
	int image_count;
	const char *format;
	bool plan_only, undo; /* undo: from the first image's IMAGE.undo */
	struct nacre_fix_options fix;
	struct nacre_convert_says says;
};

/** nacre_repair() - mend the images in place; what was there before is kept in the first one's IMAGE.undo */
int nacre_repair(const struct nacre_repair_options *o, size_t *changes, struct nacre_error *e);

#endif
