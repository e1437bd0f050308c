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
 * memory.
 *
 * The children use only system calls, and make them by number: a library that stands before the C
 * library's functions in the host (ThreadSanitizer does, in a host that is built with it) would note
 * in the shared memory that the host had closed its descriptors and taken back its handlers. For the same
 * reason the children are made by __clone(): ThreadSanitizer takes clone() for a fork, and from then on
 * ignores all that the calling thread does.
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

/* clone(3), by the name that nobody stands before */
int __clone(int (*function)(void *), void *stack, int flags, void *arg, ...);

struct spawn {
	const char *path;
	char *const *argv;
	char *const *envp;
	const int *fds;
	int fd_count;
	char *stack; /* two of STACK bytes */
	int sys;     /* errno of a failure before execve took over */
};

/* dup2(2), but where the descriptor is in its place already, it is made to stay there. */
BARE static long place_fd(long from, long to)
{
	return from == to ? syscall(SYS_fcntl, to, F_SETFD, 0) : syscall(SYS_dup3, from, to, 0);
}

BARE static void place_standard(void)
{
	long null = syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC, 0);
	long error = syscall(SYS_openat, AT_FDCWD, "/proc/self/fd/2",
			     O_WRONLY | O_APPEND | O_NOCTTY | O_CLOEXEC, 0);

	/*
	 * Standard error is often the terminal, open for reading as well, or a file that could be cut: the
	 * program gets it for writing at the end, or, where it cannot be opened so, only if it is that already.
	 */
	if (error < 0 && (syscall(SYS_fcntl, 2, F_GETFL) & O_ACCMODE) == O_WRONLY)
		error = 2;
	place_fd(null, 0);
	place_fd(error < 0 ? null : error, 2);
	place_fd(2, 1);
}

BARE static int place_fds(const struct spawn *s)
{
	long from[FDS_MAX];

	place_standard();
	for (int i = 0; i < s->fd_count; i++) {
		from[i] = syscall(SYS_fcntl, s->fds[i], F_DUPFD, 3 + s->fd_count);
		if (from[i] < 0)
			return -1;
	}
	for (int i = 0; i < s->fd_count; i++)
		if (place_fd(from[i], 3 + i) < 0)
			return -1;
	if (syscall(SYS_close_range, 3 + s->fd_count, ~0u, 0) < 0)
		for (int fd = 3 + s->fd_count; fd < 1024; fd++)
			syscall(SYS_close, fd);
	return 0;
}

BARE static int program(void *arg)
{
	struct spawn *s = arg;
	static const unsigned long plain[8]; /* to the kernel: SIG_DFL, or no signal */

	for (int sig = 1; sig < _NSIG; sig++)
		syscall(SYS_rt_sigaction, sig, plain, NULL, (size_t)_NSIG / 8);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, plain, NULL, (size_t)_NSIG / 8);
	syscall(SYS_setsid); /* neither the terminal's signals nor kill(0) may cross */
	if (place_fds(s) == 0)
		syscall(SYS_execve, s->path, s->argv, s->envp);
	s->sys = errno;
	syscall(SYS_exit_group, 127);
	return 127;
}

BARE static int between(void *arg)
{
	struct spawn *s = arg;

	if (__clone(program, s->stack + (size_t)2 * STACK, CLONE_VM | CLONE_VFORK, s) < 0)
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
	pid = __clone(between, s.stack + STACK, CLONE_VM | CLONE_VFORK, &s);
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
