/* SPDX-License-Identifier: BSD-2-Clause */
/* calls.c - what is not allowed is refused and named, and what libraries need works */
#include "sandbox.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

static unsigned means;

static void make_refused_calls(struct outcome *o)
{
	step(o, 0, syscall(SYS_ptrace, 0, 0, 0, 0));
	step(o, 1, syscall(SYS_bpf, 0, NULL, 0));
	step(o, 2, syscall(SYS_io_uring_setup, 1, NULL));
	step(o, 3, syscall(SYS_userfaultfd, 0));
	step(o, 4, syscall(SYS_keyctl, 0, 0, 0, 0, 0));
	step(o, 5, syscall(SYS_unshare, CLONE_NEWUSER));
	step(o, 6, syscall(SYS_mount, "none", "/", "tmpfs", 0, NULL));
	step(o, 7, syscall(SYS_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0));
	step(o, 8, syscall(SYS_open_by_handle_at, AT_FDCWD, NULL, 0));
	step(o, 9, syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0));
	step(o, 10, syscall(SYS_memfd_create, "x", 0));
	step(o, 11, prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
	step(o, 12, syscall(SYS_setns, 0, 0));
	step(o, 13, syscall(SYS_seccomp, 1, 0, NULL));
	/* Not known at all, not known to the filter, and known to the C library's fall-backs. */
	step(o, 14, syscall(999));
	step(o, 15, syscall(SYS_inotify_init1, 0));
	step(o, 16, ioctl(0, TIOCSTI, "x"));
}

static void test_refused(void)
{
	static const char *const eperm[] = { "ptrace", "bpf", "io_uring_setup", "userfaultfd", "keyctl",
					     "unshare", "mount", "process_vm_readv", "open_by_handle_at",
					     "perf_event_open", "memfd_create", "prctl", "setns", "seccomp" };
	struct sandbox s = { .c = { .means = means }, .in_clone = make_refused_calls };
	struct outcome *o;
	int status, i;

	o = sandbox_run(&s, &status);
	tap_ok(status == 0, "refused calls do not end the virtual process");
	for (i = 0; i < 14; i++)
		tap_ok(o->value[i] == -1 && o->error[i] == EPERM, "%s fails with EPERM", eperm[i]);
	tap_ok(sandbox_was_denied(o, "ptrace") && sandbox_was_denied(o, "setns"), "... and is named");
	tap_ok(o->error[14] == ENOSYS, "a call without a name fails with ENOSYS");
	tap_ok(o->error[15] == ENOSYS, "a call that the policy does not know fails with ENOSYS");
	tap_ok(o->value[16] == -1 && (o->error[16] == ENOTTY || o->error[16] == EBADF),
	       "an unknown ioctl fails with ENOTTY");
}

#ifndef SO_PASSPIDFD /* Linux 6.5 */
#define SO_PASSPIDFD 76
#define SO_PEERPIDFD 77
#endif

/* A pidfd of who is at the other end, and what looks like that option but is none. */
static void ask_for_pidfds(struct outcome *o)
{
	const unsigned long high = 1ul << 32; /* the kernel reads the low half */
	int side[2], value = 1, type = 0;
	socklen_t n = sizeof(value);

	step(o, 0, socketpair(AF_UNIX, SOCK_STREAM, 0, side));
	step(o, 1, getsockopt(side[0], SOL_SOCKET, SO_PEERPIDFD, &value, &n));
	step(o, 2, setsockopt(side[0], SOL_SOCKET, SO_PASSPIDFD, &(int){ 1 }, sizeof(int)));
	step(o, 3, syscall(SYS_getsockopt, side[0], high | SOL_SOCKET, high | SO_PEERPIDFD, &value, &n));
	step(o, 4, syscall(SYS_setsockopt, side[0], high | SOL_SOCKET, high | SO_PASSPIDFD, &(int){ 1 },
			   sizeof(int)));
	o->value[5] = sandbox_was_denied(o, "getsockopt") && sandbox_was_denied(o, "setsockopt");
	n = sizeof(type);
	step(o, 6, getsockopt(side[0], SOL_SOCKET, SO_TYPE, &type, &n) || type != SOCK_STREAM);
	step(o, 7, setsockopt(side[0], SOL_SOCKET, SO_PASSCRED, &(int){ 1 }, sizeof(int)));
	step(o, 8, getsockopt(side[0], IPPROTO_TCP, SO_PEERPIDFD, &value, &n));
}

