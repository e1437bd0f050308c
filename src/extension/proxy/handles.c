/* SPDX-License-Identifier: BSD-2-Clause */
/* handles.c - handles that stay meaningful across restarts
 *
 * What the host holds is the extension's value with the generation of its virtual process in the
 * top bits (16 of 64, 8 of 32), so a handle from before a restart is known by looking at it: no table,
 * no leak, no lock. In the first generation the bits are 0 and host and extension see equal values.
 * A value that already uses the top bits cannot be marked and is a violation.
 *
 * Kinds whose end the overlay declares (`tracked`) are also kept in a set of live ones: a handle
 * that the extension passes to a callback must be in it.
 */
#include "extension/proxy/runtime.h"

#include <stdlib.h>

static unsigned tag_shift(const struct nacre_handle_kind *kind)
{
	return kind->bits == 32 ? 24 : 48;
}

static uint64_t tag_mask(const struct nacre_handle_kind *kind)
{
	return kind->bits == 32 ? 0xff : 0xffff;
}

bool nacre_handle_out(struct nacre_call *call, uint32_t kind, uint64_t host, uint64_t *wire)
{
	const struct nacre_handle_kind *k = &nacre_interface.handles[kind];
	uint64_t tag = host >> tag_shift(k) & tag_mask(k), now = call->generation & tag_mask(k);

	*wire = host;
	if (host == k->none)
		return true;
	if (tag == now)
		*wire = host & (((uint64_t)1 << tag_shift(k)) - 1);
	/* Before the first restart a value with other top bits was never given by anybody: the
	 * extension shall say so itself. */
	return tag == now || call->generation == 0;
}

static uint64_t mark(uint32_t kind, uint32_t generation, uint64_t wire, bool *wide)
{
	const struct nacre_handle_kind *k = &nacre_interface.handles[kind];

	*wide = false;
	if (wire == k->none)
		return wire;
	*wide = wire >> tag_shift(k) != 0;
	return wire | (generation & tag_mask(k)) << tag_shift(k);
}

static void note(struct nacre_call *call, uint32_t kind, uint64_t wire, int what)
{
	struct nacre_note *n;

	if (!nacre_interface.handles[kind].tracked)
		return;
	n = malloc(sizeof(*n));
	if (!n)
		return; /* the handle is then unknown to callbacks, which is refused, not trusted */
	n->next = call->notes;
	n->kind = kind;
	n->wire = wire;
	n->what = what;
	call->notes = n;
}

uint64_t nacre_handle_in(struct nacre_call *call, uint32_t kind, uint64_t wire, bool opens)
{
	bool wide;
	uint64_t host = mark(kind, call->generation, wire, &wide);

	if (wide)
		call->in.bad = true;
	else if (opens && wire != nacre_interface.handles[kind].none)
		note(call, kind, wire, NACRE_NOTE_OPEN);
	return host;
}

void nacre_handle_close(struct nacre_call *call, uint32_t kind, uint64_t host)
{
	uint64_t wire;

	if (nacre_handle_out(call, kind, host, &wire))
		note(call, kind, wire, NACRE_NOTE_CLOSE);
}

void nacre_handle_close_all(struct nacre_call *call, uint32_t kind)
{
	note(call, kind, 0, NACRE_NOTE_CLOSE_ALL);
}

/*
 * The live ones: open addressing, keyed by kind and value. They are counted: the extension may give a
 * value again to one thread before another thread has taken in that it was closed.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct live {
	uint64_t wire;
	uint32_t kind; /* + 1; 0: never used */
	uint32_t count; /* 0: gone */
} *set;
static size_t set_used, set_room;

static struct live *find(uint32_t kind, uint64_t wire, bool room_for)
{
	struct live *free_one = NULL;

	if (!set_room)
		return NULL;
	for (size_t i = (wire * 0x9e3779b97f4a7c15u >> 20) % set_room;; i = (i + 1) % set_room) {
		struct live *l = &set[i];

		if (l->kind == kind + 1 && l->wire == wire && l->count)
			return l;
		if (l->kind && !l->count && !free_one)
			free_one = l;
		if (!l->kind)
			return room_for ? (free_one ? free_one : l) : NULL;
	}
}

static bool set_grow(void)
{
	struct live *old = set;
	size_t old_room = set_room, live = 0, at = 0;

	for (size_t i = 0; i < old_room; i++)
		live += old[i].count > 0;
	set_room = live < 32 ? 64 : live * 4;
	set = calloc(set_room, sizeof(*set));
	if (!set) {
		set = old;
		set_room = old_room;
		return false;
	}
	for (set_used = 0; at < old_room; at++)
		if (old[at].count) {
			*find(old[at].kind - 1, old[at].wire, true) = old[at];
			set_used++;
		}
	free(old);
	return true;
}

static void apply(const struct nacre_note *n)
{
	struct live *l;

	if (n->what == NACRE_NOTE_CLOSE_ALL) {
		for (size_t i = 0; i < set_room; i++)
			if (set[i].kind == n->kind + 1)
				set[i].count = 0;
		return;
	}
	if (n->what == NACRE_NOTE_OPEN && set_used * 2 >= set_room && !set_grow())
		return;
	l = find(n->kind, n->wire, n->what == NACRE_NOTE_OPEN);
	if (!l)
		return;
	if (!l->count) { /* a free place: only an opened one gets it */
		set_used += !l->kind;
		*l = (struct live){n->wire, n->kind + 1, 0};
	}
	l->count += n->what == NACRE_NOTE_OPEN ? 1 : -1;
}

void nacre_handles_apply(struct nacre_note *notes)
{
	if (!notes)
		return;
	pthread_mutex_lock(&lock);
	for (const struct nacre_note *n = notes; n; n = n->next)
		apply(n);
	pthread_mutex_unlock(&lock);
	nacre_handles_discard(notes);
}

void nacre_handles_discard(struct nacre_note *notes)
{
	struct nacre_note *next;

	for (; notes; notes = next) {
		next = notes->next;
		free(notes);
	}
}

void nacre_handles_clear(void)
{
	pthread_mutex_lock(&lock);
	free(set);
	set = NULL;
	set_used = set_room = 0;
	pthread_mutex_unlock(&lock);
}

void nacre_handles_forked(void)
{
	pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;

	memcpy(&lock, &fresh, sizeof(lock));
	set = NULL;
	set_used = set_room = 0;
}

uint64_t nacre_upcall_handle(struct nacre_upcall *up, uint32_t kind)
{
	const struct nacre_handle_kind *k = &nacre_interface.handles[kind];
	uint64_t wire = nacre_get_word(&up->in), host;
	bool wide, known = true;

	host = mark(kind, up->channel->instance->generation, wire, &wide);
	if (k->tracked && wire != k->none) {
		pthread_mutex_lock(&lock);
		known = find(kind, wire, false) != NULL;
		pthread_mutex_unlock(&lock);
	}
	if (wide || !known)
		up->in.bad = true;
	return host;
}
