/* SPDX-License-Identifier: BSD-2-Clause */
/* process.c - what an extension can do to its own process, and try to do to others */
#include "bad.h"

#include "extension/stub/lane.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int zero;

static int do_segv(long a)
{
	*(volatile int *)a = 1;
	return BAD_NOTHING;
}

static int do_jump(long a)
{
	((void (*)(void))a)();
	return BAD_NOTHING;
}

static int do_bus(long a)
{
	char name[] = "/tmp/bus.XXXXXX";
	int fd = mkstemp(name);
	volatile char *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

	(void)a;
	return map[0] + BAD_NOTHING;
}

static int do_ill(long a)
{
	(void)a;
	__builtin_trap();
}

static int do_fpe(long a)
{
	(void)zero;
#if defined(__x86_64__)
	return (int)a / zero;
#else
	raise(SIGFPE);
	return BAD_NOTHING;
#endif
}

static int do_abort(long a)
{
	(void)a;
	abort();
}

static int do_raise(long sig)
{
	raise((int)sig);
	return BAD_NOTHING;
}

static int do_exit(long status)
{
	exit((int)status);
}

static int do_quick_exit(long status)
{
	_exit((int)status);
}

static int do_thread_exit(long a)
{
	(void)a;
	pthread_exit(NULL);
}

static void *exit_soon(void *arg)
{
	usleep(20000);
	exit((int)(intptr_t)arg);
}

static int do_exit_elsewhere(long status)
{
	bad_thread(exit_soon, (void *)status);
	for (;;)
		pause();
	return BAD_NOTHING;
}

static int do_loop(long a)
{
	(void)a;
	for (;;)
		zero++;
	return BAD_NOTHING;
}

static int do_hang(long a)
{
	(void)a;
	for (;;)
		pause();
	return BAD_NOTHING;
}

static int deeper(long n)
{
	volatile char room[4096];

	room[0] = (char)n;
	return n < 0 ? 0 : deeper(n + 1) + room[0];
}

static int do_overflow(long a)
{
	return deeper(a);
}

static void *overflow(void *arg)
{
	return (void *)(intptr_t)deeper((long)(intptr_t)arg);
}

static int do_overflow_elsewhere(long a)
{
	(void)a;
	bad_thread(overflow, NULL);
	for (;;)
		pause();
	return BAD_NOTHING;
}

/* Take memory until there is none left, use it, and go on as so many programs do. */
static int do_memory(long a)
{
	volatile char *last;

	(void)a;
	for (;;) {
		last = malloc(8 << 20);
		for (size_t i = 0; i < 8 << 20; i += 4096)
			last[i] = 1;
	}
	return BAD_NOTHING;
}

/* Take all there is, then ask for nothing more. */
static int do_memory_all(long a)
{
	void *map;

	(void)a;
	for (size_t size = (size_t)1 << 40; size >= 4096; size /= 2)
		do
			map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		while (map != MAP_FAILED);
	return BAD_NOTHING;
}

static int do_fork_bomb(long a)
{
	pid_t pid;

	(void)a;
	for (int i = 0; i < 100; i++) {
		pid = i % 2 ? fork() : (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
		if (pid == 0)
			for (;;)
				fork();
		if (pid > 0)
			return 1;
	}
	return BAD_NOTHING;
}

static int do_spawn(long a)
{
	char *argv[] = {(char *)(uintptr_t)"/bin/true", NULL};
	pid_t pid;

	(void)a;
	if (posix_spawn(&pid, argv[0], NULL, NULL, argv, NULL) == 0 || vfork() > 0)
		return 1;
	return execv(argv[0], argv) == 0 ? 1 : BAD_NOTHING;
}

static void *idle(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static int do_thread_bomb(long most)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 16384);
	for (long i = 0; i < most && pthread_create(&thread, &attr, idle, NULL) == 0; i++)
		;
	pthread_attr_destroy(&attr);
	return BAD_NOTHING;
}

static int do_close_all(long a)
{
	(void)a;
	for (int fd = 0; fd < 1024; fd++)
		close(fd);
	return BAD_NOTHING;
}

/* The process' own sockets and channels become something else. */
static int do_replace_all(long a)
{
	int null = open("/dev/null", O_RDWR);

	(void)a;
	for (int fd = 0; fd < 64; fd++)
		dup2(null, fd);
	return BAD_NOTHING;
}