static void test_pidfds(void)
{
	const char *const declared[] = { "getsockopt", "setsockopt", NULL };
	struct sandbox s = { .c = { .means = means }, .in_clone = ask_for_pidfds };
	struct outcome *o;
	int status, i;

	for (int turn = 0; turn < 2; turn++) {
		o = sandbox_run(&s, &status);
		tap_ok(status == 0 && o->value[0] == 0, "a virtual process has a pair of sockets");
		for (i = 1; i < 5; i++)
			tap_ok(o->value[i] == -1 && o->error[i] == EPERM,
			       "it gets no pidfd of the other end (%s%s)",
			       i & 1 ? "SO_PEERPIDFD" : "SO_PASSPIDFD", i > 2 ? ", in disguise" : "");
		tap_ok(o->value[5] == 1, "... and both are named");
		tap_ok(o->value[6] == 0 && o->value[7] == 0, "other options of a socket work");
		tap_ok(o->value[8] == -1 && o->error[8] != EPERM, "... and other levels");
		s.c.syscalls = declared; /* no declaration opens it */
	}
}

static void *add_one(void *counter)
{
	__atomic_add_fetch((int *)counter, 1, __ATOMIC_RELAXED);
	prctl(PR_SET_NAME, "worker", 0, 0, 0);
	return NULL;
}

static int run_threads(void)
{
	pthread_t thread[4];
	int i, counter = 0;

	for (i = 0; i < 4; i++)
		if (pthread_create(&thread[i], NULL, add_one, &counter))
			return -1;
	for (i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	return counter;
}

static int pass_descriptor(void)
{
	char byte = 0, control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec io = { &byte, 1 };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	int side[2], fd = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, side) < 0)
		return -1;
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &side[0], sizeof(fd));
	return sendmsg(side[0], &m, MSG_NOSIGNAL) == 1 && recvmsg(side[1], &m, 0) == 1 ? 0 : -1;
}

static int use_robust_mutex(void)
{
	pthread_mutexattr_t attr;
	pthread_mutex_t mutex;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	return pthread_mutex_init(&mutex, &attr) || pthread_mutex_lock(&mutex) ||
	       pthread_mutex_unlock(&mutex);
}

static int wait_on_two(void)
{
	struct {
		uint64_t value, address;
		uint32_t flags, unused;
	} wait[2] = { 0 };
	static uint32_t word[2];
	struct timespec until;
	int i;

	clock_gettime(CLOCK_MONOTONIC, &until);
	for (i = 0; i < 2; i++) {
		wait[i].address = (uint64_t)(uintptr_t)&word[i];
		wait[i].flags = 2; /* 32 bits */
	}
	return (int)syscall(SYS_futex_waitv, wait, 2, 0, &until, CLOCK_MONOTONIC);
}

static volatile int caught;

static void on_signal(int sig)
{
	caught = sig;
}

