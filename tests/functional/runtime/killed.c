/* SPDX-License-Identifier: BSD-2-Clause */
/* killed.c - a host that is killed at any moment leaves no process behind */
#include "place.h"
#include "tell.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile int *stage;

static int works(const struct victim *v, void *arg)
{
	(void)arg;
	*stage = 1;
	for (int i = 0;; i++) {
		v->do_add(1, i);
		*stage = 2;
		if (i % 100 == 99)
			v->do_misbehave("segv", 0);
	}
	return 0;
}

static int idles(const struct victim *v, void *arg)
{
	(void)arg;
	v->do_add(1, 1);
	*stage = 2;
	for (;;)
		pause();
	return 0;
}

static int in_a_loop(const struct victim *v, void *arg)
{
	(void)arg;
	v->do_add(1, 1);
	*stage = 2;
	for (;;)
		v->do_misbehave("loop", 0);
	return 0;
}

static int ignores_and_loops(const struct victim *v, void *arg)
{
	(void)arg;
	v->do_add(1, 1);
	*stage = 2;
	for (;;)
		v->do_misbehave("handle", 0);
	return 0;
}

/* What is just starting sees the end of its host when it has started: on a busy machine that takes a while. */
enum { GONE_MS = 10000 };

static void kill_after(const char *name, int (*body)(const struct victim *v, void *arg), int wanted,
		       int runs, int step_us)
{
	double worst = 0, from;
	int left = 0;

	for (int i = 0; i < runs; i++) {
		struct place p;
		struct host h;

		place_make(&p, "killed");
		place_register(&p, NULL);
		*stage = 0;
		host_start(&h, &p, body, NULL);
		for (int k = 0; k < 5000 && *stage < wanted; k++)
			usleep(1000);
		usleep((useconds_t)(i * step_us));
		kill(h.pid, SIGKILL);
		host_end(&h, 1000);
		from = now_ms();
		left += !place_is_left(&p, GONE_MS);
		worst = now_ms() - from > worst ? now_ms() - from : worst;
		place_end_all(&p);
		place_remove(&p);
	}
	tell(left == 0, "killed %d times %s: %d times processes were left; the last ended after %.0f ms", runs,
	     name, left, worst);
}

int main(void)
{
	stage = shared(sizeof(*stage));
	kill_after("while its first virtual process starts", works, 1, 30, 700);
	kill_after("while it calls and restarts", works, 2, 20, 1100);
	kill_after("while it does nothing", idles, 2, 3, 20000);
	kill_after("while its extension loops", in_a_loop, 2, 5, 30000);
	kill_after("while its extension loops in a signal handler", ignores_and_loops, 2, 5, 30000);
	return tell_done();
}