static int do_kill_all(long a)
{
	int own = getpid(), killed = kill(-1, SIGKILL) == 0;

	(void)a;
	for (int pid = own + 1; pid < 4096; pid++)
		if (syscall(SYS_tgkill, own, pid, 0) < 0) /* no thread of this process */
			killed += kill(pid, SIGKILL) == 0;
	return killed ? 1 : BAD_NOTHING;
}

/* The process group: if it is the host's, then this is the end of the host. */
static int do_kill_group(long a)
{
	(void)a;
	kill(0, SIGKILL);
	usleep(20000);
	return BAD_NOTHING;
}

static void ignore(int sig)
{
	(void)sig;
	for (;;) /* and never end */
		zero++;
}

static int do_mask(long a)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	return do_segv(a);
}

static int do_ignore(long a)
{
	for (int sig = 1; sig < _NSIG; sig++)
		signal(sig, SIG_IGN);
	return do_segv(a);
}

static int do_handle(long a)
{
	for (int sig = 1; sig < _NSIG; sig++)
		signal(sig, ignore);
	return do_segv(a);
}

static int do_affinity(long cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((int)cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	CPU_ZERO(&set);
	sched_setaffinity(0, sizeof(set), &set);
	return BAD_NOTHING;
}

static int do_priority(long a)
{
	struct sched_param p = {.sched_priority = 99};
	struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};

	(void)a;
	if (sched_setscheduler(0, SCHED_FIFO, &p) == 0 || setrlimit(RLIMIT_RTPRIO, &unlimited) == 0 ||
	    setrlimit(RLIMIT_NPROC, &unlimited) == 0 || setpriority(PRIO_PROCESS, 0, -20) == 0)
		return 1;
	return BAD_NOTHING;
}

/* Fill what can be written to. Return: BAD_NOTHING where less than @mb MiB went in */
static int do_fill_tmp(long mb)
{
	static const char block[1 << 16] = {1};
	long written = 0;
	char name[64];
	ssize_t n;

	for (int file = 0; file < 64; file++) {
		snprintf(name, sizeof(name), "/tmp/fill%d", file);
		int fd = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

		if (fd < 0)
			break;
		while ((n = write(fd, block, sizeof(block))) > 0 && written >> 20 < mb)
			written += n;
		close(fd);
		if (written >> 20 >= mb)
			return 1;
	}
	return BAD_NOTHING;
}

static int do_look_outside(long host)
{
	char text[64];
	struct iovec here = {text, sizeof(text)}, there = {(void *)0x400000, sizeof(text)};

	if (syscall(SYS_ptrace, 16 /* ATTACH */, host, 0, 0) == 0 ||
	    process_vm_readv((pid_t)host, &here, 1, &there, 1, 0) > 0 || kill((pid_t)host, SIGKILL) == 0)
		return 1;
	snprintf(text, sizeof(text), "/proc/%ld/mem", host);
	return open(text, O_RDWR) >= 0 ? 1 : BAD_NOTHING;
}

static int do_drop_code(long a)
{
	(void)a;
	/* The memory of the function that is running, and of the C library. */
	munmap((void *)((uintptr_t)do_drop_code & ~(uintptr_t)4095), 8192);
	munmap((void *)((uintptr_t)munmap & ~(uintptr_t)4095), 1 << 20);
	return BAD_NOTHING;
}

static int do_longjmp(long a)
{
	(void)a;
	longjmp(bad_before, 1);
}

const struct bad bad_process[] = {
	{"segv", do_segv},
	{"jump", do_jump},
	{"bus", do_bus},
	{"ill", do_ill},
	{"fpe", do_fpe},
	{"abort", do_abort},
	{"raise", do_raise},
	{"exit", do_exit},
	{"quick-exit", do_quick_exit},
	{"thread-exit", do_thread_exit},
	{"exit-elsewhere", do_exit_elsewhere},
	{"loop", do_loop},
	{"hang", do_hang},
	{"overflow", do_overflow},
	{"overflow-elsewhere", do_overflow_elsewhere},
	{"memory", do_memory},
	{"memory-all", do_memory_all},
	{"fork-bomb", do_fork_bomb},
	{"spawn", do_spawn},
	{"thread-bomb", do_thread_bomb},
	{"close-all", do_close_all},
	{"replace-all", do_replace_all},
	{"kill-all", do_kill_all},
	{"kill-group", do_kill_group},
	{"mask", do_mask},
	{"ignore", do_ignore},
	{"handle", do_handle},
	{"affinity", do_affinity},
	{"priority", do_priority},
	{"fill-tmp", do_fill_tmp},
	{"look-outside", do_look_outside},
	{"drop-code", do_drop_code},
	{"longjmp", do_longjmp},
	{NULL, NULL}};
