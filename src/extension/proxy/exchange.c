/* SPDX-License-Identifier: BSD-2-Clause */
/* exchange.c - send a request and see it through: callbacks, reply, death, deadline, nonsense */
#include "extension/proxy/runtime.h"

#include <errno.h>
#include <stdio.h>

enum { SPIN_NS = 50000 };

/* The time of a call starts when somebody first has to look at a clock. */
static uint64_t deadline_of(struct nacre_channel *channel, uint32_t op)
{
	uint64_t own;

	if (!channel->deadline) {
		own = nacre_supervisor_deadline(op);
		channel->deadline = own;
	}
	return channel->deadline;
}

static enum nacre_outcome lost(struct nacre_channel *channel, uint32_t op, enum nacre_loss loss,
			       const char *detail)
{
	nacre_supervisor_lost(channel, op, loss, detail);
	return NACRE_LOST;
}

/* Asleep until the stub speaks, ends, or is late. */
static enum nacre_wait await_asleep(struct nacre_channel *channel, uint64_t deadline)
{
	struct nacre_map *map = &channel->map;
	enum nacre_wait wait;

	for (;;) {
		wait = nacre_map_sleep(map, deadline == UINT64_MAX ? 0 : deadline);
		if (wait == NACRE_WAIT_MESSAGE)
			return wait;
		if (wait == NACRE_WAIT_DEATH || !nacre_supervisor_alive(channel))
			return nacre_map_ready(map) ? NACRE_WAIT_MESSAGE : NACRE_WAIT_DEATH;
		if (nacre_clock() >= deadline)
			return nacre_map_ready(map) ? NACRE_WAIT_MESSAGE : NACRE_WAIT_TIMEOUT;
	}
}

/* Wait until the stub speaks. A stub that works on another CPU is awaited awake for a while. */
static enum nacre_wait await(struct nacre_channel *channel, uint32_t op)
{
	enum nacre_wait wait;

	if (nacre_map_ready(&channel->map))
		return NACRE_WAIT_MESSAGE;
	if (channel->awake && channel->stub_cpu != channel->map.cpu &&
	    nacre_map_spin(&channel->map, SPIN_NS, NULL))
		return NACRE_WAIT_MESSAGE;
	nacre_stay_begin(channel);
	wait = await_asleep(channel, deadline_of(channel, op));
	nacre_stay_end(channel);
	return wait;
}

/*
 * Is it the first time that @nr is denied? Each is told once: the ring belongs to the extension, which
 * could fill the log with it.
 */
static bool first_denial(uint32_t nr)
{
	static _Atomic uint64_t told[8], told_unknown;
	_Atomic uint64_t *word = nr < 512 ? &told[nr / 64] : &told_unknown;
	uint64_t bit = (uint64_t)1 << nr % 64;

	return !(atomic_fetch_or(word, nr < 512 ? bit : 1) & (nr < 512 ? bit : 1));
}

/* System calls that the sandbox refused since the last look, by name. */
static void tell_denied(struct nacre_channel *channel, uint32_t op)
{
	const struct nacre_denied *denied = &channel->map.page->denied;
	uint32_t count = atomic_load_explicit(&denied->count, memory_order_acquire), nr;
	const char *name;

	if (count - channel->denied_seen > NACRE_DENIED_SLOTS)
		channel->denied_seen = count - NACRE_DENIED_SLOTS;
	for (; channel->denied_seen != count; channel->denied_seen++) {
		nr = *(const volatile uint32_t *)&denied->nr[channel->denied_seen % NACRE_DENIED_SLOTS];
		if (!first_denial(nr))
			continue;
		name = nacre_syscall_name((int)nr);
		nacre_log(NACRE_LOG_WARN, nacre_supervisor_name(),
			  "%s: the sandbox denied the system call %s (%u); if the extension needs it, "
			  "register it with --allow-syscall or use nacre exec --learn",
			  nacre_interface.ops[op].name, name ? name : "of an unknown number", nr);
	}
}

