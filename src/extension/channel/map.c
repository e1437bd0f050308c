/* SPDX-License-Identifier: BSD-2-Clause */
/* map.c - the memory of a channel and the messages in it; theory of operation in channel.h */
#include "extension/channel/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void map_init(struct nacre_map *map, bool host)
{
	memset(map, 0, sizeof(*map));
	map->fd = -1;
	map->owned = NACRE_NO_FD;
	map->host = host;
}

int nacre_map_create(struct nacre_map *map, struct nacre_error *e)
{
	size_t size = NACRE_PAGE + NACRE_ARENA_FIRST;
	void *base;
	int fd;

	map_init(map, true);
	fd = memfd_create("nacre-channel", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "channel", "memfd_create");
	if (ftruncate(fd, (off_t)size) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_SEAL) < 0) {
		nacre_error_set(e, NACRE_E_SYSTEM, errno, "channel", "sizing shared memory");
		close(fd);
		return -1;
	}
	base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED) {
		nacre_error_set(e, NACRE_E_SYSTEM, errno, "channel", "mapping shared memory");
		close(fd);
		return -1;
	}
	/* A forked child must not write into its parent's calls. */
	madvise(base, size, MADV_DONTFORK);
	map->page = base;
	map->arena = (uint8_t *)base + NACRE_PAGE;
	map->arena_size = NACRE_ARENA_FIRST;
	map->fd = fd;
	map->owned = nacre_fd_own(fd);
	return 0;
}

/* The stub's thread holds the life lock until it ends; the kernel then marks the word. */
static int life_take(struct nacre_page *page)
{
	pthread_mutexattr_t attr;
	int sys;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	sys = pthread_mutex_init(&page->life, &attr);
	if (!sys)
		sys = pthread_mutex_lock(&page->life);
	pthread_mutexattr_destroy(&attr);
	return sys;
}

int nacre_map_attach(struct nacre_map *map, int fd, struct nacre_error *e)
{
	struct stat st;
	void *base;
	int sys;

	map_init(map, false);
	if (fstat(fd, &st) < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "channel", "fstat");
	if (st.st_size < NACRE_PAGE + NACRE_ARENA_FIRST || st.st_size > (off_t)(NACRE_MESSAGE_MAX * 2))
		return nacre_error_set(e, NACRE_E_VIOLATION, 0, "channel", "odd size");
	base = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "channel", "mapping shared memory");
	map->page = base;
	map->arena = (uint8_t *)base + NACRE_PAGE;
	map->arena_size = (size_t)st.st_size - NACRE_PAGE;
	map->fd = fd;
	map->owned = nacre_fd_own(fd);
	sys = life_take(map->page);
	if (sys) {
		nacre_map_close(map);
		return nacre_error_set(e, NACRE_E_SYSTEM, sys, "channel", "taking the life word");
	}
	return 0;
}

/*
 * Map @size bytes of arena. The page of control words stays where it is: a thread's list of robust
 * mutexes, which the kernel walks at its end, holds the life word by its address.
 */
static int arena_resize(struct nacre_map *map, size_t size)
{
	void *arena = mremap(map->arena, map->arena_size, size, MREMAP_MAYMOVE);

	if (arena == MAP_FAILED)
		return -1;
	map->arena = arena;
	map->arena_size = size;
	return 0;
}

/* Make the shared file at least @size bytes. The stub may have made it larger already. */
static int file_reserve(const struct nacre_map *map, size_t size)
{
	struct stat st;

	if (!nacre_fd_ours(&map->owned) || fstat(map->fd, &st) < 0)
		return -1;
	return st.st_size >= (off_t)size ? 0 : ftruncate(map->fd, (off_t)size);
}

int nacre_map_reserve(struct nacre_map *map, size_t size)
{
	size_t want = map->arena_size;

	if (size <= map->arena_size)
		return 0;
	if (size > NACRE_MESSAGE_MAX)
		return -1;
	while (want < size)
		want *= 2;
	if (file_reserve(map, NACRE_PAGE + want) < 0)
		return -1;
	return arena_resize(map, want);
}

void nacre_map_close(struct nacre_map *map)
{
	if (map->page) {
		munmap(map->page, NACRE_PAGE);
		munmap(map->arena, map->arena_size);
	}
	nacre_fd_drop(&map->owned);
	for (int i = 0; i < NACRE_FRAMES; i++)
		free(map->frames[i].data);
	map_init(map, map->host);
}

