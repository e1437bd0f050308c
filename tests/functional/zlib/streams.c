/* SPDX-License-Identifier: BSD-2-Clause */
/* streams.c - streams in pieces, with dictionaries, resets and changes on the way */
#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 200000, ROOM = 300000 };

static uint8_t plain[SIZE], packed[ROOM], again[ROOM];

typedef int (*mover)(z_streamp, int);

/* Pieces of odd sizes, some empty, some flushed; the whole story as one number. */
static size_t in_pieces(z_stream *s, mover move, const uint8_t *from, size_t size, uint8_t *to,
			uint32_t step)
{
	size_t in = 0, out = 0;
	uint64_t story = 0;
	int result = Z_OK, calls = 0;

	for (uint32_t x = step; result == Z_OK || result == Z_BUF_ERROR; calls++) {
		uInt piece = (x = x * 1103515245 + 12345) >> 8 & 0xff ? x >> 16 & (step - 1) : 0;
		uInt space = x >> 4 & (step - 1);
		int flush = in + piece >= size ? Z_FINISH : x >> 5 & 7 ? Z_NO_FLUSH : (int)(x >> 9 & 3);

		if (piece > size - in)
			piece = (uInt)(size - in);
		if (space > ROOM - out)
			space = (uInt)(ROOM - out);
		s->next_in = (z_const Bytef *)from + in;
		s->avail_in = piece;
		s->next_out = to + out;
		s->avail_out = space;
		result = move(s, flush);
		in += piece - s->avail_in;
		out += space - s->avail_out;
		if (s->next_in != from + in || s->next_out != to + out)
			printf("a pointer went astray in call %d\n", calls);
		story = story * 31 + (uint64_t)result * 7 + s->avail_in + s->avail_out * 3 + s->adler +
			s->total_in * 5 + s->total_out * 11 + (uint64_t)s->data_type * 13;
		if (calls > 200000)
			break;
	}
	printf("%d calls, result %d, %zu to %zu, %lx, story %lx\n", calls, result, in, out,
	       digest(to, out), story);
	show("at the end", result, s);
	return out;
}

static void one_format(int bits, int level, int memory, int strategy, uint32_t step)
{
	z_stream s = {0}, t = {0};
	size_t size;

	printf("format %d, level %d, memory %d, strategy %d, pieces to %u: %d\n", bits, level, memory,
	       strategy, step, deflateInit2(&s, level, Z_DEFLATED, bits, memory, strategy));
	size = in_pieces(&s, deflate, plain, SIZE, packed, step);
	printf("end: %d\n", deflateEnd(&s));
	printf("inflate: %d\n", inflateInit2(&t, bits));
	in_pieces(&t, inflate, packed, size, again, step);
	printf("end: %d, %s\n", inflateEnd(&t), memcmp(plain, again, SIZE) ? "others" : "the same");
}

/* More at once than a message of the usual size can hold. */
static void at_once(void)
{
	enum { LARGE = 4 << 20 };
	uint8_t *from = room(LARGE), *to = room(LARGE + 65536), *back = room(LARGE);
	z_stream s = {0};

	fill(from, LARGE, 9);
	deflateInit(&s, 1);
	printf("bound %lu\n", deflateBound(&s, LARGE));
	s.next_in = from;
	s.avail_in = LARGE;
	s.next_out = to;
	s.avail_out = LARGE + 65536;
	show("at once", deflate(&s, Z_FINISH), &s);
	printf("%lx\n", digest(to, s.total_out));
	s.next_in = to;
	s.avail_in = (uInt)s.total_out;
	deflateEnd(&s);
	inflateInit(&s);
	s.next_out = back;
	s.avail_out = LARGE;
	show("and back", inflate(&s, Z_FINISH), &s);
	printf("%s\n", memcmp(from, back, LARGE) ? "others" : "the same");
	inflateEnd(&s);
	free(from);
	free(to);
	free(back);
}

static void aim(z_stream *s, const void *from, size_t size, void *to, size_t space)
{
	s->next_in = (z_const Bytef *)from;
	s->avail_in = (uInt)size;
	s->next_out = to;
	s->avail_out = (uInt)space;
}

static void dictionaries(void)
{
	uint8_t dictionary[32768];
	uInt size = 0;
	z_stream s = {0}, t = {0};

	deflateInit(&s, 6);
	printf("dictionary: %d", deflateSetDictionary(&s, plain, 5000));
	printf(", sum %lx\n", s.adler);
	printf("got back: %d", deflateGetDictionary(&s, dictionary, &size));
	printf(", %u, %lx\n", size, digest(dictionary, size));
	aim(&s, plain, 50000, packed, ROOM);
	show("with dictionary", deflate(&s, Z_FINISH), &s);
	inflateInit(&t);
	aim(&t, packed, s.total_out, again, ROOM);
	show("inflate", inflate(&t, Z_FINISH), &t);
	printf("a wrong dictionary: %d\n", inflateSetDictionary(&t, plain + 1, 5000));
	printf("none: %d\n", inflateSetDictionary(&t, NULL, 0));
	printf("the right dictionary: %d\n", inflateSetDictionary(&t, plain, 5000));
	show("inflate", inflate(&t, Z_FINISH), &t);
	printf("got back: %d", inflateGetDictionary(&t, dictionary, &size));
	printf(", %u, %lx\n", size, digest(dictionary, size));
	printf("only its size: %d", inflateGetDictionary(&t, NULL, &size));
	printf(", %u\n", size);
	printf("%s\n", memcmp(plain, again, 50000) ? "others" : "the same");
	printf("end: %d %d\n", deflateEnd(&s), inflateEnd(&t));
}

