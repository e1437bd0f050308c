/* SPDX-License-Identifier: BSD-2-Clause */
/* fault.c - how long after a crash of the extension the host has its error, and its next result */
#include "bench.h"

#include <errno.h>
#include <unistd.h>

enum { FAULTS = 400, BETWEEN = 50, PAUSE_US = 10000 };

int main(int argc, char **argv)
{
	struct series fault = {0}, next = {0};
	int (*empty_call)(int), (*empty_fault)(int);
	void *handle;
	double start;

	bench_begin(argc, argv, 3, "fault DIVISOR LIBRARY");
	handle = library(argv[2]);
	empty_call = (int (*)(int))symbol(handle, "empty_call");
	empty_fault = (int (*)(int))symbol(handle, "empty_fault");
	check(empty_call(1) == 1, "no virtual process answers");
	for (size_t i = samples(FAULTS); i; i--) {
		usleep(PAUSE_US);
		start = now_ns();
		check(empty_fault(1) == -1 && errno == EIO, "a fault without its error");
		series_add(&fault, now_ns() - start);
		start = now_ns();
		check(empty_call(2) == 2, "no result after a fault");
		series_add(&next, now_ns() - start);
		for (int k = 0; k < BETWEEN; k++)
			check(empty_call(k) == k, "a wrong answer");
	}
	row_limit("fault to error at the host", &fault, 200e3);
	row_limit("next call served", &next, 1e6);
	return 0;
}
