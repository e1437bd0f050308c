/* SPDX-License-Identifier: BSD-2-Clause */
/* threads.c - several host threads call at once, come and go, and hinder each other in nothing */
#include "checks.h"
#include "tell.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, CALLS = 3000, COMERS = 2000, CROWD = 64 };

static const struct victim *v;

static bool failed(int result)
{
	return result == -1 && errno == EIO;
}

/* All kinds of calls, each result checked. Return: the number of wrong ones */
static long one_round(int n)
{
	unsigned char data[300];
	char text[VICTIM_TEXT], name[16], want[32];
	size_t used = 0;
	long wrong = 0;
	int number = -1;
	victim_handle h;

	wrong += v->do_add(n, 1000) != n + 1000;
	snprintf(name, sizeof(name), "%.*s%d", n % 7, "abcdefg", n);
	snprintf(want, sizeof(want), "hello, %s", name);
	wrong += v->do_greet(name, text, sizeof(text)) != (int)strlen(want) || strcmp(text, want) != 0;
	h = v->do_open(name);
	wrong += !h || v->do_number(h, &number) || number != (int)strlen(name);
	wrong += v->do_close(h) != 0;
	wrong += v->do_fill(data, sizeof(data), &used, (size_t)n % 150) || used != 100 + (size_t)n % 150 ||
		 data[used - 1] != (unsigned char)used;
	errno = 0;
	wrong += v->do_errno(n % 100 + 1) != -1 || errno != n % 100 + 1;
	return wrong;
}

static void *many_rounds(void *arg)
{
	long wrong = 0;

	for (int n = 0; n < CALLS / 6; n++)
		wrong += one_round((int)(intptr_t)arg * 10000 + n);
	return (void *)wrong;
}

static int at_once(const struct victim *victim, void *arg)
{
	pthread_t threads[THREADS];
	long wrong = 0;
	void *result;

	v = victim;
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, many_rounds, (void *)(intptr_t)i);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		wrong += (long)result;
	}
	check(arg, wrong == 0, "%d threads with %d calls each: %ld wrong results", THREADS, CALLS, wrong);
	return 0;
}

static void *one_call(void *arg)
{
	return (void *)(intptr_t)(v->do_add((int)(intptr_t)arg, 1) != (int)(intptr_t)arg + 1);
}

/* In batches, as sooner or later a machine has only so many. */
static long come_and_go(int count, int batch)
{
	pthread_t threads[64];
	long wrong = 0;
	void *result;

	for (int i = 0; i < count; i += batch) {
		for (int k = 0; k < batch; k++)
			pthread_create(&threads[k], NULL, one_call, (void *)(intptr_t)(i + k));
		for (int k = 0; k < batch; k++) {
			pthread_join(threads[k], &result);
			wrong += (long)result;
		}
	}
	return wrong;
}

static int coming_and_going(const struct victim *victim, void *arg)
{
	int fds, maps, threads = 0;
	long wrong;

	v = victim;
	wrong = come_and_go(64, 8);
	fds = count_fds();
	maps = count_maps("nacre-channel");
	wrong += come_and_go(COMERS, 8);
	check(arg, wrong == 0, "%d threads, one call each: %ld wrong results", COMERS, wrong);
	check(arg, count_fds() <= fds, "descriptors before %d, after %d", fds, count_fds());
	check(arg, count_maps("nacre-channel") <= maps, "channels mapped before %d, after %d", maps,
	      count_maps("nacre-channel"));
	for (int i = 0; i < 100; i++) { /* a lane ends a moment after its host thread */
		threads = v->do_threads();
		if (threads > 0 && threads <= 3)
			break;
		usleep(10000);
	}
	check(arg, threads > 0 && threads <= 3, "the virtual process is left with %d threads", threads);
	return 0;
}

static pthread_barrier_t barrier;

static void *in_crowd(void *arg)
{
	pthread_barrier_wait(&barrier);
	return (void *)(intptr_t)(v->do_sleep(20) != 20 ||
				  v->do_add((int)(intptr_t)arg, 1) != (int)(intptr_t)arg + 1);
}

/* More than have room for a stack of 8 MiB each in what `nacre register` allows. */
static int crowd(const struct victim *victim, void *arg)
{
	pthread_t threads[CROWD];
	long wrong = 0;
	void *result;

	v = victim;
	v->do_add(1, 1);
	pthread_barrier_init(&barrier, NULL, CROWD);
	for (int i = 0; i < CROWD; i++)
		pthread_create(&threads[i], NULL, in_crowd, (void *)(intptr_t)i);
	for (int i = 0; i < CROWD; i++) {
		pthread_join(threads[i], &result);
		wrong += (long)result;
	}
	check(arg, wrong == 0, "%d threads in calls at once: %ld wrong results", CROWD, wrong);
	return 0;
}

/* The least stack that a thread may have: the proxy's needs must fit beside the host's. */
static int small_stack(const struct victim *victim, void *arg)
{
	pthread_attr_t attr;
	pthread_t thread;
	void *wrong = NULL;

	v = victim;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 * 1024);
	pthread_create(&thread, &attr, one_call, (void *)(intptr_t)1);
	pthread_join(thread, &wrong);
	check(arg, !wrong, "a thread with a stack of 64 KiB starts a virtual process");
	pthread_attr_setstacksize(&attr, 16 * 1024);
	pthread_create(&thread, &attr, one_call, (void *)(intptr_t)2);
	pthread_join(thread, &wrong);
	check(arg, !wrong, "a thread with a stack of 16 KiB calls");
	return 0;
}

