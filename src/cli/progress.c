/* SPDX-License-Identifier: BSD-2-Clause */
/* progress.c - what is told on standard error while a command works; see progress.h */
#include "progress.h"
#include "machine.h"

#include "base/json.h"
#include "os/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* One event as it is put together: it goes out in one piece, as others write to standard error too. */
struct event {
	struct json j;
	char *text;
	size_t size;
};

/* Return: false: there is no memory for it; then it is not told. */
static bool event_begin(struct event *event, const char *name)
{
	*event = (struct event){.j = {.one_line = true}};
	event->j.to = open_memstream(&event->text, &event->size);
	if (!event->j.to)
		return false;
	json_begin(&event->j, NULL, '{');
	json_text(&event->j, "event", name);
	return true;
}

static void event_end(struct event *event)
{
	json_end(&event->j, '}');
	if (!fclose(event->j.to))
		fwrite(event->text, 1, event->size, stderr);
	free(event->text);
}

void cli_progress_end(struct cli_progress *p)
{
	if (p->open)
		fputc('\n', stderr);
	p->open = false;
}

/* What comes next is counted from here. */
static void begin(struct cli_progress *p, int round)
{
	cli_progress_end(p);
	p->began = nacre_now();
	p->shown = 0;
	p->whole = false;
	p->round = round;
	p->dirty = 0;
}

static void on_stage(void *arg, const char *stage)
{
	struct cli_progress *p = arg;
	struct event event;

	begin(p, -1);
	if (p->quiet)
		return;
	if (!p->json) {
		fprintf(stderr, "%s\n", stage);
	} else if (event_begin(&event, "stage")) {
		json_text(&event.j, "text", stage);
		event_end(&event);
	}
}

static void on_round(void *arg, int number, uint64_t bytes)
{
	struct cli_progress *p = arg;
	struct event event;

	begin(p, number);
	if (p->quiet)
		return;
	if (p->json && event_begin(&event, "round")) {
		json_number(&event.j, "number", number);
		json_number(&event.j, "bytes", (int64_t)bytes);
		event_end(&event);
	} else if (!p->json && number) {
		fprintf(stderr, "what was written meanwhile, round %d: %s\n", number, cli_bytes(bytes));
	} else if (!p->json) {
		fprintf(stderr, "copying what is in use, while it works: %s\n", cli_bytes(bytes));
	}
}

static void on_slowed(void *arg, uint64_t bytes_per_second)
{
	struct cli_progress *p = arg;
	struct event event;

	cli_progress_end(p);
	if (p->quiet)
		return;
	if (p->json && event_begin(&event, "slowed")) {
		json_number(&event.j, "rate", (int64_t)bytes_per_second);
		event_end(&event);
	} else if (!p->json && bytes_per_second) {
		fprintf(stderr, "more is written than can be copied: the named programs may write %s/s\n", cli_bytes(bytes_per_second));
	} else if (!p->json) {
		fprintf(stderr, "they may write as before\n");
	}
}

static void on_dirty(void *arg, uint64_t bytes)
{
	struct cli_progress *p = arg;

	p->dirty = bytes;
}

/* Seconds that it will take; -1: a moment says nothing of that. */
static double time_left(const struct cli_progress *p, uint64_t done, uint64_t total, double rate)
{
	return done == total ? 0 : rate < 1 || nacre_now() - p->began < 0.5 ? -1 : (double)(total - done) / rate;
}

static void tell_event(const struct cli_progress *p, uint64_t done, uint64_t total, double rate)
{
	double left = time_left(p, done, total, rate);
	struct event event;

	if (!event_begin(&event, "progress"))
		return;
	if (p->round >= 0)
		json_number(&event.j, "round", p->round);
	json_number(&event.j, "done", (int64_t)done);
	json_number(&event.j, "total", (int64_t)total);
	json_number(&event.j, "rate", (int64_t)rate);
	if (left >= 0)
		json_number(&event.j, "left_s", (int64_t)(left + 0.5));
	if (p->round >= 0)
		json_number(&event.j, "dirty", (int64_t)p->dirty);
	event_end(&event);
}

