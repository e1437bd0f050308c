/* SPDX-License-Identifier: BSD-2-Clause */
/* channel_faults.c - the extension does something to the memory that it shares with the host */
#include "fault.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* A request that needs more room than the channel has had. */
static long act_large_after(const struct victim *v, const struct fault *f)
{
	size_t size = 4 << 20;
	unsigned char *data = calloc(1, size);
	unsigned long sum;

	if (!data || v->do_misbehave(f->how, f->argument) != 7)
		return -2;
	data[size - 1] = 7;
	errno = 0;
	sum = v->do_sum(data, size);
	free(data);
	return sum == ~0ul ? -1 : (long)sum;
}

static long act_add_after(const struct victim *v, const struct fault *f)
{
	long result = v->do_misbehave(f->how, f->argument);

	errno = 0;
	return result == 7 ? v->do_add(3, 4) : result;
}

/* What it takes for the next request is nonsense: it may have answered this one before it looks. */
static long act_nonsense(const struct victim *v, const struct fault *f)
{
	long result = v->do_misbehave(f->how, f->argument);

	return result == -1 && errno == EIO ? 7 : result;
}

const struct fault channel_faults[] = {
	{"truncation to 0", "truncate", 0, NOTHING},
	{"truncation to the control page", "truncate", 4096, NOTHING},
	{"sealing", "seal", NOTHING},
	{"growing, and a large request", "grow", 256 << 20, .act = act_large_after, NOTHING},
	{"growing by half a page, and a large request", "grow", 4096 + 65536 + 2048,
	 .act = act_large_after, NOTHING},
	{"a hole in place of its pages", "punch", .cause = "without a word|broke|deadline|life", FAILS},
	{"holes without end", "punch-on", .act = act_add_after, NOTHING},
	{"unmapping", "unmap", .cause = "SIGSEGV|without a word", FAILS},
	{"write protection", "read-only", .cause = "SIGSEGV|without a word", FAILS},
	{"life word released", "life-release", .cause = "without a word|life", FAILS},
	{"life word of 0", "life-fill", 0, .cause = "without a word|life", FAILS},
	{"life word of 1s", "life-fill", -1, .cause = "without a word|life", FAILS},
	{"robust list emptied, and a hang", "robust-hang", .cause = "deadline", FAILS},
	{"robust list emptied, and the end", "robust-exit", .cause = "without a word", FAILS},
	{"robust list emptied, and the end of the thread", "robust-thread-exit",
	 .cause = "deadline|without a word", FAILS},
	{"a note about signal 11", "crash-note", 11, .cause = "SIGSEGV", FAILS},
	{"a note about signal 65", "crash-note", 65, .cause = "SIG?", FAILS},
	{"a note about signal -1", "crash-note", -1, .cause = "SIG?", FAILS},
	{"a note about signal INT_MIN", "crash-note", INT_MIN, .cause = "SIG?", FAILS},
	{"a note about a signal without number", "crash-note", 0, .cause = "exit(0)", FAILS},
	{"refused system calls without end", "denied", -1, .act = act_add_after,
	 .cause = "denied the system call of an unknown number", NOTHING},
	{"refused system calls that were none", "denied", INT_MAX, .act = act_add_after, NOTHING},
	{"sleepers that do not sleep", "sleepers", .act = act_add_after, NOTHING},
	{"the host's line overwritten", "host-line", 255, .act = act_nonsense, NOTHING, .then = THEN_SOON},
	{"everything overwritten once", "scribble-once", .act = act_nonsense, NOTHING,
	 .then = THEN_SOON},
	{NULL}};
