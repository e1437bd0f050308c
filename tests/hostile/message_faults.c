/* SPDX-License-Identifier: BSD-2-Clause */
/* message_faults.c - messages that no honest stub sends, and answers that the interface forbids */
#include "fault.h"

#include "extension/channel/layout.h"
#include "extension/channel/channel.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Plans are "what:which:amount" in @how, so that a row of the table says everything. */
static void plan(const struct victim *v, const struct fault *f)
{
	char how[32];
	long which = 0;
	unsigned long amount = 0;
	const char *colon = f->how ? strchr(f->how, ':') : NULL;

	if (!f->how)
		return;
	snprintf(how, sizeof(how), "%.*s", (int)strcspn(f->how, ":"), f->how);
	if (colon) {
		which = strtol(colon + 1, NULL, 0);
		colon = strchr(colon + 1, ':');
		amount = colon ? strtoul(colon + 1, NULL, 0) : 0;
	}
	v->do_plan(how, which, amount);
	errno = 0;
}

static long act_pick(const struct victim *v, const struct fault *f)
{
	plan(v, f);
	return v->do_pick(3);
}

/* What the host gave must be as it was, when the call fails. */
static long act_fill(const struct victim *v, const struct fault *f)
{
	unsigned char data[260], before[260];
	size_t used = 4711, room = f->argument ? (size_t)f->argument : 100;
	long result;

	memset(data, 0xee, sizeof(data));
	memcpy(before, data, sizeof(data));
	plan(v, f);
	result = v->do_fill(data, room, &used, 0);
	if (memcmp(data + room, before, sizeof(data) - room))
		return -100; /* beyond the buffer */
	if (result && (used != 4711 || memcmp(data, before, sizeof(data))))
		return -101;
	return result;
}

static long act_points(const struct victim *v, const struct fault *f)
{
	struct victim_point points[8], before[8];
	size_t count = 4;
	long result;

	memset(points, 0xee, sizeof(points));
	memcpy(before, points, sizeof(points));
	plan(v, f);
	result = v->do_points(points, &count);
	if (memcmp(points + 4, before + 4, sizeof(points) / 2))
		return -100;
	if (result && (count != 4 || memcmp(points, before, sizeof(points))))
		return -101;
	return result;
}

static long act_greet(const struct victim *v, const struct fault *f)
{
	char text[96];
	long result;

	memset(text, 0x55, sizeof(text));
	plan(v, f);
	result = v->do_greet("you", text, VICTIM_TEXT);
	for (size_t i = VICTIM_TEXT; i < sizeof(text); i++)
		if (text[i] != 0x55)
			return -100;
	if (result >= 0 && !memchr(text, 0, VICTIM_TEXT))
		return -101;
	return result;
}

static long act_name(const struct victim *v, const struct fault *f)
{
	plan(v, f);
	return v->do_name(0) ? 0 : -1;
}

static long act_open(const struct victim *v, const struct fault *f)
{
	plan(v, f);
	return v->do_open("x") ? 0 : -1;
}

static int strays, deepest_other;

static int visit(victim_handle handle, const char *text, int number, void *user)
{
	/* Nothing but what this host has given may arrive here. */
	if (user != &strays || strcmp(text, "visit") || !handle)
		strays++;
	return number;
}

static long act_each(const struct victim *v, const struct fault *f)
{
	victim_handle h = v->do_open("x");
	long result;

	plan(v, f);
	result = v->do_each(h, visit, &strays, f->argument ? (int)f->argument : 2);
	return strays ? -100 : result;
}

static int mistaken;

static int other_visit(victim_handle handle, const char *text, int number, void *user)
{
	(void)handle;
	(void)text;
	(void)number;
	mistaken += user != &deepest_other;
	return 1;
}

/* Two functions, each with a user pointer of its own: one must not get what belongs to the other. */
static long act_mixed_up(const struct victim *v, const struct fault *f)
{
	victim_handle h = v->do_open("x");
	long result;

	v->do_each(h, visit, &strays, 1);
	plan(v, f);
	result = v->do_each(h, other_visit, &deepest_other, 1);
	return mistaken ? -100 : result;
}

/* Strings without end of their number: each arrives or fails, and the host keeps but so many. */
static long act_many_names(const struct victim *v, const struct fault *f)
{
	char want[32];
	int kept = 0;

	(void)f;
	for (int n = VICTIM_MANY; n < VICTIM_MANY + 3000; n++) {
		const char *name = v->do_name(n);

		snprintf(want, sizeof(want), "name %d", n);
		if (name && strcmp(name, want))
			return -100;
		kept += name != NULL;
	}
	return kept > 0 && kept <= 1100 ? 7 : kept;
}

