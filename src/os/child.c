/* SPDX-License-Identifier: BSD-2-Clause */
/* child.c - a program of ours that never outlives us
 *
 * DOC: Theory of Operation
 *
 * The child asks the kernel for SIGKILL at its parent's end (PR_SET_PDEATHSIG), then looks whether the
 * parent is still there: it may have ended in between. What keeps execve from happening comes back
 * through a pipe that closes itself when the program has taken over. Between fork and execve there are
 * system calls only, as other threads of the caller may have held any lock.
 */
#include "os/child.h"

#include "base/auto.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { FDS_MAX = 40 };

extern char **environ;

/* The first file of this name in PATH that can be executed. */
static int find_program(const char *program, char *path, size_t size)
{
	const char *from = getenv("PATH");

	if (strchr(program, '/'))
		return snprintf(path, size, "%s", program) < (int)size ? 0 : -1;
	for (from = from ? from : "/usr/bin:/bin"; *from;) {
		size_t length = strcspn(from, ":");

		if (length && *from == '/' && length + strlen(program) + 2 <= size) {
			snprintf(path, size, "%.*s/%s", (int)length, from, program);
			if (!access(path, X_OK))
				return 0;
		}
		from += length + (from[length] == ':');
	}
	return -1;
}

/* The descriptors at 3, 4, ...; nothing else stays open but @keep, which closes at execve. */
static int place(const int *fds, int count, int output, int *keep)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), from[FDS_MAX + 2];

	*keep = fcntl(*keep, F_DUPFD_CLOEXEC, 3 + count);
	if (null < 0 || *keep < 0)
		return -1;
	for (int i = 0; i < count; i++) {
		from[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3 + count);
		if (from[i] < 0)
			return -1;
	}
	if (dup2(output, 1) < 0 || dup2(output, 2) < 0 || dup2(null, 0) < 0)
		return -1;
	for (int i = 0; i < count; i++)
		if (dup2(from[i], 3 + i) < 0)
			return -1;
	return (int)syscall(SYS_close_range, 3 + count, ~0u, 4 /* CLOSE_RANGE_CLOEXEC */);
}

static void become(const char *path, char *const argv[], const int *fds, int count, int output,
		   int report, pid_t parent)
{
	sigset_t none;
	int sys;

	for (int sig = 1; sig < _NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) == 0 && setsid() >= 0 &&
	    prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent &&
	    place(fds, count, output, &report) == 0)
		execve(path, argv, environ);
	sys = errno ? errno : ESRCH;
	if (write(report, &sys, sizeof(sys)) < 0)
		_exit(126);
	_exit(127);
}

int nacre_child_start(struct nacre_child *child, const char *program, char *const argv[],
		      const int *fds, int fd_count, int output, struct nacre_error *e)
{
	char path[4096];
	int report[2], sys = 0;
	pid_t parent = getpid();

	*child = NACRE_NO_CHILD;
	if (fd_count > FDS_MAX)
		return nacre_error_set(e, NACRE_E_USAGE, 0, program, "too many descriptors");
	if (find_program(program, path, sizeof(path)))
		return nacre_error_set(e, NACRE_E_ABSENT, 0, program, "is not installed, or not in PATH");
	if (pipe2(report, O_CLOEXEC))
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, program, "cannot be started");
	child->pid = fork();
	if (child->pid == 0)
		become(path, argv, fds, fd_count, output, report[1], parent);
	sys = child->pid < 0 ? errno : 0;
	close(report[1]);
	if (!sys && read(report[0], &sys, sizeof(sys)) != sizeof(sys))
		sys = 0;
	close(report[0]);
	if (!sys) {
		child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
		sys = child->pidfd < 0 ? errno : 0;
	}
	if (sys) {
		nacre_child_kill(child);
		return nacre_error_set(e, NACRE_E_SYSTEM, sys, program, "cannot be started");
	}
	return 0;
}

bool nacre_child_ended(struct nacre_child *child, int timeout_ms)
{
	struct pollfd p = {.fd = child->pidfd, .events = POLLIN};

	if (child->pid < 0)
		return true;
	if (poll(&p, 1, timeout_ms) <= 0)
		return false;
	while (waitpid(child->pid, &child->status, 0) < 0 && errno == EINTR)
		;
	child->pid = -1;
	return true;
}

void nacre_child_kill(struct nacre_child *child)
{
	if (child->pid > 0) {
		kill(child->pid, SIGKILL);
		while (waitpid(child->pid, &child->status, 0) < 0 && errno == EINTR)
			;
	}
	if (child->pidfd >= 0)
		close(child->pidfd);
	child->pid = child->pidfd = -1;
}
