/* SPDX-License-Identifier: BSD-2-Clause */
/* restart.c - what a host sees of a restart: idempotent calls, replay, stale handles, quarantine */
#include "checks.h"
#include "tell.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* victim_count(1) aborts as the first call of a virtual process, and counts afterwards. */
static int idempotent(const struct victim *v, void *arg)
{
	struct watch watch;
	double ms;
	int n;

	check(arg, v->do_count(0) == 1 && v->do_count(1) == 2, "a call that may be repeated");
	v->do_misbehave("exit", 0);
	check(arg, v->do_count(0) == 1, "counts from 1 in the next virtual process");
	v->do_misbehave("exit", 0);
	watch_start(&watch);
	errno = 0;
	n = v->do_count(1);
	ms = watch_ms(&watch);
	check(arg, n == -1 && errno == EIO, "that ends two of them in a row has failed: %d, %.1f ms", n, ms);
	check(arg, v->do_count(0) == 1, "and the next one is well");
	return 0;
}

/* The virtual process is ended from outside while nobody calls, or within a call. */
static int kill_all_virtual(const struct checks *c)
{
	pid_t pids[PLACE_PIDS];
	int n = place_processes(c->place, pids);

	for (int i = 0; i < n; i++)
		kill(pids[i], SIGKILL);
	usleep(20000);
	return n;
}

static int retry_is_invisible(const struct victim *v, void *arg)
{
	int right = 0;

	v->do_add(1, 1);
	for (int i = 0; i < 20; i++) {
		kill_all_virtual(arg);
		right += v->do_count(0) == 1;
	}
	check(arg, right == 20, "an idempotent call after an unseen end: %d of 20 get their result", right);
	return 0;
}

static int replay(const struct victim *v, void *arg)
{
	check(arg, v->do_init(5) == 0 && v->do_level() == 5, "state is made");
	v->do_misbehave("segv", 0);
	check(arg, v->do_level() == 5, "it is there after a restart");
	for (int i = 0; i < 10; i++)
		v->do_misbehave(i % 2 ? "abort" : "hang", 0);
	check(arg, v->do_level() == 5, "and after ten more");
	v->do_note(9);
	check(arg, v->do_noted() == 9, "what is not replayed is there");
	v->do_misbehave("segv", 0);
	check(arg, v->do_noted() == 0, "and gone after a restart");
	check(arg, v->do_fini() == 0 && v->do_level() == 0, "state is forgotten");
	v->do_misbehave("segv", 0);
	check(arg, v->do_level() == 0, "and not built again");
	v->do_init(1);
	v->do_init(2);
	v->do_misbehave("segv", 0);
	check(arg, v->do_level() == 2, "several calls are repeated in their order");
	return 0;
}

/* victim_init(-5) works once, but not as the first call in a virtual process. */
static int replay_fails(const struct victim *v, void *arg)
{
	int n;

	v->do_add(1, 1);
	check(arg, v->do_init(-5) == 0 && v->do_level() == -5, "state that cannot be built again");
	v->do_misbehave("segv", 0);
	errno = 0;
	n = v->do_add(1, 2);
	check(arg, n == -1 && errno == EIO, "the call after its loss gets the declared failure");
	errno = 0;
	n = v->do_add(1, 2);
	check(arg, n == 3 || (n == -1 && errno == EIO), "the next one as well, or a result");
	check(arg, place_log_has(((struct checks *)arg)->place, "victim_init", "repeated"),
	      "the log says that the repetition failed");
	return 0;
}

static int stale(const struct victim *v, void *arg)
{
	victim_handle old = v->do_open("old"), own, again;
	int number = 0, result;

	check(arg, old && v->do_number(old, &number) == 0 && number == 3, "a handle");
	v->do_misbehave("segv", 0);
	errno = 0;
	result = v->do_number(old, &number);
	check(arg, result == -1 && errno == ESTALE, "after a restart it is stale: -1 and ESTALE");
	errno = 0;
	check(arg, v->do_close(old) == -1 && errno == ESTALE, "it cannot be closed either");
	own = v->do_open("newer");
	check(arg, own && own != old, "a new one is another one");
	check(arg, v->do_number(own, &number) == 0 && number == 5, "and names its object");
	errno = 0;
	check(arg, v->do_number(old, &number) == -1 && errno == ESTALE, "the old one is still stale");
	v->do_misbehave("exit", 0);
	v->do_add(1, 1);
	again = v->do_open("third");
	errno = 0;
	check(arg, again != own && again != old && v->do_number(own, &number) == -1 && errno == ESTALE,
	      "a third one after another restart: the second is stale");
	check(arg, v->do_close(again) == 0, "it is closed");
	errno = 0;
	check(arg, v->do_number(again, &number) == -1 && errno == EBADF,
	      "which the extension says in its own words, not the proxy");
	errno = 0;
	check(arg, v->do_number(63, &number) == -1 && errno == ESTALE, "a number that nobody gave is stale");
	return 0;
}

