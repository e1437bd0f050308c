/* SPDX-License-Identifier: BSD-2-Clause */
/* scratch.h - a directory for the journal of fixes that are made in memory
 *
 * The journal is written to a directory with a name, so a process that is killed leaves one behind. The next that needs one
 * removes it: a directory in use is locked (flock), and a lock ends with its process.
 */
#ifndef NACRE_CONVERSION_SCRATCH_H
#define NACRE_CONVERSION_SCRATCH_H

#include <nacre/error.h>

struct nacre_scratch {
	char path[256];
	int lock;
};

/** nacre_scratch_open() - a new directory below $TMPDIR, else /tmp; close it, also if this fails */
int nacre_scratch_open(struct nacre_scratch *s, struct nacre_error *e);
/** nacre_scratch_close() - remove it with its files */
void nacre_scratch_close(struct nacre_scratch *s);

#endif
