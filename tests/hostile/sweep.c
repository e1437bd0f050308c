/* SPDX-License-Identifier: BSD-2-Clause */
/* sweep.c - every word of every reply and callback takes every odd value; memory changes all the time
 *
 * A lie that the interface allows is a result like any other. So the rule here is: what a host gets is
 * what the interface allows, or the declared failure, in time; and the host lives.
 */
#include "fault.h"
#include "tell.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 10, CALLS = 60, GUARD = 0x5a };

static const unsigned long values[] = {
	0, 1, 2, 5, 7, 8, 40, 41, 63, 64, 100, 101, 4096, 65536, 65537, INT_MAX, 1ul << 31, UINT_MAX,
	1ul << 32, LONG_MAX, 1ul << 63, 0x7fffdeadbeef, 0x1000000000001, ~7ul, ~1ul, ~0ul};
enum { VALUES = sizeof(values) / sizeof(*values) };

static victim_handle opened;
static int token, wrong_visits;

static bool failed(long result)
{
	return result == -1 && errno == EIO;
}

/* Each: 1 the call succeeded within the interface, 0 it failed as declared, -1 neither. */
static int try_pick(const struct victim *v)
{
	int n = v->do_pick(4);

	return n >= 0 && n <= VICTIM_PICK_MAX ? 1 : failed(n) ? 0 : -1;
}

static int try_add(const struct victim *v)
{
	int n = v->do_add(4, 5);

	return failed(n) ? 0 : 1;
}

static int try_name(const struct victim *v)
{
	const char *name = v->do_name(1);

	if (!name)
		return errno == EIO ? 0 : 1;
	return strlen(name) <= 4096 ? 1 : -1;
}

static int try_greet(const struct victim *v)
{
	char text[VICTIM_TEXT + 8];
	int n;

	memset(text, GUARD, sizeof(text));
	n = v->do_greet("you", text, VICTIM_TEXT);
	for (size_t i = VICTIM_TEXT; i < sizeof(text); i++)
		if (text[i] != GUARD)
			return -1;
	if (n < 0)
		return text[0] != GUARD ? -1 : failed(n) ? 0 : 1;
	return memchr(text, 0, VICTIM_TEXT) ? 1 : -1;
}

static int try_fill(const struct victim *v)
{
	unsigned char data[72];
	size_t used = 4711;
	int n;

	memset(data, GUARD, sizeof(data));
	n = v->do_fill(data, 64, &used, 0);
	for (size_t i = 64; i < sizeof(data); i++)
		if (data[i] != GUARD)
			return -1;
	if (failed(n))
		return used == 4711 && data[0] == GUARD ? 0 : -1;
	return n || used <= 64 ? 1 : -1;
}

static int try_points(const struct victim *v)
{
	struct victim_point points[5], guard;
	size_t count = 4;
	int n;

	memset(points, GUARD, sizeof(points));
	memset(&guard, GUARD, sizeof(guard));
	n = v->do_points(points, &count);
	if (memcmp(&points[4], &guard, sizeof(guard)))
		return -1;
	if (failed(n))
		return count == 4 && !memcmp(points, &guard, sizeof(guard)) ? 0 : -1;
	return n || count <= 4 ? 1 : -1;
}

static int try_center(const struct victim *v)
{
	static const struct victim_point points[3] = {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}};
	struct victim_point center = {42, 42, 42};
	int n = v->do_center(points, 3, &center);

	if (failed(n))
		return center.x == 42 && center.y == 42 ? 0 : -1;
	return 1;
}

static int try_open(const struct victim *v)
{
	victim_handle h = v->do_open("abc");

	if (!h)
		return errno == EIO ? 0 : 1;
	opened = h;
	return 1;
}

static int try_number(const struct victim *v)
{
	int number = 42, n = v->do_number(opened, &number);

	if (failed(n) || (n == -1 && errno == ESTALE))
		return number == 42 ? 0 : -1;
	return 1;
}

static int visit(victim_handle handle, const char *text, int number, void *user)
{
	/* Whatever is said about it: a live handle or none, a string, a token that was given or none. */
	if ((user && user != &token) || (handle && handle != opened) || !text || strlen(text) > 4096)
		wrong_visits++;
	return number;
}

static int try_each(const struct victim *v)
{
	int wrong = wrong_visits, n = v->do_each(opened, visit, &token, 2);

	if (wrong_visits > wrong)
		return -1;
	return failed(n) || (n == -1 && errno == ESTALE) ? 0 : 1;
}

static const struct kind {
	const char *name;
	int (*try)(const struct victim *v);
	bool callback;
} kinds[] = {{"victim_pick", try_pick, false},     {"victim_add", try_add, false},
	     {"victim_name", try_name, false},     {"victim_greet", try_greet, false},
	     {"victim_fill", try_fill, false},     {"victim_points", try_points, false},
	     {"victim_center", try_center, false}, {"victim_open", try_open, false},
	     {"victim_number", try_number, false}, {"victim_each", try_each, false},
	     {"a callback of victim_each", try_each, true}};
enum { KINDS = sizeof(kinds) / sizeof(*kinds) };

/** struct tally - what the hosts of one test saw; shared with the test */
struct tally {
	const struct kind *kind;
	const char *how;
	int calls, failures, wrong, late, seeds;
	long which;
	unsigned long amount;
	double worst;
};

