/* SPDX-License-Identifier: BSD-2-Clause */
/* learn.h - run a host while its virtual processes write down what they need */
#ifndef NACRE_CLI_LEARN_H
#define NACRE_CLI_LEARN_H

#include "extension/registry/registry.h"

/**
 * learn_run() - start @file, wait for it, show what was learned
 * @profile: where the virtual processes write it ($NACRE_LEARN)
 *
 * Signals for this program are passed on; when the host dies of a signal so does this program.
 * Return: the host's exit status.
 */
int learn_run(const char *file, char **argv, const char *profile,
	      const struct nacre_registry *registry);

#endif
