/* SPDX-License-Identifier: BSD-2-Clause */
/* options.h - one option table: parser, help and completion */
#ifndef NACRE_CLI_OPTIONS_H
#define NACRE_CLI_OPTIONS_H

#include "cli.h"

#include <stdio.h>

/** What cli_options_parse() found. */
enum cli_parsed { CLI_RUN, CLI_HELP, CLI_WRONG };

/**
 * cli_options_parse() - sort @argv into @settings and operands
 * @argc, @argv: behind the command's name; on return the operands alone, in their order
 *
 * Says on stderr what is wrong. cli_options_free() frees the lists in @settings.
 */
enum cli_parsed cli_options_parse(const struct cli_command *c, void *settings, int *argc,
				  char **argv);
void cli_options_free(const struct cli_command *c, void *settings);

/** cli_options_help() - what `nacre COMMAND --help` prints */
void cli_options_help(const struct cli_command *c, FILE *to);

#endif
