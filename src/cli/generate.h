/* SPDX-License-Identifier: BSD-2-Clause */
/* generate.h - run the generator with this installation's parts */
#ifndef NACRE_CLI_GENERATE_H
#define NACRE_CLI_GENERATE_H

#include "layout.h"

/**
 * cli_generate() - proxy, stub and audit report for @overlay into @dir
 * @extension: the shared object that it is made for; NULL: any extension of the interface
 * @include: further directories for the compiler, NULL-ended; may be NULL
 * @build:   compile them as well
 *
 * Says on stderr what is wrong. Return: exit code.
 */
int cli_generate(const char *overlay, const char *extension, const char *dir,
		 const char *const *include, bool build, const struct cli_layout *l);

#endif
