/* SPDX-License-Identifier: BSD-2-Clause */
/* host.c - zlib-host WHAT: the parts, and what they share */
#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fill(uint8_t *to, size_t size, uint32_t seed)
{
	uint32_t x = seed * 2654435761u + 1;

	for (size_t i = 0; i < size; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		to[i] = i / 512 % 3 ? (uint8_t)("a grain of sand"[x % 15]) : (uint8_t)(x >> 11);
	}
}

uint64_t digest(const void *from, size_t size)
{
	const uint8_t *p = from;
	uint64_t sum = 14695981039346656037u;

	for (size_t i = 0; i < size; i++)
		sum = (sum ^ p[i]) * 1099511628211u;
	return sum;
}

void *room(size_t size)
{
	void *p = calloc(size ? size : 1, 1);

	if (!p)
		abort();
	return p;
}

void show(const char *what, int result, const z_stream *s)
{
	printf("%s: %d, left %u and %u, total %lu and %lu, type %d, sum %lx, message %s\n", what, result,
	       s->avail_in, s->avail_out, s->total_in, s->total_out, s->data_type, s->adler,
	       s->msg ? s->msg : "none");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*show)(void);
	} parts[] = {{"whole", show_whole},	{"streams", show_streams}, {"odd", show_odd},
		     {"threads", show_threads}, {"refused", show_refused}, {"faults", show_faults}};

	for (size_t i = 0; argc == 2 && i < sizeof(parts) / sizeof(*parts); i++)
		if (!strcmp(argv[1], parts[i].name)) {
			parts[i].show();
			return 0;
		}
	fprintf(stderr, "usage: zlib-host whole|streams|odd|threads|refused|faults\n");
	return 2;
}
