/* SPDX-License-Identifier: BSD-2-Clause */
/* signals.c - hosts with signals: no call is lost to a handler, no handler is lost to the proxy */
#include "checks.h"
#include "tell.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t alarms;

static void on_alarm(int sig)
{
	(void)sig;
	alarms++;
	errno = EPERM; /* a careless handler */
}

static void set_timer(int us)
{
	struct itimerval timer = {{0, us}, {0, us}};

	setitimer(ITIMER_REAL, &timer, NULL);
}

static int interval_timer(const struct victim *v, void *arg)
{
	struct sigaction action = {.sa_handler = on_alarm}; /* no SA_RESTART: every wait is interrupted */
	long wrong = 0, lost = 0;

	sigaction(SIGALRM, &action, NULL);
	set_timer(500);
	check(arg, v->do_add(1, 2) == 3, "a virtual process starts while signals arrive");
	for (int i = 0; i < 150; i++)
		wrong += v->do_sleep(3) != 3;
	for (int i = 0; i < 20000; i++)
		wrong += v->do_pick(i) != i % 10;
	for (int i = 0; i < 20; i++) {
		errno = 0;
		lost += v->do_misbehave(i % 2 ? "segv" : "exit", 0) == -1;
		wrong += v->do_add(i, 1) != i + 1;
	}
	set_timer(0);
	check(arg, wrong == 0 && alarms > 100, "%d signals hit 20170 calls: %ld wrong results", (int)alarms,
	      wrong);
	check(arg, lost == 20, "and 20 crashes: %ld declared failures", lost);
	return 0;
}

static void on_signal(int sig)
{
	(void)sig;
}

static bool same_actions(const struct sigaction *was)
{
	struct sigaction now;

	for (int sig = 1; sig < _NSIG; sig++) {
		memset(&now, 0, sizeof(now));
		if (sigaction(sig, NULL, &now) < 0)
			continue;
		if (now.sa_handler != was[sig].sa_handler || now.sa_flags != was[sig].sa_flags ||
		    memcmp(&now.sa_mask, &was[sig].sa_mask, 8))
			return false;
	}
	return true;
}

static int handlers_stay(const struct victim *v, void *arg)
{
	struct sigaction was[_NSIG] = {0}, mine = {.sa_handler = on_signal, .sa_flags = SA_NODEFER};
	sigset_t before, after;
	stack_t stack_before, stack_after;

	for (int sig = 1; sig < _NSIG; sig += 3)
		sigaction(sig, &mine, NULL);
	for (int sig = 1; sig < _NSIG; sig++)
		sigaction(sig, NULL, &was[sig]);
	sigemptyset(&before);
	sigaddset(&before, SIGUSR1);
	sigaddset(&before, SIGCHLD);
	sigprocmask(SIG_SETMASK, &before, NULL);
	sigaltstack(NULL, &stack_before);
	v->do_add(1, 1);
	v->do_misbehave("segv", 0);
	v->do_add(1, 1);
	sigprocmask(SIG_SETMASK, NULL, &after);
	sigaltstack(NULL, &stack_after);
	check(arg, same_actions(was), "all signal handlers are as they were");
	check(arg, !memcmp(&before, &after, 8), "the signal mask is as it was");
	check(arg, stack_before.ss_flags == stack_after.ss_flags, "the signal stack is as it was");
	return 0;
}

static int all_blocked(const struct victim *v, void *arg)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	check(arg, v->do_add(1, 1) == 2 && v->do_misbehave("abort", 0) == -1 && v->do_add(1, 1) == 2,
	      "it works in a thread that blocks all signals");
	return 0;
}

/* What a terminal does at Ctrl-C: a signal to the whole foreground process group. */
static int control_c(const struct victim *v, void *arg)
{
	setpgid(0, 0);
	signal(SIGINT, on_signal);
	signal(SIGHUP, on_signal);
	signal(SIGQUIT, on_signal);
	signal(SIGTSTP, on_signal);
	v->do_init(21);
	kill(0, SIGINT);
	kill(0, SIGHUP);
	kill(0, SIGQUIT);
	kill(0, SIGTSTP);
	usleep(50000);
	check(arg, v->do_level() == 21, "signals to the host's process group spare its virtual process");
	check(arg, v->do_misbehave("segv", 0) == -1 && v->do_level() == 21, "and those that come after it");
	return 0;
}

int main(void)
{
	checks_run("interval-timer", NULL, interval_timer, 60000);
	checks_run("handlers", NULL, handlers_stay, 30000);
	checks_run("all-blocked", NULL, all_blocked, 30000);
	checks_run("control-c", NULL, control_c, 30000);
	return tell_done();
}