static void make_useful_calls(struct outcome *o)
{
	stack_t stack = { .ss_sp = malloc(65536), .ss_size = 65536 };
	cpu_set_t cpus;
	struct rlimit limit;
	char bytes[16];
	timer_t timer;

	step(o, 0, run_threads() == 4 ? 0 : -1);
	step(o, 1, pass_descriptor());
	step(o, 2, use_robust_mutex());
	step(o, 3, wait_on_two());
	step(o, 4, sched_getaffinity(0, sizeof(cpus), &cpus) || sched_setaffinity(0, sizeof(cpus), &cpus));
	step(o, 5, sigaltstack(&stack, NULL));
	step(o, 6, syscall(SYS_getrandom, bytes, sizeof(bytes), 0) == sizeof(bytes) ? 0 : -1);
	signal(SIGUSR1, on_signal);
	step(o, 7, raise(SIGUSR1) || caught != SIGUSR1);
	step(o, 8, timer_create(CLOCK_MONOTONIC, NULL, &timer));
	step(o, 9, getrlimit(RLIMIT_NOFILE, &limit) || setrlimit(RLIMIT_NOFILE, &limit));
	step(o, 10, eventfd(0, EFD_CLOEXEC) < 0);
	step(o, 11, poll(NULL, 0, 1));
	step(o, 12, prctl(PR_SET_NAME, "virtual", 0, 0, 0));
	prctl(PR_SET_VMA, 0, stack.ss_sp, 4096, "x"); /* some kernels answer EINVAL */
	step(o, 13, mprotect(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096,
			     PROT_READ | PROT_WRITE));
	step(o, 14, isatty(0) && 0);
	step(o, 15, nanosleep(&(struct timespec){ 0, 1000 }, NULL));
	step(o, 16, prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
	step(o, 17, o->denied_count ? -1 : 0);
	sigaltstack(&(stack_t){ .ss_flags = SS_DISABLE }, NULL);
	free(stack.ss_sp);
}

static void test_useful(unsigned with, const char *how)
{
	static const char *const what[] = {
		"threads", "descriptors over sockets", "robust mutexes", "futex_waitv", "CPU affinity",
		"an alternate stack", "random bytes", "a signal to itself", "timers", "its own limits",
		"eventfd", "poll", "names of threads", "memory protection", "isatty", "sleep",
		"the parent's death signal"
	};
	struct sandbox s = { .c = { .means = with }, .in_clone = make_useful_calls };
	struct outcome *o;
	int status, i;

	o = sandbox_run(&s, &status);
	tap_ok(status == 0, "%s: a virtual process runs to its end", how);
	for (i = 0; i < 17; i++)
		tap_ok(o->value[i] == 0 || (i == 3 && o->error[i] == ETIMEDOUT), "%s: %s: works (%s)",
		       how, what[i], strerror(o->error[i]));
	tap_ok(o->value[17] == 0, "%s: ... and nothing was refused", how);
	for (i = 0; i < o->denied_count; i++)
		printf("# refused: %s\n", nacre_syscall_name(o->denied[i]));
}

static void make_declared_call(struct outcome *o)
{
	step(o, 0, syscall(SYS_memfd_create, "x", 0));
	step(o, 1, ioctl(0, TIOCSTI, "x"));
	o->value[2] = o->denied_count;
}

static void test_declared(void)
{
	const char *const names[] = { "memfd_create", "ioctl", NULL };
	const char *const wrong[] = { "no_such_call", NULL };
	struct sandbox s = { .c = { .means = means, .syscalls = names }, .in_clone = make_declared_call };
	struct outcome *o;
	int status;

	o = sandbox_run(&s, &status);
	tap_ok(status == 0 && o->value[0] >= 0 && o->value[2] == 0, "declared calls are allowed");
	s.c.syscalls = wrong;
	o = sandbox_run(&s, &status);
	tap_ok(o->stage == 5 && o->e.code == NACRE_E_INPUT && !strcmp(o->e.where, "no_such_call"),
	       "a declared call that does not exist is an error that names it");
}

static struct sockaddr_in listening;

static int connect_tcp(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -1 : connect(fd, (struct sockaddr *)&listening, sizeof(listening));
}

static void make_connections(struct outcome *o)
{
	step(o, 0, connect_tcp());
	step(o, 1, socket(AF_INET, SOCK_DGRAM, 0));
	step(o, 2, socket(AF_NETLINK, SOCK_RAW, 0));
	step(o, 3, socket(AF_UNIX, SOCK_STREAM, 0));
	step(o, 4, socket(AF_PACKET, SOCK_RAW, 0));
}

static void test_network(void)
{
	struct sandbox s = { .c = { .means = means }, .in_clone = make_connections };
	socklen_t length = sizeof(listening);
	int status, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct outcome *o;

	listening.sin_family = AF_INET;
	listening.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&listening, length) < 0 || listen(fd, 4) < 0 ||
	    getsockname(fd, (struct sockaddr *)&listening, &length) < 0) {
		tap_skip("the network is out of reach", "no loopback interface here");
		return;
	}
	o = sandbox_run(&s, &status);
	tap_ok(o->error[0] == EPERM && o->error[1] == EPERM && o->error[2] == EPERM,
	       "sockets of the network are refused");
	tap_ok(o->value[3] >= 0, "... and those of files are not");
	s.c.means = means & ~(unsigned)NACRE_CONFINE_SECCOMP;
	o = sandbox_run(&s, &status);
	tap_ok(o->value[0] == -1, "without seccomp: loopback is out of reach (%s)", strerror(o->error[0]));
	s.c.means = means & (unsigned)NACRE_CONFINE_LANDLOCK;
	o = sandbox_run(&s, &status);
	tap_ok(o->value[0] == -1 && o->error[0] == EACCES, "by Landlock alone: connecting is refused");
	s.c.means = means;
	s.c.net = true;
	o = sandbox_run(&s, &status);
	tap_ok(o->value[0] == 0 && o->value[1] >= 0 && o->value[2] >= 0,
	       "with the network declared, loopback answers (%s)", strerror(o->error[0]));
	tap_ok(o->value[4] == -1, "... and raw packets stay refused");
	close(fd);
}

static void ask_as_i386(struct outcome *o)
{
#ifdef __x86_64__
	long result = 20; /* getpid in the other table, writev in ours */

	__asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
	o->value[0] = (int)result;
#endif
	o->value[1] = o->denied_count ? o->denied[0] : 0;
}

static void test_other_table(void)
{
	struct sandbox s = { .c = { .means = means }, .in_clone = ask_as_i386 };
	struct outcome *o;
	int status;

	o = sandbox_run(&s, &status);
#ifdef __x86_64__
	if (status) {
		tap_skip("32-bit calls are refused", "this kernel has none");
		return;
	}
	tap_ok(o->value[0] == -ENOSYS && o->value[1] == -1, "32-bit calls are refused");
#else
	(void)o;
#endif
}

int main(int argc, char **argv)
{
	sandbox_user(argc, argv);
	means = nacre_confine_probe();
	test_useful(means, "all means");
	test_useful(means & ~(unsigned)NACRE_CONFINE_USERNS, "without namespaces");
	test_useful(means & ~(unsigned)NACRE_CONFINE_LANDLOCK, "without Landlock");
	test_useful(0, "without any means");
	if (!(means & NACRE_CONFINE_SECCOMP)) {
		tap_skip("system calls are refused", "no seccomp here");
		return tap_done();
	}
	test_refused();
	test_pidfds();
	test_declared();
	test_network();
	test_other_table();
	return tap_done();
}