static const char *reject_text(uint32_t reason)
{
	switch (reason) {
	case NACRE_REJECT_MALFORMED:
		return "the stub found the request malformed";
	case NACRE_REJECT_OP:
		return "the stub does not know the function";
	case NACRE_REJECT_ABSENT:
		return "the extension does not have the function";
	case NACRE_REJECT_MEMORY:
		return "no memory in the virtual process; register with a larger --memory";
	case NACRE_REJECT_REPLY:
		return "the reply does not fit what the overlay allows";
	case NACRE_REJECT_DEPTH:
		return "calls and callbacks are nested too deeply";
	default:
		return NULL;
	}
}

static enum nacre_outcome rejected(struct nacre_channel *channel, uint32_t op, uint32_t reason)
{
	const char *text = reject_text(reason);

	if (!text || reason == NACRE_REJECT_REPLY || reason == NACRE_REJECT_MALFORMED)
		return lost(channel, op, NACRE_LOSS_VIOLATION, text ? text : "a rejection without a reason");
	nacre_log(NACRE_LOG_ERROR, nacre_supervisor_name(), "%s: not served: %s",
		  nacre_interface.ops[op].name, text);
	return NACRE_REFUSED;
}

static void send(struct nacre_channel *channel, const struct nacre_writer *w, uint16_t kind, uint32_t op,
		 int sys)
{
	channel->awake = !nacre_map_send(&channel->map, w, kind, op, sys);
}

static enum nacre_outcome serve_callback(struct nacre_channel *channel, uint32_t op,
					 const struct nacre_heard *heard, const struct nacre_reader *in)
{
	const char *why = NULL;
	uint64_t deadline = deadline_of(channel, op);
	bool well = nacre_upcall_serve(channel, heard, in, &why);

	nacre_map_release(&channel->map);
	if (!well)
		return lost(channel, op, NACRE_LOSS_VIOLATION, why);
	if (!channel->instance || atomic_load(&channel->instance->lost))
		return NACRE_LOST; /* a nested call met the end; it has been told */
	if (nacre_clock() >= deadline)
		return lost(channel, op, NACRE_LOSS_DEADLINE, "in a callback");
	channel->awake = true;
	return NACRE_ANSWERED;
}

enum nacre_outcome nacre_exchange(struct nacre_channel *channel, const struct nacre_writer *w,
				  uint32_t op, int sys, struct nacre_heard *heard,
				  struct nacre_reader *in)
{
	enum nacre_wait wait;

	nacre_stay_end(channel); /* a signal handler may have jumped out of the last one */
	send(channel, w, NACRE_KIND_CALL, op, sys);
	for (;;) {
		wait = await(channel, op);
		if (wait == NACRE_WAIT_DEATH)
			return lost(channel, op, NACRE_LOSS_DEATH, NULL);
		if (wait == NACRE_WAIT_TIMEOUT)
			return lost(channel, op, NACRE_LOSS_DEADLINE, "no reply");
		if (nacre_map_receive(&channel->map, heard, in) < 0)
			return lost(channel, op, NACRE_LOSS_VIOLATION, "a message out of turn, or beyond the arena");
		channel->stub_cpu = heard->cpu;
		if (__builtin_expect(atomic_load_explicit(&channel->map.page->denied.count,
							  memory_order_relaxed) !=
					     channel->denied_seen, 0))
			tell_denied(channel, op);
		if (heard->kind == NACRE_KIND_RETURN && heard->op == op) {
			if (__builtin_expect(channel->owes_spare && channel->depth == 1, 0))
				nacre_supervisor_spare(channel);
			return NACRE_ANSWERED;
		}
		if (heard->kind == NACRE_KIND_CALLBACK) {
			if (serve_callback(channel, op, heard, in) != NACRE_ANSWERED)
				return NACRE_LOST;
			continue;
		}
		nacre_map_release(&channel->map);
		if (heard->kind == NACRE_KIND_CRASH)
			return lost(channel, op, NACRE_LOSS_DEATH, NULL);
		if (heard->kind == NACRE_KIND_REJECT)
			return rejected(channel, op, heard->op);
		return lost(channel, op, NACRE_LOSS_VIOLATION, "a message of the wrong kind");
	}
}
