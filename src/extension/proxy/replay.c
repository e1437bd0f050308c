/* SPDX-License-Identifier: BSD-2-Clause */
/* replay.c - successful calls that build state are recorded, and repeated after a restart
 *
 * A record is the request's message: it holds no address, only values, buffers and tokens, so it means
 * the same to the next virtual process. One record per function and per distinct request; a repeated
 * call must give the same result word as the first time.
 */
#include "extension/proxy/runtime.h"

#include <stdlib.h>

enum { RECORDS_MAX = 1024 };

static struct record {
	struct record *next;
	uint32_t op;
	size_t size;
	uint64_t first_word;
	void *data;
} *records, **last = &records;
static unsigned record_count;
static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

void nacre_replay_record(uint32_t op, void *data, size_t size, uint64_t first_word)
{
	struct record *r = NULL;

	pthread_mutex_lock(&lock);
	if (record_count < RECORDS_MAX)
		r = malloc(sizeof(*r));
	if (r) {
		*r = (struct record){NULL, op, size, first_word, data};
		*last = r;
		last = &r->next;
		record_count++;
	} else {
		free(data);
		nacre_log(NACRE_LOG_WARN, nacre_supervisor_name(),
			  "%s: too many calls to repeat after a restart; this one is not kept",
			  nacre_interface.ops[op].name);
	}
	pthread_mutex_unlock(&lock);
}

static void forget(bool (*which)(const struct record *, uint32_t), uint32_t op)
{
	struct record **link, *r;

	pthread_mutex_lock(&lock);
	for (link = &records; (r = *link);) {
		if (!which(r, op)) {
			link = &r->next;
			continue;
		}
		*link = r->next;
		free(r->data);
		free(r);
		record_count--;
	}
	last = link;
	pthread_mutex_unlock(&lock);
}

static bool is_op(const struct record *r, uint32_t op)
{
	return r->op == op;
}

static bool is_any(const struct record *r, uint32_t op)
{
	(void)r;
	(void)op;
	return true;
}

void nacre_replay_forget(uint32_t op)
{
	forget(is_op, op);
}

void nacre_replay_clear(void)
{
	forget(is_any, 0);
}

void nacre_replay_forked(void)
{
	pthread_mutex_t fresh = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

	memcpy(&lock, &fresh, sizeof(lock));
	records = NULL;
	last = &records;
	record_count = 0;
}

static bool repeat(struct nacre_channel *channel, const struct record *r)
{
	struct nacre_heard heard;
	struct nacre_reader in;
	struct nacre_writer w;
	uint64_t first;

	nacre_map_write(&channel->map, &w);
	if (!nacre_writer_room(&w, r->size))
		return false;
	memcpy(w.at, r->data, r->size);
	w.at += r->size;
	channel->deadline = nacre_supervisor_deadline(r->op);
	if (nacre_exchange(channel, &w, r->op, 0, &heard, &in) != NACRE_ANSWERED)
		return false;
	first = nacre_get_word(&in);
	nacre_map_release(&channel->map);
	if (first == r->first_word)
		return true;
	nacre_supervisor_lost(channel, r->op, NACRE_LOSS_VIOLATION, "repeated after a restart, it failed");
	return false;
}

bool nacre_replay_run(struct nacre_channel *channel)
{
	bool well = true;

	/* Recursive: a callback of a repeated call may end in a record of its own. */
	pthread_mutex_lock(&lock);
	for (const struct record *r = records; r && well; r = r->next)
		well = repeat(channel, r);
	pthread_mutex_unlock(&lock);
	return well;
}
