/* SPDX-License-Identifier: BSD-2-Clause */
/* say.c - messages of the command, and memory that is there or ends the program */
#include "cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int cli_error(enum nacre_code code, const char *object, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "nacre: %s: ", object);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return code;
}

int cli_fail(const char *object, const struct nacre_error *e)
{
	return cli_error((enum nacre_code)e->code, object ? object : e->where, "%s", e->msg);
}

void cli_warn(const char *object, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "nacre: warning: %s: ", object);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

char *cli_format(const char *fmt, ...)
{
	char *text;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		exit(cli_error(NACRE_E_SYSTEM, "memory", "there is none left"));
	return text;
}