static double timed_add(const struct victim *v, int *result)
{
	struct watch watch;

	watch_start(&watch);
	errno = 0;
	*result = v->do_add(1, 2);
	return watch_ms(&watch);
}

static int quarantine(const struct victim *v, void *arg)
{
	int result, fails = 0;
	double ms, from;

	v->do_add(1, 1);
	for (int i = 0; i < 3; i++)
		fails += v->do_misbehave("segv", 0) == -1;
	from = now_ms();
	ms = timed_add(v, &result);
	check(arg, fails == 3 && result == -1 && errno == EIO && ms < 5,
	      "after 3 failures the declared one comes at once: %.2f ms", ms);
	check(arg, place_log_has(((struct checks *)arg)->place, "quarantined", "3 failures"),
	      "the log says so");
	while (result == -1 && now_ms() - from < 5000) {
		usleep(20000);
		timed_add(v, &result);
	}
	ms = now_ms() - from;
	check(arg, result == 3 && ms > 500 && ms < 2000, "it works again after %.0f ms", ms);
	for (int i = 0; i < 3; i++)
		v->do_misbehave("exit", 0);
	from = now_ms();
	for (result = -1; result == -1 && now_ms() - from < 8000;) {
		usleep(20000);
		timed_add(v, &result);
	}
	ms = now_ms() - from;
	check(arg, result == 3 && ms > 1500 && ms < 3500, "the second pause is longer: %.0f ms", ms);
	return 0;
}

/* A virtual process that has ended while nobody called: the next request need not be lost to it. */
static int ends_unseen(const struct victim *v, void *arg)
{
	int right = 0, declared = 0, n;

	v->do_init(4);
	for (int i = 0; i < 20; i++) {
		kill_all_virtual(arg);
		errno = 0;
		n = v->do_add(i, 1);
		right += n == i + 1;
		declared += n == -1 && errno == EIO;
	}
	check(arg, right + declared == 20, "20 ends between calls: %d results, %d declared failures", right,
	      declared);
	check(arg, v->do_level() == 4 || v->do_level() == 4, "the state is there after them");
	return 0;
}

static long resident_kb(void)
{
	long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f && fscanf(f, "%*s %ld", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * 4;
}

static int many(const struct victim *v, void *arg)
{
	enum { WARM = 50, CRASHES = 500 };
	int right = 0, fds = 0, maps = 0, n;
	long kb = 0;

	for (int i = 0; i < WARM + CRASHES; i++) {
		if (i == WARM) {
			fds = count_fds();
			maps = count_maps("");
			kb = resident_kb();
		}
		n = v->do_misbehave(i % 2 ? "segv" : "quick-exit", 0);
		right += n == -1 && v->do_add(i, 1) == i + 1;
	}
	check(arg, right == WARM + CRASHES, "%d crashes: %d times as declared, and served again",
	      WARM + CRASHES, right);
	check(arg, count_fds() <= fds + 2, "descriptors before %d, after %d", fds, count_fds());
	check(arg, count_maps("") <= maps + 4, "mappings before %d, after %d", maps, count_maps(""));
	check(arg, resident_kb() <= kb + 512, "resident before %ld KiB, after %ld KiB", kb, resident_kb());
	return 0;
}

/* Each clone of a zygote that was loaded with this fails; a zygote that is loaded anew is well. */
static int bad_template(const struct victim *v, void *arg)
{
	double until;
	int n;

	setenv("VICTIM_LOAD", "load-cripple", 1);
	n = v->do_add(1, 2);
	unsetenv("VICTIM_LOAD");
	check(arg, n == -1, "a zygote whose clones all crash: the declared failure");
	for (int i = 0; i < 5; i++)
		n = v->do_add(1, 2);
	for (until = now_ms() + 5000; n != 3 && now_ms() < until; n = v->do_add(1, 2))
		usleep(50000);
	check(arg, n == 3, "after the quarantine there is another one, which is well");
	return 0;
}

int main(void)
{
	checks_run("ends-unseen", NULL, ends_unseen, 30000);
	checks_run("many", NULL, many, 60000);
	checks_run("bad-template", "max_failures = 3\n", bad_template, 30000);
	checks_run("idempotent", NULL, idempotent, 30000);
	checks_run("retry-is-invisible", NULL, retry_is_invisible, 30000);
	checks_run("replay", NULL, replay, 30000);
	checks_run("replay-fails", NULL, replay_fails, 30000);
	checks_run("stale", NULL, stale, 30000);
	checks_run("quarantine", "max_failures = 3\n", quarantine, 30000);
	return tell_done();
}
