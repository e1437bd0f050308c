/* SPDX-License-Identifier: BSD-2-Clause */
/* compress.c - zlib's compress2 of 1 MiB, proxied against direct */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

enum { SIZE = 1 << 20, ROOM = SIZE + SIZE / 512 + 64, TIMES = 150, LEVEL = 6 };

typedef int compress2_type(unsigned char *to, unsigned long *room, const unsigned char *from,
			   unsigned long size, int level);

/* Words of a small vocabulary, as much the same on every run as text can be. */
static void fill(unsigned char *to)
{
	static const char *const words[] = {"the ", "call ", "of ", "a ", "function ", "that ", "crashes ",
					    "returns ", "an ", "error ", "7", "3", ".\n", "and "};
	uint32_t seed = 1;

	for (size_t at = 0; at < SIZE;) {
		const char *word = words[(seed >> 16) % (sizeof(words) / sizeof(*words))];
		size_t n = strlen(word) < SIZE - at ? strlen(word) : SIZE - at;

		memcpy(to + at, word, n);
		at += n;
		seed = seed * 1103515245u + 12345;
	}
}

static unsigned long take(struct series *s, compress2_type *compress2, unsigned char *to,
			  const unsigned char *from)
{
	unsigned long size = ROOM;
	double start = now_ns();

	check(compress2(to, &size, from, SIZE, LEVEL) == 0, "compress2 failed");
	if (s)
		series_add(s, now_ns() - start);
	return size;
}

int main(int argc, char **argv)
{
	unsigned char *from = malloc(SIZE), *to = malloc(ROOM), *same = malloc(ROOM);
	struct series ours = {0}, direct = {0};
	compress2_type *by_proxy, *at_once;

	bench_begin(argc, argv, 4, "compress DIVISOR LIBRARY PROXY");
	check(from && to && same, "no memory");
	fill(from);
	at_once = (compress2_type *)symbol(library(argv[2]), "compress2");
	by_proxy = (compress2_type *)symbol(library(argv[3]), "compress2");
	check(by_proxy != at_once, "the proxy is the library itself");
	check(take(NULL, by_proxy, to, from) == take(NULL, at_once, same, from) &&
		      !memcmp(to, same, 1000),
	      "proxied and direct results differ");
	for (size_t i = samples(TIMES); i; i--) {
		take(&ours, by_proxy, to, from);
		take(&direct, at_once, same, from);
	}
	row_most("zlib compress2 of 1 MiB", &ours, "direct", &direct, 1.05);
	return 0;
}
