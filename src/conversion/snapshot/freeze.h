/* SPDX-License-Identifier: BSD-2-Clause */
/* freeze.h - file systems and programs hold still for an instant, and never for longer than was agreed (C2)
 *
 * DOC: Theory of Operation
 *
 * A file system is frozen by FIFREEZE: what was written is on the disk, and who writes on, waits. A program
 * that nobody taught to flush is stopped by the freezer of its control group. Programs stop first, then file systems from
 * the inner to the outer; all go on in the reverse order.
 *
 * The watchdog is a process of its own, which is started before anything holds still. It thaws everything when the
 * agreed time is over, or when we are gone, whatever the reason: it sees our end by a pidfd. It touches no
 * file, is locked in memory, and ignores the signals that end a session. While we are in the kernel for a FIFREEZE that takes longer, there
 * is nothing yet to be thawed: so it repeats itself until we say that all is over.
 *
 * Limits of programs that are slowed down (throttle.h) are put back by it in the same way.
 *
 * Who thaws finds out whether it still held: FITHAW fails where somebody else was faster. A snapshot is only good if all of it
 * held from the last FIFREEZE to the first FITHAW.
 */
#ifndef NACRE_CONVERSION_SNAPSHOT_FREEZE_H
#define NACRE_CONVERSION_SNAPSHOT_FREEZE_H

#include <nacre/error.h>

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { NACRE_FREEZE_MAX = 64 };

struct nacre_freezer;
struct throttle;

/** struct nacre_freeze_what - descriptors and names stay the caller's, until nacre_freezer_close() */
struct nacre_freeze_what {
	int mounts[NACRE_FREEZE_MAX];            /* root directories of file systems, inner ones first */
	const char *mount_names[NACRE_FREEZE_MAX];
	int mount_count;
	const char *cgroups[NACRE_FREEZE_MAX];   /* directories in the control group file system */
	int cgroup_count;
	uint32_t most_ms;                        /* for all of it together */
	/** what the watchdog runs, with the argument "thaw", when we are gone while things are held; NULL-ended, may be NULL */
	const char *const *hooks;
	/** limits that it puts back when we are gone, see nacre_freezer_limits(); may be NULL */
	const struct throttle *throttle;
};

/** nacre_freezer_open() - start the watchdog; nothing holds still yet */
struct nacre_freezer *nacre_freezer_open(const struct nacre_freeze_what *what, struct nacre_error *e);
/**
 * nacre_freezer_prime() - freeze and thaw each file system once: the next freeze then takes a tenth of the time
 *
 * What turns out not to be freezable (its driver has no such operation) is left alone from then on.
 */
int nacre_freezer_prime(struct nacre_freezer *f, struct nacre_error *e);
/** nacre_freezer_freezes() - is mount @which one that is frozen? Known after nacre_freezer_prime() */
bool nacre_freezer_freezes(const struct nacre_freezer *f, int which);
/** nacre_freezer_hooks() - from here on hooks hold something: if we are gone, they are to be called */
void nacre_freezer_hooks(struct nacre_freezer *f, bool held);
/** nacre_freezer_limits() - from here on limits are set: if we are gone, they are to be put back */
void nacre_freezer_limits(struct nacre_freezer *f, bool set);
/**
 * nacre_freezer_freeze() - all hold still when it returns 0
 *
 * On an error everything goes on. From here to nacre_freezer_thaw() the caller must not write to any of the file systems.
 */
int nacre_freezer_freeze(struct nacre_freezer *f, struct nacre_error *e);
/** nacre_freezer_thaw() - all go on. Return: -1: something had gone on before, what was read meanwhile is no snapshot */
int nacre_freezer_thaw(struct nacre_freezer *f, struct nacre_error *e);
/** nacre_freezer_ms() - milliseconds from the first FIFREEZE to the last FITHAW of the last freeze */
double nacre_freezer_ms(const struct nacre_freezer *f);
/** nacre_freezer_watchdog() - its process */
pid_t nacre_freezer_watchdog(const struct nacre_freezer *f);
/** nacre_freezer_close() - also NULL; thaws what is frozen, ends the watchdog */
void nacre_freezer_close(struct nacre_freezer *f);

#endif
