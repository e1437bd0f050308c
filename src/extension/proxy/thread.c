/* SPDX-License-Identifier: BSD-2-Clause */
/* thread.c - the channel of each host thread */
#include "extension/proxy/runtime.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

unsigned nacre_epoch;

static _Thread_local struct nacre_channel *mine;
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool key_made;
static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct nacre_channel *all;
static volatile uint8_t *fork_page; /* 1 in the process that made it, 0 in its children */

static void list_add(struct nacre_channel *channel)
{
	pthread_mutex_lock(&list_lock);
	channel->next = all;
	channel->link = &all;
	if (all)
		all->link = &channel->next;
	all = channel;
	pthread_mutex_unlock(&list_lock);
}

static void list_remove(struct nacre_channel *channel)
{
	pthread_mutex_lock(&list_lock);
	*channel->link = channel->next;
	if (channel->next)
		channel->next->link = channel->link;
	pthread_mutex_unlock(&list_lock);
}

static void on_thread_end(void *arg)
{
	struct nacre_channel *channel = arg;

	if (channel->epoch == nacre_epoch && !nacre_forked()) {
		nacre_channel_clear(channel, true);
		list_remove(channel);
	}
	free(channel);
	mine = NULL;
}

static void prepare_once(void)
{
	void *page = mmap(NULL, NACRE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page != MAP_FAILED && madvise(page, NACRE_PAGE, MADV_WIPEONFORK) == 0) {
		fork_page = page;
		*fork_page = 1;
	}
	nacre_supervisor_init();
	key_made = pthread_key_create(&key, on_thread_end) == 0;
}

bool nacre_forked(void)
{
	return fork_page && !*fork_page;
}

/* In a forked child, once: what was inherited belongs to the parent. */
static void start_anew(void)
{
	pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;

	nacre_epoch++;
	memcpy(&list_lock, &fresh, sizeof(list_lock));
	all = NULL; /* the channels of threads that do not exist here */
	nacre_supervisor_forget();
	*fork_page = 1;
}

struct nacre_channel *nacre_channel_mine(void)
{
	struct nacre_channel *channel = mine;

	if (__builtin_expect(channel && *fork_page && channel->epoch == nacre_epoch, 1))
		return channel;
	pthread_once(&once, prepare_once);
	if (nacre_forked())
		start_anew();
	if (channel) { /* inherited: its memory is not mapped here */
		nacre_fd_drop(&channel->map.owned);
	} else {
		channel = malloc(sizeof(*channel));
		if (!channel)
			return NULL;
	}
	memset(channel, 0, sizeof(*channel));
	channel->map.owned = NACRE_NO_FD;
	channel->epoch = nacre_epoch;
	mine = channel;
	list_add(channel);
	if (key_made)
		pthread_setspecific(key, channel);
	return channel;
}

void nacre_channel_clear(struct nacre_channel *channel, bool polite)
{
	struct nacre_instance *instance = channel->instance;

	if (!instance)
		return;
	if (polite && !channel->depth && !atomic_load(&instance->lost))
		nacre_map_send(&channel->map, NULL, NACRE_KIND_BYE, 0, 0);
	nacre_map_close(&channel->map);
	channel->instance = NULL;
	channel->deadline = 0;
	channel->denied_seen = 0;
	nacre_instance_drop(instance);
}

/* Wait for the first message and compare it with what the overlay demands (V11). */
static int await_hello(struct nacre_channel *channel, uint64_t serial, uint64_t deadline,
		       struct nacre_error *e)
{
	struct nacre_hello hello = {0};
	struct nacre_heard heard;
	struct nacre_reader in;

	while (!nacre_map_ready(&channel->map)) {
		if (nacre_clock() >= deadline)
			return nacre_error_set(e, NACRE_E_LOST, ETIMEDOUT, "handshake", "no hello");
		if (!nacre_supervisor_alive(channel) && !nacre_map_ready(&channel->map))
			return nacre_error_set(e, NACRE_E_LOST, 0, "handshake",
					       "the virtual process ended before it said hello");
		nacre_map_sleep(&channel->map, deadline);
	}
	if (nacre_map_receive(&channel->map, &heard, &in) < 0)
		return nacre_error_set(e, NACRE_E_VIOLATION, 0, "handshake", "a hello beyond all sizes");
	if (in.end - in.at == sizeof(hello))
		memcpy(&hello, in.at, sizeof(hello));
	nacre_map_release(&channel->map);
	if (heard.kind == NACRE_KIND_REJECT)
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, "channel",
				       "no room for one more thread in the virtual process; register "
				       "with a larger --memory");
	if (heard.kind == NACRE_KIND_CRASH)
		return nacre_error_set(e, NACRE_E_LOST, 0, "handshake",
				       "the virtual process ended before it said hello");
	if (heard.kind != NACRE_KIND_HELLO || hello.protocol != NACRE_PROTOCOL)
		return nacre_error_set(e, NACRE_E_VIOLATION, 0, "handshake",
				       "the stub speaks protocol %u, not %u; register again",
				       hello.protocol, NACRE_PROTOCOL);
	if (hello.op_count != nacre_interface.op_count ||
	    memcmp(hello.digest, nacre_interface.digest, sizeof(hello.digest)))
		return nacre_error_set(e, NACRE_E_VIOLATION, 0, "handshake",
				       "proxy and stub come from different overlays; register again");
	if (hello.serial != serial)
		return nacre_error_set(e, NACRE_E_VIOLATION, 0, "handshake", "wrong virtual process");
	if (nacre_map_watch(&channel->map) < 0)
		return nacre_error_set(e, NACRE_E_VIOLATION, 0, "handshake", "nobody holds the life word");
	return 0;
}

int nacre_channel_open(struct nacre_channel *channel, struct nacre_instance *instance,
		       const struct nacre_vproc_ops *ops, uint64_t deadline, struct nacre_error *e)
{
	channel->instance = instance;
	channel->denied_seen = 0;
	channel->owes_spare = false;
	if (instance->first_free) {
		channel->map = instance->first;
		instance->first_free = false;
	} else {
		if (nacre_map_create(&channel->map, e) < 0 ||
		    ops->open(&instance->v, channel->map.fd, e) < 0)
			return -1;
	}
	return await_hello(channel, instance->v.serial, deadline, e);
}

/*
 * This runs at dlclose() and at exit(), and cannot tell which. At exit other threads may be in calls: of
 * their channels only the descriptors are closed, and the memory is left to them.
 */
bool nacre_channels_unload(void)
{
	struct nacre_channel *own = mine;
	bool last;

	if (own && own->epoch == nacre_epoch && !own->depth) {
		nacre_channel_clear(own, false);
		list_remove(own);
		free(own);
		mine = NULL;
	}
	pthread_mutex_lock(&list_lock);
	for (struct nacre_channel *it = all; it; it = it->next)
		nacre_fd_drop(&it->map.owned);
	last = !all;
	pthread_mutex_unlock(&list_lock);
	return last;
}

/* dlclose: the key's destructor must not be called after it is gone. */
__attribute__((destructor)) static void unload(void)
{
	if (!key_made)
		return;
	pthread_key_delete(key);
	key_made = false;
	nacre_supervisor_unload();
	if (!all && fork_page)
		munmap((void *)(uintptr_t)fork_page, NACRE_PAGE);
}
