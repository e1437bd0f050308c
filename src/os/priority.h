/* SPDX-License-Identifier: BSD-2-Clause */
/* priority.h - how much of processor and disk this process takes while others want them too */
#ifndef NACRE_OS_PRIORITY_H
#define NACRE_OS_PRIORITY_H

#include <nacre/error.h>

/** struct nacre_priority - @nice: -20 to 19; @io: as ioprio_get(2) has it */
struct nacre_priority {
	int nice, io;
};

/**
 * NACRE_PRIORITY_LOW - gives way to everybody, and still gets on: the lowest level of the best-effort class, as the idle class
 * may wait for ever where others always have something to do
 */
extern const struct nacre_priority NACRE_PRIORITY_LOW;

/** nacre_priority_get() - the calling thread's */
struct nacre_priority nacre_priority_get(void);
/**
 * nacre_priority_set() - of all threads of this process, and so of what they will start
 *
 * To go up again takes CAP_SYS_NICE (or RLIMIT_NICE). Reads /proc. Return: 0, or -1 with @e, and some threads may have it.
 */
int nacre_priority_set(struct nacre_priority priority, struct nacre_error *e);

#endif
