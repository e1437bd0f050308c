/* SPDX-License-Identifier: BSD-2-Clause */
/* layout.h - the memory that proxy and stub share: one channel (docs/wire.md)
 *
 * One page of control words, then the arena. Each cache line has one writer; lines that both sides
 * touch in one exchange lie 128 bytes apart, as processors fetch pairs of lines. Offsets and sizes
 * are part of the protocol: NACRE_PROTOCOL changes with them.
 */
#ifndef NACRE_CHANNEL_LAYOUT_H
#define NACRE_CHANNEL_LAYOUT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#define NACRE_PROTOCOL     1u
#define NACRE_PAGE         4096
#define NACRE_INLINE       40 /* a message of up to 40 bytes travels in the control line itself */
#define NACRE_DENIED_SLOTS 14

enum nacre_kind {
	/* host to stub */
	NACRE_KIND_CALL = 1,            /* op: the function */
	NACRE_KIND_CALLBACK_RETURN = 2, /* answers NACRE_KIND_CALLBACK */
	NACRE_KIND_CALLBACK_FAILED = 3,
	NACRE_KIND_BYE = 4, /* the host thread is gone: the lane ends */
	/* stub to host */
	NACRE_KIND_HELLO = 16,    /* the channel is served; message: struct nacre_hello */
	NACRE_KIND_RETURN = 17,   /* answers NACRE_KIND_CALL */
	NACRE_KIND_CALLBACK = 18, /* op: the kind of callback */
	NACRE_KIND_REJECT = 19,   /* answers NACRE_KIND_CALL; op: enum nacre_reject */
	NACRE_KIND_CRASH = 20     /* the virtual process is about to end; see struct nacre_crash */
};

/** Why a stub refuses a request; each is a violation or a lack on its side, never a result. */
enum nacre_reject {
	NACRE_REJECT_MALFORMED = 1, /* the request does not decode */
	NACRE_REJECT_OP = 2,        /* no such function number */
	NACRE_REJECT_ABSENT = 3,    /* the extension has no such function */
	NACRE_REJECT_MEMORY = 4,    /* no memory for the request */
	NACRE_REJECT_REPLY = 5,     /* the reply does not fit or breaks the overlay */
	NACRE_REJECT_DEPTH = 6      /* nested too deeply */
};

#define NACRE_CPU_ANY UINT16_MAX

/** struct nacre_line - what one side says; @seq is stored last */
struct nacre_line {
	_Atomic uint32_t seq;
	uint16_t kind;
	uint16_t cpu; /* where the writer is; NACRE_CPU_ANY if it is bound nowhere */
	uint32_t op;
	int32_t sys; /* errno on the way through */
	uint64_t length;
	uint8_t small[NACRE_INLINE];
};
_Static_assert(sizeof(struct nacre_line) == 64, "a line is a cache line");

/** struct nacre_sleeper - set while its owner may be asleep on the other side's seq */
struct nacre_sleeper {
	_Atomic uint32_t asleep;
	uint8_t pad[124];
};

/** struct nacre_crash - what the stub's signal handler leaves behind */
struct nacre_crash {
	_Atomic uint32_t written;
	int32_t signal, code;
	uint32_t exit_status;
	uint64_t address;
	uint8_t pad[40];
};

/** struct nacre_denied - system calls that the sandbox refused; a ring */
struct nacre_denied {
	_Atomic uint32_t count;
	uint32_t nr[NACRE_DENIED_SLOTS];
	uint32_t pad;
};

struct nacre_page {
	struct nacre_line host;
	uint8_t pad0[64];
	struct nacre_line stub;
	uint8_t pad1[64];
	struct nacre_sleeper host_sleeper, stub_sleeper;
	pthread_mutex_t life; /* robust: the kernel marks it when the thread that serves ends */
	uint8_t pad2[128 - sizeof(pthread_mutex_t)];
	struct nacre_crash crash;
	uint8_t pad3[64];
	struct nacre_denied denied;
	uint8_t pad4[NACRE_PAGE - 832];
};
_Static_assert(sizeof(struct nacre_page) == NACRE_PAGE, "control words fill one page");

/** struct nacre_hello - what a stub says first on every channel (V11) */
struct nacre_hello {
	uint32_t protocol;
	uint32_t op_count;
	uint8_t digest[16];
	uint64_t serial; /* of the virtual process, as the host numbered it */
};
_Static_assert(sizeof(struct nacre_hello) <= NACRE_INLINE, "a hello travels in the line");

#endif
