/* SPDX-License-Identifier: BSD-2-Clause */
/* reload.c - a proxy that is loaded, used and unloaded again and again leaves nothing in the host */
#include "checks.h"
#include "tell.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WARM = 5, CYCLES = 100 };

/** struct mess - what a process has of everything that can leak */
struct mess {
	int fds, maps, processes;
	long heap_kb;
};

static int count_processes(const struct checks *c)
{
	pid_t pids[PLACE_PIDS];

	return place_processes(c->place, pids);
}

static long heap_kb(void)
{
	char line[256];
	long kb = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f && fgets(line, sizeof(line), f))
		kb = atol(strchr(line, ' ') + 1) * 4;
	if (f)
		fclose(f);
	return kb;
}

static struct mess look(const struct checks *c)
{
	return (struct mess){count_fds(), count_maps(""), count_processes(c), heap_kb()};
}

static void *one_call(void *arg)
{
	const struct victim *v = arg;

	return (void *)(intptr_t)(v->do_add(1, 2) == 3);
}

/* Load, call (on another thread as well), lose a virtual process, unload. */
static bool cycle(const struct checks *c, int n)
{
	struct victim v;
	pthread_t thread;
	void *well = NULL;
	bool right;

	if (!victim_load(&v, c->place))
		return false;
	right = v.do_add(n, 1) == n + 1;
	if (n % 3 == 0) {
		pthread_create(&thread, NULL, one_call, &v);
		pthread_join(thread, &well);
		right &= well != NULL;
	}
	if (n % 5 == 0)
		right &= v.do_misbehave("segv", 0) == -1 && v.do_add(1, 1) == 2;
	v.do_init(n);
	v.do_open("kept open");
	v.do_name(1);
	return right & (dlclose(v.library) == 0);
}

static int cycles(const struct victim *first, void *arg)
{
	const struct checks *c = arg;
	struct mess before, after;
	int wrong = 0;

	dlclose(first->library);
	check(arg, !dlopen(c->place->proxy, RTLD_NOW | RTLD_NOLOAD), "dlclose() unloads the proxy");
	for (int n = 0; n < WARM; n++)
		wrong += !cycle(c, n);
	place_is_left(c->place, 500);
	before = look(c);
	for (int n = 0; n < CYCLES; n++)
		wrong += !cycle(c, n);
	check(arg, place_is_left(c->place, 1000), "its processes end with it");
	after = look(c);
	check(arg, wrong == 0, "%d cycles of dlopen(), calls, dlclose(): %d fail", CYCLES, wrong);
	check(arg, after.fds <= before.fds, "descriptors before %d, after %d", before.fds, after.fds);
	check(arg, after.maps <= before.maps + 2, "mappings before %d, after %d", before.maps, after.maps);
	check(arg, after.heap_kb <= before.heap_kb + 512, "resident before %ld KiB, after %ld KiB",
	      before.heap_kb, after.heap_kb);
	return 0;
}

static int twice(const struct victim *v, void *arg)
{
	const struct checks *c = arg;
	struct victim again;

	v->do_init(5);
	check(arg, victim_load(&again, c->place) && again.do_level() == 5,
	      "loaded twice it is the same, with its state");
	dlclose(again.library);
	check(arg, v->do_level() == 5, "unloaded once it is still there");
	return 0;
}

int main(void)
{
	checks_run("cycles", NULL, cycles, 60000);
	checks_run("twice", NULL, twice, 30000);
	return tell_done();
}
