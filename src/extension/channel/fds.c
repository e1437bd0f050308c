/* SPDX-License-Identifier: BSD-2-Clause */
/* fds.c - whole messages with descriptors over a local socket */
#include "extension/channel/channel.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

int nacre_fds_send(int sock, const void *data, size_t size, const int *fds, int count)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int) * NACRE_FDS_MAX)];
	} control = {0};
	struct iovec iov = {(void *)(uintptr_t)data, size};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	if (count > 0) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * count);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(int) * count);
		memcpy(CMSG_DATA(&control.head), fds, sizeof(int) * count);
	}
	do
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

/* Take the descriptors out of @msg; too many or cut off: all are closed. */
static int fds_take(struct msghdr *msg, int *fds)
{
	int got = 0, stray = 0, fd;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t bytes = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i + sizeof(int) <= bytes; i += sizeof(int)) {
			memcpy(&fd, CMSG_DATA(c) + i, sizeof(fd));
			if (got < NACRE_FDS_MAX) {
				fds[got++] = fd;
			} else {
				close(fd);
				stray = 1;
			}
		}
	}
	if (!stray && !(msg->msg_flags & (MSG_CTRUNC | MSG_TRUNC)))
		return 0;
	for (int i = 0; i < got; i++) {
		close(fds[i]);
		fds[i] = -1;
	}
	errno = EPROTO;
	return -1;
}

ssize_t nacre_fds_receive(int sock, void *data, size_t size, int *fds, bool wait)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int) * NACRE_FDS_MAX)];
	} control;
	struct iovec iov = {data, size};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	ssize_t n;

	for (int i = 0; i < NACRE_FDS_MAX; i++)
		fds[i] = -1;
	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	return fds_take(&msg, fds) < 0 ? -1 : n;
}
