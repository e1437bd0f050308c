/* SPDX-License-Identifier: BSD-2-Clause */
/* odd.c - streams that are not there, not begun, ended, or many */
#include "host.h"

#include <stdio.h>
#include <string.h>

static uint8_t in[5000], out[8000];

static void absent(void)
{
	z_stream zero = {0};

	printf("no stream: %d %d %d %d %d %d\n", deflate(NULL, 0), inflate(NULL, 0), deflateEnd(NULL),
	       inflateEnd(NULL), deflateReset(NULL), inflateReset(NULL));
	printf("no stream to begin: %d %d\n", deflateInit(NULL, 6), inflateInit(NULL));
	printf("not begun: %d %d %d %d %d %d\n", deflate(&zero, 0), inflate(&zero, 0), deflateEnd(&zero),
	       inflateEnd(&zero), deflateReset(&zero), inflateReset(&zero));
	printf("not begun: %d %d %d %d\n", deflateParams(&zero, 1, 0), inflateSync(&zero),
	       deflateSetDictionary(&zero, in, 10), inflateSetDictionary(&zero, in, 10));
	printf("not begun: %ld %d %d\n", inflateMark(&zero), inflateSyncPoint(&zero),
	       deflateTune(&zero, 1, 1, 1, 1));
	printf("bound without a stream: %lu\n", deflateBound(NULL, 1000));
}

static void wrong(void)
{
	z_stream s = {0};

	printf("no version: %d\n", deflateInit_(&s, 6, NULL, (int)sizeof(s)));
	printf("another version: %d\n", deflateInit_(&s, 6, "9.9", (int)sizeof(s)));
	printf("another size: %d\n", inflateInit_(&s, ZLIB_VERSION, 3));
	printf("level 42: %d\n", deflateInit(&s, 42));
	printf("window 99: %d\n", inflateInit2(&s, 99));
	printf("state left: %d\n", s.state != NULL);
	printf("after that: %d", deflate(&s, 0));
	printf(" %d\n", inflateEnd(&s));
}

static void ended(void)
{
	z_stream s = {0};

	deflateInit(&s, 6);
	s.next_in = in;
	s.avail_in = sizeof(in);
	s.next_out = out;
	s.avail_out = 10;
	show("begun", deflate(&s, Z_NO_FLUSH), &s);
	s.avail_out = 0;
	show("no room", deflate(&s, Z_NO_FLUSH), &s);
	s.next_out = NULL;
	s.avail_out = 100;
	show("nowhere to go", deflate(&s, Z_NO_FLUSH), &s);
	s.next_out = out;
	s.next_in = NULL;
	s.avail_in = 5;
	show("nothing to read", deflate(&s, Z_NO_FLUSH), &s);
	show("no such flush", deflate(&s, 77), &s);
	printf("inflate on it: %d", inflate(&s, 0));
	printf(" %d", inflateReset(&s));
	printf(" %d\n", inflateEnd(&s));
	show("ended while busy", deflateEnd(&s), &s);
	printf("state left: %d\n", s.state != NULL);
	printf("and twice: %d, still used: %d\n", deflateEnd(&s), deflate(&s, 0));
	printf("begun anew: %d", inflateInit(&s));
	printf(", ended %d", inflateEnd(&s));
	printf(", and twice %d\n", inflateEnd(&s));
}

/* There are hosts that begin, reset and change before they say where anything is. */
static void late(void)
{
	z_stream s;

	memset(&s, 0xa5, sizeof(s));
	s.zalloc = NULL;
	s.zfree = NULL;
	s.opaque = NULL;
	printf("begun: %d", deflateInit2(&s, 6, Z_DEFLATED, -15, 8, 0));
	printf(", reset %d", deflateReset(&s));
	printf(", changed %d", deflateParams(&s, 1, Z_HUFFMAN_ONLY));
	printf(", tuned %d\n", deflateTune(&s, 4, 5, 16, 8));
	printf("left alone: %d\n", s.avail_in == 0xa5a5a5a5 && s.avail_out == 0xa5a5a5a5);
	s.next_in = in;
	s.avail_in = sizeof(in);
	s.next_out = out;
	s.avail_out = sizeof(out);
	show("in time", deflate(&s, Z_FINISH), &s);
	printf("%lx, ended %d\n", digest(out, sizeof(out)), deflateEnd(&s));
}

/* Many streams side by side do not mix. */
static void many(void)
{
	enum { MANY = 100 };
	static z_stream s[MANY];
	static uint8_t to[MANY][6000];
	uint64_t sum = 0;

	for (int i = 0; i < MANY; i++) {
		deflateInit(&s[i], i % 10);
		s[i].next_out = to[i];
		s[i].avail_out = sizeof(to[i]);
	}
	for (uint32_t at = 0; at < sizeof(in); at += 500)
		for (int i = 0; i < MANY; i++) {
			s[i].next_in = in + at;
			s[i].avail_in = 500;
			deflate(&s[i], at + 500 == sizeof(in) ? Z_FINISH : Z_NO_FLUSH);
		}
	for (int i = MANY - 1; i >= 0; i--) {
		sum = sum * 31 + digest(to[i], s[i].total_out);
		sum += (uint64_t)deflateEnd(&s[i]);
	}
	printf("%d streams: %lx\n", MANY, sum);
}

void show_odd(void)
{
	fill(in, sizeof(in), 4);
	absent();
	wrong();
	ended();
	late();
	many();
}
