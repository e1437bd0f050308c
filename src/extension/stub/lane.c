/* SPDX-License-Identifier: BSD-2-Clause */
/* lane.c - serve requests; theory of operation in lane.h */
#include "extension/stub/lane.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct nacre_stub_process nacre_stub_process;

static _Thread_local struct nacre_lane *current;

struct nacre_lane *nacre_lane_current(void)
{
	return current;
}

int nacre_lane_wait(struct nacre_lane *lane, struct nacre_heard *heard, struct nacre_reader *r)
{
	lane->pace.start = 0; /* a callback's time is the host's, not the extension's */
	nacre_pace_note(lane); /* of the last request; the host is at work now */
	nacre_pace_wait(lane);
	if (nacre_map_receive(&lane->map, heard, r) < 0)
		return -1;
	lane->host_cpu = heard->cpu;
	return 0;
}

static void reject(struct nacre_lane *lane, int reason)
{
	nacre_map_send(&lane->map, NULL, NACRE_KIND_REJECT, (uint32_t)reason, 0);
}

void nacre_lane_serve(struct nacre_lane *lane, const struct nacre_heard *heard,
		      const struct nacre_reader *in)
{
	const struct nacre_stub *stub = nacre_stub_process.stub;
	struct nacre_service s = {.in = *in, .lane = lane, .host_errno = heard->sys};
	size_t mark = nacre_pool_mark(&lane->pool);
	uint32_t op = heard->op;

	if (op >= stub->op_count) {
		reject(lane, NACRE_REJECT_OP);
		return;
	}
	if (lane->depth >= NACRE_DEPTH_MAX) {
		reject(lane, NACRE_REJECT_DEPTH);
		return;
	}
	if (!lane->depth++ && !lane->pace.awake)
		nacre_pace_begin(lane);
	lane->reject = 0;
	lane->sys = heard->sys;
	nacre_map_write(&lane->map, &s.out);
	stub->serve[op](&s);
	if (!lane->reject && s.out.failed)
		lane->reject = NACRE_REJECT_REPLY;
	if (lane->pace.start)
		nacre_pace_end(lane);
	if (lane->reject)
		reject(lane, lane->reject);
	else
		nacre_map_send(&lane->map, &s.out, NACRE_KIND_RETURN, op, lane->sys);
	lane->reject = 0;
	lane->depth--;
	nacre_pool_release(&lane->pool, mark);
}

bool nacre_service_ready(struct nacre_service *s, nacre_function function)
{
	if (s->in.bad || s->in.at != s->in.end) {
		if (!s->lane->reject)
			s->lane->reject = NACRE_REJECT_MALFORMED;
		return false;
	}
	if (!function) {
		s->lane->reject = NACRE_REJECT_ABSENT;
		return false;
	}
	errno = s->host_errno;
	return true;
}

void nacre_service_called(struct nacre_service *s)
{
	s->lane->sys = errno;
	s->lane->reject = 0; /* of calls nested in callbacks */
}

void *nacre_service_alloc(struct nacre_service *s, uint64_t count, size_t size)
{
	size_t bytes;
	void *data = NULL;

	if (!__builtin_mul_overflow(count, size, &bytes) && bytes <= NACRE_MESSAGE_MAX)
		data = nacre_pool_alloc(&s->lane->pool, bytes);
	if (!data) {
		s->in.bad = true;
		s->lane->reject = NACRE_REJECT_MEMORY;
	}
	return data;
}

void *nacre_nowhere(void)
{
	static void *nowhere;
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&lock);
	if (!nowhere) {
		nowhere = mmap(NULL, NACRE_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (nowhere == MAP_FAILED)
			nowhere = (void *)16;
	}
	pthread_mutex_unlock(&lock);
	return nowhere;
}

static void say_hello(struct nacre_lane *lane)
{
	struct nacre_hello hello = {.protocol = NACRE_PROTOCOL,
				    .op_count = nacre_stub_process.stub->op_count,
				    .serial = nacre_stub_process.serial};
	struct nacre_writer w;

	memcpy(hello.digest, nacre_stub_process.stub->digest, sizeof(hello.digest));
	nacre_map_write(&lane->map, &w);
	memcpy(w.at, &hello, sizeof(hello));
	w.at += sizeof(hello);
	nacre_map_send(&lane->map, &w, NACRE_KIND_HELLO, 0, 0);
}

static void lane_end(struct nacre_lane *lane)
{
	nacre_crash_forget(lane);
	current = NULL;
	pthread_mutex_unlock(&lane->map.page->life);
	nacre_map_close(&lane->map);
	nacre_pool_free(&lane->pool);
	free(lane);
}

/* Say on channel @fd, which is closed, that it cannot be served. */
static void no_room(int fd)
{
	struct nacre_map map;

	if (nacre_map_attach(&map, fd, NULL) < 0) {
		close(fd);
		return;
	}
	nacre_map_send(&map, NULL, NACRE_KIND_REJECT, NACRE_REJECT_MEMORY, 0);
	pthread_mutex_unlock(&map.page->life);
	nacre_map_close(&map);
}

static void *lane_main(void *arg)
{
	struct nacre_lane *lane = calloc(1, sizeof(*lane));
	int fd = (int)(intptr_t)arg;
	static const struct sched_param plain;
	struct nacre_heard heard;
	struct nacre_reader in;

	if (!lane || nacre_map_attach(&lane->map, fd, NULL) < 0) {
		no_room(fd);
		free(lane);
		return NULL;
	}
	if (sched_getscheduler(0) == SCHED_BATCH) /* as the zygote is */
		sched_setscheduler(0, SCHED_OTHER, &plain);
	current = lane;
	nacre_crash_stack();
	nacre_crash_lane(lane);
	nacre_pace_init(&lane->pace, nacre_stub_process.profile);
	lane->host_cpu = (uint16_t)sched_getcpu();
	say_hello(lane);
	while (true) {
		if (nacre_lane_wait(lane, &heard, &in) < 0) {
			reject(lane, NACRE_REJECT_MALFORMED);
			continue;
		}
		if (heard.kind == NACRE_KIND_BYE)
			break;
		if (heard.kind == NACRE_KIND_CALL)
			nacre_lane_serve(lane, &heard, &in);
		else
			reject(lane, NACRE_REJECT_MALFORMED);
		nacre_map_release(&lane->map);
	}
	lane_end(lane);
	return NULL;
}

int nacre_lane_start(int fd, struct nacre_error *e)
{
	pthread_attr_t attr;
	pthread_t thread;
	int sys;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (nacre_stub_process.stack)
		pthread_attr_setstacksize(&attr, nacre_stub_process.stack);
	sys = pthread_create(&thread, &attr, lane_main, (void *)(intptr_t)fd);
	pthread_attr_destroy(&attr);
	if (sys) {
		no_room(fd);
		return nacre_error_set(e, NACRE_E_SYSTEM, sys, "lane", "starting a thread");
	}
	return 0;
}
