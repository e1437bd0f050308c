/* SPDX-License-Identifier: BSD-2-Clause */
/* test_message.c - what is written is read back; what is malformed is refused */
#include "tap.h"

#include <nacre/message.h>

static uint64_t memory[64];

static struct nacre_writer writer(size_t size)
{
	memset(memory, 0xaa, sizeof(memory));
	return (struct nacre_writer){.start = (uint8_t *)memory,
				     .at = (uint8_t *)memory,
				     .end = (uint8_t *)memory + size};
}

static struct nacre_reader reader(size_t size)
{
	return (struct nacre_reader){.at = (uint8_t *)memory, .end = (uint8_t *)memory + size};
}

static void test_round_trip(void)
{
	struct nacre_writer w = writer(sizeof(memory));
	struct nacre_reader r;
	size_t n;
	const char *bytes;

	nacre_put_word(&w, (uint64_t)-5);
	nacre_put_double(&w, 0.1);
	nacre_put_bytes(&w, "abcde", 5);
	nacre_put_bytes(&w, NULL, 3);
	nacre_put_bytes(&w, "", 0);
	nacre_put_string(&w, "text", 4);
	r = reader((size_t)(w.at - w.start));
	tap_ok((int64_t)nacre_get_word(&r) == -5, "a negative word survives");
	tap_ok(nacre_get_double(&r) == 0.1, "a double survives bit for bit");
	bytes = nacre_get_bytes(&r, &n);
	tap_ok(bytes && n == 5 && !memcmp(bytes, "abcde\0\0\0", 8), "bytes survive, padded with 0");
	tap_ok(!nacre_get_bytes(&r, &n) && n == 0 && !r.bad, "an absent buffer is NULL and well formed");
	tap_ok(nacre_get_bytes(&r, &n) && n == 0, "an empty buffer is not NULL");
	tap_is_string(nacre_get_string(&r, 4), "text", "a string survives");
	tap_ok(r.at == r.end && !r.bad, "nothing is left over");
}

static void test_short_messages(void)
{
	struct nacre_writer w = writer(sizeof(memory));
	bool all_bad = true;
	size_t whole;

	nacre_put_word(&w, 1);
	nacre_put_bytes(&w, "0123456789", 10);
	nacre_put_string(&w, "end", 8);
	whole = (size_t)(w.at - w.start);
	for (size_t cut = 0; cut < whole; cut++) {
		struct nacre_reader r = reader(cut);
		size_t n;

		nacre_get_word(&r);
		nacre_get_bytes(&r, &n);
		nacre_get_string(&r, 8);
		all_bad = all_bad && r.bad && r.at <= r.end;
	}
	tap_ok(all_bad, "a message that is cut anywhere is malformed");
}

static void test_lies(void)
{
	static const uint64_t lengths[] = {NACRE_MESSAGE_MAX + 1, UINT64_MAX - 1, UINT64_MAX - 7,
					   (uint64_t)1 << 63, 9};
	struct nacre_reader r;
	size_t n;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		memory[0] = lengths[i];
		r = reader(16);
		tap_ok(!nacre_get_bytes(&r, &n) && r.bad && n == 0, "a length of %llu in 8 bytes is malformed",
		       (unsigned long long)lengths[i]);
	}
	memory[0] = 16;
	r = reader(24);
	tap_ok(!nacre_get_array(&r, UINT64_MAX / 4, 8) && r.bad, "a count that overflows is malformed");
	r = reader(24);
	tap_ok(nacre_get_array(&r, 2, 8) && !r.bad, "an array of the right size is well formed");
	r = reader(24);
	tap_ok(!nacre_get_array(&r, 3, 8) && r.bad, "an array of another size is malformed");
}

static void test_strings(void)
{
	struct nacre_writer w = writer(sizeof(memory));
	struct nacre_reader r;

	nacre_put_bytes(&w, "ab\0c", 5);
	r = reader(16);
	tap_ok(!nacre_get_string(&r, 100) && r.bad, "a string with a 0 inside is malformed");
	w = writer(sizeof(memory));
	nacre_put_bytes(&w, "abcd", 4);
	r = reader(16);
	tap_ok(!nacre_get_string(&r, 100) && r.bad, "a string without an end is malformed");
	w = writer(sizeof(memory));
	nacre_put_bytes(&w, "abcd", 5);
	r = reader(16);
	tap_ok(!nacre_get_string(&r, 3) && r.bad, "a string beyond its bound is malformed");
	w = writer(sizeof(memory));
	nacre_put_string(&w, "abcd", 3);
	tap_ok(w.failed, "a string beyond its bound is not written");
}

static void test_room(void)
{
	struct nacre_writer w = writer(16);

	nacre_put_bytes(&w, "123456789", 9);
	tap_ok(w.failed && w.at == w.start, "what does not fit fails the message and is not written");
	nacre_put_word(&w, 1);
	tap_ok(w.at == w.start, "nothing is written after a failure");
}

int main(void)
{
	test_round_trip();
	test_short_messages();
	test_lies();
	test_strings();
	test_room();
	return tap_done();
}