static long act_flood(const struct victim *v, const struct fault *f)
{
	v->do_each(v->do_open("x"), visit, &strays, 1);
	errno = 0;
	return v->do_misbehave(f->how, f->argument);
}

static const struct victim *deep;
static int depth, deepest;

static int visit_deeper(victim_handle handle, const char *text, int number, void *user)
{
	int result;

	(void)text;
	(void)number;
	if (++depth > deepest)
		deepest = depth;
	if (depth > 1000)
		abort();
	result = deep->do_each(handle, visit_deeper, user, 1);
	depth--;
	return result;
}

/* Callback in call in callback: it ends at a bound, and the innermost call fails as declared. */
static long act_depth(const struct victim *v, const struct fault *f)
{
	long result;

	(void)f;
	deep = v;
	result = v->do_each(v->do_open("x"), visit_deeper, NULL, 1);
	return deepest > 64 ? -100 : result;
}

/*
 * The reply comes twice: the second one is no answer to what is asked next. A host that first looks when
 * both have come sees a message out of turn, and the declared failure is the answer.
 */
static long act_twice(const struct victim *v, const struct fault *f)
{
	long picked;

	plan(v, f);
	picked = v->do_pick(3);
	if (picked != 3 && (picked != -1 || errno != EIO))
		return -2;
	usleep(20000);
	return v->do_pick(8) == 8 ? 7 : -100;
}

static long act_early(const struct victim *v, const struct fault *f)
{
	plan(v, f);
	if (v->do_pick(3) != 3)
		return -2;
	usleep(50000);
	return v->do_level() == 0 ? 7 : -100;
}

#define REPLY(text, plan_, act_, function_, cause_)                                                \
	{text, plan_, .act = act_, .function = function_, .cause = cause_, FAILS, .deadline = 1000}
#define BROKE "broke the interface"

const struct fault message_faults[] = {
	REPLY("a length of 65537", "length:0:65537", act_pick, "victim_pick", BROKE),
	REPLY("a length of 2 GiB", "length:0:0x80000000", act_pick, "victim_pick", BROKE),
	REPLY("a length of 2^63", "length:0:0x8000000000000000", act_pick, "victim_pick", BROKE),
	REPLY("a length of 2^64 - 1", "length:0:0xffffffffffffffff", act_pick, "victim_pick", BROKE),
	REPLY("a length of 0", "length:0:0", act_pick, "victim_pick", BROKE),
	REPLY("a length of 1", "length:0:1", act_pick, "victim_pick", BROKE),
	REPLY("a length of 41, which lies elsewhere", "length:0:41", act_pick, "victim_pick", BROKE),
	REPLY("a reply cut by a byte", "cut:0:1", act_fill, "victim_fill", BROKE),
	REPLY("a reply cut by a word", "cut:0:8", act_points, "victim_points", BROKE),
	REPLY("a word more than there should be", "more:0:1", act_pick, "victim_pick", BROKE),
	REPLY("a thousand words more", "more:0:1000", act_fill, "victim_fill", BROKE),
	REPLY("kind 0", "kind:0:0", act_pick, "victim_pick", BROKE),
	REPLY("kind 99", "kind:0:99", act_pick, "victim_pick", BROKE),
	REPLY("a call as the reply", "kind:0:1", act_pick, "victim_pick", BROKE),
	REPLY("a hello as the reply", "kind:0:16", act_pick, "victim_pick", BROKE),
	REPLY("a goodbye as the reply", "kind:0:4", act_pick, "victim_pick", BROKE),
	REPLY("the reply of another call", "op:0:0", act_pick, "victim_pick", BROKE),
	REPLY("the reply of no function at all", "op:0:0xffffffff", act_pick, "victim_pick", BROKE),
	REPLY("a rejection without a reason", "reject:0:0", act_pick, "victim_pick", BROKE),
	REPLY("a rejection for reason 99", "reject:0:99", act_pick, "victim_pick", BROKE),
	REPLY("a rejection as malformed", "reject:0:1", act_pick, "victim_pick", "malformed"),
	REPLY("a rejection as unknown", "reject:0:2", act_pick, "victim_pick", "does not know"),
	REPLY("a rejection as absent", "reject:0:3", act_pick, "victim_pick", "does not have"),
	REPLY("a rejection for want of memory", "reject:0:4", act_pick, "victim_pick", "memory"),
	REPLY("a sequence number that jumps", "sequence:0:1000", act_pick, "victim_pick", BROKE),
	REPLY("a sequence number that goes back", "sequence:0:0xffffffff", act_pick, "victim_pick", BROKE),
	{"no reply, as the sequence number stays", "sequence:0:0", .act = act_pick,
	 .function = "victim_pick", .cause = "deadline", FAILS, .deadline = 5000},
	{"a reply that is late", "late:0:3000", .act = act_fill, .function = "victim_fill",
	 .cause = "deadline", FAILS, .deadline = 1000},
	{"a reply that comes twice", "twice:0:0", .act = act_twice, NOTHING},
	{"a reply that comes twice, a little later", "twice:0:2000", .act = act_twice, NOTHING},
	{"a reply before the call", "early:0:4", .act = act_early, NOTHING},
	REPLY("a callback that was never given", "stray-callback:0:77", act_pick, "victim_pick", "never given"),
	REPLY("a callback of token 0", "stray-callback:0:0", act_pick, "victim_pick", "never given"),
	REPLY("a callback of a huge token", "stray-callback:0:0xffffffffffffffff", act_pick,
	      "victim_pick", "never given"),
	REPLY("a callback of a kind out of range", "stray-callback:9:1", act_pick, "victim_pick",
	      "does not exist"),
	REPLY("a callback of kind 2^31", "stray-callback:0x80000000:1", act_pick, "victim_pick",
	      "does not exist"),
	REPLY("a callback cut by a word", "callback-cut:0:8", act_each, "victim_each", BROKE),
	REPLY("a callback without a word", "callback-length:0:0", act_each, "victim_each", BROKE),
	REPLY("a callback longer than the arena", "callback-length:0:65537", act_each, "victim_each", BROKE),
	REPLY("a callback with more than there should be", "callback-more:0:2", act_each, "victim_each", BROKE),
	REPLY("a callback for another function's token", "callback-word:0:99", act_each, "victim_each",
	      "never given"),
	REPLY("a callback with a rejected kind", "callback-kind:0:19", act_each, "victim_each", BROKE),
	{"callbacks without end", NULL, -1, .act = act_each, .function = "victim_each",
	 .cause = "deadline", FAILS, .deadline = 1000},
	{"a flood of malformed callbacks", "flood", 1, .act = act_flood, .cause = BROKE, FAILS},
	{"callbacks in callbacks without end", NULL, .act = act_depth, .function = "victim_each",
	 .cause = "deep|nested", .value = -1, .deadline = 400},
	{NULL}};

