/* SPDX-License-Identifier: BSD-2-Clause */
/* channel.c - what an extension can do to the memory that it shares with the host */
#include "bad.h"

#include "extension/stub/lane.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static uint64_t random_state = 88172645463325252u;

static uint64_t random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* Values at which decoders break. */
static uint64_t evil(void)
{
	static const uint64_t values[] = {0, 1, 7, 8, 40, 41, 4096, 65536, 65537, 1u << 31, UINT32_MAX,
					  UINT64_MAX, UINT64_MAX - 7, INT64_MAX, (uint64_t)1 << 63};

	return random_next() % 3 ? values[random_next() % (sizeof(values) / sizeof(*values))]
				 : random_next();
}

struct area {
	uint64_t *from;
	size_t words;
};

static void *scribble_on(void *arg)
{
	struct area area = *(struct area *)arg;

	free(arg);
	for (;;)
		*(volatile uint64_t *)&area.from[random_next() % area.words] = evil();
	return NULL;
}

static int scribble(void *from, size_t bytes)
{
	struct area *area = malloc(sizeof(*area));

	*area = (struct area){from, bytes / 8};
	bad_thread(scribble_on, area);
	return BAD_NOTHING;
}

static struct nacre_map *mine(void)
{
	return &nacre_lane_current()->map;
}

static int do_scribble(long seed)
{
	random_state += (uint64_t)seed;
	scribble(mine()->page, NACRE_PAGE);
	return scribble(mine()->arena, mine()->arena_size);
}

/* Only what follows the head of a message: it is found well formed as long as it is not looked at. */
static int do_scribble_message(long seed)
{
	random_state += (uint64_t)seed;
	scribble(mine()->arena, 4096);
	return scribble(mine()->page->stub.small, NACRE_INLINE);
}

static int do_scribble_line(long seed)
{
	random_state += (uint64_t)seed;
	return scribble(&mine()->page->stub, sizeof(mine()->page->stub));
}

static int do_scribble_once(long seed)
{
	uint64_t *page = (uint64_t *)(void *)mine()->page, *arena = (uint64_t *)(void *)mine()->arena;

	random_state += (uint64_t)seed;
	for (size_t i = 0; i < NACRE_PAGE / 8; i++)
		page[i] = evil();
	for (size_t i = 0; i < mine()->arena_size / 8; i++)
		arena[i] = evil();
	return BAD_NOTHING;
}

static int refused(int result, int error)
{
	return result < 0 && errno == error ? BAD_NOTHING : 1;
}

static int do_truncate(long size)
{
	return refused(ftruncate(mine()->fd, size), EPERM);
}

static int do_seal(long a)
{
	(void)a;
	return refused(fcntl(mine()->fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SHRINK), EPERM);
}

static int do_grow(long size)
{
	return ftruncate(mine()->fd, size) < 0 ? errno : BAD_NOTHING;
}

static int do_punch(long a)
{
	(void)a;
	fallocate(mine()->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
		  NACRE_PAGE + (off_t)mine()->arena_size);
	return BAD_NOTHING;
}

static void *punch_on(void *arg)
{
	struct nacre_map *map = arg;

	for (;;)
		fallocate(map->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, NACRE_PAGE,
			  (off_t)map->arena_size);
	return NULL;
}

static int do_punch_on(long a)
{
	(void)a;
	bad_thread(punch_on, mine());
	return BAD_NOTHING;
}

static int do_unmap(long a)
{
	(void)a;
	munmap(mine()->arena, mine()->arena_size);
	munmap(mine()->page, NACRE_PAGE);
	return BAD_NOTHING;
}

static int do_read_only(long a)
{
	(void)a;
	mprotect(mine()->page, NACRE_PAGE, PROT_READ);
	mprotect(mine()->arena, mine()->arena_size, PROT_READ);
	return BAD_NOTHING;
}

static void wait_for_ever(void)
{
	for (;;)
		pause();
}

static int do_life_release(long a)
{
	(void)a;
	pthread_mutex_unlock(&mine()->page->life);
	wait_for_ever();
	return BAD_NOTHING;
}

static int do_life_zero(long a)
{
	memset(&mine()->page->life, (int)a, sizeof(mine()->page->life));
	wait_for_ever();
	return BAD_NOTHING;
}

static void forget_robust_list(void)
{
	static struct {
		void *next;
		long offset;
		void *pending;
	} empty = {&empty, 0, NULL};

	syscall(SYS_set_robust_list, &empty, 3 * sizeof(long));
}

static int do_robust_hang(long a)
{
	(void)a;
	forget_robust_list();
	wait_for_ever();
	return BAD_NOTHING;
}

static int do_robust_exit(long a)
{
	forget_robust_list();
	_exit((int)a);
}

/* The thread that serves ends, and nobody tells the host. */
static int do_robust_thread_exit(long a)
{
	forget_robust_list();
	syscall(SYS_exit, a);
	return BAD_NOTHING;
}

/* A note about the end that is no signal at all. */
static int do_crash_note(long sig)
{
	struct nacre_crash *crash = &mine()->page->crash;

	crash->signal = (int32_t)sig;
	crash->code = -1;
	crash->address = UINT64_MAX;
	atomic_store(&crash->written, 1);
	_exit(1);
}

/* Refused system calls without number. */
static int do_denied(long nr)
{
	struct nacre_denied *denied = &mine()->page->denied;

	for (int i = 0; i < NACRE_DENIED_SLOTS; i++)
		denied->nr[i] = (uint32_t)nr;
	atomic_fetch_add(&denied->count, 0x7fffffff);
	return BAD_NOTHING;
}

static void *deny_on(void *arg)
{
	struct nacre_denied *denied = arg;

	for (;;)
		atomic_fetch_add(&denied->count, NACRE_DENIED_SLOTS);
	return NULL;
}

void bad_deny(void)
{
	bad_thread(deny_on, &mine()->page->denied);
}

static int do_sleepers(long a)
{
	(void)a;
	atomic_store(&mine()->page->host_sleeper.asleep, 0xffffffff);
	atomic_store(&mine()->page->stub_sleeper.asleep, 0);
	return BAD_NOTHING;
}

/* The host's own line, which says what it asked for. */
static int do_host_line(long a)
{
	memset(&mine()->page->host, (int)a, sizeof(mine()->page->host));
	return BAD_NOTHING;
}

const struct bad bad_channel[] = {
	{"scribble", do_scribble},
	{"scribble-message", do_scribble_message},
	{"scribble-line", do_scribble_line},
	{"scribble-once", do_scribble_once},
	{"truncate", do_truncate},
	{"seal", do_seal},
	{"grow", do_grow},
	{"punch", do_punch},
	{"punch-on", do_punch_on},
	{"unmap", do_unmap},
	{"read-only", do_read_only},
	{"life-release", do_life_release},
	{"life-fill", do_life_zero},
	{"robust-hang", do_robust_hang},
	{"robust-exit", do_robust_exit},
	{"robust-thread-exit", do_robust_thread_exit},
	{"crash-note", do_crash_note},
	{"denied", do_denied},
	{"sleepers", do_sleepers},
	{"host-line", do_host_line},
	{NULL, NULL}};
