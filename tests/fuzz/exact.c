/* SPDX-License-Identifier: BSD-2-Clause */
/* exact.c - memory in which one byte too many is seen */
#include "exact.h"

#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define GUARD_SIZE 0 /* AddressSanitizer has its own */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GUARD_SIZE 0
#endif
#endif
#ifndef GUARD_SIZE
#define GUARD_SIZE 16
#endif

enum { BLOCKS_MAX = 4096, GUARD_BYTE = 0xa5 };

static const size_t guard = GUARD_SIZE;

static struct block {
	uint8_t *data, *kept;
	size_t size;
	bool constant;
} blocks[BLOCKS_MAX];
static int block_count;

void exact_say(struct nacre_map *map, struct input *in, uint16_t kind, uint32_t op, int sys)
{
	struct nacre_line *line = map->host ? &map->page->stub : &map->page->host;
	size_t n = input_word(in, 2);
	const uint8_t *bytes = input_bytes(in, &n);

	if (n > map->arena_size)
		n = map->arena_size;
	line->kind = kind;
	line->op = op;
	line->sys = sys;
	line->length = n;
	if (n)
		memcpy(n <= NACRE_INLINE ? line->small : map->arena, bytes, n);
	atomic_store(&line->seq, map->seen + 1);
}

int exact_receive(struct nacre_map *map, struct nacre_heard *heard, struct nacre_reader *r)
{
	struct nacre_frame *frame;
	uint8_t *data;
	size_t n;

	if (nacre_map_receive(map, heard, r) < 0)
		return -1;
	frame = &map->frames[map->frame - 1];
	n = (size_t)(r->end - r->at);
	data = malloc(n);
	if (!data && n)
		abort();
	if (n)
		memcpy(data, r->at, n);
	free(frame->data);
	frame->data = data;
	frame->size = NACRE_FRAME_KEEP + 1; /* given back at release, as a large one is */
	r->at = data;
	r->end = data + n;
	return 0;
}

void *block_make(size_t size, int fill, bool constant)
{
	struct block *b = &blocks[block_count++];

	if (block_count > BLOCKS_MAX)
		abort();
	*b = (struct block){malloc(size + guard), NULL, size, constant};
	if (!b->data && size + guard)
		abort();
	if (size)
		memset(b->data, fill, size);
	if (guard)
		memset(b->data + size, GUARD_BYTE, guard);
	return b->data;
}

void block_keep(void)
{
	for (int i = 0; i < block_count; i++) {
		struct block *b = &blocks[i];

		b->kept = malloc(b->size + 1);
		if (!b->kept)
			abort();
		if (b->size)
			memcpy(b->kept, b->data, b->size);
	}
}

void block_check(bool all)
{
	for (int i = 0; i < block_count; i++) {
		const struct block *b = &blocks[i];

		for (size_t k = 0; k < guard; k++)
			if (b->data[b->size + k] != GUARD_BYTE)
				abort();
		if (b->kept && (all || b->constant) && b->size && memcmp(b->data, b->kept, b->size))
			abort();
	}
}

void block_free(void)
{
	while (block_count) {
		free(blocks[--block_count].data);
		free(blocks[block_count].kept);
	}
}
