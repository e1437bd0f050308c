/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_wrap.c - `nacre wrap`: generate proxy, stub and audit report from an overlay */
#include "commands.h"
#include "generate.h"
#include "pair.h"

#include <stdio.h>

struct settings {
	const char *extension, *output;
	const char **include;
	bool no_build;
};

static const struct cli_option options[] = {
	{.name = "extension",
	 .kind = CLI_TEXT,
	 .offset = offsetof(struct settings, extension),
	 .arg = "LIB",
	 .help = "make the pair for this shared object: its name, symbols, versions"},
	{.name = "output",
	 .letter = 'o',
	 .kind = CLI_TEXT,
	 .offset = offsetof(struct settings, output),
	 .arg = "DIR",
	 .help = "the directory for what is generated"},
	{.name = "include",
	 .letter = 'I',
	 .kind = CLI_LIST,
	 .offset = offsetof(struct settings, include),
	 .arg = "DIR",
	 .help = "look for headers there too"},
	{.name = "no-build",
	 .kind = CLI_FLAG,
	 .offset = offsetof(struct settings, no_build),
	 .help = "only write the sources, compile nothing"},
	{.name = NULL}};

static int run(void *settings, int argc, char **argv)
{
	const struct settings *s = settings;
	struct cli_overlay overlay;
	struct cli_layout layout;
	int code;

	(void)argc;
	if (!s->output)
		return cli_error(NACRE_E_USAGE, argv[0],
				 "-o DIR is missing: see `nacre wrap --help`");
	cli_layout_find(&layout);
	code = cli_overlay_find(&overlay, argv[0], &layout);
	if (!code)
		code = cli_generate(overlay.path, s->extension, s->output, s->include, !s->no_build,
				    &layout);
	if (!code)
		printf("%s: written to %s; audit.txt there says what each pointer means\n",
		       overlay.interface, s->output);
	cli_overlay_free(&overlay);
	cli_layout_free(&layout);
	return code;
}

const struct cli_command cli_cmd_wrap = {.name = "wrap",
					 .operands = "OVERLAY",
					 .summary = "Generate a proxy, a stub and an audit report",
					 .options = options,
					 .operands_min = 1,
					 .operands_max = 1,
					 .settings_size = sizeof(struct settings),
					 .run = run};
