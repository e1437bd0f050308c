/* SPDX-License-Identifier: BSD-2-Clause */
/* upcall.c - the extension calls a function of the host: on the thread that is waiting for it */
#include "extension/proxy/runtime.h"

bool nacre_upcall_serve(struct nacre_channel *channel, const struct nacre_heard *heard,
			const struct nacre_reader *in, const char **why)
{
	struct nacre_upcall up = {.in = *in, .channel = channel};
	const struct nacre_callback_kind *kind;
	uint64_t token;
	void *host;
	bool well;

	if (heard->op >= nacre_interface.callback_count || channel->depth >= NACRE_CALL_DEPTH) {
		*why = "a callback of a kind that does not exist, or too deep";
		return false;
	}
	kind = &nacre_interface.callbacks[heard->op];
	token = nacre_get_word(&up.in);
	if (up.in.bad || !nacre_token_find(token, heard->op, &host)) {
		*why = "a callback to a function that was never given";
		return false;
	}
	nacre_map_write(&channel->map, &up.out);
	channel->depth++;
	nacre_token_serving(token);
	well = kind->serve(&up, (nacre_function)(uintptr_t)host);
	nacre_token_serving(0);
	channel->depth--;
	nacre_memory_free(&up.memory);
	if (!well || up.in.bad || up.out.failed) {
		*why = "a callback with malformed arguments";
		return false;
	}
	if (channel->instance && !atomic_load(&channel->instance->lost))
		nacre_map_send(&channel->map, &up.out, NACRE_KIND_CALLBACK_RETURN, heard->op, 0);
	return true;
}