const struct fault answer_faults[] = {
	REPLY("a length beyond the capacity", "fill-used:0:101", act_fill, "victim_fill", BROKE),
	REPLY("a length of 2^63", "fill-used:0:0x8000000000000000", act_fill, "victim_fill", BROKE),
	REPLY("a length of 2^64 - 1", "fill-used:0:0xffffffffffffffff", act_fill, "victim_fill", BROKE),
	REPLY("a count beyond the capacity", "points-count:0:5", act_points, "victim_points", BROKE),
	REPLY("a count that overflows in bytes", "points-count:0:0x1000000000000001", act_points,
	      "victim_points", BROKE),
	REPLY("a count of 2^64 - 1", "points-count:0:0xffffffffffffffff", act_points, "victim_points", BROKE),
	REPLY("a string without an end", "greet-endless", act_greet, "victim_greet", BROKE),
	REPLY("a string at address 8", "name-wild", act_name, "victim_name", "SIGSEGV"),
	REPLY("a string that ends where memory does", "name-endless", act_name, "victim_name",
	      "SIGSEGV|broke"),
	REPLY("a string of 5000 bytes", "name-long:0:5000", act_name, "victim_name", BROKE),
	REPLY("a string of 16 MiB", "name-long:0:16777216", act_name, "victim_name", BROKE),
	REPLY("a number above its range", "pick:0:10", act_pick, "victim_pick", BROKE),
	REPLY("a number below its range", "pick:0:0xffffffff", act_pick, "victim_pick", BROKE),
	REPLY("a handle that uses the bits of the generation", "open-wide:0:0x1000000000000", act_open,
	      "victim_open", BROKE),
	REPLY("a handle of all bits", "open-wide:0:0xffffffffffffffff", act_open, "victim_open", BROKE),
	REPLY("a callback with a handle never given", "each-handle:0:60", act_each, "victim_each", BROKE),
	REPLY("a callback with a handle of all bits", "each-handle:0:0xffffffffffffffff", act_each,
	      "victim_each", BROKE),
	REPLY("a callback with a token never given", "each-user:0:4096", act_each, "victim_each", BROKE),
	REPLY("a callback with a token of all bits", "each-user:0:0xffffffffffffffff", act_each,
	      "victim_each", BROKE),
	REPLY("a callback with another function's user pointer", "each-first-user", act_mixed_up,
	      "victim_each", BROKE),
	{"3000 different strings", NULL, .act = act_many_names, NOTHING, .deadline = 10000},
	REPLY("a callback without its string", "each-no-text", act_each, "victim_each", BROKE),
	REPLY("a callback with a string at address 8", "each-wild-text", act_each, "victim_each", "SIGSEGV"),
	{NULL}};
