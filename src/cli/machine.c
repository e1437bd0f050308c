/* SPDX-License-Identifier: BSD-2-Clause */
/* machine.c - what the commands that deal with machines share; see machine.h */
#include "machine.h"

#include "conversion/inventory/print.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

bool cli_size(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMGTP";
	const char *unit;
	char *end;
	uint64_t value;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno)
		return false;
	unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
	if (*end && !unit)
		return false;
	if (unit) {
		end++;
		if (!strcmp(end, "iB") || !strcmp(end, "B"))
			end += strlen(end);
		for (const char *u = units; u <= unit; u++)
			if (__builtin_mul_overflow(value, (uint64_t)1024, &value))
				return false;
	}
	*bytes = value;
	return !*end;
}

const char *cli_bytes(uint64_t bytes)
{
	static char texts[8][24];
	static unsigned next;
	char *text = texts[next++ % 8];

	return nacre_size_text(text, sizeof(texts[0]), bytes);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void cli_progress_end(struct cli_progress *p)
{
	if (p->open)
		fputc('\n', stderr);
	p->open = false;
}

static void on_stage(void *arg, const char *stage)
{
	struct cli_progress *p = arg;

	cli_progress_end(p);
	p->began = now();
	p->shown = 0;
	if (!p->quiet)
		fprintf(stderr, "%s\n", stage);
}

/* Rewritten in place for a person; for a log file one line in ten seconds is enough. */
static void on_bytes(void *arg, uint64_t done, uint64_t total)
{
	struct cli_progress *p = arg;
	double t = now(), spent = t - p->began, rate;

	if (p->quiet || (done < total && t - p->shown < (p->terminal ? 0.2 : 10)) || spent <= 0)
		return;
	p->shown = t;
	rate = (double)done / spent;
	fprintf(stderr, "%s  %3.0f %%  %s of %s, %s/s", p->terminal ? "\r" : "",
		total ? 100.0 * (double)done / (double)total : 100.0, cli_bytes(done), cli_bytes(total),
		cli_bytes((uint64_t)rate));
	if (done < total && rate > 0)
		fprintf(stderr, ", %.0f s left", (double)(total - done) / rate);
	fputs(p->terminal ? "\033[K" : "\n", stderr);
	p->open = p->terminal;
}

static void on_fix(void *arg, const char *fix, const char *sentence)
{
	struct cli_progress *p = arg;

	cli_progress_end(p);
	if (!p->quiet)
		fprintf(stderr, "  %-14s %s\n", fix, sentence);
}

static void on_boot(void *arg, const char *stage, double seconds)
{
	struct cli_progress *p = arg;

	if (p->quiet)
		return;
	fprintf(stderr, "%s  %5.1f s  %s%s", p->terminal ? "\r" : "", seconds, stage,
		p->terminal ? "\033[K" : "\n");
	p->open = p->terminal;
}

struct nacre_convert_says cli_progress_says(struct cli_progress *p, bool quiet)
{
	*p = (struct cli_progress){.quiet = quiet, .terminal = isatty(STDERR_FILENO), .began = now()};
	return (struct nacre_convert_says){.stage = on_stage, .bytes = on_bytes, .fix = on_fix,
					   .boot = on_boot, .arg = p};
}
