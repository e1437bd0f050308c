/* SPDX-License-Identifier: BSD-2-Clause */
/* learn.h - run a host while its virtual processes write down what they need */
#ifndef NACRE_CLI_LEARN_H
#define NACRE_CLI_LEARN_H

#include "extension/registry/registry.h"

/** learn_profile() - the file that virtual processes of registration @name write in @dir; new memory */
char *learn_profile(const char *dir, const char *name);

/**
 * learn_run() - start @file, wait for it, show what was learned
 * @dir: where the virtual processes write it, a file for each registration ($NACRE_LEARN)
 *
 * Signals for this program are passed on; when the host dies of a signal so does this program.
 * Return: the host's exit status.
 */
int learn_run(const char *file, char **argv, const char *dir,
	      const struct nacre_registry *registry);

#endif