static _Atomic bool stop;

/** struct luck - what a thread saw while another one made the extension crash */
struct luck {
	long right, lost, wrong;
	double worst;
};

static void *among_crashes(void *arg)
{
	struct luck *luck = arg;
	struct watch watch;
	double ms;

	for (int n = 0; !stop; n++) {
		int result;

		watch_start(&watch);
		errno = 0;
		result = v->do_pick(n);
		ms = watch_ms(&watch);
		luck->right += result == n % 10;
		luck->lost += failed(result);
		luck->wrong += result != n % 10 && !failed(result);
		luck->worst = ms > luck->worst ? ms : luck->worst;
	}
	return NULL;
}

static int crashes(const struct victim *victim, void *arg)
{
	pthread_t threads[THREADS];
	struct luck luck[THREADS] = {0}, sum = {0};
	int declared = 0;

	v = victim;
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, among_crashes, &luck[i]);
	for (int i = 0; i < 40; i++) {
		declared += failed(v->do_misbehave(i % 2 ? "segv" : "exit", 0));
		usleep(10000);
	}
	stop = true;
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		sum.right += luck[i].right;
		sum.lost += luck[i].lost;
		sum.wrong += luck[i].wrong;
		sum.worst = luck[i].worst > sum.worst ? luck[i].worst : sum.worst;
	}
	check(arg, declared == 40, "40 crashes beside %d busy threads: %d declared failures", THREADS,
	      declared);
	check(arg, sum.wrong == 0, "the others: %ld right, %ld lost with it, %ld wrong results",
	      sum.right, sum.lost, sum.wrong);
	check(arg, sum.worst <= 5000 + slack_ms(), "the slowest of them took %.1f ms", sum.worst);
	return 0;
}

static void *for_ever(void *arg)
{
	for (int n = 0;; n++)
		v->do_pick(n);
	return arg;
}

/* At exit(), threads go on while the proxy takes its leave. */
static int leaving(const struct victim *victim, void *arg)
{
	enum { HOSTS = 20 };
	int status, well = 0;
	pthread_t thread;
	pid_t pid;

	v = victim;
	for (int i = 0; i < HOSTS; i++) {
		pid = fork();
		if (pid == 0) {
			alarm(10);
			for (int k = 0; k < THREADS; k++)
				pthread_create(&thread, NULL, for_ever, NULL);
			v->do_sleep(5);
			exit(0);
		}
		well += waitpid(pid, &status, 0) == pid && status == 0;
	}
	check(arg, well == HOSTS, "%d hosts that exit while %d threads call: %d end well", HOSTS, THREADS,
	      well);
	return 0;
}

static pthread_barrier_t called, unloaded;

static void *call_and_stay(void *arg)
{
	const struct victim *victim = arg;
	bool right = victim->do_add(1, 2) == 3;

	pthread_barrier_wait(&called);
	pthread_barrier_wait(&unloaded);
	return (void *)(intptr_t)right; /* it ends after the code that it had a channel of is gone */
}

static int threads_outlive(const struct victim *victim, void *arg)
{
	pthread_t threads[THREADS];
	int right = 0;
	void *result;

	pthread_barrier_init(&called, NULL, THREADS + 1);
	pthread_barrier_init(&unloaded, NULL, THREADS + 1);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, call_and_stay, (void *)(uintptr_t)victim);
	pthread_barrier_wait(&called);
	check(arg, dlclose(victim->library) == 0, "unloaded while %d threads that have called live", THREADS);
	pthread_barrier_wait(&unloaded);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		right += result != NULL;
	}
	check(arg, right == THREADS, "they end well");
	_exit(0); /* their channels were left to them: LeakSanitizer would tell, and rightly */
}

static void *restart_slowly(void *arg)
{
	return (void *)(intptr_t)(v->do_add((int)(intptr_t)arg, 1) == (int)(intptr_t)arg + 1);
}

/* One thread's restart takes two seconds, as what is replayed does; the other has a deadline. */
static int patience(const struct victim *victim, void *arg)
{
	struct watch watch;
	pthread_t thread;
	void *result;
	double ms;
	int n, sys;

	v = victim;
	v->do_add(1, 1);
	check(arg, v->do_init(1000 + 2000) == 0, "state that takes long to build again");
	check(arg, v->do_misbehave("abort", 0) == -1, "is lost");
	pthread_create(&thread, NULL, restart_slowly, (void *)(intptr_t)5);
	usleep(100000);
	watch_start(&watch);
	errno = 0;
	n = v->do_sleep(1);
	sys = errno;
	ms = watch_ms(&watch);
	check(arg, n == -1 && sys == EIO && ms <= 300 + slack_ms(),
	      "a call with a deadline of 300 ms: %d (%s) after %.0f ms", n, strerrorname_np(sys), ms);
	pthread_join(thread, &result);
	check(arg, result != NULL, "the call that waits for the state gets its result");
	check(arg, v->do_level() == 3000, "the state is there");
	return 0;
}

int main(void)
{
	checks_run("at-once", NULL, at_once, 60000);
	checks_run("coming-and-going", NULL, coming_and_going, 60000);
	checks_run("crowd", "memory_mb = 1024\n", crowd, 60000);
	checks_run("small-stack", NULL, small_stack, 30000);
	checks_run("crashes", NULL, crashes, 60000);
	checks_run("leaving", NULL, leaving, 60000);
	checks_run("threads-outlive", NULL, threads_outlive, 30000);
	checks_run("patience", NULL, patience, 30000);
	return tell_done();
}
