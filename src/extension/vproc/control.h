/* SPDX-License-Identifier: BSD-2-Clause */
/* control.h - what the host and the zygote say to each other on the control socket
 *
 * SOCK_SEQPACKET, fixed-size messages, descriptors attached. The host treats every message as hostile.
 */
#ifndef NACRE_VPROC_CONTROL_H
#define NACRE_VPROC_CONTROL_H

#include <stdint.h>

/* Descriptors that nacre-vproc starts with. */
enum {
	NACRE_FD_CONTROL = 3,
	NACRE_FD_CONFIG = 4,
	NACRE_FD_LIFE = 5, /* a pipe that only the host holds the other end of */
	NACRE_FD_HOST = 6  /* a pidfd of the host: its forked children inherit the pipe */
};

enum nacre_control_kind {
	/* host to zygote */
	NACRE_CONTROL_CLONE = 1, /* serial; fds: channel, control socket of the virtual process */
	/* host to virtual process */
	NACRE_CONTROL_CHANNEL = 2, /* fds: channel */
	/* nacre-vproc to host, first of all, before anything of the extension is near */
	NACRE_CONTROL_MEANS = 15, /* status: enum nacre_confine_means that the sandbox is made of */
	/* zygote to host */
	NACRE_CONTROL_READY = 16,  /* loaded and confined; text: what could not be confined */
	NACRE_CONTROL_FAILED = 17, /* cannot be loaded; text: why */
	NACRE_CONTROL_CLONED = 18, /* serial; fds: pidfd */
	NACRE_CONTROL_ENDED = 19,  /* serial, status */
	NACRE_CONTROL_NOT_CLONED = 20 /* serial, status: errno */
};

struct nacre_control {
	uint32_t kind;
	int32_t status;
	uint64_t serial;
	char text[248];
};

#endif
