/* SPDX-License-Identifier: BSD-2-Clause */
/* arena.c - memory that is freed all at once */
#include "arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct chunk {
	struct chunk *next;
	max_align_t data[];
};

struct nacre_arena {
	struct chunk *chunks;
};

struct nacre_arena *nacre_arena_new(void)
{
	struct nacre_arena *a = calloc(1, sizeof(*a));

	if (!a)
		abort();
	return a;
}

void nacre_arena_free(struct nacre_arena *a)
{
	if (!a)
		return;
	while (a->chunks) {
		struct chunk *next = a->chunks->next;

		free(a->chunks);
		a->chunks = next;
	}
	free(a);
}

void *nacre_arena_alloc(struct nacre_arena *a, size_t size)
{
	struct chunk *c = calloc(1, sizeof(*c) + size);

	if (!c)
		abort();
	c->next = a->chunks;
	a->chunks = c;
	return c->data;
}

char *nacre_arena_copy(struct nacre_arena *a, const char *text, size_t n)
{
	char *copy = nacre_arena_alloc(a, n + 1);

	memcpy(copy, text, n);
	return copy;
}

char *nacre_arena_printf(struct nacre_arena *a, const char *fmt, ...)
{
	va_list ap;
	char *made, *text;

	va_start(ap, fmt);
	if (vasprintf(&made, fmt, ap) < 0)
		abort();
	va_end(ap);
	text = nacre_arena_alloc(a, strlen(made) + 1);
	strcpy(text, made);
	free(made);
	return text;
}
