/* SPDX-License-Identifier: BSD-2-Clause */
/* place.h - where a test of the runtime happens: a registry and a log of its own, hosts, their traces
 *
 * Everything is below one temporary directory. A process beside the test removes it when the test has
 * ended, however it ended; hosts end with the test (PR_SET_PDEATHSIG); virtual processes end with
 * their hosts, which is what is being tested.
 */
#ifndef NACRE_TESTS_PLACE_H
#define NACRE_TESTS_PLACE_H

#include "victim.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/** struct place - one registration; its name is in the command line of its processes */
struct place {
	char dir[256], log[288], name[64];
	/* What is registered; place_make() takes them from $NACRE_TEST_...; may be changed. */
	const char *proxy, *stub, *extension, *vproc, *interface;
};

/** place_make() - a directory for @what; ends the program where that is impossible */
void place_make(struct place *p, const char *what);
/** place_register() - write the registration, with @more lines; sets NACRE_REGISTRY and NACRE_LOG */
void place_register(const struct place *p, const char *more);
/** place_remove() - forget the directory */
void place_remove(const struct place *p);
/** place_log() - the log so far; for the caller to free */
char *place_log(const struct place *p);
/** place_log_has() - is there a line with @function and one of @causes ("this|that")? */
bool place_log_has(const struct place *p, const char *function, const char *causes);

enum { PLACE_PIDS = 256 };
/** place_processes() - the processes of the registration: keeper, zygote, virtual ones */
int place_processes(const struct place *p, pid_t pids[PLACE_PIDS]);
/** place_is_left() - have they all gone within @ms? */
bool place_is_left(const struct place *p, int ms);
/** place_end_all() - end what should have ended by itself */
void place_end_all(const struct place *p);

/** The functions of the interface, as a host gets them from dlopen(). */
#define VICTIM_FUNCTIONS(X)                                                                        \
	X(add) X(count) X(init) X(fini) X(level) X(greet) X(name) X(sum) X(fill) X(points)         \
	X(center) X(open) X(close) X(number) X(each) X(pick) X(errno) X(note) X(noted) X(sleep)    \
	X(threads) X(misbehave) X(plan)

#define VICTIM_MEMBER(function) __typeof__(&victim_##function) do_##function;
struct victim {
	void *library;
	VICTIM_FUNCTIONS(VICTIM_MEMBER)
};

/** victim_load() - dlopen() the proxy. Return: false, with the reason printed as a comment */
bool victim_load(struct victim *v, const struct place *p);

/** struct host - a process that uses the proxy */
struct host {
	pid_t pid;
	int pidfd;
};

/** host_start() - run @body(@v, @arg) in a child, whose exit status is its result; no @p: no @v */
void host_start(struct host *h, const struct place *p,
		int (*body)(const struct victim *v, void *arg), void *arg);
/** host_end() - wait until it ends, at most @ms, then end it. Return: its status; -1: it hung */
int host_end(struct host *h, int ms);
/** host_run() - both */
int host_run(const struct place *p, int (*body)(const struct victim *v, void *arg), void *arg, int ms);
/** host_ended() - say in words how a host ended; "well" for exit status 0 */
const char *host_ended(int status);

/** shared() - zeroed memory that children share with the test */
void *shared(size_t size);

double now_ms(void);
/** struct watch - time, without what the thread waited for a processor that others had */
struct watch {
	double from, waited;
};
void watch_start(struct watch *w);
double watch_ms(const struct watch *w);
/** slack_ms() - what a deadline may be missed by: 100, with a sanitizer 300, or $NACRE_TEST_SLACK */
double slack_ms(void);

#endif
