/* SPDX-License-Identifier: BSD-2-Clause */
/* lane.h - the stub's side of one channel: a thread that serves one host thread
 *
 * DOC: Theory of Operation
 *
 * A virtual process has one lane per host thread that calls into it. A lane is a thread with a
 * channel, a stack of private message copies and a pool of memory for the call in hand. It says hello,
 * then serves requests until the host thread is gone (BYE) or the process is ended. While it waits
 * for the answer to a callback it serves nested calls, so a lane's C stack mirrors the host thread's.
 *
 * The process as a whole belongs to the extension: everything here may be overwritten by it at any
 * time. Nothing here guards the host; the proxy does. What the checks on this side buy is a clear
 * report instead of a strange crash, when host and overlay disagree.
 */
#ifndef NACRE_STUB_LANE_H
#define NACRE_STUB_LANE_H

#include "extension/channel/channel.h"
#include "extension/registry/registry.h"

#include <nacre/stub.h>

#include <sched.h>

#define NACRE_DEPTH_MAX 16  /* calls and callbacks in one another */
#define NACRE_LANES_MAX 256 /* lanes of one virtual process */

/** struct nacre_pool - memory of the call in hand; a stack of chunks */
struct nacre_pool {
	struct nacre_chunk *top;
};
/** nacre_pool_alloc() - zeroed, aligned to 16; NULL when memory is short */
void *nacre_pool_alloc(struct nacre_pool *pool, size_t size);
/** nacre_pool_mark() - a position to which nacre_pool_release() goes back */
size_t nacre_pool_mark(const struct nacre_pool *pool);
void nacre_pool_release(struct nacre_pool *pool, size_t mark);
void nacre_pool_free(struct nacre_pool *pool);

/** struct nacre_pace - how a lane waits (pace.c) */
struct nacre_pace {
	enum nacre_profile profile;
	bool awake;           /* spin, else hand-off */
	int pinned;           /* CPU that the lane is bound to; -1: none, -2: all but the host's */
	uint32_t quick, slow; /* requests in a row that came soon, or late */
	uint64_t last;        /* when the last request came */
	uint64_t spin_ns;
	uint64_t hold_until, hold_ns; /* no spinning, or no binding, before; the CPU was contended */
	uint64_t start, own_start;    /* of the call in hand: by the clock, by this thread's own time */
	bool is_long;                 /* so was the last call: the next is watched */
	cpu_set_t allowed;
	int cpus;
};

struct nacre_lane {
	struct nacre_map map;
	struct nacre_pool pool;
	struct nacre_pace pace;
	unsigned depth;
	int reject; /* enum nacre_reject of the request in hand; 0 none */
	int sys;    /* errno that the extension left */
	uint16_t host_cpu;
};

/** The stub and the process it serves; set once before the first lane. */
struct nacre_stub_process {
	const struct nacre_stub *stub;
	uint64_t serial;
	enum nacre_profile profile;
	size_t stack; /* bytes for a lane */
};
extern struct nacre_stub_process nacre_stub_process;

/**
 * nacre_lane_start() - serve the channel @fd (taken over) in a thread of its own
 *
 * Where there is no room for one more the host is told on the channel.
 */
int nacre_lane_start(int fd, struct nacre_error *e);
/** nacre_lane_current() - the lane of the calling thread; NULL on the extension's own threads */
struct nacre_lane *nacre_lane_current(void);
/** nacre_lane_wait() - wait for the host and receive its message */
int nacre_lane_wait(struct nacre_lane *lane, struct nacre_heard *heard, struct nacre_reader *r);
/** nacre_lane_serve() - serve one received call and send its reply */
void nacre_lane_serve(struct nacre_lane *lane, const struct nacre_heard *heard,
		      const struct nacre_reader *in);

void nacre_pace_init(struct nacre_pace *pace, enum nacre_profile profile);
/** nacre_pace_begin() - a call of the outermost level is going to be made, in hand-off */
void nacre_pace_begin(struct nacre_lane *lane);
/** nacre_pace_end() - it was made, without callbacks; the host has not been told yet */
void nacre_pace_end(struct nacre_lane *lane);
/** nacre_pace_wait() - Return when the host has spoken */
void nacre_pace_wait(struct nacre_lane *lane);
/** nacre_pace_note() - a request arrived */
void nacre_pace_note(struct nacre_lane *lane);

/** nacre_crash_catch() - leave a note about fatal signals and exit() in every channel */
int nacre_crash_catch(struct nacre_error *e);
/** nacre_crash_stack() - a signal stack for the calling thread, so that an overflow can be noted */
int nacre_crash_stack(void);
/** nacre_crash_lane() - notes go to @lane's channel too; false: too many lanes */
bool nacre_crash_lane(struct nacre_lane *lane);
void nacre_crash_forget(struct nacre_lane *lane);
/** nacre_crash_denied() - a system call was refused; async-signal-safe */
void nacre_crash_denied(int nr);

/** nacre_stub_load() - load extension and stub, bind them; fills nacre_stub_process.stub */
int nacre_stub_load(const char *extension, const char *stub, struct nacre_error *e);

#endif
