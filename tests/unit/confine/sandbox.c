/* SPDX-License-Identifier: BSD-2-Clause */
/* sandbox.c - run a function as a virtual process would run: launcher, zygote, clone */
#include "sandbox.h"

#include "nobody.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef PR_GET_TID_ADDRESS
#define PR_GET_TID_ADDRESS 40
#endif

static struct outcome *shared;
static char scratch[64];

static void on_denied(int nr)
{
	if (shared->denied_count < 16)
		shared->denied[shared->denied_count++] = nr;
}

bool sandbox_was_denied(const struct outcome *o, const char *call)
{
	int i;

	for (i = 0; i < o->denied_count; i++) {
		const char *name = nacre_syscall_name(o->denied[i]);

		if (name && !strcmp(name, call))
			return true;
	}
	return false;
}

/* The C library keeps the thread's id; as in its fork(), the kernel writes the child's there. */
pid_t sandbox_fork(unsigned long flags)
{
	int *tid = NULL;

	if (prctl(PR_GET_TID_ADDRESS, &tid, 0, 0, 0) == 0 && tid)
		flags |= CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
	return (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, tid, 0UL);
}

static void send_fd(int to, int fd)
{
	char byte = 0, control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec io = { &byte, 1 };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &fd, sizeof(int));
	if (sendmsg(to, &m, 0) != 1)
		_exit(99);
}

static int receive_fd(int from)
{
	char byte, control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec io = { &byte, 1 };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	int fd = -1;

	if (recvmsg(from, &m, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&m))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int));
	return fd;
}

static void stages(const struct sandbox *s, int side)
{
	const struct nacre_confinement *c = &s->c;
	struct nacre_error *e = &shared->e;
	int keep[6], n = 0, i, listener = -1;

	for (i = 0; i < s->keep_count; i++)
		keep[n++] = s->keep[i];
	keep[n++] = side;
	keep[n++] = 1;
	keep[n++] = 2;
	if (nacre_confine_root(c, e) < 0)
		shared->stage = 1;
	else if (nacre_confine_files(c, e) < 0)
		shared->stage = 2;
	else if (nacre_confine_limits(c, keep, n, e) < 0)
		shared->stage = 3;
	else if (nacre_confine_watch(on_denied, e) < 0)
		shared->stage = 4;
	else if (nacre_confine_syscalls(c, &listener, e) < 0)
		shared->stage = 5;
	if (shared->stage)
		_exit(90);
	if (listener >= 0) {
		send_fd(side, listener);
		close(listener);
	}
	close(side);
}

static void zygote(const struct sandbox *s, int side)
{
	char byte;
	int status;
	pid_t clone;

	if (read(side, &byte, 1) != 1)
		_exit(91);
	stages(s, side);
	if (s->in_zygote)
		s->in_zygote(shared);
	if (!s->in_clone)
		_exit(0);
	clone = sandbox_fork(nacre_confine_clone_flags(&s->c));
	if (clone < 0) {
		shared->e.sys = errno;
		_exit(92);
	}
	if (clone == 0) {
		if (nacre_confine_clone(&s->c, &shared->e) < 0) {
			shared->stage = 6;
			_exit(93);
		}
		s->in_clone(shared);
		_exit(0);
	}
	if (waitpid(clone, &status, 0) != clone)
		_exit(94);
	if (WIFSIGNALED(status)) {
		/* Said as the shell does: a zygote is an init, signals of its own do not end it. */
		_exit(128 + WTERMSIG(status));
	}
	_exit(WEXITSTATUS(status));
}

struct outcome *sandbox_run(const struct sandbox *s, int *status)
{
	struct nacre_error e = { 0 };
	int side[2], listener;
	pid_t child;

	if (!shared) {
		shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			      -1, 0);
		if (shared == MAP_FAILED)
			err(1, "mmap");
	}
	memset(shared, 0, sizeof(*shared));
	fflush(stdout);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, side) < 0)
		err(1, "socketpair");
	child = sandbox_fork(nacre_confine_namespaces(&s->c));
	if (child < 0)
		err(1, "clone");
	if (child == 0) {
		close(side[0]);
		zygote(s, side[1]);
	}
	close(side[1]);
	if (nacre_confine_identity(child, &e) < 0)
		errx(1, "identity: %s: %s", e.where, e.msg);
	if (write(side[0], "", 1) != 1)
		err(1, "write");
	if (s->c.learn && (listener = receive_fd(side[0])) >= 0) {
		s->serve(listener);
		close(listener);
	}
	close(side[0]);
	alarm(60); /* a test that hangs is a test that fails */
	while (waitpid(child, status, 0) < 0)
		if (errno != EINTR)
			err(1, "waitpid");
	alarm(0);
	if (shared->stage)
		printf("# stage %d: %s: %s\n", shared->stage, shared->e.where, shared->e.msg);
	return shared;
}

void sandbox_user(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "nobody"))
		nobody_run((const char *const[]){NULL}, argv);
}

const char *sandbox_scratch(void)
{
	if (!scratch[0]) {
		strcpy(scratch, "/var/tmp/nacre-confine-XXXXXX");
		if (!mkdtemp(scratch))
			err(1, "mkdtemp");
	}
	return scratch;
}

const char *sandbox_file(const char *name, const char *text)
{
	static char path[4][128];
	static unsigned turn;
	char *p = path[turn++ % 4];
	FILE *f;

	snprintf(p, sizeof(path[0]), "%s/%s", sandbox_scratch(), name);
	f = fopen(p, "we");
	if (!f || fputs(text, f) < 0 || fclose(f) != 0)
		err(1, "%s", p);
	return p;
}

void sandbox_clean(void)
{
	char command[128];

	if (!scratch[0])
		return;
	snprintf(command, sizeof(command), "rm -rf -- %s", scratch);
	if (system(command) != 0)
		warnx("cannot remove %s", scratch);
	scratch[0] = '\0';
}