static void resets(void)
{
	z_stream s = {0}, t = {0};

	deflateInit(&s, 6);
	aim(&s, plain, 70000, packed, ROOM);
	show("half", deflate(&s, Z_NO_FLUSH), &s);
	show("reset", deflateReset(&s), &s);
	aim(&s, plain, 1000, packed, ROOM);
	show("again", deflate(&s, Z_FINISH), &s);
	show("too late", deflate(&s, Z_FINISH), &s);
	show("and more", deflate(&s, Z_NO_FLUSH), &s);
	inflateInit(&t);
	aim(&t, packed, 300, again, ROOM);
	show("half", inflate(&t, Z_SYNC_FLUSH), &t);
	show("reset", inflateReset(&t), &t);
	aim(&t, packed, s.total_out, again, ROOM);
	show("again", inflate(&t, Z_FINISH), &t);
	show("too late", inflate(&t, Z_FINISH), &t);
	show("reset to raw", inflateReset2(&t, -15), &t);
	aim(&t, packed + 2, s.total_out - 2, again, ROOM);
	show("raw", inflate(&t, Z_FINISH), &t);
	show("reset to nonsense", inflateReset2(&t, 99), &t);
	printf("end: %d %d\n", deflateEnd(&s), inflateEnd(&t));
}

static void changes(void)
{
	unsigned pending = 0;
	z_stream s = {0}, t = {0};
	int bits = 0;

	deflateInit2(&s, 1, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
	show("prime", deflatePrime(&s, 5, 0x15), &s);
	printf("pending: %d", deflatePending(&s, &pending, &bits));
	printf(", %u and %d\n", pending, bits);
	printf("only the bits: %d\n", deflatePending(&s, NULL, &bits));
	deflateEnd(&s);
	deflateInit(&s, 1);
	aim(&s, plain, 60000, packed, ROOM);
	deflate(&s, Z_NO_FLUSH);
	s.avail_in = 40000;
	show("change", deflateParams(&s, 9, Z_FILTERED), &s);
	show("tune", deflateTune(&s, 4, 5, 16, 8), &s);
	s.avail_out = 3;
	show("no room to change", deflateParams(&s, 1, Z_DEFAULT_STRATEGY), &s);
	s.avail_out = 100000;
	s.avail_in = 20000;
	show("finish", deflate(&s, Z_FINISH), &s);
	printf("%lx\n", digest(packed, s.total_out));
	inflateInit(&t);
	aim(&t, packed, s.total_out, again, ROOM);
	show("inflate", inflate(&t, Z_BLOCK), &t);
	printf("mark %ld, at a point %d\n", inflateMark(&t), inflateSyncPoint(&t));
	show("check", inflateValidate(&t, 0), &t);
	show("inflate", inflate(&t, Z_FINISH), &t);
	printf("codes %lu, %s\n", inflateCodesUsed(&t), memcmp(plain, again, 60000) ? "others" : "the same");
	printf("end: %d %d\n", deflateEnd(&s), inflateEnd(&t));
}

/* Damage in the middle, found again behind a full flush. */
static void damage(void)
{
	z_stream s = {0}, t = {0};
	size_t half;

	deflateInit(&s, 6);
	aim(&s, plain, 50000, packed, ROOM);
	deflate(&s, Z_FULL_FLUSH);
	half = s.total_out;
	s.avail_in = 50000;
	deflate(&s, Z_FINISH);
	packed[half / 2] ^= 0xff;
	packed[half / 2 + 1] ^= 0xff;
	inflateInit(&t);
	aim(&t, packed, s.total_out, again, ROOM);
	show("inflate", inflate(&t, Z_NO_FLUSH), &t);
	show("again", inflate(&t, Z_NO_FLUSH), &t);
	show("sync", inflateSync(&t), &t);
	show("inflate", inflate(&t, Z_NO_FLUSH), &t);
	printf("end: %d %d\n", deflateEnd(&s), inflateEnd(&t));
}

void show_streams(void)
{
	fill(plain, SIZE, 1);
	one_format(15, 6, 8, Z_DEFAULT_STRATEGY, 256);
	one_format(31, 9, 9, Z_DEFAULT_STRATEGY, 8192);
	one_format(-15, 1, 8, Z_HUFFMAN_ONLY, 65536);
	one_format(9, 4, 1, Z_FILTERED, 64);
	one_format(15, 0, 8, Z_RLE, 512);
	one_format(15, 3, 8, Z_FIXED, 131072);
	at_once();
	dictionaries();
	resets();
	changes();
	damage();
}
