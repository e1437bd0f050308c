/* SPDX-License-Identifier: BSD-2-Clause */
/* wait.c - spin, then sleep on reply, death and deadline at once; theory of operation in channel.h
 *
 * The host sleeps in one futex_waitv(2) on {the stub's seq, the life word}. The stub's thread holds
 * the life word as a robust mutex; when the thread ends, however it ends, the kernel sets
 * FUTEX_OWNER_DIED and wakes whoever has set FUTEX_WAITERS. A hostile stub can empty its robust
 * list, so sleeps are cut into slices, after which the caller looks at the process itself. The
 * same slices serve kernels before 5.16, which have no futex_waitv.
 */
#include "extension/channel/channel.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

enum { SLICE_NS = 250000000, SHORT_SLICE_NS = 2000000, LOOKS_PER_CLOCK = 16 };

static _Atomic int no_waitv; /* this kernel has no futex_waitv */

uint64_t nacre_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

bool nacre_map_spin(const struct nacre_map *map, uint64_t ns, uint64_t *worst)
{
	uint64_t start = 0, last = 0, now;

	for (;;) {
		for (int i = 0; i < LOOKS_PER_CLOCK; i++) {
			if (nacre_map_ready(map))
				return true;
			relax();
		}
		now = nacre_clock();
		if (!start)
			start = last = now;
		if (worst && now - last > *worst)
			*worst = now - last;
		last = now;
		if (now - start >= ns)
			return nacre_map_ready(map);
	}
}

static _Atomic uint32_t *life_word(const struct nacre_map *map)
{
	/* glibc keeps the futex of a mutex in its first int, whatever its kind */
	return (_Atomic uint32_t *)(void *)&map->page->life;
}

bool nacre_map_alive(const struct nacre_map *map)
{
	uint32_t now = atomic_load_explicit(life_word(map), memory_order_acquire);

	return now == map->life;
}

int nacre_map_watch(struct nacre_map *map)
{
	uint32_t word = atomic_fetch_or(life_word(map), FUTEX_WAITERS) | FUTEX_WAITERS;

	if (!(word & FUTEX_TID_MASK) || (word & FUTEX_OWNER_DIED))
		return -1;
	map->life = word;
	return 0;
}

static struct timespec to_timespec(uint64_t ns)
{
	return (struct timespec){(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
}

/* The host's sleep: on both words where the kernel can, else on the reply in short slices. */
static void sleep_host(struct nacre_map *map, uint64_t until)
{
	struct futex_waitv waits[2] = {
		{.val = map->seen, .uaddr = (uintptr_t)&map->page->stub.seq, .flags = FUTEX_32},
		{.val = map->life, .uaddr = (uintptr_t)life_word(map), .flags = FUTEX_32}};
	struct timespec t = to_timespec(until);

	if (!atomic_load_explicit(&no_waitv, memory_order_relaxed)) {
		if (syscall(SYS_futex_waitv, waits, map->life ? 2 : 1, 0, &t, CLOCK_MONOTONIC) < 0 &&
		    (errno == ENOSYS || errno == EPERM))
			atomic_store(&no_waitv, 1);
		else
			return;
	}
	t = to_timespec(SHORT_SLICE_NS);
	syscall(SYS_futex, &map->page->stub.seq, FUTEX_WAIT, map->seen, &t, NULL, 0);
}

static void sleep_stub(struct nacre_map *map, uint64_t until)
{
	struct timespec t = to_timespec(until);

	syscall(SYS_futex, &map->page->host.seq, FUTEX_WAIT_BITSET, map->seen, until ? &t : NULL,
		NULL, FUTEX_BITSET_MATCH_ANY);
}

enum nacre_wait nacre_map_sleep(struct nacre_map *map, uint64_t deadline)
{
	struct nacre_sleeper *me = map->host ? &map->page->host_sleeper : &map->page->stub_sleeper;
	uint64_t slice;

	atomic_store(&me->asleep, 1);
	if (!nacre_map_ready(map)) {
		if (map->host) {
			slice = nacre_clock() + SLICE_NS;
			sleep_host(map, deadline && deadline < slice ? deadline : slice);
		} else {
			sleep_stub(map, deadline);
		}
	}
	atomic_store_explicit(&me->asleep, 0, memory_order_relaxed);
	if (nacre_map_ready(map))
		return NACRE_WAIT_MESSAGE;
	if (map->host && map->life && !nacre_map_alive(map))
		return NACRE_WAIT_DEATH;
	return NACRE_WAIT_TIMEOUT;
}
