/* SPDX-License-Identifier: BSD-2-Clause */
/* seccomp.c - the filters: the lists of policy.c and the calls that depend on their arguments
 *
 * DOC: Theory of Operation
 *
 * Allow-list; everything else raises SIGSYS, whose handler (watch.c) names the call and answers EPERM
 * or ENOSYS, so that a library can fall back and a person can read what it wanted. Three answers come
 * without a signal, because glibc asks with all signals blocked, and a blocked SIGSYS kills: clone3
 * (ENOSYS: it falls back to clone, whose flags a filter can read), and the clone of posix_spawn()
 * and system() (EPERM).
 *
 * libseccomp sorts the comparisons into a binary tree; the kernel remembers calls that are allowed
 * whatever their arguments (5.11 and later), so most of them cost no comparison at all.
 *
 * A pidfd of whoever is at the other end of a socket would lead out of the pid namespace, so the two
 * socket options that bring one are refused by a small filter of its own, which is there before: the
 * kernel reads levels and options as int, and libseccomp has no "anything but" for half an argument.
 *
 * While learning, the default is a notification to the supervisor (learn.c) instead, and calls that
 * take paths are notified as well although the policy allows them.
 */
#include "inside.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef PR_GET_TID_ADDRESS
#define PR_GET_TID_ADDRESS 40
#endif
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

#ifndef SO_PASSPIDFD /* Linux 6.5 */
#define SO_PASSPIDFD 76
#define SO_PEERPIDFD 77
#endif

#define NEW_ANYTHING                                                                               \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |             \
	 CLONE_NEWPID | CLONE_NEWNET)
#define LOW 0xffffffffu /* the kernel reads these arguments as int */

/* A filter under construction; the first failure is kept. */
struct build {
	scmp_filter_ctx filter;
	const struct nacre_confinement *c;
	int err; /* positive errno */
	const char *at;
};

/* libseccomp's index is quick, the generated table knows newer calls. */
static int number_of(const char *name)
{
	int nr = seccomp_syscall_resolve_name(name);

	return nr == __NR_SCMP_ERROR ? nacre_syscall_number(name) : nr;
}

static void add(struct build *b, uint32_t action, const char *name, unsigned count,
		const struct scmp_arg_cmp *args)
{
	int nr = number_of(name), err;

	if (nr < 0 || b->err)
		return;
	if (b->c->learn && action == SCMP_ACT_ALLOW && confine_learns_path(name))
		return;
	err = seccomp_rule_add_array(b->filter, action, nr, count, args);
	if (err < 0) {
		b->err = -err;
		b->at = name;
	}
}

static void allow_list(struct build *b, const char *const *names)
{
	for (; *names; names++)
		add(b, SCMP_ACT_ALLOW, *names, 0, NULL);
}

/* Allow @name where argument @arg, masked, is @value. */
static void allow_if(struct build *b, const char *name, unsigned arg, uint64_t mask, uint64_t value)
{
	struct scmp_arg_cmp cmp = SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, mask, value);

	add(b, SCMP_ACT_ALLOW, name, 1, &cmp);
}

static void add_processes(struct build *b)
{
	const uint64_t mask = NEW_ANYTHING | CLONE_THREAD;
	const uint64_t spawn = CLONE_VM | CLONE_VFORK;
	struct scmp_arg_cmp is_spawn = SCMP_CMP(0, SCMP_CMP_MASKED_EQ, mask | spawn, spawn);
	/* Learning, the zygote's own are notified with the others: see learn.c. */
	bool plain = b->c->fork || !(b->c->means & NACRE_CONFINE_USERNS || b->c->learn);

	add(b, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL);
	/* Threads. */
	allow_if(b, "clone", 0, mask, CLONE_THREAD);
	/* The zygote's clones, each in a pid namespace of its own; they lack the capability for it. */
	allow_if(b, "clone", 0, mask, CLONE_NEWPID);
	/* Plain processes where they are declared, or where a second filter will forbid them. */
	if (plain)
		allow_if(b, "clone", 0, mask, 0);
	else if (!b->c->learn)
		add(b, SCMP_ACT_ERRNO(EPERM), "clone", 1, &is_spawn);
}

