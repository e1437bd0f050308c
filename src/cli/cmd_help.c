/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_help.c - `nacre help` and `nacre version` */
#include "commands.h"
#include "options.h"

#include "config.h"

static void help_all(void)
{
	puts("usage: nacre COMMAND [OPTION]... [ARGUMENT]...\n\n"
	     "Runs the plug-ins of unmodified programs behind a proxy, in virtual processes of "
	     "their own.\n\n"
	     "commands:");
	for (const struct cli_command *const *c = cli_commands; *c; c++)
		printf("  %-12s %s\n", (*c)->name, (*c)->summary);
	puts("\n`nacre COMMAND --help` says more about one of them; nacre(1) about all.");
}

static int run_help(void *settings, int argc, char **argv)
{
	const struct cli_command *c;

	(void)settings;
	if (!argc) {
		help_all();
		return NACRE_OK;
	}
	c = cli_command_find(argv[0]);
	if (!c)
		return cli_error(NACRE_E_USAGE, argv[0], "no such command: see `nacre help`");
	cli_options_help(c, stdout);
	return NACRE_OK;
}

static int run_version(void *settings, int argc, char **argv)
{
	(void)settings;
	(void)argc;
	(void)argv;
	puts("nacre " NACRE_VERSION);
	return NACRE_OK;
}

const struct cli_command cli_cmd_help = {.name = "help",
					 .operands = "[COMMAND]",
					 .summary = "List the commands, or explain one",
					 .operands_max = 1,
					 .run = run_help};

const struct cli_command cli_cmd_version = {
	.name = "version", .summary = "Print the version", .run = run_version};
