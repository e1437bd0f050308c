/* SPDX-License-Identifier: BSD-2-Clause */
/* pace.c - how a lane waits for the next request: hand-off or spin
 *
 * DOC: Theory of Operation
 *
 * Hand-off: the lane sleeps, bound to the CPU on which the host last called. A call is then a wake-up
 * on the same CPU and two context switches; long calls lose nothing, as their data is in that CPU's
 * caches and nobody else burns time. The host's thread is bound there while it sleeps (proxy/stay.c).
 * Where others want that CPU too, such a pair would share it and leave idle ones alone: a long call that
 * gets less of its CPU than there was is the sign. Then the lane roams for a while: it is bound
 * nowhere, and says so.
 *
 * Spin: requests that follow each other within QUICK_NS (QUICK_RUN of them in a row) are better
 * served from another CPU by a lane that stays awake. The lane leaves the host's CPU and looks at
 * the line until nothing has come for spin_ns, or SLOW_RUN requests in a row came late, or its looks
 * were far apart, which means that somebody else needs this CPU. After the last it holds back, twice
 * as long each time, as it does when it roams.
 *
 * Profiles: thrifty never spins; latency spins from the first request and twenty times as long.
 */
#include "extension/stub/lane.h"

#include <time.h>
#include <unistd.h>

enum {
	QUICK_NS = 25000,
	QUICK_RUN = 16,
	SLOW_RUN = 8,
	SPIN_NS = 50000,
	LATENCY_SPIN_NS = 1000000,
	CONTENDED_NS = 400000,
	TRIM_NS = 100000000,
	HOLD_FIRST_NS = 1000000,
	HOLD_LAST_NS = 1000000000,
	LONG_NS = 200000
};
enum { NOWHERE = -1, ELSEWHERE = -2 };

void nacre_pace_init(struct nacre_pace *pace, enum nacre_profile profile)
{
	memset(pace, 0, sizeof(*pace));
	pace->profile = profile;
	pace->pinned = NOWHERE;
	pace->spin_ns = profile == NACRE_PROFILE_LATENCY ? LATENCY_SPIN_NS : SPIN_NS;
	pace->hold_ns = HOLD_FIRST_NS;
	if (sched_getaffinity(0, sizeof(pace->allowed), &pace->allowed) == 0)
		pace->cpus = CPU_COUNT(&pace->allowed);
}

/* Bind to @cpu; with NOWHERE to every allowed CPU, with ELSEWHERE to all of them but the host's. */
static void pin(struct nacre_pace *pace, int cpu, int host_cpu)
{
	cpu_set_t set = pace->allowed;

	if (pace->cpus < 2)
		return;
	if (cpu == ELSEWHERE) {
		CPU_CLR(host_cpu, &set);
		if (!CPU_COUNT(&set))
			return;
	} else if (cpu != NOWHERE) {
		if (cpu < 0 || cpu >= CPU_SETSIZE || !CPU_ISSET(cpu, &pace->allowed))
			return;
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
	}
	if (sched_setaffinity(0, sizeof(set), &set) == 0)
		pace->pinned = cpu;
}

static void go_spin(struct nacre_lane *lane)
{
	pin(&lane->pace, ELSEWHERE, lane->host_cpu);
	lane->pace.awake = lane->pace.pinned == ELSEWHERE;
	lane->map.roams = false;
	lane->pace.slow = 0;
}

static void hold(struct nacre_pace *pace)
{
	pace->hold_until = nacre_clock() + pace->hold_ns;
	if (pace->hold_ns < HOLD_LAST_NS)
		pace->hold_ns *= 2;
}

static void go_hand_off(struct nacre_lane *lane, bool contended)
{
	struct nacre_pace *pace = &lane->pace;

	pace->awake = false;
	pace->quick = 0;
	if (contended)
		hold(pace);
}

static uint64_t own_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void nacre_pace_begin(struct nacre_lane *lane)
{
	struct nacre_pace *pace = &lane->pace;

	pace->start = nacre_clock();
	pace->own_start = pace->is_long ? own_time() : 0;
}

void nacre_pace_end(struct nacre_lane *lane)
{
	struct nacre_pace *pace = &lane->pace;
	uint64_t took = nacre_clock() - pace->start, missing;

	pace->is_long = took > LONG_NS;
	pace->start = 0;
	if (!pace->is_long || !pace->own_start)
		return;
	missing = took - (own_time() - pace->own_start);
	if (missing > LONG_NS / 2 && missing > took / 4) {
		hold(pace);
		lane->map.roams = true;
	} else if (pace->hold_ns > HOLD_FIRST_NS) {
		pace->hold_ns /= 2;
	}
}

void nacre_pace_note(struct nacre_lane *lane)
{
	struct nacre_pace *pace = &lane->pace;
	uint64_t now = nacre_clock();
	bool quick = now - pace->last < QUICK_NS;

	pace->last = now;
	if (quick) {
		pace->quick++;
		pace->slow = 0;
	} else {
		pace->quick = 0;
		pace->slow++;
	}
	if (pace->awake) {
		if (pace->slow >= SLOW_RUN && pace->profile != NACRE_PROFILE_LATENCY)
			go_hand_off(lane, false);
		return;
	}
	if (pace->profile == NACRE_PROFILE_THRIFTY || now < pace->hold_until)
		return;
	if (pace->quick >= QUICK_RUN || pace->profile == NACRE_PROFILE_LATENCY)
		go_spin(lane);
}

void nacre_pace_wait(struct nacre_lane *lane)
{
	struct nacre_pace *pace = &lane->pace;
	uint64_t worst = 0;
	int cpu;

	if (pace->awake) {
		if (nacre_map_spin(&lane->map, pace->spin_ns, &worst)) {
			if (worst > CONTENDED_NS)
				go_hand_off(lane, true);
			return;
		}
		go_hand_off(lane, worst > CONTENDED_NS);
	}
	if (lane->map.roams)
		lane->map.roams = nacre_clock() < pace->hold_until;
	cpu = lane->map.roams ? NOWHERE : lane->host_cpu;
	if (pace->pinned != cpu)
		pin(pace, cpu, lane->host_cpu);
	if (nacre_map_sleep(&lane->map, nacre_clock() + TRIM_NS) == NACRE_WAIT_MESSAGE)
		return;
	nacre_map_trim(&lane->map);
	while (nacre_map_sleep(&lane->map, 0) != NACRE_WAIT_MESSAGE)
		;
}
