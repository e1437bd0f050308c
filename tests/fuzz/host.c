/* SPDX-License-Identifier: BSD-2-Clause */
/* host.c - stands for thread.c, supervisor.c and exchange.c in the fuzz targets of proxies */
#include "host.h"

#include <stdlib.h>

enum { SAY_RETURN, SAY_CALLBACK, SAY_REJECT, SAY_LOST };

struct input host_input;
_Atomic(struct nacre_instance *) nacre_current;

static struct nacre_channel channel;
static struct nacre_instance instance;
static unsigned replies, losses, generation;

struct nacre_channel *nacre_channel_mine(void)
{
	return &channel;
}

bool nacre_supervisor_bind(struct nacre_channel *to, uint32_t op)
{
	(void)op;
	atomic_store(&instance.lost, false);
	instance.generation = generation;
	to->instance = &instance;
	return true;
}

void nacre_supervisor_lost(struct nacre_channel *at, uint32_t op, enum nacre_loss loss,
			   const char *detail)
{
	(void)op;
	(void)loss;
	if (detail && !*detail)
		abort();
	losses++;
	if (atomic_exchange(&at->instance->lost, true))
		return;
	generation++;
	nacre_handles_clear();
}

const char *nacre_supervisor_name(void)
{
	return "fuzz";
}

uint64_t nacre_supervisor_deadline(uint32_t op)
{
	(void)op;
	return UINT64_MAX;
}

void nacre_log(enum nacre_log_level level, const char *subject, const char *fmt, ...)
{
	(void)level;
	if (!subject || !fmt)
		abort();
}

static enum nacre_outcome lost(const char *why)
{
	nacre_supervisor_lost(&channel, 0, NACRE_LOSS_VIOLATION, why);
	return NACRE_LOST;
}

/* As exchange.c does it, with an input in place of a stub. */
enum nacre_outcome nacre_exchange(struct nacre_channel *at, const struct nacre_writer *w,
				  uint32_t op, int sys, struct nacre_heard *heard,
				  struct nacre_reader *in)
{
	struct nacre_map *map = &at->map;
	const char *why = NULL;
	bool well;

	nacre_map_send(map, w, NACRE_KIND_CALL, op, sys);
	for (;;) {
		uint8_t say = input_byte(&host_input);

		if ((say & 3) >= SAY_REJECT)
			return (say & 3) == SAY_REJECT ? (losses++, replies++, NACRE_REFUSED)
						       : (replies++, lost("death"));
		if ((say & 3) == SAY_RETURN) {
			exact_say(map, &host_input, NACRE_KIND_RETURN, op, say >> 2);
			replies++;
			return exact_receive(map, heard, in) < 0 ? lost("turn") : NACRE_ANSWERED;
		}
		exact_say(map, &host_input, NACRE_KIND_CALLBACK, say >> 2, 0);
		if (exact_receive(map, heard, in) < 0)
			return replies++, lost("turn");
		well = nacre_upcall_serve(at, heard, in, &why);
		nacre_map_release(map);
		if (!well)
			return replies++, lost(why);
		if (!at->instance || atomic_load(&at->instance->lost))
			return losses++, replies++, NACRE_LOST;
	}
}

void host_begin(const uint8_t *data, size_t size)
{
	if (!channel.map.page && nacre_map_create(&channel.map, NULL) < 0)
		abort();
	host_input = (struct input){data, data + size};
	generation = input_byte(&host_input) & 3;
	nacre_current = NULL;
	channel.instance = NULL;
	channel.deadline = 0;
}

void host_end(void)
{
	if (channel.map.frame || channel.depth)
		abort();
	nacre_replay_run(&channel);
	if (channel.map.frame)
		abort();
	nacre_replay_clear();
	nacre_tokens_clear();
	nacre_handles_clear();
}

void host_mark(void)
{
	replies = losses = 0;
}

bool host_served(void)
{
	return replies > losses;
}
