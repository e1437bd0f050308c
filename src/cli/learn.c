/* SPDX-License-Identifier: BSD-2-Clause */
/* learn.c - run a host while its virtual processes write down what they need
 *
 * DOC: Theory of Operation
 *
 * Somebody must be left to show the result, so here the host is a child. To whoever started nacre
 * the difference does not show: signals sent to nacre go on to the host (those of the terminal
 * reach it anyway), its exit status is ours, and the signal that ends it ends us.
 *
 * The profile of a registration is written by a process beside each zygote of it, which ends after
 * the host does; those of one registration (of several hosts, say) add to one file.
 * nacre makes itself the reaper of such orphans (PR_SET_CHILD_SUBREAPER) and waits for them, but
 * not for ever: a host may also leave daemons behind.
 */
#include "learn.h"
#include "cli.h"

#include "base/auto.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ORPHANS_MS = 3000 };

static const int passed_on[] = {SIGHUP,	 SIGINT,  SIGQUIT, SIGTERM,
				SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH};

static pid_t start(const char *file, char **argv, const sigset_t *mask)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	sigprocmask(SIG_SETMASK, mask, NULL);
	execv(file, argv);
	_exit(cli_error(NACRE_E_SYSTEM, file, "cannot be started: %s", strerror(errno)));
}

/* Wait for @host, passing on what other processes send to us. */
static int wait_for(pid_t host, const sigset_t *set)
{
	int status;

	for (;;) {
		siginfo_t info;
		int sig = sigwaitinfo(set, &info);
		pid_t pid;

		if (sig > 0 && sig != SIGCHLD) {
			if (info.si_code <= 0) /* sent by a process, not by the terminal */
				kill(host, sig);
			continue;
		}
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			if (pid == host)
				return status;
	}
}

static void wait_for_orphans(void)
{
	const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};

	for (int i = 0; i < ORPHANS_MS / 10; i++) {
		pid_t pid;

		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (pid < 0 && errno == ECHILD)
			return;
		nanosleep(&pause, NULL);
	}
}

char *learn_profile(const char *dir, const char *name)
{
	return cli_format("%s/%s.conf", dir, name);
}

/* What registration @r needs, and how it gets it. Return: whether there is anything */
static bool show_one(const char *dir, const struct nacre_registration *r)
{
	NACRE_AUTO_FREE char *profile = learn_profile(dir, r->name), *line = NULL;
	NACRE_AUTO_FILE FILE *f = fopen(profile, "re");
	bool any = false;
	size_t size = 0;

	while (f && getline(&line, &size, f) > 0) {
		if (line[0] == '#' || line[0] == '\n')
			continue;
		if (!any)
			fprintf(stderr, "nacre: %s needs, by %s:\n", r->name, profile);
		any = true;
		fprintf(stderr, "    %s", line);
	}
	if (any)
		fprintf(stderr, "nacre: look the lines over; to allow it all: cat '%s' >>'%s'\n",
			profile, r->file);
	return any;
}

static void show(const char *dir, const struct nacre_registry *registry)
{
	bool any = false;

	for (size_t i = 0; i < registry->count; i++)
		any |= show_one(dir, &registry->list[i]);
	if (!any)
		fprintf(stderr, "nacre: nothing was learned: what is registered was enough, or no "
				"extension was used\n");
}

/* End as the host did. */
static int end_as(int status)
{
	const struct rlimit no_core = {0, 0};
	sigset_t one;

	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	setrlimit(RLIMIT_CORE, &no_core); /* the host has left one, if any */
	signal(WTERMSIG(status), SIG_DFL);
	sigemptyset(&one);
	sigaddset(&one, WTERMSIG(status));
	fflush(NULL);
	raise(WTERMSIG(status));
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	return 128 + WTERMSIG(status);
}

int learn_run(const char *file, char **argv, const char *dir,
	      const struct nacre_registry *registry)
{
	sigset_t set, old;
	int status;
	pid_t host;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		sigaddset(&set, passed_on[i]);
	sigprocmask(SIG_BLOCK, &set, &old);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	host = start(file, argv, &old);
	if (host < 0)
		return cli_error(NACRE_E_SYSTEM, file, "cannot be started: %s", strerror(errno));
	status = wait_for(host, &set);
	wait_for_orphans();
	show(dir, registry);
	return end_as(status);
}
