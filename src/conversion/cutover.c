/* SPDX-License-Identifier: BSD-2-Clause */
/* cutover.c - services of the source stop for good; theory of operation in cutover.h */
#include "conversion/cutover.h"

#include "os/child.h"
#include "os/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STOP_MS = 300000 }; /* systemd itself kills what does not stop, after a minute and a half by default */

struct nacre_cutover {
	const char *const *units;
	int count;
	pid_t guard;    /* -1: there is none */
	int pipe;       /* to it */
	bool stopped, done;
	double since;
};

static void set_signals(void (*how)(int sig))
{
	signal(SIGINT, how);
	signal(SIGTERM, how);
	signal(SIGHUP, how);
}

static void start_again(const char *const *units, int count)
{
	while (count--) {
		pid_t pid = fork();

		if (pid == 0) {
			set_signals(SIG_DFL);
			execlp("systemctl", "systemctl", "start", "--", units[count], (char *)NULL);
			_exit(127);
		}
		while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
}

/* The process that waits: 's': from now on they are to be started again; 'k': no more. */
static void wait_for_end(const struct nacre_cutover *c, int pipe)
{
	bool stopped = false;
	char word;

	for (;;) {
		ssize_t n = read(pipe, &word, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		stopped = word == 's';
	}
	if (stopped)
		start_again(c->units, c->count);
}

static int start_guard(struct nacre_cutover *c, struct nacre_error *e)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "pipe", "cannot be made");
	c->guard = fork();
	if (c->guard == 0) {
		/* What ends a session does not end it; and it holds nothing that somebody waits for. */
		set_signals(SIG_IGN);
		setsid();
		dup2(ends[0], 3);
		close_range(4, ~0U, 0);
		wait_for_end(c, 3);
		_exit(0);
	}
	close(ends[0]);
	c->pipe = ends[1];
	if (c->guard < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "fork", "no process can be had");
	return 0;
}

struct nacre_cutover *nacre_cutover_open(const char *const *units, struct nacre_error *e)
{
	struct nacre_cutover *c = calloc(1, sizeof(*c));

	if (!c) {
		nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
		return NULL;
	}
	c->units = units;
	c->guard = c->pipe = -1;
	while (units && units[c->count])
		c->count++;
	if (!c->count || !start_guard(c, e))
		return c;
	nacre_cutover_close(c);
	return NULL;
}

static int tell(const struct nacre_cutover *c, char word, struct nacre_error *e)
{
	ssize_t n;

	while ((n = write(c->pipe, &word, 1)) < 0 && errno == EINTR)
		;
	if (n != 1)
		return nacre_error_set(e, NACRE_E_LOST, errno, "--cutover", "who would start the services again is gone");
	return 0;
}

static int stop_one(const char *unit, struct nacre_error *e)
{
	char *const argv[] = {(char *)(uintptr_t)"systemctl", (char *)(uintptr_t)"stop", (char *)(uintptr_t)"--",
			      (char *)(uintptr_t)unit, NULL};
	struct nacre_child child = NACRE_NO_CHILD;
	int status;

	if (nacre_child_start(&child, "systemctl", argv, NULL, 0, STDERR_FILENO, e))
		return -1;
	if (!nacre_child_ended(&child, STOP_MS)) {
		nacre_child_kill(&child);
		return nacre_error_set(e, NACRE_E_FAILED, 0, unit, "does not stop");
	}
	status = child.status;
	nacre_child_kill(&child);
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	return nacre_error_set(e, NACRE_E_FAILED, 0, unit, "cannot be stopped: systemctl stop ended with %d",
			       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

int nacre_cutover_stop(struct nacre_cutover *c, struct nacre_error *e)
{
	if (!c->count || c->stopped)
		return 0;
	c->since = nacre_now();
	if (tell(c, 's', e))
		return -1;
	c->stopped = true;
	for (int i = 0; i < c->count; i++)
		if (stop_one(c->units[i], e))
			return -1;
	return 0;
}

double nacre_cutover_ms(const struct nacre_cutover *c)
{
	return c->stopped ? (nacre_now() - c->since) * 1000 : 0;
}

void nacre_cutover_done(struct nacre_cutover *c)
{
	c->done = true;
}

bool nacre_cutover_close(struct nacre_cutover *c)
{
	bool again = c && c->stopped && !c->done;

	if (!c)
		return false;
	if (c->done && c->stopped)
		tell(c, 'k', NULL);
	if (c->pipe >= 0)
		close(c->pipe);
	while (c->guard > 0 && waitpid(c->guard, NULL, 0) < 0 && errno == EINTR)
		;
	free(c);
	return again;
}
