/* SPDX-License-Identifier: BSD-2-Clause */
/* sandbox.h - run a function as a virtual process would run: launcher, zygote, clone */
#ifndef NACRE_TESTS_SANDBOX_H
#define NACRE_TESTS_SANDBOX_H

#include "extension/confine/confine.h"

#include <sys/types.h>

/** What the functions inside have to say; shared memory. */
struct outcome {
	int value[32];       /* what each step returned */
	int error[32];       /* its errno */
	int denied[16];      /* the system calls that the watcher named */
	int denied_count;
	int stage;           /* the stage that failed, 0 for none */
	struct nacre_error e;
	char text[256];
};

/** struct sandbox - one run; NULL functions are left out */
struct sandbox {
	struct nacre_confinement c;
	void (*in_zygote)(struct outcome *o); /* after all stages */
	void (*in_clone)(struct outcome *o);  /* after nacre_confine_clone() */
	int keep[4], keep_count;
	/* With c.learn: takes the notification descriptor in the launcher. */
	void (*serve)(int listener);
};

/**
 * sandbox_run() - go through all stages
 *
 * Return: what the run said, valid until the next run; the exit status is in @status (as wait() has it)
 */
struct outcome *sandbox_run(const struct sandbox *s, int *status);

/** step() - note a result: step(o, 3, open(...)) */
#define step(o, i, call)                                                                           \
	do {                                                                                       \
		errno = 0;                                                                         \
		(o)->value[i] = (int)(call);                                                       \
		(o)->error[i] = errno;                                                             \
	} while (0)

/** sandbox_was_denied() - did the watcher name @call? */
bool sandbox_was_denied(const struct outcome *o, const char *call);

/** sandbox_user() - argument "nobody": run this program again as an ordinary user, if it is not run by one */
void sandbox_user(int argc, char **argv);

/** sandbox_scratch() - a temporary directory of this process; sandbox_clean() removes it */
const char *sandbox_scratch(void);
void sandbox_clean(void);
/** sandbox_file() - make file @name there with @text. Return: its path (static, four at a time) */
const char *sandbox_file(const char *name, const char *text);

/** sandbox_fork() - fork by system call, with @flags and a proper thread id in the child */
pid_t sandbox_fork(unsigned long flags);

#endif
