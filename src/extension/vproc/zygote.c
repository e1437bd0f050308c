/* SPDX-License-Identifier: BSD-2-Clause */
/* zygote.c - the template: confined, extension loaded, cloned on request
 *
 * DOC: Theory of Operation
 *
 * States: confining -> loading -> READY -> serving until the host closes the control socket, or the
 * keeper (main.c) ends. The zygote is single-threaded and stays so: an extension that starts
 * threads while it is loaded cannot be cloned warm, as threads do not survive a fork; it is told to
 * be registered with --cold, which loads it in each clone.
 *
 * From the moment that the extension is loaded the zygote is as little trusted as a clone.
 */
#include "extension/vproc/zygote.h"

#include "extension/channel/channel.h"
#include "extension/stub/lane.h"
#include "extension/vproc/control.h"

#include <dirent.h>
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CLONES_MAX = 64, STACK_LEAST = 256 << 10, STACK_MOST = 8 << 20 };

static struct {
	pid_t pid;
	uint64_t serial;
} clones[CLONES_MAX];

static void say(uint32_t kind, uint64_t serial, int status, const char *text, int fd)
{
	struct nacre_control message = {.kind = kind, .status = status, .serial = serial};

	snprintf(message.text, sizeof(message.text), "%s", text ? text : "");
	if (nacre_fds_send(NACRE_FD_CONTROL, &message, sizeof(message), &fd, fd >= 0) < 0)
		_exit(0); /* the host is gone */
}

static _Noreturn void fail(const struct nacre_error *e)
{
	char text[248];

	snprintf(text, sizeof(text), "%s: %s", e->where, e->msg);
	say(NACRE_CONTROL_FAILED, 0, e->code, text, -1);
	_exit(1);
}

/* In the sandbox the host's directory may not exist: then the root is as good as any. */
static void take_environment(const struct nacre_startup *startup)
{
	clearenv();
	for (char **entry = startup->environment; *entry; entry++)
		if (strncmp(*entry, "LD_AUDIT=", 9) && strncmp(*entry, "LD_PRELOAD=", 11))
			putenv(*entry);
	if (chdir(startup->cwd) < 0 && chdir("/") < 0)
		_exit(1);
}

static void hand_over_listener(struct nacre_zygote *z, int listener)
{
	char byte = 0;

	if (z->learner < 0 || listener < 0)
		return;
	nacre_fds_send(z->learner, &byte, 1, &listener, 1);
	/* The keeper serves it from now on; wait until it says so. */
	if (read(z->learner, &byte, 1) < 0)
		_exit(1);
	close(listener);
	close(z->learner);
}

/*
 * A limit on address space counts what is only reserved: glibc's arenas of 64 MiB per thread, and
 * stacks. So lanes share two arenas, and their stacks leave room for some two hundred of them.
 */
static void divide_memory(const struct nacre_registration *r)
{
	size_t stack = ((size_t)r->memory_mb << 20) / 256;

	mallopt(M_ARENA_MAX, 2);
	if (!r->memory_mb || stack > STACK_MOST)
		stack = STACK_MOST;
	nacre_stub_process.stack = stack < STACK_LEAST ? STACK_LEAST : stack;
}

static int confine(struct nacre_zygote *z, struct nacre_error *e)
{
	int keep[] = {0, 1, 2, NACRE_FD_CONTROL, z->learner};
	const struct nacre_confinement *c = &z->confinement;
	int listener = -1;

	if (nacre_confine_root(c, e) < 0 || nacre_confine_files(c, e) < 0 ||
	    nacre_confine_limits(c, keep, z->learner < 0 ? 4 : 5, e) < 0)
		return -1;
	take_environment(&z->startup);
	if (nacre_confine_watch(nacre_crash_denied, e) < 0 ||
	    nacre_confine_syscalls(c, &listener, e) < 0)
		return -1;
	hand_over_listener(z, listener);
	return 0;
}

