/* SPDX-License-Identifier: BSD-2-Clause */
/* runtime.h - the proxy runtime inside: supervisor, channels of threads, calls
 *
 * DOC: Theory of Operation
 *
 * Everything here is private to one proxy (hidden symbols): two proxies in one host share nothing.
 *
 * Supervisor (supervisor.c): one per proxy, under one lock that is never held while the extension
 * works for the host, but for repeated calls. It owns the template, the current virtual process and the spare. States:
 *
 *	COLD         nothing started yet; the first call starts it
 *	READY        `current` serves calls; `spare` stands by
 *	RESTARTING   `current` was lost; the next call takes the spare (or waits for a clone), repeats
 *	             what the overlay marks `replay`, and is served
 *	QUARANTINED  too many losses in ten seconds: calls fail at once until a pause is over; the
 *	             pause doubles each time
 *
 * A loss (death, deadline, violation) is noticed by the thread whose call it hits. It marks the
 * instance lost, ends it, writes the log line and returns the declared failure, all without the
 * lock, which a restart may hold. Other threads in calls on the same instance see its end by
 * themselves. Instances are counted; whoever drops the last reference puts it on a list that the
 * next holder of the lock frees. Nobody waits for a restart before the
 * failure is returned; the restart is paid by the next call, and is a swap when a spare stands by.
 *
 * Channels (thread.c): one per host thread and instance, in thread-local storage and on a list, so
 * that dlclose() can free them all.
 *
 * Fork: a page that is wiped on fork tells the child that nothing here is its own. It forgets all of
 * it and starts from COLD, with a new generation, so that handles from before the fork are stale;
 * recorded calls are forgotten as well: a module is initialised again after fork, as the APIs say.
 *
 * Rules for foreign hosts: no signal handlers, no SIGCHLD, no output, CLOEXEC on every descriptor,
 * errno preserved.
 */
#ifndef NACRE_PROXY_RUNTIME_H
#define NACRE_PROXY_RUNTIME_H

#include "base/auto.h"
#include "extension/channel/channel.h"
#include "extension/registry/registry.h"
#include "extension/vproc/vproc.h"

#include <nacre/error.h>
#include <nacre/log.h>
#include <nacre/proxy.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define NACRE_CALL_DEPTH   16
#define NACRE_START_MS     10000 /* for a virtual process to come up */

/** struct nacre_instance - one virtual process in use; shared by threads, counted */
struct nacre_instance {
	struct nacre_vproc v;
	struct nacre_instance *next; /* among the dropped */
	_Atomic int refs;
	uint32_t generation;
	_Atomic bool lost;
	struct nacre_map first; /* the channel that it was made with, until a thread takes it */
	bool first_free;
};

/** struct nacre_channel - a host thread's way into an instance */
struct nacre_channel {
	struct nacre_map map;
	struct nacre_instance *instance; /* NULL: none yet, or lost */
	unsigned epoch;                  /* of the process that made it: changes with fork */
	unsigned depth;                  /* calls in one another */
	uint64_t deadline;               /* of the outermost call; 0: not set, ~0: none */
	bool awake;                      /* the stub was awake when the request was sent */
	uint16_t stub_cpu;               /* where the stub is; NACRE_CPU_ANY: it says nothing */
	bool stays;                      /* bound to that CPU, `cpus` to be restored */
	cpu_set_t cpus;
	bool owes_spare;                 /* to be asked for once a call was served */
	uint32_t denied_seen;
	struct nacre_channel *next, **link; /* among all channels of the proxy */
};

/** Why an instance is lost. */
enum nacre_loss { NACRE_LOSS_DEATH, NACRE_LOSS_DEADLINE, NACRE_LOSS_VIOLATION, NACRE_LOSS_START };

/* supervisor.c */
/** nacre_supervisor_init() - make its lock; also in a forked child */
void nacre_supervisor_init(void);
/** nacre_supervisor_bind() - give @channel the current instance, started and replayed if need be */
bool nacre_supervisor_bind(struct nacre_channel *channel, uint32_t op);
/** nacre_supervisor_lost() - @channel's instance failed in @op; ends it and logs */
void nacre_supervisor_lost(struct nacre_channel *channel, uint32_t op, enum nacre_loss loss,
			   const char *detail);
/** nacre_supervisor_alive() - the operating system's word, not the channel's */
bool nacre_supervisor_alive(const struct nacre_channel *channel);
/** nacre_supervisor_deadline() - the deadline of a call of @op that starts now; ~0 for none */
uint64_t nacre_supervisor_deadline(uint32_t op);
/** nacre_supervisor_name() - the registration's name, for log lines */
const char *nacre_supervisor_name(void);
extern _Atomic(struct nacre_instance *) nacre_current;
/** nacre_supervisor_forget() - in a forked child: none of it is ours */
void nacre_supervisor_forget(void);
/** nacre_supervisor_unload() - the proxy leaves the host: end everything */
void nacre_supervisor_unload(void);
/** nacre_supervisor_spare() - ask for a spare, if nobody holds the lock */
void nacre_supervisor_spare(struct nacre_channel *channel);
/** nacre_instance_drop() - one user less; never waits */
void nacre_instance_drop(struct nacre_instance *instance);

