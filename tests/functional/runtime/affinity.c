/* SPDX-License-Identifier: BSD-2-Clause */
/* affinity.c - a host's thread may be bound while it sleeps in a call (V4), and is never found so */
#include "checks.h"
#include "tell.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CALLS = 200, PAUSE_US = 1000 };

static cpu_set_t all, one;
static atomic_int caller;

static bool is_bound_to(const cpu_set_t *wanted, pid_t thread)
{
	cpu_set_t now;

	return sched_getaffinity(thread, sizeof(now), &now) == 0 && CPU_EQUAL(&now, wanted);
}

static int look(victim_handle handle, const char *text, int number, void *user)
{
	(void)handle;
	(void)text;
	(void)number;
	*(int *)user += !is_bound_to(&all, 0);
	return 0;
}

/* Slow calls, so that the thread sleeps, and pauses, so that the stub does. */
static int unbound(const struct victim *victim, void *arg)
{
	victim_handle h = victim->do_open("x");
	int after = 0, inside = 0, wrong = 0;

	for (int i = 0; i < CALLS; i++) {
		wrong += victim->do_sleep(1) < 0;
		after += !is_bound_to(&all, 0);
		victim->do_each(h, look, &inside, 2);
		usleep(PAUSE_US);
	}
	check(arg, wrong == 0 && after == 0, "after each of %d slow calls the thread has its CPUs: %d not",
	      CALLS, after + wrong);
	check(arg, inside == 0, "and in each callback: %d not", inside);
	return 0;
}

/* Once the thread is bound, bind it to another CPU. */
static void *bind_caller(void *result)
{
	int *bound = result;
	cpu_set_t now;

	for (int i = 0; i < 1000; i++) {
		sched_getaffinity(atomic_load(&caller), sizeof(now), &now);
		if (CPU_COUNT(&now) == 1)
			break;
		usleep(1000);
	}
	CPU_ZERO(&one);
	CPU_SET(CPU_ISSET(0, &now), &one);
	*bound = sched_setaffinity(atomic_load(&caller), sizeof(one), &one) == 0;
	return NULL;
}

/* What somebody else says of the thread while it sleeps is kept. */
static int others(const struct victim *victim, void *arg)
{
	pthread_t other;
	int bound = 0;

	atomic_store(&caller, (int)syscall(SYS_gettid));
	pthread_create(&other, NULL, bind_caller, &bound);
	victim->do_sleep(300);
	usleep(PAUSE_US);
	victim->do_sleep(1500);
	pthread_join(other, NULL);
	check(arg, bound && is_bound_to(&one, 0), "a mask that another thread sets during a call stays");
	sched_setaffinity(0, sizeof(all), &all);
	victim->do_sleep(1);
	check(arg, is_bound_to(&all, 0), "and so does the next one");
	return 0;
}

int main(void)
{
	if (sched_getaffinity(0, sizeof(all), &all) < 0 || CPU_COUNT(&all) < 2 || !CPU_ISSET(0, &all) ||
	    !CPU_ISSET(1, &all)) {
		puts("1..0 # SKIP this takes two processors");
		return 0;
	}
	checks_run("unbound", NULL, unbound, 30000);
	checks_run("others", NULL, others, 30000);
	return tell_done();
}
