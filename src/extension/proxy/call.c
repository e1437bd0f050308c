/* SPDX-License-Identifier: BSD-2-Clause */
/* call.c - one call of the host, as generated functions see it */
#include "extension/proxy/runtime.h"

#include <errno.h>
#include <stdlib.h>

void nacre_call_open(struct nacre_call *call, uint32_t op)
{
	/* One by one: clearing the whole of it costs more than an empty call may. */
	call->channel = NULL;
	call->op = op;
	call->attempts = 0;
	call->host_errno = errno;
	call->expected = 0;
	call->gifts = call->few;
	call->gift_count = 0;
	call->gift_room = NACRE_GIFTS;
	call->notes = NULL;
	call->memory = NULL;
	call->record = NULL;
	call->pending = call->violated = false;
	call->done = false;
}

/* What an attempt holds besides its stack. */
static void attempt_end(struct nacre_call *call)
{
	if (call->pending && call->channel->map.frame)
		nacre_map_release(&call->channel->map);
	call->pending = false;
	if (call->gifts != call->few) {
		free(call->gifts);
		call->gifts = call->few;
		call->gift_room = NACRE_GIFTS;
	}
	call->gift_count = 0;
	if (call->notes)
		nacre_handles_discard(nacre_steal(call->notes));
	if (call->record)
		free(nacre_steal(call->record));
	if (call->memory)
		nacre_memory_free(&call->memory);
	call->expected = 0;
}

/* The host returns to itself: the declared failure, or a refusal. */
static void call_end(struct nacre_call *call)
{
	attempt_end(call);
	call->done = true;
	errno = call->host_errno;
}

static bool may_try_again(const struct nacre_call *call)
{
	return call->attempts == 0 ||
	       (call->attempts == 1 && (nacre_interface.ops[call->op].flags & NACRE_OP_IDEMPOTENT) &&
		call->channel->depth == 0);
}

/*
 * The instance of an earlier call, if it can still serve: nobody has taken its place, it lives, and it
 * has kept silent. A loss that is found here costs the host nothing: nothing was sent.
 */
static bool still_bound(struct nacre_channel *channel, uint32_t op)
{
	struct nacre_instance *instance = channel->instance;

	if (!instance || instance != atomic_load_explicit(&nacre_current, memory_order_acquire))
		return false;
	if (__builtin_expect(!nacre_map_ready(&channel->map) && nacre_map_alive(&channel->map), 1))
		return true;
	if (channel->map.page->crash.written || !nacre_map_alive(&channel->map))
		nacre_supervisor_lost(channel, op, NACRE_LOSS_DEATH, NULL);
	else
		nacre_supervisor_lost(channel, op, NACRE_LOSS_VIOLATION, "it spoke unasked");
	return false;
}

static bool give_up(struct nacre_call *call, const char *why)
{
	if (why)
		nacre_log(NACRE_LOG_ERROR, nacre_supervisor_name(), "%s: not served: %s",
			  nacre_interface.ops[call->op].name, why);
	call_end(call);
	return false;
}

bool nacre_call_begin(struct nacre_call *call)
{
	struct nacre_channel *channel;
	uint64_t deadline = 0;

	if (call->attempts) {
		attempt_end(call);
		if (call->channel)
			deadline = call->channel->deadline; /* a second one has what is left of it */
	}
	channel = call->channel = nacre_channel_mine();
	if (call->done || !channel || !may_try_again(call))
		return give_up(call, NULL);
	if (deadline && nacre_clock() >= deadline)
		return give_up(call, "the deadline leaves no time for a second attempt");
	call->attempts++;
	if (channel->depth == 0) {
		if (still_bound(channel, call->op))
			channel->deadline = deadline;
		else if (!nacre_supervisor_bind(channel, call->op))
			return give_up(call, NULL);
		else if (deadline)
			channel->deadline = deadline;
	} else if (!channel->instance || atomic_load(&channel->instance->lost)) {
		return give_up(call, "the virtual process was lost in the call around it");
	} else if (channel->depth >= NACRE_CALL_DEPTH) {
		return give_up(call, "calls and callbacks are nested too deeply");
	}
	call->generation = channel->instance->generation;
	nacre_map_write(&channel->map, &call->out);
	return true;
}

static bool keep_record(struct nacre_call *call)
{
	size_t size = (size_t)(call->out.at - call->out.start);

	call->record = malloc(size ? size : 1);
	if (!call->record)
		return false;
	/* What was just written; should the stub have changed it, it fools only its successor. */
	memcpy(call->record, call->out.start, size);
	call->record_size = size;
	return true;
}

