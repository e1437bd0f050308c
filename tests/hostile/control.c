/* SPDX-License-Identifier: BSD-2-Clause */
/* control.c - what an extension can do while it is loaded, in the zygote, with the zygote's socket */
#include "bad.h"

#include "extension/channel/channel.h"
#include "extension/stub/lane.h"
#include "extension/vproc/control.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <unwind.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

static void say(uint32_t kind, uint64_t serial, int fd)
{
	struct nacre_control m = {.kind = kind, .serial = serial};

	memset(m.text, 'x', sizeof(m.text));
	m.text[0] = '\n';
	m.text[1] = '\033';
	nacre_fds_send(NACRE_FD_CONTROL, &m, sizeof(m), &fd, fd >= 0);
}

static int do_exit(long a)
{
	exit((int)a);
}

static int do_quick_exit(long a)
{
	_exit((int)a);
}

static int do_abort(long a)
{
	(void)a;
	abort();
}

static int do_segv(long a)
{
	*(volatile int *)a = 1;
	return 0;
}

static int do_hang(long a)
{
	for (;;)
		pause();
	return (int)a;
}

static void *idle(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static int do_thread(long a)
{
	bad_thread(idle, NULL);
	return (int)a;
}

/* An exception that nobody catches, as a constructor in C++ would throw it. */
static int do_throw(long a)
{
	static struct _Unwind_Exception exception;

	(void)a;
	_Unwind_RaiseException(&exception);
	abort();
}

static int do_flood(long a)
{
	for (;;)
		say(NACRE_CONTROL_READY, 0, -1);
	return (int)a;
}

static int do_nonsense(long a)
{
	say(77, 1, -1);
	return (int)a;
}

static int do_failed(long a)
{
	say(NACRE_CONTROL_FAILED, 0, -1);
	return (int)a;
}

static int do_short(long a)
{
	send(NACRE_FD_CONTROL, "short", 5, MSG_NOSIGNAL);
	return (int)a;
}

static int do_long(long a)
{
	static const char much[8192];

	send(NACRE_FD_CONTROL, much, sizeof(much), MSG_NOSIGNAL);
	return (int)a;
}

/* More descriptors than any message has. */
static int do_descriptors(long a)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int) * 64)];
	} control = {0};
	struct nacre_control m = {.kind = NACRE_CONTROL_CLONED, .serial = 1};
	struct iovec iov = {&m, sizeof(m)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	int fd = open("/dev/null", O_RDONLY);

	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(int) * 64);
	for (int i = 0; i < 64; i++)
		memcpy(CMSG_DATA(&control.head) + (size_t)i * sizeof(int), &fd, sizeof(int));
	sendmsg(NACRE_FD_CONTROL, &msg, MSG_NOSIGNAL);
	return (int)a;
}

static int do_no_clone(long a)
{
	say(NACRE_CONTROL_NOT_CLONED, 1, -1);
	return (int)a;
}

static int do_ended(long a)
{
	say(NACRE_CONTROL_ENDED, 1, -1);
	say(NACRE_CONTROL_ENDED, 2, -1);
	return (int)a;
}

/* A clone whose descriptor says nothing about it: it can neither be watched nor ended. */
static int do_eventfd(long a)
{
	say(NACRE_CONTROL_CLONED, 1, eventfd(0, EFD_CLOEXEC));
	return (int)a;
}

static int do_no_descriptor(long a)
{
	say(NACRE_CONTROL_CLONED, 1, -1);
	return (int)a;
}

/* The host itself in place of the clone: ending the clone would end the host. */
static int do_suicide(long a)
{
	int pidfd = -1;
	socklen_t size = sizeof(pidfd);

	if (getsockopt(NACRE_FD_CONTROL, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) < 0)
		return (int)a;
	for (uint64_t serial = 1; serial < 5; serial++)
		say(NACRE_CONTROL_CLONED, serial, pidfd);
	return (int)a;
}

static void crash(void)
{
	abort();
}

/* Clones of this zygote crash as soon as they are asked something. */
static int do_cripple(long a)
{
	bad_jump((void *)nacre_lane_serve, (void *)crash);
	return (int)a;
}

static int do_close(long a)
{
	close(NACRE_FD_CONTROL);
	return (int)a;
}

const struct bad bad_control[] = {
	{"load-exit", do_exit},
	{"load-quick-exit", do_quick_exit},
	{"load-abort", do_abort},
	{"load-segv", do_segv},
	{"load-hang", do_hang},
	{"load-thread", do_thread},
	{"load-throw", do_throw},
	{"load-flood", do_flood},
	{"load-nonsense", do_nonsense},
	{"load-failed", do_failed},
	{"load-short", do_short},
	{"load-long", do_long},
	{"load-descriptors", do_descriptors},
	{"load-no-clone", do_no_clone},
	{"load-ended", do_ended},
	{"load-eventfd", do_eventfd},
	{"load-no-descriptor", do_no_descriptor},
	{"load-suicide", do_suicide},
	{"load-cripple", do_cripple},
	{"load-close", do_close},
	{NULL, NULL}};
