/* SPDX-License-Identifier: BSD-2-Clause */
/* callbacks.c - the extension calls the host: on the right thread, in time, and the host calls back */
#include "checks.h"
#include "tell.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

static const struct victim *v;

/** struct visits - what a callback got; its address is the user pointer */
struct visits {
	victim_handle handle;
	pthread_t thread;
	int count, wrong, sleep_ms, value;
};

static int note_visit(victim_handle handle, const char *text, int number, void *user)
{
	struct visits *s = user;

	s->wrong += handle != s->handle || strcmp(text, "visit") || number != s->count ||
		    !pthread_equal(s->thread, pthread_self());
	s->count++;
	if (s->sleep_ms)
		usleep((useconds_t)s->sleep_ms * 1000);
	return s->value ? s->value : number;
}

static struct visits fresh(void)
{
	return (struct visits){.handle = v->do_open("x"), .thread = pthread_self()};
}

static int plain(const struct victim *victim, void *arg)
{
	struct visits s;

	v = victim;
	s = fresh();
	check(arg, v->do_each(s.handle, note_visit, &s, 10) == 45 && s.count == 10 && !s.wrong,
	      "10 callbacks with handle, string, number and user pointer, on the calling thread");
	s = fresh();
	check(arg, v->do_each(s.handle, NULL, &s, 10) == 0 && s.count == 0, "no function: no callback");
	s = fresh();
	s.value = -1000;
	check(arg, v->do_each(s.handle, note_visit, &s, 2) == -2000, "negative results come back");
	v->do_plan("each-thread", 0, 0);
	s = fresh();
	check(arg, v->do_each(s.handle, note_visit, &s, 1) == -1 && s.count == 0,
	      "a callback from a thread of the extension's own gets what the overlay declares");
	s = fresh();
	check(arg, v->do_each(s.handle, note_visit, &s, 10) == 45, "after that all is well");
	return 0;
}

static int call_again(victim_handle handle, const char *text, int number, void *user)
{
	int got = 0;

	(void)text;
	v->do_number(handle, &got);
	return v->do_add(got, number) == got + number && v->do_pick(7) == 7 ? *(int *)user : -1000;
}

static int fail_again(victim_handle handle, const char *text, int number, void *user)
{
	(void)handle;
	(void)text;
	(void)number;
	errno = 0;
	*(int *)user = v->do_misbehave("segv", 0) == -1 ? errno : 0;
	return 5;
}

static int depth, deepest;

static int deeper(victim_handle handle, const char *text, int number, void *user)
{
	(void)text;
	(void)number;
	deepest = ++depth > deepest ? depth : deepest;
	if (depth < *(int *)user)
		v->do_each(handle, deeper, user, 1);
	depth--;
	return 1;
}

static int nested(const struct victim *victim, void *arg)
{
	int user = 3, sys = 0, result, wanted = 5;

	v = victim;
	check(arg, v->do_each(v->do_open("four"), call_again, &user, 6) == 18,
	      "a callback calls the extension, and gets right results");
	check(arg, v->do_each(v->do_open("y"), deeper, &wanted, 1) == 1 && deepest == 5,
	      "five levels of it");
	errno = 0;
	result = v->do_each(v->do_open("z"), fail_again, &sys, 1);
	check(arg, sys == EIO, "a nested call that loses the extension has the declared failure");
	check(arg, result == -1 && errno == EIO, "and so has the call around it");
	check(arg, v->do_add(1, 2) == 3, "the next one works");
	return 0;
}

static int deadlines(const struct victim *victim, void *arg)
{
	struct watch watch;
	struct visits s;
	double ms;
	int result, sys;

	v = victim;
	s = fresh();
	s.sleep_ms = 40;
	watch_start(&watch);
	errno = 0;
	result = v->do_each(s.handle, note_visit, &s, 100);
	sys = errno;
	ms = watch_ms(&watch);
	check(arg, result == -1 && sys == EIO && ms >= 990 && ms <= 1000 + 40 + slack_ms(),
	      "the time of callbacks counts: 100 of 40 ms end after %.0f ms of 1000", ms);
	s = fresh();
	s.sleep_ms = 1200;
	watch_start(&watch);
	errno = 0;
	result = v->do_each(s.handle, note_visit, &s, 2);
	sys = errno;
	ms = watch_ms(&watch);
	check(arg, result == -1 && sys == EIO && s.count == 1 && ms <= 1200 + slack_ms(),
	      "the host's own function is not interrupted: %.0f ms, then the failure", ms);
	check(arg, v->do_add(1, 2) == 3, "the next call works");
	return 0;
}

static void *visit_much(void *arg)
{
	long wrong = 0;

	(void)arg;
	for (int i = 0; i < 200; i++) {
		struct visits s = fresh();

		wrong += v->do_each(s.handle, note_visit, &s, 4) != 6 || s.wrong || s.count != 4;
		v->do_close(s.handle);
	}
	return (void *)wrong;
}

static int from_threads(const struct victim *victim, void *arg)
{
	enum { THREADS = 3 };
	pthread_t threads[THREADS];
	long wrong = 0;
	void *result;

	v = victim;
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, visit_much, NULL);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		wrong += (long)result;
	}
	check(arg, wrong == 0, "%d threads with 200 calls of 4 callbacks: %ld wrong", THREADS, wrong);
	return 0;
}

/* A host function that was given for one call is called in another one. */
static int later(const struct victim *victim, void *arg)
{
	struct visits s;
	int result;

	v = victim;
	s = fresh();
	v->do_each(s.handle, note_visit, &s, 1);
	v->do_plan("call-later", 0, 0);
	errno = 0;
	result = v->do_add(1, 2);
	check(arg, (result == -1 && errno == EIO) || s.count == 2,
	      "a callback in a later call is served or fails as declared: %d", result);
	check(arg, v->do_add(1, 2) == 3, "the next call works");
	return 0;
}

int main(void)
{
	checks_run("plain", NULL, plain, 30000);
	checks_run("nested", NULL, nested, 30000);
	checks_run("deadlines", NULL, deadlines, 30000);
	checks_run("from-threads", NULL, from_threads, 30000);
	checks_run("later", NULL, later, 30000);
	return tell_done();
}
