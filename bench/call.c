/* SPDX-License-Identifier: BSD-2-Clause */
/* call.c - an empty call against a raw ping-pong: both sides awake, or the stub asleep
 *
 * Awake: the host is bound to one CPU after its first call, so that the stub may spin on another, and
 * the raw partner is bound to that one. A sample is the mean of 100 calls, as a clock costs nearly as
 * much as a call. Asleep: host, stub (profile thrifty) and raw partner share one CPU; a sample is one
 * call.
 */
#include "bench.h"
#include "pingpong.h"

#include <stdio.h>
#include <string.h>

enum { ROUNDS = 40, WARM = 1000, BATCH = 100, BATCHES = 100, CALLS = 1000 };

static int (*empty_call)(int);

static void take_ours(struct series *s, size_t count, int batch)
{
	double start;
	int sum;

	for (int i = 0; i < WARM; i++)
		check(empty_call(i) == i, "a wrong answer");
	while (count--) {
		sum = 0;
		start = now_ns();
		for (int i = 0; i < batch; i++)
			sum += empty_call(i);
		series_add(s, (now_ns() - start) / batch);
		check(sum == batch * (batch - 1) / 2, "a wrong answer");
	}
}

static void take_theirs(struct series *s, size_t count, int batch, int cpu, int spin)
{
	struct pingpong *p = pingpong_start(cpu, spin);
	double start;

	for (int i = 0; i < WARM; i++)
		pingpong_round(p);
	while (count--) {
		start = now_ns();
		for (int i = 0; i < batch; i++)
			pingpong_round(p);
		series_add(s, (now_ns() - start) / batch);
	}
	pingpong_stop(p);
}

int main(int argc, char **argv)
{
	struct series ours = {0}, theirs = {0};
	int here = the_cpu(0), there = the_cpu(1), awake;

	bench_begin(argc, argv, 4, "call DIVISOR awake|asleep LIBRARY");
	awake = !strcmp(argv[2], "awake");
	if (awake && there < 0) {
		printf("empty call, both sides awake\t-\tneeds two CPUs\t-\t-\t-\t-\t0\n");
		return 0;
	}
	if (!awake)
		pin_to(here);
	empty_call = (int (*)(int))symbol(library(argv[3]), "empty_call");
	check(empty_call(1) == 1, "no virtual process answers");
	pin_to(here);
	for (size_t i = samples(ROUNDS); i; i--) {
		take_ours(&ours, awake ? BATCHES : CALLS, awake ? BATCH : 1);
		take_theirs(&theirs, awake ? BATCHES : CALLS, awake ? BATCH : 1,
			    awake ? there : here, awake);
	}
	row_most(awake ? "empty call, both sides awake" : "empty call, stub asleep on the same CPU",
		 &ours, awake ? "raw shared line" : "raw futex, same CPU", &theirs, 1.5);
	return 0;
}
