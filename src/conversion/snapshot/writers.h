/* SPDX-License-Identifier: BSD-2-Clause */
/* writers.h - programs flush and hold still by themselves, when their hook tells them to (C2)
 *
 * The contract is the one of the QEMU guest agent's /etc/qemu/fsfreeze-hook.d: each executable file of a directory, in
 * the order of names, is called with the argument "freeze" before and "thaw" after. What ended with a status other
 * than 0, or did not end in time, is told to thaw all the same.
 */
#ifndef NACRE_CONVERSION_SNAPSHOT_WRITERS_H
#define NACRE_CONVERSION_SNAPSHOT_WRITERS_H

#include <nacre/error.h>

#include <stdbool.h>
#include <stdint.h>

enum { WRITERS_MAX = 32 };

struct writers {
	char *paths[WRITERS_MAX + 1]; /* NULL-ended */
	char problems[WRITERS_MAX][128]; /* of the last call; "": none */
	bool absent[WRITERS_MAX];     /* it said that its program does not run here: status 69 (EX_UNAVAILABLE) */
	int count;
};

/** writers_find() - in @directories, NULL-ended or NULL; those that are not there are left out. writers_free() in any case */
int writers_find(const char *const *directories, struct writers *w, struct nacre_error *e);
/** writers_call() - each with @word, at most @timeout_s seconds each. Return: how many had a problem */
int writers_call(struct writers *w, const char *word, uint32_t timeout_s);
const char *writers_name(const struct writers *w, int which);
void writers_free(struct writers *w);

#endif
