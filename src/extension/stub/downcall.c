/* SPDX-License-Identifier: BSD-2-Clause */
/* downcall.c - the extension calls a function of the host
 *
 * The extension holds a generated thunk; its slot stands for one host function, which the host
 * named by a token. The callback travels on the lane of the thread that calls: the host thread that is
 * waiting there runs it. While it runs, the host may call the extension again.
 */
#include "extension/stub/lane.h"

#include <pthread.h>

enum { KINDS_MAX = 64 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t tokens[KINDS_MAX][NACRE_THUNKS];

nacre_function nacre_get_callback(struct nacre_service *s, uint32_t kind)
{
	uint64_t token = nacre_get_word(&s->in);
	nacre_function thunk = NULL;

	if (!token)
		return NULL;
	if (kind >= KINDS_MAX || kind >= nacre_stub_process.stub->callback_count) {
		s->in.bad = true;
		return NULL;
	}
	pthread_mutex_lock(&lock);
	for (int slot = 0; slot < NACRE_THUNKS && !thunk; slot++) {
		if (!tokens[kind][slot])
			tokens[kind][slot] = token;
		if (tokens[kind][slot] == token)
			thunk = nacre_stub_process.stub->thunks[kind][slot];
	}
	pthread_mutex_unlock(&lock);
	if (!thunk)
		s->in.bad = true;
	return thunk;
}

bool nacre_downcall_begin(struct nacre_downcall *d, uint32_t kind, uint32_t slot)
{
	struct nacre_lane *lane = nacre_lane_current();

	memset(d, 0, sizeof(*d));
	if (!lane || !lane->depth || lane->depth >= NACRE_DEPTH_MAX || kind >= KINDS_MAX ||
	    slot >= NACRE_THUNKS)
		return false;
	d->lane = lane;
	d->kind = kind;
	nacre_map_write(&lane->map, &d->out);
	nacre_put_word(&d->out, tokens[kind][slot]);
	return true;
}

bool nacre_downcall_send(struct nacre_downcall *d)
{
	struct nacre_lane *lane = d->lane;
	struct nacre_heard heard;

	if (d->out.failed)
		return false;
	nacre_map_send(&lane->map, &d->out, NACRE_KIND_CALLBACK, d->kind, 0);
	for (;;) {
		if (nacre_lane_wait(lane, &heard, &d->in) < 0)
			return false;
		if (heard.kind == NACRE_KIND_CALLBACK_RETURN)
			return true;
		if (heard.kind == NACRE_KIND_CALL)
			nacre_lane_serve(lane, &heard, &d->in);
		nacre_map_release(&lane->map);
		if (heard.kind != NACRE_KIND_CALL)
			return false;
	}
}

bool nacre_downcall_end(struct nacre_downcall *d)
{
	bool whole = !d->in.bad && d->in.at == d->in.end;

	nacre_map_release(&d->lane->map);
	return whole;
}
