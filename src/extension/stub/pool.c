/* SPDX-License-Identifier: BSD-2-Clause */
/* pool.c - memory for the call in hand: a stack of chunks, freed together */
#include "extension/stub/lane.h"

#include <stdlib.h>

enum { CHUNK_FIRST = 4096 - 64 };

struct nacre_chunk {
	struct nacre_chunk *below;
	size_t base; /* position of data[0] in the stack */
	size_t used, size;
	_Alignas(16) uint8_t data[];
};

size_t nacre_pool_mark(const struct nacre_pool *pool)
{
	return pool->top ? pool->top->base + pool->top->used : 0;
}

void *nacre_pool_alloc(struct nacre_pool *pool, size_t size)
{
	struct nacre_chunk *top = pool->top;
	size_t need = (size + 15) & ~(size_t)15, room;
	void *data;

	if (need < size)
		return NULL;
	if (need == 0)
		need = 16;
	if (!top || top->size - top->used < need) {
		room = need > CHUNK_FIRST ? need : CHUNK_FIRST;
		top = calloc(1, sizeof(*top) + room);
		if (!top)
			return NULL;
		top->below = pool->top;
		top->base = nacre_pool_mark(pool);
		top->size = room;
		pool->top = top;
		top->used = need;
		return top->data; /* calloc's zeroes */
	}
	data = top->data + top->used;
	top->used += need;
	return memset(data, 0, need);
}

void nacre_pool_release(struct nacre_pool *pool, size_t mark)
{
	struct nacre_chunk *top;

	/* The lowest chunk stays, so that small calls never reach malloc. */
	while ((top = pool->top) && top->below && top->base >= mark) {
		pool->top = top->below;
		free(top);
	}
	if (top)
		top->used = mark > top->base ? mark - top->base : 0;
}

void nacre_pool_free(struct nacre_pool *pool)
{
	struct nacre_chunk *top;

	while ((top = pool->top)) {
		pool->top = top->below;
		free(top);
	}
}
