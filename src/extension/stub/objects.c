/* SPDX-License-Identifier: BSD-2-Clause */
/* objects.c - ids for pointers that the host names but never holds
 *
 * A slot table with a serial number in each id, so that an id is never given twice, and chains by
 * address for the way back. One table per virtual process, under one lock.
 */
#include "extension/stub/lane.h"

#include <pthread.h>
#include <stdlib.h>

enum { SLOT_BITS = 20, SLOTS_MAX = 1 << SLOT_BITS, BUCKETS = 1024 };

struct slot {
	void *object; /* NULL: free */
	uint32_t kind, serial;
	uint32_t next; /* in its bucket, or in the free list; slot number + 1 */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct slot *slots;
static uint32_t slot_count, slot_room, free_list, buckets[BUCKETS];

static uint32_t *bucket_of(const void *object)
{
	return &buckets[((uintptr_t)object >> 4) * 2654435761u % BUCKETS];
}

static uint64_t slot_id(uint32_t n)
{
	return (uint64_t)slots[n].serial << SLOT_BITS | n;
}

/* A free slot's number, or -1. */
static int64_t slot_take(void)
{
	uint32_t n;

	if (free_list) {
		n = free_list - 1;
		free_list = slots[n].next;
		return n;
	}
	if (slot_count == slot_room) {
		uint32_t room = slot_room ? slot_room * 2 : 64;
		struct slot *more;

		if (room > SLOTS_MAX)
			return -1;
		more = realloc(slots, room * sizeof(*slots));
		if (!more)
			return -1;
		slots = more;
		slot_room = room;
	}
	slots[slot_count].serial = 0;
	return slot_count++;
}

static uint64_t object_add(uint32_t kind, void *object)
{
	uint32_t *bucket = bucket_of(object);
	int64_t n = slot_take();

	if (n < 0)
		return 0;
	slots[n].object = object;
	slots[n].kind = kind;
	slots[n].serial = (slots[n].serial + 1) & 0x7ffffff;
	slots[n].next = *bucket;
	*bucket = (uint32_t)n + 1;
	return slot_id((uint32_t)n);
}

uint64_t nacre_object_add(uint32_t kind, void *object)
{
	uint64_t id;

	pthread_mutex_lock(&lock);
	id = object ? object_add(kind, object) : 0;
	pthread_mutex_unlock(&lock);
	return id;
}

uint64_t nacre_object_id(uint32_t kind, void *object)
{
	uint64_t id = 0;

	if (!object)
		return 0;
	pthread_mutex_lock(&lock);
	for (uint32_t n = *bucket_of(object); n && !id; n = slots[n - 1].next)
		if (slots[n - 1].object == object && slots[n - 1].kind == kind)
			id = slot_id(n - 1);
	if (!id)
		id = object_add(kind, object);
	pthread_mutex_unlock(&lock);
	return id;
}

static struct slot *slot_find(uint32_t kind, uint64_t id)
{
	uint32_t n = id & (SLOTS_MAX - 1);

	if (!id || n >= slot_count || slot_id(n) != id || !slots[n].object || slots[n].kind != kind)
		return NULL;
	return &slots[n];
}

void *nacre_object_get(struct nacre_service *s, uint32_t kind, uint64_t id)
{
	struct slot *slot;
	void *object = NULL;

	if (!id)
		return NULL;
	pthread_mutex_lock(&lock);
	slot = slot_find(kind, id);
	if (slot)
		object = slot->object;
	else
		s->in.bad = true;
	pthread_mutex_unlock(&lock);
	return object;
}

void nacre_object_remove(uint32_t kind, uint64_t id)
{
	struct slot *slot;

	pthread_mutex_lock(&lock);
	slot = slot_find(kind, id);
	if (slot) {
		uint32_t self = (uint32_t)(slot - slots) + 1, *link = bucket_of(slot->object);

		while (*link != self)
			link = &slots[*link - 1].next;
		*link = slot->next;
		slot->object = NULL;
		slot->next = free_list;
		free_list = self;
	}
	pthread_mutex_unlock(&lock);
}
