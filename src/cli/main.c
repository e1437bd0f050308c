/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c - the `nacre` command: one table of verbs */
#include "commands.h"
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct cli_command *const cli_commands[] = {&cli_cmd_register,
						  &cli_cmd_list,
						  &cli_cmd_unregister,
						  &cli_cmd_exec,
						  &cli_cmd_log,
						  &cli_cmd_probe,
						  &cli_cmd_wrap,
						  &cli_cmd_inspect,
						  &cli_cmd_convert,
						  &cli_cmd_tracking,
						  &cli_cmd_receive,
						  &cli_cmd_repair,
						  &cli_cmd_boot,
						  &cli_cmd_attach,
						  &cli_cmd_detach,
						  &cli_cmd_completion,
						  &cli_cmd_help,
						  &cli_cmd_version,
						  NULL};

const struct cli_command *cli_command_find(const char *name)
{
	for (const struct cli_command *const *c = cli_commands; *c; c++)
		if (!strcmp((*c)->name, name))
			return *c;
	return NULL;
}

/* Words that people try before they read the help. */
static const char *alias(const char *word)
{
	if (!strcmp(word, "--help") || !strcmp(word, "-h"))
		return "help";
	if (!strcmp(word, "--version") || !strcmp(word, "-V"))
		return "version";
	return word;
}

static int run(const struct cli_command *c, int argc, char **argv)
{
	void *settings = calloc(1, c->settings_size + 1);
	int code = NACRE_E_USAGE;

	if (!settings)
		return cli_error(NACRE_E_SYSTEM, "memory", "there is none left");
	if (c->defaults)
		memcpy(settings, c->defaults, c->settings_size);
	switch (cli_options_parse(c, settings, &argc, argv)) {
	case CLI_RUN:
		code = c->run(settings, argc, argv);
		break;
	case CLI_HELP:
		cli_options_help(c, stdout);
		code = NACRE_OK;
		break;
	case CLI_WRONG:
		break;
	}
	cli_options_free(c, settings);
	free(settings);
	return code;
}

int main(int argc, char **argv)
{
	const struct cli_command *c;
	int code;

	if (argc < 2)
		return cli_error(NACRE_E_USAGE, "COMMAND", "missing: see `nacre help`");
	c = cli_command_find(alias(argv[1]));
	if (!c)
		return cli_error(NACRE_E_USAGE, argv[1], "no such command: see `nacre help`");
	code = run(c, argc - 2, argv + 2);
	if ((fflush(stdout) || ferror(stdout)) && code == NACRE_OK)
		code = cli_error(NACRE_E_SYSTEM, "standard output", "cannot write: %s",
				 strerror(errno));
	return code;
}
