/* SPDX-License-Identifier: BSD-2-Clause */
/* cli.h - what the commands of `nacre` share
 *
 * A command is one file cmd_<verb>.c that defines one struct cli_command; main.c lists them. Its
 * option table feeds the parser, --help, the completion, and the check of the man page.
 */
#ifndef NACRE_CLI_H
#define NACRE_CLI_H

#include <nacre/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cli_kind {
	CLI_FLAG,   /* bool */
	CLI_TEXT,   /* const char * */
	CLI_NUMBER, /* uint32_t, .min to .max; decimal */
	CLI_CHOICE, /* const char *, one of .choices */
	CLI_LIST    /* const char **, NULL-ended, NULL when never given; may be repeated */
};

/** struct cli_option - one option and the member of the command's settings that takes it */
struct cli_option {
	const char *name; /* "deadline": --deadline */
	char letter;	  /* 'o': -o; 0: none */
	enum cli_kind kind;
	size_t offset;
	const char *arg;     /* "MS"; NULL for a flag */
	const char *choices; /* "latency|balanced|thrifty" */
	uint32_t min, max;
	const char *help; /* one line, without a full stop */
};

/** struct cli_command - one verb */
struct cli_command {
	const char *name;
	const char *operands;		  /* "NAME", as --help shows it; NULL: none are taken */
	const char *summary;		  /* one line */
	const char *details;		  /* further lines for --help; may be NULL */
	const struct cli_option *options; /* ends with a NULL name; may be NULL */
	int operands_min, operands_max;	  /* -1: any number */
	bool host;	      /* options end at the first operand: the rest is another program's */
	size_t settings_size; /* memory that the options fill in */
	const void *defaults; /* its contents at first; NULL: zeroes */
	/* Return: the exit code. */
	int (*run)(void *settings, int argc, char **argv);
};

/** All commands, in the order of the help; ends with NULL. */
extern const struct cli_command *const cli_commands[];

const struct cli_command *cli_command_find(const char *name);

/** cli_error() - print "nacre: OBJECT: REASON" to stderr. Return: @code, for the exit */
int cli_error(enum nacre_code code, const char *object, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** cli_fail() - the same for an error of the libraries; @object NULL: the error's own */
int cli_fail(const char *object, const struct nacre_error *e);

/** cli_warn() - print "nacre: warning: OBJECT: REASON" to stderr */
void cli_warn(const char *object, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** cli_format() - asprintf() that ends the program when there is no memory */
char *cli_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
