/* SPDX-License-Identifier: BSD-2-Clause */
/* spawn.c - start a program that the calling process never has to wait for
 *
 * DOC: Theory of Operation
 *
 * A first child, made with an exit signal of 0, shares the caller's memory and suspends it, makes the
 * second child the same way and ends. The caller collects it with __WCLONE, which no wait() of the
 * host looks at. The second child becomes the program; its parent is gone, so init collects it.
 * (One child with exit signal 0 would not do: execve sets the exit signal to SIGCHLD.)
 *
 * The program leads a session of its own: Ctrl-C at the host's terminal is the host's affair, and a
 * kill(0, ...) in the program does not reach the host.
 *
 * All signals are blocked meanwhile: a handler of the host must not run in a child that shares its
 * memory. The children use only system calls.
 */
#include "os/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STACK = 32768, FDS_MAX = 8 };

/* The children run on stacks that a sanitizer knows nothing of. */
#define BARE __attribute__((no_sanitize("address", "thread")))

struct spawn {
	const char *path;
	char *const *argv;
	char *const *envp;
	const int *fds;
	int fd_count;
	char *stack; /* two of STACK bytes */
	int sys;     /* errno of a failure before execve took over */
};

BARE static int place_fds(const struct spawn *s)
{
	int from[FDS_MAX], null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int error = open("/proc/self/fd/2", O_WRONLY | O_APPEND | O_NOCTTY | O_CLOEXEC);

	/*
	 * Standard error is often the terminal, open for reading as well, or a file that could be cut: the
	 * program gets it for writing at the end, or, where it cannot be opened so, only if it is that already.
	 */
	if (error < 0 && (fcntl(2, F_GETFL) & O_ACCMODE) == O_WRONLY)
		error = 2;
	dup2(null, 0);
	dup2(error < 0 ? null : error, 2);
	dup2(2, 1);
	for (int i = 0; i < s->fd_count; i++) {
		from[i] = fcntl(s->fds[i], F_DUPFD, 3 + s->fd_count);
		if (from[i] < 0)
			return -1;
	}
	for (int i = 0; i < s->fd_count; i++)
		if (dup2(from[i], 3 + i) < 0)
			return -1;
	if (syscall(SYS_close_range, 3 + s->fd_count, ~0u, 0) < 0)
		for (int fd = 3 + s->fd_count; fd < 1024; fd++)
			close(fd);
	return 0;
}

BARE static int program(void *arg)
{
	struct spawn *s = arg;
	struct sigaction plain = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int sig = 1; sig < _NSIG; sig++)
		sigaction(sig, &plain, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid(); /* neither the terminal's signals nor kill(0) may cross */
	if (place_fds(s) == 0)
		execve(s->path, s->argv, s->envp);
	s->sys = errno;
	syscall(SYS_exit_group, 127);
	return 127;
}

BARE static int between(void *arg)
{
	struct spawn *s = arg;

	if (clone(program, s->stack + (size_t)2 * STACK, CLONE_VM | CLONE_VFORK, s) < 0)
		s->sys = errno;
	syscall(SYS_exit_group, 0);
	return 0;
}

int nacre_spawn_detached(const char *path, char *const argv[], char *const envp[], const int *fds,
			 int fd_count, struct nacre_error *e)
{
	struct spawn s = {.path = path, .argv = argv, .envp = envp, .fds = fds, .fd_count = fd_count};
	sigset_t all, saved;
	pid_t pid;

	if (fd_count > FDS_MAX)
		return nacre_error_set(e, NACRE_E_USAGE, 0, path, "too many descriptors");
	s.stack = mmap(NULL, 2 * STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK,
		       -1, 0);
	if (s.stack == MAP_FAILED)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, path, "no memory to start it");
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &saved);
	pid = clone(between, s.stack + STACK, CLONE_VM | CLONE_VFORK, &s);
	if (pid < 0)
		s.sys = errno;
	else
		while (waitpid(pid, NULL, __WCLONE) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &saved, NULL);
	munmap(s.stack, 2 * STACK);
	if (s.sys)
		return nacre_error_set(e, NACRE_E_SYSTEM, s.sys, path, "cannot be started");
	return 0;
}