static void add_prctl(struct build *b)
{
	static const int options[] = {
		/* Names of threads and mappings, for people. */
		PR_SET_NAME, PR_GET_NAME, PR_SET_VMA,
		/* Dying with the zygote. */
		PR_SET_PDEATHSIG, PR_GET_PDEATHSIG,
		/* A fork by system call tells the C library its new thread id there. */
		PR_GET_TID_ADDRESS,
		/* Timers and huge pages of its own. */
		PR_SET_TIMERSLACK, PR_GET_TIMERSLACK, PR_SET_THP_DISABLE, PR_GET_THP_DISABLE,
		/* Questions. PR_SET_DUMPABLE is not among them: the host has to read its memory. */
		PR_GET_DUMPABLE, PR_GET_NO_NEW_PRIVS, PR_SET_NO_NEW_PRIVS, PR_GET_SECCOMP,
		PR_CAPBSET_READ, PR_GET_SECUREBITS, PR_GET_KEEPCAPS
	};
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(*options); i++)
		allow_if(b, "prctl", 0, LOW, (uint32_t)options[i]);
	/* The second filter of a clone. */
	if (!(b->c->means & NACRE_CONFINE_USERNS))
		allow_if(b, "prctl", 0, LOW, PR_SET_SECCOMP);
}

static void add_ioctl(struct build *b)
{
	/* isatty(), how much is waiting, blocking and close-on-exec; nothing that a driver defines. */
	static const unsigned long requests[] = { TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIOCLEX, FIONCLEX };
	size_t i;

	for (i = 0; i < sizeof(requests) / sizeof(*requests); i++)
		allow_if(b, "ioctl", 1, LOW, requests[i]);
}

static void add_sockets(struct build *b)
{
	struct scmp_arg_cmp route[2] = { SCMP_CMP(0, SCMP_CMP_MASKED_EQ, LOW, AF_NETLINK),
					 SCMP_CMP(2, SCMP_CMP_MASKED_EQ, LOW, 0) };

	allow_if(b, "socket", 0, LOW, AF_UNIX);
	allow_if(b, "socketpair", 0, LOW, AF_UNIX);
	if (!b->c->net)
		return;
	allow_if(b, "socket", 0, LOW, AF_INET);
	allow_if(b, "socket", 0, LOW, AF_INET6);
	/* getaddrinfo() asks for the addresses of this machine. */
	add(b, SCMP_ACT_ALLOW, "socket", 2, route);
}

static void add_declared(struct build *b)
{
	const char *const *name = b->c->syscalls;

	for (; name && *name && !b->err; name++) {
		if (number_of(*name) < 0) {
			b->err = ENOSYS;
			b->at = *name;
		}
		add(b, SCMP_ACT_ALLOW, *name, 0, NULL);
	}
}

static void set_attribute(struct build *b, enum scmp_filter_attr attr, uint32_t value)
{
	int err = seccomp_attr_set(b->filter, attr, value);

	if (err < 0 && !b->err) {
		b->err = -err;
		b->at = "filter";
	}
}

static void build(struct build *b)
{
	/* Calls of other architectures' tables: named by no number of ours, refused all the same. */
	set_attribute(b, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_TRAP);
	set_attribute(b, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	allow_list(b, confine_calls_always);
	if (b->c->means & NACRE_CONFINE_USERNS)
		allow_list(b, confine_calls_private_root);
	if (b->c->fork)
		allow_list(b, confine_calls_fork);
	add_processes(b);
	add_prctl(b);
	add_ioctl(b);
	add_sockets(b);
	/* Limits of its own, not of other processes. */
	allow_if(b, "prlimit64", 0, LOW, 0);
	allow_if(b, "personality", 0, LOW, LOW);
	add_declared(b);
}

/* Return: 0 or a negative errno */
static int load(struct build *b, int *listener)
{
	int guard = -1, err;

	if (!b->c->learn)
		return seccomp_load(b->filter);
	/* libseccomp takes 0 for "no listener". */
	if (fcntl(0, F_GETFD) < 0)
		guard = eventfd(0, EFD_CLOEXEC);
	err = seccomp_load(b->filter);
	/* From here on only calls that are not notified: nobody answers yet. */
	if (!err) {
		*listener = seccomp_notify_fd(b->filter);
		err = *listener < 0 ? -EBADF : 0;
	}
	if (guard >= 0)
		close(guard);
	return err;
}

#define ARGUMENT(n) ((uint32_t)offsetof(struct seccomp_data, args[n])) /* its low half: little-endian */
#define LOAD(at)    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (at))
#define ANSWER(how) BPF_STMT(BPF_RET | BPF_K, (how))

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "ARGUMENT() takes the low half");