/* Single-threaded? /proc may be missing; then a thread shows in the link count of nothing. */
static bool has_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	int n = 0;

	if (!dir)
		return false;
	for (struct dirent *d; (d = readdir(dir));)
		n += d->d_name[0] != '.';
	closedir(dir);
	return n > 1;
}

static void make_clone(struct nacre_zygote *z, uint64_t serial, int channel, int control)
{
	unsigned long flags = z->confinement.means & NACRE_CONFINE_USERNS ? CLONE_NEWPID : 0;
	int pidfd, slot = 0;
	pid_t pid;

	while (slot < CLONES_MAX && clones[slot].pid)
		slot++;
	pid = slot < CLONES_MAX ? nacre_fork(flags) : -1;
	if (pid == 0) {
		close(NACRE_FD_CONTROL);
		nacre_virtual_main(z, serial, channel, control);
	}
	if (pid < 0) {
		say(NACRE_CONTROL_NOT_CLONED, serial, slot < CLONES_MAX ? errno : EAGAIN, NULL, -1);
		return;
	}
	clones[slot].pid = pid;
	clones[slot].serial = serial;
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	say(NACRE_CONTROL_CLONED, serial, pidfd < 0 ? errno : 0, NULL, pidfd);
	if (pidfd >= 0)
		close(pidfd);
}

static void collect(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (int i = 0; i < CLONES_MAX; i++)
			if (clones[i].pid == pid) {
				clones[i].pid = 0;
				say(NACRE_CONTROL_ENDED, clones[i].serial, status, NULL, -1);
			}
}

static void on_child(int sig)
{
	(void)sig; /* only to interrupt ppoll() */
}

static _Noreturn void serve(struct nacre_zygote *z)
{
	struct pollfd p = {.fd = NACRE_FD_CONTROL, .events = POLLIN};
	struct sigaction action = {.sa_handler = on_child};
	struct nacre_control message;
	int fds[NACRE_FDS_MAX];
	sigset_t blocked, open;
	ssize_t n;

	/* Making a clone shall not preempt the host, which has asked for it and goes on. */
	if (sched_getscheduler(0) == SCHED_OTHER)
		sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0});
	sigemptyset(&open);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	sigaction(SIGCHLD, &action, NULL);
	for (;;) {
		sigprocmask(SIG_BLOCK, &blocked, NULL);
		collect();
		if (ppoll(&p, 1, NULL, &open) < 0)
			continue;
		sigprocmask(SIG_UNBLOCK, &blocked, NULL); /* clones start with an empty mask */
		n = nacre_fds_receive(NACRE_FD_CONTROL, &message, sizeof(message), fds, false);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			_exit(0);
		if (n == sizeof(message) && message.kind == NACRE_CONTROL_CLONE && fds[1] >= 0)
			make_clone(z, message.serial, fds[0], fds[1]);
		for (int i = 0; i < NACRE_FDS_MAX; i++)
			if (fds[i] >= 0)
				close(fds[i]);
	}
}

_Noreturn void nacre_zygote_main(struct nacre_zygote *z)
{
	const struct nacre_registration *r = &z->startup.r;
	struct nacre_error e = {0};

	prctl(PR_SET_NAME, "nacre-zygote");
	nacre_fork_init();
	divide_memory(r);
	if (confine(z, &e) < 0)
		fail(&e);
	if (nacre_crash_catch(&e) < 0)
		fail(&e);
	if (!r->cold && nacre_stub_load(r->extension, r->stub, &e) < 0)
		fail(&e);
	if (!r->cold && has_threads()) {
		nacre_error_set(&e, NACRE_E_SUPPORT, 0, r->name,
				"the extension starts threads when it is loaded, so it cannot be "
				"cloned; register it with --cold");
		fail(&e);
	}
	say(NACRE_CONTROL_READY, 0, (int)z->confinement.means, NULL, -1);
	serve(z);
}
