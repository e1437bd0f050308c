/* SPDX-License-Identifier: BSD-2-Clause */
/* bench.c - what the benches share */
#include "bench.h"

#include <dlfcn.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double divisor = 1;

double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

void check(int well, const char *what)
{
	if (well)
		return;
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

void bench_begin(int argc, char **argv, int at_least, const char *usage)
{
	if (argc > 1)
		divisor = atof(argv[1]);
	if (argc >= at_least && divisor >= 1)
		return;
	fprintf(stderr, "usage: %s\n", usage);
	exit(2);
}

size_t samples(size_t full)
{
	size_t n = (size_t)((double)full / divisor);

	return n < 2 ? 2 : n;
}

void series_add(struct series *s, double ns)
{
	if (s->count == s->room) {
		s->room = s->room ? s->room * 2 : 1024;
		s->at = realloc(s->at, s->room * sizeof(*s->at));
		check(s->at != NULL, "no memory");
	}
	s->at[s->count++] = ns;
	s->sorted = 0;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double series_quantile(struct series *s, double q)
{
	size_t i = (size_t)((double)s->count * q);

	check(s->count > 0, "no samples");
	if (!s->sorted)
		qsort(s->at, s->count, sizeof(*s->at), compare);
	s->sorted = 1;
	return s->at[i < s->count ? i : s->count - 1];
}

/* "1.25 us (3.10)": median and 99th percentile, in the unit that suits the median */
static void print_series(struct series *s)
{
	double median = series_quantile(s, 0.5), last = series_quantile(s, 0.99);
	double unit = median < 1e3 ? 1 : median < 1e6 ? 1e3 : 1e6;
	const char *name = median < 1e3 ? "ns" : median < 1e6 ? "us" : "ms";
	int digits = median / unit < 10 ? 2 : median / unit < 100 ? 1 : 0;

	printf("%.*f %s (%.*f)", digits, median / unit, name, digits, last / unit);
}

static void print_row(const char *what, struct series *ours, const char *peer, struct series *theirs)
{
	printf("%s\t", what);
	print_series(ours);
	printf("\t%s\t", peer);
	print_series(theirs);
	printf("\t");
}

void row_most(const char *what, struct series *ours, const char *peer, struct series *theirs,
	      double most)
{
	double ratio = series_quantile(ours, 0.5) / series_quantile(theirs, 0.5);

	print_row(what, ours, peer, theirs);
	if (most > 0)
		printf("%.2f x\t<= %.2f x\t%s\t%zu\n", ratio, most, ratio <= most ? "yes" : "NO", ours->count);
	else
		printf("%.2f x\t-\t-\t%zu\n", ratio, ours->count);
}

void row_faster(const char *what, struct series *ours, const char *peer, struct series *theirs,
		double times)
{
	double ratio = series_quantile(theirs, 0.5) / series_quantile(ours, 0.5);

	print_row(what, ours, peer, theirs);
	printf("1/%.1f\t%.0f x faster\t%s\t%zu\n", ratio, times, ratio >= times ? "yes" : "NO", ours->count);
}

void row_limit(const char *what, struct series *ours, double limit_ns)
{
	double median = series_quantile(ours, 0.5);

	printf("%s\t", what);
	print_series(ours);
	printf("\t-\t-\t-\t<= %.0f us\t%s\t%zu\n", limit_ns / 1e3, median <= limit_ns ? "yes" : "NO",
	       ours->count);
}

void row_bytes(const char *what, double kib, double limit)
{
	printf("%s\t%.0f KiB\t-\t-\t-\t<= %.0f KiB\t%s\t1\n", what, kib, limit,
	       kib <= limit ? "yes" : "NO");
}

int the_cpu(int n)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return -1;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set) && n-- == 0)
			return cpu;
	return -1;
}

void pin_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	check(cpu >= 0 && sched_setaffinity(0, sizeof(set), &set) == 0, "cannot bind to a CPU");
}

void *library(const char *path)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	check(handle != NULL, handle ? "" : dlerror());
	return handle;
}

void *symbol(void *handle, const char *name)
{
	void *address = dlsym(handle, name);

	check(address != NULL, name);
	return address;
}
