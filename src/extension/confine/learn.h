/* SPDX-License-Identifier: BSD-2-Clause */
/* learn.h - between the parts of the learning mode: which calls, what they mean, what is written */
#ifndef NACRE_CONFINE_LEARN_H
#define NACRE_CONFINE_LEARN_H

#include "confine.h"

#include <stddef.h>

/** What a call wants of the path that it names. */
enum learn_intent {
	LEARN_LOOK,   /* it has to be there */
	LEARN_CHANGE, /* it is written itself */
	LEARN_MAKE,   /* its directory is written: something appears or disappears in it */
	LEARN_OPEN    /* one of the above, by the flags in the next argument */
};

/** struct learn_call - one path argument of a system call; the last of a list has no name */
struct learn_call {
	const char *name;
	int nr;
	signed char dirfd, path; /* numbers of the arguments; dirfd -1: the working directory */
	unsigned char intent;
};

extern const struct learn_call learn_calls[];

/** What is learned; sorted by this, then by value. */
enum learn_kind { LEARN_FORK, LEARN_NET, LEARN_READ, LEARN_SYSCALL, LEARN_WRITE };

/** struct learn_line - "allow_read = /etc/x" */
struct learn_line {
	enum learn_kind kind;
	char *value;
};

/** struct learn_profile - what was learned so far, without repetitions; owns its lines */
struct learn_profile {
	struct learn_line *line;
	size_t lines;
	bool changed; /* since it was last written */
};

/** learn_profile_add() - note @value; what cannot be written as one line is passed over */
int learn_profile_add(struct learn_profile *p, enum learn_kind kind, const char *value,
		      struct nacre_error *e);
/** learn_profile_read() - begin with what an earlier run has written; no file is no error */
int learn_profile_read(struct learn_profile *p, const char *file, struct nacre_error *e);
/**
 * learn_profile_write() - add to @file, replacing it in one go
 * @c: what is allowed already, and is left out; may be NULL
 */
int learn_profile_write(struct learn_profile *p, const struct nacre_confinement *c, const char *file,
			struct nacre_error *e);
void learn_profile_clear(struct learn_profile *p);

#endif
