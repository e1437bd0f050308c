/* SPDX-License-Identifier: BSD-2-Clause */
/* checks.h - expectations that a host process has, told by the test that started it */
#ifndef NACRE_TESTS_CHECKS_H
#define NACRE_TESTS_CHECKS_H

#include "place.h"

/** struct checks - in memory that host and test share */
struct checks {
	int count;
	struct {
		bool holds;
		char text[160];
	} list[64];
	const struct place *place;
};

/** check() - one expectation; @what says it as a sentence. Return: @holds */
bool check(struct checks *c, bool holds, const char *what, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * checks_run() - run @body in a host with a registration of its own, and tell what it found
 * @more: further lines of the registration
 *
 * Two more expectations: the host ends well within @ms, and none of its processes is left after it.
 */
void checks_run(const char *name, const char *more, int (*body)(const struct victim *v, void *checks),
		int ms);

/** count_fds(), count_maps() - of this process: open descriptors, mappings whose line has @word */
int count_fds(void);
int count_maps(const char *word);

#endif