void nacre_map_trim(struct nacre_map *map)
{
	for (int i = (int)map->frame; i < NACRE_FRAMES; i++) {
		free(map->frames[i].data);
		map->frames[i].data = NULL;
		map->frames[i].size = 0;
	}
}

/* The stub's side: the host grows the arena, we follow where it has. */
static int map_follow(struct nacre_map *map, size_t size)
{
	struct stat st;

	if (size <= map->arena_size)
		return 0;
	if (fstat(map->fd, &st) < 0 || (uint64_t)st.st_size < NACRE_PAGE + size)
		return -1;
	return arena_resize(map, (size_t)st.st_size - NACRE_PAGE);
}

bool nacre_writer_grow(struct nacre_writer *w, size_t need)
{
	struct nacre_map *map = w->map;
	size_t used = (size_t)(w->at - w->start);
	bool small = map && w->start == (uint8_t *)map->small;

	if (w->failed)
		return false;
	if (!map || need > NACRE_MESSAGE_MAX || used + need > NACRE_MESSAGE_MAX ||
	    (map->host ? nacre_map_reserve(map, used + need) : map_follow(map, used + need)) < 0) {
		w->failed = true;
		return false;
	}
	if (small)
		memcpy(map->arena, map->small, used);
	w->start = map->arena;
	w->at = w->start + used;
	w->end = w->start + map->arena_size;
	return true;
}

bool nacre_map_send(struct nacre_map *map, const struct nacre_writer *w, uint16_t kind, uint32_t op,
		    int sys)
{
	struct nacre_line *line = map->host ? &map->page->host : &map->page->stub;
	struct nacre_sleeper *peer = map->host ? &map->page->stub_sleeper : &map->page->host_sleeper;
	size_t length = w ? (size_t)(w->at - w->start) : 0;

	line->kind = kind;
	map->cpu = (uint16_t)sched_getcpu();
	line->cpu = map->roams ? NACRE_CPU_ANY : map->cpu;
	line->op = op;
	line->sys = sys;
	line->length = length;
	if (length && w->start == (uint8_t *)map->small)
		memcpy(line->small, map->small, NACRE_INLINE);
	atomic_exchange(&line->seq, ++map->sent);
	if (!atomic_load(&peer->asleep))
		return false;
	syscall(SYS_futex, &line->seq, FUTEX_WAKE, 1, NULL, NULL, 0);
	return true;
}

static uint8_t *frame_room(struct nacre_frame *frame, size_t length)
{
	if (length <= sizeof(frame->small))
		return (uint8_t *)frame->small;
	if (frame->size < length) {
		free(frame->data);
		frame->size = length < 1024 ? 1024 : length;
		frame->data = malloc(frame->size);
		if (!frame->data)
			frame->size = 0;
	}
	return frame->data;
}

int nacre_map_receive(struct nacre_map *map, struct nacre_heard *heard, struct nacre_reader *r)
{
	const volatile struct nacre_line *line = map->host ? &map->page->stub : &map->page->host;
	uint32_t seq = atomic_load_explicit(&line->seq, memory_order_acquire), due = map->seen + 1;
	uint64_t length;
	uint8_t *data;

	map->seen = seq;
	heard->kind = line->kind;
	heard->cpu = line->cpu;
	heard->op = line->op;
	heard->sys = line->sys;
	length = line->length;
	memset(r, 0, sizeof(*r));
	if (seq != due || map->frame >= NACRE_FRAMES)
		return -1;
	if (length > map->arena_size &&
	    (map->host || length > NACRE_MESSAGE_MAX || map_follow(map, length) < 0))
		return -1;
	data = frame_room(&map->frames[map->frame], length);
	if (!data)
		return -1;
	if (length <= NACRE_INLINE) /* all of it: a fixed size is a few instructions */
		memcpy(data, map->host ? map->page->stub.small : map->page->host.small, NACRE_INLINE);
	else
		memcpy(data, map->arena, length);
	map->frame++;
	r->at = data;
	r->end = data + length;
	return 0;
}

void nacre_map_release(struct nacre_map *map)
{
	struct nacre_frame *frame = &map->frames[--map->frame];

	if (frame->size > NACRE_FRAME_KEEP) {
		free(frame->data);
		frame->data = NULL;
		frame->size = 0;
	}
}
