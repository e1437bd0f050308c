/* SPDX-License-Identifier: BSD-2-Clause */
/* again.h - a source in use is converted to the same place again: only what changed since is read and sent
 *
 * DOC: Theory of Operation
 *
 * After a conversion with --again the tracking of its disks goes on (snapshot/kept.h), in a directory for each disk and destination.
 * Each instant has a name, made up by chance, which the copy keeps as well (earlier.h). The next time both are brought together:
 *
 *	the tracking is of instant A, and the copy too      what changed since A is read and sent; then both are of B
 *	the last run was killed when the copy was B already, and the tracking did not hear of it: it knew
 *	that B was wanted, and what it has of A is right for B as well, as it only ever loses bits
 *	anything else (no tracking, no copy, another one)   all is read; what the copy has not is sent
 *
 * Only one run at a time: the directory is locked, as marks that are taken are taken from everybody.
 */
#ifndef NACRE_CONVERSION_AGAIN_H
#define NACRE_CONVERSION_AGAIN_H

#include "conversion/snapshot/kept.h"
#include "conversion/snapshot/snapshot.h"
#include "conversion/transfer/remote.h"
#include "conversion/transfer/transfer.h"

struct nacre_again;

/** struct nacre_again_result - what a user is told */
struct nacre_again_result {
	bool tracked;      /* only what changed since the last time was read */
	uint64_t since;    /* when that was, seconds since 1970 */
	bool goes_on;      /* tracking goes on; else all is read the next time */
	char why[160];     /* not tracked, or does not go on: why; else "" */
};

/** nacre_again_destination() - @directory, or @remote if that is not NULL, by one name however it is said */
int nacre_again_destination(char *to, size_t size, const char *directory, const struct nacre_remote *remote,
			    struct nacre_error *e);
/** nacre_again_open() - @sources: block devices, as nacre_snapshot_again() takes them */
struct nacre_again *nacre_again_open(const char *destination, const char *const *sources, unsigned count,
				     struct nacre_error *e);
/** nacre_again_left() - a directory for each source, for nacre_snapshot_again(); NULL: nothing can be left or found */
const char *const *nacre_again_left(const struct nacre_again *a);
/** nacre_again_name() - before disk @disk of the sink is created: its instant, and what is known */
int nacre_again_name(struct nacre_again *a, struct nacre_snapshot *s, unsigned disk, struct nacre_sink_disk *what,
		     struct nacre_error *e);
/** nacre_again_agree() - the sink said which of those it is a copy of (struct nacre_sink, known). Nothing was written yet */
int nacre_again_agree(struct nacre_again *a, struct nacre_snapshot *s, unsigned disk, unsigned known,
		      struct nacre_error *e);
/** nacre_again_leave() - the machine is made: tracking goes on from its instant. Where it cannot, @result says why */
void nacre_again_leave(struct nacre_again *a, struct nacre_snapshot *s);
/** nacre_again_end() - it was the last time: tracking ends when the snapshot is closed */
void nacre_again_end(struct nacre_again *a);
/** nacre_again_note() - a line for record and report, once the sink has agreed */
void nacre_again_note(const struct nacre_again *a, struct nacre_sink_note *note);
const struct nacre_again_result *nacre_again_result(const struct nacre_again *a);
void nacre_again_close(struct nacre_again *a);

/** struct nacre_again_tracking - one that goes on */
struct nacre_again_tracking {
	char directory[128];
	bool known;    /* the record could be read; else it was just being made, or is of another version */
	bool busy;     /* a run is at work with it */
	struct nacre_kept_record record;
};

/** nacre_again_each() - call @each for all that go on. Return: 0, or the first that was not 0, or -1 */
int nacre_again_each(int (*each)(void *arg, const struct nacre_again_tracking *t), void *arg, struct nacre_error *e);

#endif