static void count(struct tally *t, const struct kind *kind, const struct victim *v, double deadline)
{
	struct watch watch;
	double ms;
	int result;

	errno = 0;
	watch_start(&watch);
	result = kind->try(v);
	ms = watch_ms(&watch);
	t->calls++;
	t->failures += result == 0;
	if (result < 0 && !t->wrong++)
		t->kind = kind;
	if (ms > t->worst)
		t->worst = ms;
	t->late += ms > deadline + slack_ms();
}

static int sweep_host(const struct victim *v, void *arg)
{
	struct tally *t = arg;
	const struct kind *kind = t->kind;

	for (int n = 0; n < (WORDS + 1) * VALUES; n++) {
		int wrong = t->wrong;

		v->do_close(opened);
		opened = v->do_open("abc");
		v->do_plan(kind->callback ? n < WORDS * VALUES ? "callback-word" : "callback-length"
					  : n < WORDS * VALUES ? "word" : "length",
			   n / VALUES, values[n % VALUES]);
		count(t, kind, v, 1000);
		if (t->wrong > wrong && wrong == 0) {
			t->which = n / VALUES;
			t->amount = values[n % VALUES];
		}
	}
	return 0;
}

void test_sweep(void)
{
	for (size_t i = 0; i < KINDS; i++) {
		struct tally *t = shared(sizeof(*t));
		struct place p;
		int status;

		place_make(&p, "sweep");
		place_register(&p, "deadline_ms = 1000\n");
		t->kind = &kinds[i];
		status = host_run(&p, sweep_host, t, 60000);
		if (!tell(status == 0 && !t->wrong && !t->late && t->failures > 0 &&
			    place_is_left(&p, 1000),
			    "%s with each word wrong: %d messages, %d declared errors, nothing else",
			    kinds[i].name, t->calls, t->failures))
			printf("# host: %s; %d wrong, first word %ld = %#lx; %d late, worst %.1f ms\n",
			       host_ended(status), t->wrong, t->which, t->amount, t->late, t->worst);
		place_end_all(&p);
		place_remove(&p);
	}
}

/* One virtual process after the other changes its channel while calls go on. */
static int scribble_host(const struct victim *v, void *arg)
{
	struct tally *t = arg;
	unsigned draw = 1;

	for (int seed = 1; seed <= t->seeds; seed++) {
		v->do_misbehave(t->how, seed);
		for (int i = 0, lost = 0; i < CALLS && lost < 2; i++) {
			int failures = t->failures;

			draw = draw * 1103515245 + 12345;
			count(t, &kinds[draw / 65536 % (KINDS - 1)], v, 300);
			lost += t->failures > failures;
		}
		v->do_misbehave("exit", 0); /* whoever serves now: the next seed starts afresh */
	}
	return v->do_add(1, 1) == 2 ? 0 : 2;
}

static void scribble(const char *how, int seeds, const char *name)
{
	struct tally *t = shared(sizeof(*t));
	struct place p;
	size_t size;
	char *log;
	int status;

	place_make(&p, how);
	place_register(&p, "deadline_ms = 300\n");
	t->how = how;
	t->seeds = seeds;
	t->kind = kinds;
	status = host_run(&p, scribble_host, t, 90000);
	log = place_log(&p);
	size = strlen(log);
	free(log);
	/* A log line may be written per refused system call, but not without bound. */
	if (!tell(status == 0 && !t->wrong && !t->late && t->failures > 0 &&
		    size < (size_t)t->calls * 4096 && place_is_left(&p, 1000),
		    "%s: %d calls, %d declared errors, nothing else; the worst took %.0f ms", name,
		    t->calls, t->failures, t->worst))
		printf("# host: %s; %d wrong, first %s; %d late; log of %zu bytes\n", host_ended(status),
		       t->wrong, t->kind->name, t->late, size);
	place_end_all(&p);
	place_remove(&p);
}

/* Callbacks without end, each with notes about refused system calls. */
static int denied_host(const struct victim *v, void *arg)
{
	struct tally *t = arg;

	opened = v->do_open("abc");
	v->do_plan("each-denied", 0, 0);
	errno = 0;
	t->failures = failed(v->do_each(opened, visit, &token, -1));
	return v->do_add(1, 1) == 2 ? 0 : 2;
}

static void test_denied(void)
{
	struct tally *t = shared(sizeof(*t));
	struct place p;
	size_t size;
	char *log;
	int status;

	place_make(&p, "denied");
	place_register(&p, NULL);
	status = host_run(&p, denied_host, t, 10000);
	log = place_log(&p);
	size = strlen(log);
	free(log);
	tell(status == 0 && t->failures == 1 && size < 100000 && place_is_left(&p, 1000),
	     "refused system calls told with every callback for 300 ms: a log of %zu bytes", size);
	place_remove(&p);
}

void test_scribble(void)
{
	test_denied();
	scribble("scribble-message", 60, "messages that change while they are read");
	scribble("scribble-line", 30, "a control line that changes while it is read");
	scribble("scribble", 30, "a channel that changes while it is used");
	scribble("scribble-once", 30, "a channel overwritten");
}