/* stay.c */
/** nacre_stay_begin() - bind this thread to its CPU if the stub of @channel works there */
void nacre_stay_begin(struct nacre_channel *channel);
/** nacre_stay_end() - give it its CPUs back; also after a call that never came back */
void nacre_stay_end(struct nacre_channel *channel);

/* quarantine.c */
bool nacre_quarantined(void);
/**
 * nacre_quarantine_count() - one more loss; @max in ten seconds are borne, 0: the default
 *
 * Return: true when a quarantine begins.
 */
bool nacre_quarantine_count(uint32_t max);

/*
 * In a forked child another thread may have held a lock, or been in the middle of a change: locks are
 * made anew, tables are forgotten without a look at them.
 */
void nacre_quarantine_forked(void);
void nacre_handles_forked(void);
void nacre_tokens_forked(void);
void nacre_intern_forked(void);
void nacre_replay_forked(void);

/* thread.c */
/** nacre_channel_mine() - the calling thread's channel; NULL without memory */
struct nacre_channel *nacre_channel_mine(void);
/** nacre_channel_clear() - give up @channel's instance; @polite: tell the stub */
void nacre_channel_clear(struct nacre_channel *channel, bool polite);
/**
 * nacre_channel_open() - connect @channel to @instance and check its hello
 *
 * Takes over one reference to @instance, also when it fails: nacre_channel_clear() gives it back.
 */
int nacre_channel_open(struct nacre_channel *channel, struct nacre_instance *instance,
		       const struct nacre_vproc_ops *ops, uint64_t deadline, struct nacre_error *e);
/** nacre_channels_unload() - the proxy leaves the host. Return: no other thread can be in a call */
bool nacre_channels_unload(void);
/** nacre_forked() - is this a child of the process that made the state? */
bool nacre_forked(void);

/** nacre_syscall_name() - "openat" for 257 (the table of confine/, generated at build time) */
const char *nacre_syscall_name(int nr);

/* exchange.c */
enum nacre_outcome { NACRE_ANSWERED, NACRE_LOST, NACRE_REFUSED };
/**
 * nacre_exchange() - send a request, serve callbacks, receive the reply
 *
 * On a loss the supervisor has been told. NACRE_REFUSED: the stub cannot serve this request, the
 * instance is well. Only NACRE_ANSWERED leaves a frame to release.
 */
enum nacre_outcome nacre_exchange(struct nacre_channel *channel, const struct nacre_writer *w,
				  uint32_t op, int sys, struct nacre_heard *heard,
				  struct nacre_reader *in);

/* replay.c */
void nacre_replay_record(uint32_t op, void *record, size_t size, uint64_t first_word);
void nacre_replay_forget(uint32_t op);
void nacre_replay_clear(void);
/** nacre_replay_run() - repeat what was recorded; false: it did not end as the first time */
bool nacre_replay_run(struct nacre_channel *channel);

/* handles.c */
struct nacre_note {
	struct nacre_note *next;
	uint32_t kind;
	uint64_t wire;
	enum { NACRE_NOTE_OPEN, NACRE_NOTE_CLOSE, NACRE_NOTE_CLOSE_ALL } what;
};
void nacre_handles_apply(struct nacre_note *notes); /* and free them */
void nacre_handles_discard(struct nacre_note *notes);
void nacre_handles_clear(void);

/* tokens.c */
/** nacre_token_of() - the token of a host pointer; 0 when the table is full */
uint64_t nacre_token_of(const void *host, uint32_t kind);
/** nacre_token_find() - the pointer behind a token of @kind; false: never given */
bool nacre_token_find(uint64_t token, uint32_t kind, void **host);
void nacre_tokens_clear(void);
/** nacre_token_serving() - callbacks to @function (a token) are decoded on this thread now; 0: none */
void nacre_token_serving(uint64_t function);

/* memory.c */
/** nacre_memory_alloc() - zeroed, aligned to 16, kept in @list; NULL where it is too much */
void *nacre_memory_alloc(struct nacre_memory **list, uint64_t count, size_t size);
void nacre_memory_free(struct nacre_memory **list);

/* upcall.c */
/** nacre_upcall_serve() - run a callback and answer it; false: violation, with @why set */
bool nacre_upcall_serve(struct nacre_channel *channel, const struct nacre_heard *heard,
			const struct nacre_reader *in, const char **why);

#endif
