/* SPDX-License-Identifier: BSD-2-Clause */
/* fork.c - hosts that fork: the child gets virtual processes of its own, the parent keeps its own */
#include "checks.h"
#include "tell.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct victim *v;

/* A child that runs @body and ends. Return: its exit status, or 1000 + signal */
static int in_child(int (*body)(void *arg), void *arg)
{
	pid_t parent = getpid(), pid = fork();
	int status;

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(98);
		alarm(10); /* a deadlock is an end by SIGALRM */
		_exit(body(arg));
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static int child_calls(void *arg)
{
	return v->do_add(4, 5) == 9 && v->do_greet("x", (char[VICTIM_TEXT]){0}, VICTIM_TEXT) == 8
		       ? 0
		       : 1 + (arg != NULL);
}

static int child_without_state(void *arg)
{
	(void)arg;
	return v->do_level() == 0 ? 0 : 1;
}

static int child_with_stale_handle(void *arg)
{
	int number, result;

	errno = 0;
	result = v->do_number(*(victim_handle *)arg, &number);
	return result == -1 && errno == ESTALE ? 0 : 1;
}

static int child_opens(void *arg)
{
	victim_handle h = v->do_open("four");
	int number = 0;

	(void)arg;
	return h && v->do_number(h, &number) == 0 && number == 4 ? 0 : 1;
}

static int child_crashes(void *arg)
{
	(void)arg;
	return v->do_misbehave("segv", 0) == -1 && v->do_add(1, 1) == 2 ? 0 : 1;
}

static int child_forks(void *arg)
{
	return child_calls(arg) ? 1 : in_child(child_calls, arg) ? 2 : child_calls(arg) ? 3 : 0;
}

static int plain(const struct victim *victim, void *arg)
{
	victim_handle h;
	int number = 0;

	v = victim;
	v->do_init(17);
	h = v->do_open("seven77");
	check(arg, in_child(child_calls, NULL) == 0, "a child calls");
	check(arg, in_child(child_without_state, NULL) == 0, "it has nothing of its parent's state");
	check(arg, in_child(child_with_stale_handle, &h) == 0, "its parent's handle is stale in it");
	check(arg, in_child(child_opens, NULL) == 0, "it opens its own");
	check(arg, in_child(child_crashes, NULL) == 0, "its extension crashes and is replaced");
	check(arg, in_child(child_forks, NULL) == 0, "it forks and both call");
	check(arg, v->do_number(h, &number) == 0 && number == 7, "the parent's handle is as it was");
	check(arg, v->do_level() == 17, "the parent's state is as it was");
	return 0;
}

static int before_first_call(const struct victim *victim, void *arg)
{
	v = victim;
	check(arg, in_child(child_calls, NULL) == 0, "a child calls before its parent ever did");
	check(arg, v->do_add(1, 2) == 3, "the parent calls after it");
	return 0;
}

static pthread_barrier_t barrier;

static void *call_first(void *arg)
{
	pthread_barrier_wait(&barrier);
	return (void *)(intptr_t)(v->do_add((int)(intptr_t)arg, 1) != (int)(intptr_t)arg + 1);
}

/* None of them has called before: all of them find the state of the parent. */
static int child_starts_threads(void *arg)
{
	enum { THREADS = 4 };
	pthread_t threads[THREADS];
	void *wrong;
	int sum = 0;

	(void)arg;
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, call_first, (void *)(intptr_t)i);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &wrong);
		sum += wrong != NULL;
	}
	return sum;
}

static int threads_in_child(const struct victim *victim, void *arg)
{
	enum { FORKS = 20 };
	int wrong = 0, status, first = 0;

	v = victim;
	v->do_add(1, 1);
	for (int i = 0; i < FORKS; i++) {
		status = in_child(child_starts_threads, NULL);
		if (status && !wrong++)
			first = status;
	}
	check(arg, wrong == 0, "%d children whose threads call at once: %d fail, the first with %d", FORKS,
	      wrong, first);
	return 0;
}

static _Atomic bool stop;

static int count_visit(victim_handle handle, const char *text, int number, void *user)
{
	(void)handle;
	(void)text;
	(void)number;
	++*(int *)user;
	return 1;
}

/* Keeps every lock of the proxy busy. */
static void *busy(void *arg)
{
	int visits;

	(void)arg;
	while (!stop) {
		victim_handle h = v->do_open("busy");

		v->do_each(h, count_visit, &visits, 3);
		v->do_close(h);
		v->do_name(0);
		v->do_init(3);
		v->do_fini();
	}
	return NULL;
}