static int install(struct sock_filter *code, size_t count, const char *what, struct nacre_error *e)
{
	struct sock_fprog program = { (unsigned short)count, code };

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "seccomp", "cannot forbid %s", what);
	return 0;
}

/* No descriptor of the process at the other end of a socket, which may be outside. */
static int filter_pidfds(struct nacre_error *e)
{
	struct sock_filter code[] = {
		LOAD(offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getsockopt, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setsockopt, 0, 5),
		LOAD(ARGUMENT(1)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SOL_SOCKET, 0, 3),
		LOAD(ARGUMENT(2)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SO_PEERPIDFD, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SO_PASSPIDFD, 1, 0),
		ANSWER(SECCOMP_RET_ALLOW),
		ANSWER(SECCOMP_RET_TRAP),
	};

	return install(code, sizeof(code) / sizeof(*code), "descriptors of processes", e);
}

int nacre_confine_syscalls(const struct nacre_confinement *c, int *listener, struct nacre_error *e)
{
	struct build b = { .c = c };
	int err;

	if (!(c->means & NACRE_CONFINE_SECCOMP)) {
		if (c->learn)
			return nacre_error_set(e, NACRE_E_SUPPORT, 0, "seccomp",
					       "there is no learning without it");
		return 0;
	}
	if (c->learn && !listener)
		return nacre_error_set(e, NACRE_E_USAGE, 0, "seccomp", "learning needs a listener");
	if (confine_no_new_privileges(e) < 0 || filter_pidfds(e) < 0)
		return -1;
	b.filter = seccomp_init(c->learn ? SCMP_ACT_NOTIFY : SCMP_ACT_TRAP);
	if (!b.filter)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "seccomp", "cannot begin a filter");
	build(&b);
	if (b.err) {
		seccomp_release(b.filter);
		if (b.err == ENOSYS)
			return nacre_error_set(e, NACRE_E_INPUT, 0, b.at, "is not a system call");
		return nacre_error_set(e, NACRE_E_SYSTEM, b.err, b.at, "cannot add to the filter");
	}
	err = load(&b, listener);
	seccomp_release(b.filter);
	if (err < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, -err, "seccomp", "cannot load the filter");
	return 0;
}

/*
 * Without a pid namespace: no processes, and signals to itself only. Written out, as it is on the path
 * of each clone; the first filter has already looked at the architecture.
 */
int confine_filter_clone(struct nacre_error *e)
{
	const uint32_t spawn = CLONE_VM | CLONE_VFORK, self = (uint32_t)getpid();
	struct sock_filter code[] = {
		LOAD(offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 6, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_kill, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_tgkill, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigqueueinfo, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_tgsigqueueinfo, 0, 7),
		/* a signal */
		LOAD(ARGUMENT(0)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, self, 5, 6),
		/* clone: a thread, posix_spawn(), or anything else */
		LOAD(ARGUMENT(0)),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 3, 0),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, spawn),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, spawn, 0, 2),
		ANSWER(SECCOMP_RET_ERRNO | EPERM),
		ANSWER(SECCOMP_RET_ALLOW),
		ANSWER(SECCOMP_RET_TRAP),
	};

	return install(code, sizeof(code) / sizeof(*code), "new processes", e);
}
