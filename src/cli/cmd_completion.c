/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_completion.c - `nacre completion`: the option tables as a shell's completion script */
#include "commands.h"

#include <stdio.h>
#include <string.h>

/* Verbs whose operand is the name of a registration. */
static bool takes_name(const struct cli_command *c)
{
	return c->operands && strstr(c->operands, "NAME");
}

static void print_case(const struct cli_command *c)
{
	printf("\t%s)\n\t\toptions='", c->name);
	for (const struct cli_option *o = c->options; o && o->name; o++)
		printf("--%s ", o->name);
	printf("--help'\n");
	if (takes_name(c))
		printf("\t\tnames=yes\n");
	printf("\t\tcase $before in\n");
	for (const struct cli_option *o = c->options; o && o->name; o++) {
		if (o->kind == CLI_FLAG)
			continue;
		if (o->letter)
			printf("\t\t-%c | --%s)", o->letter, o->name);
		else
			printf("\t\t--%s)", o->name);
		if (o->kind == CLI_CHOICE) {
			printf(" words='");
			for (const char *p = o->choices; *p; p++)
				putchar(*p == '|' ? ' ' : *p);
			printf("' ;;\n");
		} else if (o->kind == CLI_NUMBER) {
			printf(" return ;;\n");
		} else {
			printf(" compopt -o filenames; COMPREPLY=($(compgen -f -- \"$word\")); "
			       "return ;;\n");
		}
	}
	printf("\t\t*) ;;\n\t\tesac\n\t\t;;\n");
}

static int run(void *settings, int argc, char **argv)
{
	(void)settings;
	(void)argc;
	if (strcmp(argv[0], "bash"))
		return cli_error(NACRE_E_SUPPORT, argv[0],
				 "no completion for this shell: there is bash");
	printf("# bash completion for nacre; written by `nacre completion bash`\n"
	       "_nacre()\n{\n"
	       "\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
	       "\tlocal verb=${COMP_WORDS[1]} options='' names='' words='' i\n"
	       "\tCOMPREPLY=()\n"
	       "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\tCOMPREPLY=($(compgen -W '");
	for (const struct cli_command *const *c = cli_commands; *c; c++)
		printf("%s ", (*c)->name);
	printf("--help --version' -- \"$word\"))\n\t\treturn\n\tfi\n"
	       "\tif [ \"$verb\" = exec ]; then\n"
	       "\t\tfor ((i = 2; i < COMP_CWORD; i++)); do\n"
	       "\t\t\tcase ${COMP_WORDS[i]} in\n"
	       "\t\t\t--) _command_offset $((i + 1)) 2>/dev/null; return ;;\n"
	       "\t\t\tesac\n\t\tdone\n\tfi\n"
	       "\tcase $verb in\n");
	for (const struct cli_command *const *c = cli_commands; *c; c++)
		print_case(*c);
	printf("\tesac\n"
	       "\tif [ -z \"$words\" ]; then\n"
	       "\t\tcase $word in\n\t\t-*) words=$options ;;\n"
	       "\t\t*) [ -n \"$names\" ] && words=$(nacre list --names 2>/dev/null) "
	       ";;\n\t\tesac\n\tfi\n"
	       "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\n"
	       "complete -o default -F _nacre nacre\n");
	return NACRE_OK;
}

const struct cli_command cli_cmd_completion = {.name = "completion",
					       .operands = "bash",
					       .summary = "Print a completion script for a shell",
					       .operands_min = 1,
					       .operands_max = 1,
					       .run = run};
