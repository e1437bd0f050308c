/* SPDX-License-Identifier: BSD-2-Clause */
/* copy.h - snapshots of test disks into files, looked at while everything is frozen */
#ifndef NACRE_TESTS_SNAPSHOT_COPY_H
#define NACRE_TESTS_SNAPSHOT_COPY_H

#include "conversion/snapshot/snapshot.h"
#include "lab.h"
#include "load.h"

enum { COPY_DISKS = 2, COPY_LOOK_MS = 60000 /* all of it is looked at while it is frozen */ };

/** struct copy - @disks and what follows are the caller's; the rest is what was found */
struct copy {
	struct lab_disk disks[COPY_DISKS];
	unsigned count;
	struct load *load;       /* NULL: nobody writes */
	unsigned pause_us;       /* of each write to the copy */
	void (*held)(void *arg); /* called at last; may be NULL */
	void *held_arg;
	struct nacre_snapshot *snapshot;
	int fds[COPY_DISKS];
	uint64_t promised, compared, different;
};

/** copy_take() - disk N goes to copyN.img; everything that no driver of the kernel tells about is in use */
int copy_take(struct copy *c, const struct nacre_snapshot_options *o, struct nacre_snapshot_result *result,
	      struct nacre_error *e);

#endif
