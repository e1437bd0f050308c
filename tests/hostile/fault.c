/* SPDX-License-Identifier: BSD-2-Clause */
/* fault.c - let one thing go wrong in a host of its own, and look at everything that matters */
#include "fault.h"
#include "tell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** struct seen - what the host saw; in memory that the test shares */
struct seen {
	const struct fault *f;
	int stage; /* 1 warm, 2 the fault's call came back, 3 the next one too */
	long value, next;
	int sys, next_sys;
	double ms, next_ms;
};

static long misbehave(const struct victim *v, const struct fault *f)
{
	return v->do_misbehave(f->how, f->argument);
}

/* A call that needs nothing; at load faults the one that is hit. */
static long ask(const struct victim *v)
{
	unsigned char data[8];
	size_t used = 0;

	errno = 0;
	return v->do_fill(data, 5, &used, 0) == 0 ? (long)used + data[4] : -1;
}

enum { ANSWER = 10 };

static int in_host(const struct victim *v, void *arg)
{
	struct seen *s = arg;
	const struct fault *f = s->f;
	struct watch watch;

	if (!f->load && !f->prepare && v->do_add(1, 2) != 3)
		return 1;
	s->stage = 1;
	watch_start(&watch);
	errno = 0;
	s->value = f->act ? f->act(v, f) : f->how ? misbehave(v, f) : ask(v);
	s->sys = errno;
	s->ms = watch_ms(&watch);
	s->stage = 2;
	for (int i = 0; i < 4 && f->then == THEN_SOON && ask(v) != ANSWER; i++)
		;
	watch_start(&watch);
	s->next = ask(v);
	s->next_sys = errno;
	s->next_ms = watch_ms(&watch);
	s->stage = 3;
	return 0;
}

static bool next_is_right(const struct fault *f, const struct seen *s)
{
	if (f->then != THEN_FAILS)
		return s->next == ANSWER;
	return s->next == -1 && s->next_sys == EIO && s->next_ms <= 1000 + slack_ms();
}

static bool is_right(const struct fault *f, const struct seen *s)
{
	unsigned deadline = f->deadline ? f->deadline : 300;

	return s->stage == 3 && s->value == f->value && (!f->sys || s->sys == f->sys) &&
	       s->ms <= deadline + slack_ms() && next_is_right(f, s);
}

static bool is_told(const struct fault *f, const struct place *p)
{
	return !f->cause || place_log_has(p, f->function ? f->function : "victim_misbehave", f->cause);
}

static void explain(const struct fault *f, const struct seen *s, const struct place *p, int status)
{
	char *log = place_log(p), *save = NULL;
	int lines = 0;

	printf("# host: %s; stage %d; got %ld (%s) after %.1f ms, wanted %ld (%s)\n",
	       host_ended(status), s->stage, s->value, strerrorname_np(s->sys), s->ms, f->value,
	       f->sys ? strerrorname_np(f->sys) : "any errno");
	printf("# next call: %ld (%s) after %.1f ms; wanted in the log: %s: %s\n", s->next,
	       strerrorname_np(s->next_sys), s->next_ms,
	       f->function ? f->function : "victim_misbehave", f->cause ? f->cause : "nothing");
	for (char *line = strtok_r(log, "\n", &save); line && lines < 8; line = strtok_r(NULL, "\n", &save))
		printf("# log %d: %.200s\n", ++lines, line);
	free(log);
}

void fault_test(const struct fault *f)
{
	struct seen *s = shared(sizeof(*s));
	struct place p;
	bool left, well;
	int status;

	place_make(&p, f->load ? f->load : f->how ? f->how : "fault");
	if (f->prepare)
		f->prepare(&p);
	place_register(&p, f->more);
	if (f->load)
		setenv("VICTIM_LOAD", f->load, 1);
	s->f = f;
	status = host_run(&p, in_host, s, 20000);
	unsetenv("VICTIM_LOAD");
	left = place_is_left(&p, 1000);
	well = status == 0 && is_right(f, s) && is_told(f, &p) && left;
	if (f->value == 7)
		tell(well, "%s: leads to nothing, and the next call works", f->name);
	else if (f->value == -1)
		tell(well, "%s: the host has its declared error after %.1f ms, the log says why, "
		       "the next call %s", f->name, s->ms,
		       f->then != THEN_FAILS ? "works" : "fails as declared");
	else
		tell(well, "%s: the host has the declared result, and the next call works", f->name);
	if (!well)
		explain(f, s, &p, status);
	if (!left) {
		printf("# processes were left behind\n");
		place_end_all(&p);
	}
	place_remove(&p);
}
