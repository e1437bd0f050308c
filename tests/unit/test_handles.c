/* SPDX-License-Identifier: BSD-2-Clause */
/* test_handles.c - handles, tokens and strings of the proxy runtime */
#include "extension/proxy/runtime.h"
#include "tap.h"

enum { SESSION, OBJECT, NARROW };

static void test_generations(void)
{
	struct nacre_call call = {.generation = 0};
	uint64_t wire, host;

	tap_ok(nacre_handle_in(&call, SESSION, 5, false) == 5, "before a restart the host sees the extension's value");
	tap_ok(nacre_handle_out(&call, SESSION, UINT64_MAX, &wire) && wire == UINT64_MAX,
	       "what nobody gave is passed on as it is");
	call.generation = 3;
	host = nacre_handle_in(&call, OBJECT, 5, false);
	tap_ok(host != 5 && nacre_handle_out(&call, OBJECT, host, &wire) && wire == 5,
	       "after a restart a handle is marked, and comes back as the extension's value");
	tap_ok(!nacre_handle_out(&call, OBJECT, 5, &wire), "a handle from before the restart is stale");
	tap_ok(nacre_handle_out(&call, OBJECT, 0, &wire) && wire == 0 &&
		       nacre_handle_in(&call, OBJECT, 0, false) == 0, "no object stays no object");
	tap_ok(!call.in.bad, "none of that was malformed");
	nacre_handle_in(&call, OBJECT, (uint64_t)1 << 60, false);
	tap_ok(call.in.bad, "a handle that leaves no room for the mark is malformed");
	call.in.bad = false;
	host = nacre_handle_in(&call, NARROW, 9, false);
	tap_ok(host <= UINT32_MAX && nacre_handle_out(&call, NARROW, host, &wire) && wire == 9,
	       "narrow handles are marked within their width");
	tap_ok(nacre_handle_in(&call, NARROW, UINT32_MAX, false) == UINT32_MAX && !call.in.bad,
	       "the declared value of no object is not marked");
}

static bool live(uint64_t value)
{
	struct nacre_instance instance = {.generation = 0};
	struct nacre_channel channel = {.instance = &instance};
	struct nacre_upcall up = {.channel = &channel};

	up.in.at = (const uint8_t *)&value;
	up.in.end = up.in.at + 8;
	nacre_upcall_handle(&up, SESSION);
	return !up.in.bad;
}

static void test_live_set(void)
{
	struct nacre_call call = {0};
	bool all = true;

	tap_ok(!live(1), "a handle that was never given is malformed in a callback");
	for (uint64_t i = 1; i <= 500; i++)
		nacre_handle_in(&call, SESSION, i, true);
	tap_ok(!live(1), "a handle is live only when its call was accepted");
	nacre_handles_apply(call.notes);
	for (uint64_t i = 1; i <= 500; i++)
		all = all && live(i);
	tap_ok(all && !live(501), "500 opened handles are live, the 501st is not");
	call.notes = NULL;
	nacre_handle_close(&call, SESSION, 250);
	nacre_handles_apply(call.notes);
	tap_ok(!live(250) && live(249), "a closed handle is not");
	for (int round = 0; round < 2000; round++) {
		call.notes = NULL;
		nacre_handle_in(&call, SESSION, 1000 + (uint64_t)round, true);
		nacre_handles_apply(call.notes);
		call.notes = NULL;
		nacre_handle_close(&call, SESSION, 1000 + (uint64_t)round);
		nacre_handles_apply(call.notes);
	}
	tap_ok(live(249) && !live(1000) && !live(2999), "thousands of others come and go");
	call.notes = NULL;
	nacre_handle_in(&call, SESSION, 77, true); /* given again before its end was taken in */
	nacre_handles_apply(call.notes);
	call.notes = NULL;
	nacre_handle_close(&call, SESSION, 77);
	nacre_handles_apply(call.notes);
	tap_ok(live(77), "a value that was given again is live, though its first life has ended");
	call.notes = NULL;
	nacre_handle_close_all(&call, SESSION);
	nacre_handles_apply(call.notes);
	tap_ok(!live(249), "all can be closed at once");
	nacre_handles_clear();
}

static void test_tokens(void)
{
	static char pointers[5000];
	void *found;
	bool all = true;

	for (int i = 0; i < 5000; i++)
		all = all && nacre_token_of(&pointers[i], NACRE_TOKEN_PLAIN) == (uint64_t)i + 1;
	for (int i = 0; i < 5000; i++)
		all = all && nacre_token_find((uint64_t)i + 1, NACRE_TOKEN_PLAIN, &found) && found == &pointers[i];
	tap_ok(all, "5000 pointers have tokens that lead back");
	tap_is_number(nacre_token_of(&pointers[3], NACRE_TOKEN_PLAIN), 4, "the same pointer has the same token");
	tap_ok(nacre_token_of(&pointers[3], 0) != 4, "but not as something else");
	tap_ok(!nacre_token_find(4, 0, &found), "a token is good for its kind alone");
	tap_ok(!nacre_token_find(0, NACRE_TOKEN_PLAIN, &found) &&
		       !nacre_token_find(5002, NACRE_TOKEN_PLAIN, &found), "others lead nowhere");
}

static void test_strings(void)
{
	char text[32];
	const char *first = nacre_intern("one");
	int kept = 1;

	tap_ok(first == nacre_intern("one"), "equal strings are one string");
	tap_ok(!nacre_intern(NULL), "no string is no string");
	for (int i = 0; i < 2000; i++) {
		snprintf(text, sizeof(text), "string %d", i);
		kept += nacre_intern(text) != NULL;
	}
	tap_is_number(kept, 1024, "an extension that invents strings is stopped at 1024");
	tap_is_string(first, "one", "those that were given stay");
}

int main(void)
{
	test_generations();
	test_live_set();
	test_tokens();
	test_strings();
	return tap_done();
}