static void tell_line(struct cli_progress *p, uint64_t done, uint64_t total, double rate)
{
	double left = time_left(p, done, total, rate);

	fputs(p->terminal ? "\r" : "", stderr);
	if (p->round > 0)
		fprintf(stderr, "  round %d", p->round);
	fprintf(stderr, "  %3.0f %%  %s of %s, %s/s", total ? 100.0 * (double)done / (double)total : 100.0, cli_bytes(done),
		cli_bytes(total), cli_bytes((uint64_t)rate));
	if (left > 0)
		fprintf(stderr, ", %.0f s left", left);
	if (p->dirty)
		fprintf(stderr, ", %s written meanwhile", cli_bytes(p->dirty));
	fputs(p->terminal ? "\033[K" : "\n", stderr);
	p->open = p->terminal;
}

/* Rewritten in place for a person; a program hears it each second; for a log file one line in ten seconds is enough. */
static void on_bytes(void *arg, uint64_t done, uint64_t total)
{
	struct cli_progress *p = arg;
	double t = nacre_now(), spent = t - p->began, every = p->json ? 1 : p->terminal ? 0.2 : 10;

	if (p->quiet || p->whole || (done < total && t - p->shown < every) || spent <= 0)
		return;
	p->shown = t;
	p->whole = done >= total;
	done = p->whole ? total : done;
	if (p->json)
		tell_event(p, done, total, (double)done / spent);
	else
		tell_line(p, done, total, (double)done / spent);
}

static void on_fix(void *arg, const char *fix, const char *sentence)
{
	struct cli_progress *p = arg;
	struct event event;

	cli_progress_end(p);
	if (p->quiet)
		return;
	if (!p->json) {
		fprintf(stderr, "  %-14s %s\n", fix, sentence);
	} else if (event_begin(&event, "fix")) {
		json_text(&event.j, "name", fix);
		json_text(&event.j, "text", sentence);
		event_end(&event);
	}
}

void cli_progress_boot(void *arg, const char *stage, double seconds)
{
	struct cli_progress *p = arg;
	struct event event;

	if (p->quiet)
		return;
	if (!p->json) {
		fprintf(stderr, "%s  %5.1f s  %s%s", p->terminal ? "\r" : "", seconds, stage,
			p->terminal ? "\033[K" : "\n");
		p->open = p->terminal;
	} else if (event_begin(&event, "boot")) {
		json_text(&event.j, "text", stage);
		json_number(&event.j, "ms", (int64_t)(seconds * 1000));
		event_end(&event);
	}
}

void cli_progress_warn(struct cli_progress *p, const char *object, const char *text)
{
	struct event event;

	cli_progress_end(p);
	if (!p->json) {
		cli_warn(object, "%s", text);
	} else if (event_begin(&event, "warning")) {
		json_text(&event.j, "object", object);
		json_text(&event.j, "text", text);
		event_end(&event);
	}
}

int cli_progress_fail(struct cli_progress *p, const struct nacre_error *e)
{
	struct event event;

	cli_progress_end(p);
	if (!p->json || !event_begin(&event, "error"))
		return cli_fail(NULL, e);
	json_text(&event.j, "object", e->where);
	json_text(&event.j, "text", e->msg);
	json_number(&event.j, "code", e->code);
	event_end(&event);
	return e->code;
}

struct nacre_convert_says cli_progress_says(struct cli_progress *p, bool quiet, bool json)
{
	*p = (struct cli_progress){.quiet = quiet, .json = json, .terminal = !json && isatty(STDERR_FILENO),
				   .began = nacre_now(), .round = -1};
	return (struct nacre_convert_says){.stage = on_stage, .bytes = on_bytes, .round = on_round, .dirty = on_dirty, .slowed = on_slowed,
					   .fix = on_fix, .boot = cli_progress_boot, .arg = p};
}
