/* SPDX-License-Identifier: BSD-2-Clause */
/* progress.h - what is told on standard error while a command works
 *
 * For a person: lines, and one that is rewritten in place on a terminal, or comes every ten seconds elsewhere. With --json: a
 * JSON object a line, whose member "event" says what it is:
 *
 *	stage     text
 *	progress  done, total, rate (bytes, a second); left_s, once that can be told; round and dirty of a source in use
 *	round     number, bytes: what is in use (0), then what was written meanwhile
 *	slowed    rate: bytes a second that the programs named by --throttle-unit may write; 0: as many as before
 *	fix       name, text
 *	boot      text, ms
 *	warning, error   object, text; an error has the code that the command ends with
 */
#ifndef NACRE_CLI_PROGRESS_H
#define NACRE_CLI_PROGRESS_H

#include "cli.h"
#include "conversion/convert.h"

struct cli_progress {
	bool quiet, json, terminal;
	bool open;           /* a line that will be rewritten */
	bool whole;          /* all bytes of this stage or round were told */
	double began, shown; /* seconds */
	int round;           /* of a source in use; -1: none */
	uint64_t dirty;      /* bytes, in this round */
};

/** cli_progress_says() - what a conversion calls; @p lives as long as it does */
struct nacre_convert_says cli_progress_says(struct cli_progress *p, bool quiet, bool json);
/** cli_progress_end() - finish the line that is open */
void cli_progress_end(struct cli_progress *p);
/** cli_progress_boot() - a stage of a boot, for who boots only; @p as cli_progress_says() made it */
void cli_progress_boot(void *p, const char *stage, double seconds);
/** cli_progress_warn() - a warning is told, also when quiet */
void cli_progress_warn(struct cli_progress *p, const char *object, const char *text);
/** cli_progress_fail() - the command fails: that is told. Return: its exit code */
int cli_progress_fail(struct cli_progress *p, const struct nacre_error *e);

#endif
