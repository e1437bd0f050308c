/* SPDX-License-Identifier: BSD-2-Clause */
/* channel.h - one call channel in shared memory: map, send, wait, receive
 *
 * DOC: Theory of Operation
 *
 * A channel joins one host thread and one stub thread. At every moment exactly one of them talks.
 * A message is written into the arena (or, if it is short, into the talker's line), then the
 * talker's `seq` is advanced. The listener copies the whole message into private memory in one go
 * and decodes the copy; so the arena is free for the next message, in either direction, as soon as
 * the listener acts, and calls and callbacks nest on one arena. Nothing that was checked is ever read
 * again from shared memory.
 *
 * Waiting is a spin, as long as it pays, then a sleep on the other side's `seq`. A sleeper sets its
 * `asleep` word first and checks `seq` once more; a talker advances `seq` and only then looks at the
 * word: sequentially consistent on both sides, so no wake-up is lost, and none is paid for a peer
 * that is awake.
 *
 * Where the stub waits decides the cost. *Hand-off*: it sleeps, bound to the CPU on which the host
 * called, and the call is two context switches with warm caches. *Spin*: it stays awake on another
 * CPU, and the call is two cache line transfers. Waking a sleeper on another CPU is the one thing
 * to avoid: it costs tens of microseconds on a virtual machine. So a lane starts in hand-off, goes to
 * spin when requests follow each other closely, and back when none comes or its CPU is contended
 * (stub/pace.c).
 *
 * The stub is not trusted: it may write anything anywhere in the channel at any time. The host
 * keeps everything it relies on in struct nacre_map. The file is sealed against shrinking, or a
 * truncation would turn the host's next access into SIGBUS.
 */
#ifndef NACRE_CHANNEL_CHANNEL_H
#define NACRE_CHANNEL_CHANNEL_H

#include "extension/channel/layout.h"
#include "os/fd.h"

#include <nacre/error.h>
#include <nacre/message.h>

#include <stddef.h>
#include <sys/types.h>

#define NACRE_FRAMES      36          /* private copies: one per nesting level and direction */
#define NACRE_ARENA_FIRST (64 * 1024) /* bytes of arena of a new channel */
#define NACRE_FRAME_KEEP  ((size_t)4 << 20)

/** struct nacre_frame - one private copy; grows, is kept while the channel is busy */
struct nacre_frame {
	uint8_t *data;
	size_t size;
	uint64_t small[NACRE_INLINE / 8];
};

/** struct nacre_map - one side's private view of a channel; used by one thread */
struct nacre_map {
	struct nacre_page *page;
	uint8_t *arena;
	size_t arena_size;
	int fd;                /* the shared file */
	struct nacre_fd owned; /* the same, as it was when it was taken over */
	bool host;
	uint16_t cpu;        /* where this side was when it last sent */
	bool roams;          /* says NACRE_CPU_ANY in place of its CPU */
	uint32_t sent, seen; /* sequence numbers: own last, peer's last */
	uint32_t life;       /* host: the life word as it is while the stub lives */
	unsigned frame;      /* next free one */
	uint64_t small[NACRE_INLINE / 8]; /* a short message under construction */
	struct nacre_frame frames[NACRE_FRAMES];
};

/** struct nacre_heard - the head of a received message, copied */
struct nacre_heard {
	uint16_t kind, cpu;
	uint32_t op;
	int32_t sys;
};

/** nacre_map_create() - a new channel, host side: memfd, sealed, mapped */
int nacre_map_create(struct nacre_map *map, struct nacre_error *e);
/** nacre_map_attach() - the stub's side of @fd, which stays the caller's; takes the life word */
int nacre_map_attach(struct nacre_map *map, int fd, struct nacre_error *e);
/** nacre_map_reserve() - host: make the arena at least @size bytes */
int nacre_map_reserve(struct nacre_map *map, size_t size);
void nacre_map_close(struct nacre_map *map);
/** nacre_map_trim() - give back private copies that are only kept for speed */
void nacre_map_trim(struct nacre_map *map);

/** nacre_map_write() - start an outgoing message */
static inline void nacre_map_write(struct nacre_map *map, struct nacre_writer *w)
{
	w->start = w->at = (uint8_t *)map->small;
	w->end = w->start + NACRE_INLINE;
	w->map = map;
	w->failed = false;
}

/**
 * nacre_map_send() - publish a written message (NULL: an empty one); wakes a sleeping peer
 *
 * Return: true where the peer was asleep.
 */
bool nacre_map_send(struct nacre_map *map, const struct nacre_writer *w, uint16_t kind, uint32_t op,
		    int sys);

/**
 * nacre_map_receive() - copy the peer's message into the next frame
 *
 * To be called after a wait said that there is one. The frame is the reader's memory until
 * nacre_map_release(). Return: -1 where the peer spoke more than once, where the length is beyond
 * the arena, or memory is short.
 */
int nacre_map_receive(struct nacre_map *map, struct nacre_heard *heard, struct nacre_reader *r);
void nacre_map_release(struct nacre_map *map);

enum nacre_wait { NACRE_WAIT_MESSAGE, NACRE_WAIT_DEATH, NACRE_WAIT_TIMEOUT };

/** nacre_map_ready() - has the peer said something new? */
static inline bool nacre_map_ready(const struct nacre_map *map)
{
	const struct nacre_line *peer = map->host ? &map->page->stub : &map->page->host;

	return atomic_load_explicit(&peer->seq, memory_order_acquire) != map->seen;
}

/** nacre_map_spin() - wait awake for at most @ns; *@worst: longest gap between two looks */
bool nacre_map_spin(const struct nacre_map *map, uint64_t ns, uint64_t *worst);

/**
 * nacre_map_sleep() - sleep until the peer speaks, dies (host only) or @deadline passes
 * @deadline: CLOCK_MONOTONIC in ns; 0: none
 *
 * May also return NACRE_WAIT_TIMEOUT early, after a slice: the caller checks clock and process.
 */
enum nacre_wait nacre_map_sleep(struct nacre_map *map, uint64_t deadline);

/** nacre_map_alive() - host: does the life word still say that the serving thread lives? */
bool nacre_map_alive(const struct nacre_map *map);
/** nacre_map_watch() - host, after the hello: start to rely on the life word */
int nacre_map_watch(struct nacre_map *map);

/** nacre_clock() - CLOCK_MONOTONIC in ns */
uint64_t nacre_clock(void);

/* Side socket: whole messages with descriptors; never raises SIGPIPE. */
#define NACRE_FDS_MAX 4
/** nacre_fds_send() - Return: 0, or -1 with errno */
int nacre_fds_send(int sock, const void *data, size_t size, const int *fds, int count);
/**
 * nacre_fds_receive() - one message; descriptors get CLOEXEC
 * @fds: NACRE_FDS_MAX places, set to -1 where fewer came
 *
 * Return: bytes, 0 at the end of the connection, -1 with errno. More descriptors than fit: EPROTO.
 */
ssize_t nacre_fds_receive(int sock, void *data, size_t size, int *fds, bool wait);

#endif
