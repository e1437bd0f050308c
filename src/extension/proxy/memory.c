/* SPDX-License-Identifier: BSD-2-Clause */
/* memory.c - memory that lives as long as one call or callback */
#include "extension/proxy/runtime.h"

#include <stdlib.h>

struct nacre_memory {
	struct nacre_memory *next;
	_Alignas(16) uint8_t data[];
};

void *nacre_memory_alloc(struct nacre_memory **list, uint64_t count, size_t size)
{
	struct nacre_memory *memory = NULL;
	size_t bytes;

	if (!__builtin_mul_overflow(count, size, &bytes) && bytes <= NACRE_MESSAGE_MAX)
		memory = calloc(1, sizeof(*memory) + bytes);
	if (!memory)
		return NULL;
	memory->next = *list;
	*list = memory;
	return memory->data;
}

void nacre_memory_free(struct nacre_memory **list)
{
	struct nacre_memory *next;

	for (; *list; *list = next) {
		next = (*list)->next;
		free(*list);
	}
}

void *nacre_call_alloc(struct nacre_call *call, uint64_t count, size_t size)
{
	void *data = nacre_memory_alloc(&call->memory, count, size);

	call->out.failed |= !data;
	return data;
}

void *nacre_upcall_alloc(struct nacre_upcall *up, uint64_t count, size_t size)
{
	void *data = nacre_memory_alloc(&up->memory, count, size);

	up->in.bad |= !data;
	return data;
}
