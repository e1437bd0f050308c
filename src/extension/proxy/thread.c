/* SPDX-License-Identifier: BSD-2-Clause */
/* thread.c - the channel of each host thread */
#include "extension/proxy/runtime.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static _Thread_local struct nacre_channel *mine;
static unsigned epoch; /* forks between the first process and this one */
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Atomic bool key_made;

/*
 * Of the list, and of the descriptors of the channels on it: their threads may be in calls when the proxy
 * takes its leave at exit(). Nothing is locked while it is held.
 */
static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct nacre_channel *all;
static bool closed; /* the proxy has left, and nobody had a channel */

/*
 * Whose the state is. The page is wiped on fork: a child finds NOBODYS, and one thread of it makes
 * the state anew. A part of the library rather than a mapping of its own: a thread that comes while
 * the process exits must still find it.
 */
enum { NOBODYS, BEING_MADE, OURS };
static struct {
	_Alignas(NACRE_PAGE) _Atomic uint8_t whose;
	uint8_t pad[NACRE_PAGE - 1];
} fork_page;

static bool list_add(struct nacre_channel *channel)
{
	bool open;

	pthread_mutex_lock(&list_lock);
	open = !closed;
	if (open) {
		channel->next = all;
		channel->link = &all;
		if (all)
			all->link = &channel->next;
		all = channel;
	}
	pthread_mutex_unlock(&list_lock);
	return open;
}

static void list_remove(struct nacre_channel *channel)
{
	pthread_mutex_lock(&list_lock);
	*channel->link = channel->next;
	if (channel->next)
		channel->next->link = channel->link;
	pthread_mutex_unlock(&list_lock);
}

/* Made by this process? Whose first: the epoch is still to change while another thread makes the state. */
static bool is_ours(const struct nacre_channel *channel)
{
	return !nacre_forked() && channel->epoch == epoch;
}

static void on_thread_end(void *arg)
{
	struct nacre_channel *channel = arg;

	if (is_ours(channel)) {
		nacre_channel_clear(channel, true);
		list_remove(channel);
	}
	free(channel);
	mine = NULL;
}

static void prepare_once(void)
{
	madvise(&fork_page, sizeof(fork_page), MADV_WIPEONFORK);
	nacre_supervisor_init();
	key_made = pthread_key_create(&key, on_thread_end) == 0;
	atomic_store(&fork_page.whose, OURS);
}

bool nacre_forked(void)
{
	return atomic_load_explicit(&fork_page.whose, memory_order_acquire) != OURS;
}

/*
 * In a forked child, once: what was inherited belongs to the parent. The child may have started threads
 * that all come here at once; no lock can tell them apart, as it may have been held while forking.
 */
static void start_anew(void)
{
	pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;
	uint8_t nobodys = NOBODYS;

	if (!atomic_compare_exchange_strong(&fork_page.whose, &nobodys, BEING_MADE)) {
		while (nacre_forked())
			usleep(50);
		return;
	}
	epoch++;
	memcpy(&list_lock, &fresh, sizeof(list_lock));
	all = NULL; /* the channels of threads that do not exist here */
	nacre_supervisor_forget();
	atomic_store(&fork_page.whose, OURS);
}

struct nacre_channel *nacre_channel_mine(void)
{
	struct nacre_channel *channel = mine;

	if (__builtin_expect(channel && is_ours(channel), 1))
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
	channel->epoch = epoch;
	mine = channel;
	if (!list_add(channel)) {
		free(nacre_steal(mine));
		return NULL;
	}
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
	pthread_mutex_lock(&list_lock);
	nacre_map_close(&channel->map);
	pthread_mutex_unlock(&list_lock);
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

static int channel_map(struct nacre_channel *channel, struct nacre_instance *instance,
		       struct nacre_error *e)
{
	int result = 0;

	pthread_mutex_lock(&list_lock);
	if (instance->first_free)
		channel->map = instance->first;
	else
		result = nacre_map_create(&channel->map, e);
	pthread_mutex_unlock(&list_lock);
	return result;
}

int nacre_channel_open(struct nacre_channel *channel, struct nacre_instance *instance,
		       const struct nacre_vproc_ops *ops, uint64_t deadline, struct nacre_error *e)
{
	bool first = instance->first_free;

	channel->instance = instance;
	channel->denied_seen = 0;
	channel->owes_spare = false;
	if (channel_map(channel, instance, e) < 0)
		return -1;
	instance->first_free = false;
	if (!first && ops->open(&instance->v, channel->map.fd, e) < 0)
		return -1;
	return await_hello(channel, instance->v.serial, deadline, e);
}

/*
 * This runs at dlclose() and at exit(), and cannot tell which. At exit other threads may be in calls: of
 * their channels only the descriptors are closed, and the memory is left to them. Where there are none, there
 * will be none: what they would use is about to be freed.
 */
bool nacre_channels_unload(void)
{
	struct nacre_channel *own = mine;
	bool last;

	if (own && is_ours(own) && !own->depth) {
		nacre_channel_clear(own, false);
		list_remove(own);
		free(own);
		mine = NULL;
	}
	pthread_mutex_lock(&list_lock);
	for (struct nacre_channel *it = all; it; it = it->next)
		nacre_fd_drop(&it->map.owned);
	last = closed = !all;
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
}