static void wipe(struct nacre_channel *channel, const struct nacre_writer *w)
{
	explicit_bzero(w->start, (size_t)(w->at - w->start));
	explicit_bzero(channel->map.page->host.small, NACRE_INLINE);
}

bool nacre_call_send(struct nacre_call *call)
{
	struct nacre_channel *channel = call->channel;
	uint32_t flags = nacre_interface.ops[call->op].flags;
	enum nacre_outcome outcome;
	struct nacre_heard heard;

	if (call->out.failed || (call->expected > NACRE_INLINE &&
				 nacre_map_reserve(&channel->map, call->expected) < 0)) {
		nacre_log(NACRE_LOG_ERROR, nacre_supervisor_name(),
			  "%s: not sent: an argument or the room for results is too large, or "
			  "memory is short", nacre_interface.ops[call->op].name);
		call->done = true;
		return false;
	}
	if (call->out.start != (uint8_t *)channel->map.small) /* the arena may have moved */
		call->out = (struct nacre_writer){
			.start = channel->map.arena,
			.at = channel->map.arena + (call->out.at - call->out.start),
			.end = channel->map.arena + channel->map.arena_size,
			.map = &channel->map};
	if ((flags & NACRE_OP_REPLAY) && !keep_record(call)) {
		call->done = true;
		return false;
	}
	channel->depth++;
	outcome = nacre_exchange(channel, &call->out, call->op, call->host_errno, &heard, &call->in);
	channel->depth--;
	if (outcome != NACRE_ANSWERED) {
		call->done |= outcome == NACRE_REFUSED;
		return false;
	}
	if (flags & NACRE_OP_SECRET)
		wipe(channel, &call->out);
	call->pending = true;
	call->violated = false;
	call->first_word = 0;
	if (call->in.end - call->in.at >= 8)
		memcpy(&call->first_word, call->in.at, 8);
	call->reply_errno = heard.sys;
	return true;
}

void nacre_call_give(struct nacre_call *call, void *to, const void *from, size_t size)
{
	struct nacre_gift *more;

	if (!to || !from || !size)
		return;
	if (call->gift_count == call->gift_room) {
		more = malloc((size_t)call->gift_room * 2 * sizeof(*more));
		if (!more) {
			nacre_call_violate(call, "no memory for the results");
			return;
		}
		memcpy(more, call->gifts, call->gift_count * sizeof(*more));
		if (call->gifts != call->few)
			free(call->gifts);
		call->gifts = more;
		call->gift_room *= 2;
	}
	call->gifts[call->gift_count++] = (struct nacre_gift){to, from, size};
}

static void remember(struct nacre_call *call)
{
	const struct nacre_op *op = &nacre_interface.ops[call->op];

	if (op->flags & NACRE_OP_REPLAY)
		nacre_replay_record(call->op, nacre_steal(call->record), call->record_size,
				    call->first_word);
	if (op->flags & NACRE_OP_FORGETS)
		nacre_replay_forget(op->forgets);
}

bool nacre_call_accept(struct nacre_call *call, bool success)
{
	if (!call->pending || call->violated)
		return false;
	if (call->in.bad || call->in.at != call->in.end) {
		nacre_call_violate(call, call->in.bad ? "the reply is malformed"
						      : "the reply is longer than it should be");
		return false;
	}
	for (uint32_t i = 0; i < call->gift_count; i++)
		memcpy(call->gifts[i].to, call->gifts[i].from, call->gifts[i].size);
	if (success) {
		if (call->notes)
			nacre_handles_apply(nacre_steal(call->notes));
		remember(call);
	}
	call->host_errno = call->reply_errno;
	call_end(call);
	return true;
}

void nacre_call_refuse(struct nacre_call *call, const char *why)
{
	nacre_log(NACRE_LOG_DEBUG, nacre_supervisor_name(), "%s: refused: %s",
		  nacre_interface.ops[call->op].name, why);
	call_end(call);
}

void nacre_call_violate(struct nacre_call *call, const char *why)
{
	if (!call->pending || call->violated)
		return;
	/* The caller goes on decoding: there is nothing left, and what was there stays until it is through. */
	call->violated = true;
	call->in.bad = true;
	call->in.at = call->in.end;
	nacre_supervisor_lost(call->channel, call->op, NACRE_LOSS_VIOLATION, why);
}