static int child_does_all(void *arg)
{
	int visits = 0;
	victim_handle h = v->do_open("abc");

	(void)arg;
	if (!h || v->do_each(h, count_visit, &visits, 3) != 3 || visits != 3 || v->do_close(h) ||
	    v->do_init(5) || v->do_level() != 5 || !v->do_name(1))
		return 1;
	return v->do_misbehave("abort", 0) == -1 && v->do_level() == 5 ? 0 : 2;
}

static int while_others_call(const struct victim *victim, void *arg)
{
	enum { FORKS = 60, BUSY = 3 };
	pthread_t threads[BUSY];
	int wrong = 0, status, first = 0;

	v = victim;
	v->do_add(1, 1);
	for (int i = 0; i < BUSY; i++)
		pthread_create(&threads[i], NULL, busy, NULL);
	for (int i = 0; i < FORKS; i++) {
		status = in_child(child_does_all, NULL);
		if (status && !wrong++)
			first = status;
		if (wrong == 3)
			break;
	}
	stop = true;
	for (int i = 0; i < BUSY; i++)
		pthread_join(threads[i], NULL);
	check(arg, wrong == 0, "%d children, forked while %d threads call: %d fail, the first with %d", FORKS,
	      BUSY, wrong, first);
	check(arg, v->do_add(1, 2) == 3, "the parent goes on");
	return 0;
}

static int sigchlds;

static void on_sigchld(int sig)
{
	(void)sig;
	sigchlds++;
}

static int no_children(const struct victim *victim, void *arg)
{
	struct sigaction action = {.sa_handler = on_sigchld};
	bool seen = false;
	int status;

	v = victim;
	sigaction(SIGCHLD, &action, NULL);
	for (int i = 0; i < 5; i++) {
		v->do_add(1, 1);
		seen |= waitpid(-1, &status, WNOHANG) != -1 || errno != ECHILD;
		seen |= waitpid(-1, &status, WNOHANG | __WALL) != -1 || errno != ECHILD;
		v->do_misbehave(i % 2 ? "segv" : "hang", 0);
	}
	usleep(50000);
	seen |= waitpid(-1, &status, WNOHANG | __WALL) != -1 || errno != ECHILD;
	check(arg, !seen, "waitpid(-1) never sees a process of ours");
	check(arg, sigchlds == 0, "SIGCHLD came %d times", sigchlds);
	signal(SIGCHLD, SIG_IGN);
	v->do_misbehave("segv", 0);
	check(arg, v->do_add(1, 1) == 2, "it works where SIGCHLD is ignored");
	return 0;
}

static int exec_sees_nothing(const struct victim *victim, void *arg)
{
	char line[256];
	int own = 0;
	FILE *p;

	v = victim;
	v->do_add(1, 1);
	p = popen("ls -l /proc/self/fd", "r");
	while (p && fgets(line, sizeof(line), p))
		own += strstr(line, "memfd:") || strstr(line, "pidfd") || strstr(line, "socket:");
	check(arg, p && pclose(p) == 0 && own == 0, "a program that the host starts gets %d descriptors of ours",
	      own);
	return 0;
}

/* The child does nothing at all with the proxy, and lives on when its parent is killed. */
static int quiet_child(const struct victim *victim, void *arg)
{
	pid_t pid;

	v = victim;
	v->do_add(1, 1);
	pid = fork();
	if (pid == 0) {
		setsid();
		sleep(5);
		_exit(0);
	}
	*(volatile pid_t *)arg = pid;
	for (;;)
		pause();
}

static void parent_killed(void)
{
	pid_t *child = shared(sizeof(*child));
	struct place p;
	struct host h;

	place_make(&p, "parent-killed");
	place_register(&p, NULL);
	host_start(&h, &p, quiet_child, child);
	for (int i = 0; i < 500 && !*(volatile pid_t *)child; i++)
		usleep(10000);
	kill(h.pid, SIGKILL);
	host_end(&h, 1000);
	tell(*child && place_is_left(&p, 1000),
	       "a host that was killed leaves no virtual process, though a child of it lives");
	if (*child)
		kill(*child, SIGKILL);
	place_end_all(&p);
	place_remove(&p);
}

int main(void)
{
	checks_run("plain", NULL, plain, 60000);
	checks_run("before-first-call", NULL, before_first_call, 30000);
	checks_run("threads-in-child", NULL, threads_in_child, 60000);
	checks_run("while-others-call", NULL, while_others_call, 60000);
	checks_run("no-children", NULL, no_children, 30000);
	checks_run("exec", NULL, exec_sees_nothing, 30000);
	parent_killed();
	return tell_done();
}
