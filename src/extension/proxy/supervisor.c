/* SPDX-License-Identifier: BSD-2-Clause */
/* supervisor.c - start, replace and give up virtual processes; theory of operation in runtime.h */
#include "extension/proxy/runtime.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define MS ((uint64_t)1000000)

_Atomic(struct nacre_instance *) nacre_current;

static pthread_mutex_t lock; /* recursive: repeated calls run callbacks, whose calls may be lost */

static struct {
	struct nacre_registry registry;
	_Atomic(const struct nacre_registration *) r; /* read without the lock: set last, for good */
	const struct nacre_vproc_ops *ops;
	struct nacre_template *template;
	struct nacre_instance *spare;
	uint64_t serial;
	_Atomic uint32_t generation;
	_Atomic bool renew; /* the template is to be made again */
	_Atomic(struct nacre_instance *) dropped; /* nobody uses them; the lock's holder frees them */
} supervisor;

void nacre_supervisor_init(void)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&lock, &attr);
	pthread_mutexattr_destroy(&attr);
}

const char *nacre_supervisor_name(void)
{
	const struct nacre_registration *r = supervisor.r;

	return r ? r->name : nacre_interface.name;
}

uint64_t nacre_supervisor_deadline(uint32_t op)
{
	const struct nacre_registration *r = supervisor.r;
	const struct nacre_op *o = &nacre_interface.ops[op];
	uint32_t ms = o->deadline_ms;

	if (o->flags & NACRE_OP_NO_DEADLINE)
		return UINT64_MAX;
	if (!ms && r)
		ms = r->deadline_ms;
	if (!ms)
		ms = nacre_interface.deadline_ms;
	return nacre_clock() + ms * MS;
}

bool nacre_supervisor_alive(const struct nacre_channel *channel)
{
	return channel->instance && !atomic_load(&channel->instance->lost) &&
	       supervisor.ops->alive(&channel->instance->v);
}

/*
 * Which registration is this proxy's? The one that the file that this code is in carries; else the one
 * whose proxy is this file. NULL with @e set.
 */
static const struct nacre_registration *own_registration(struct nacre_error *e)
{
	const struct nacre_registration *r;
	char path[PATH_MAX];
	Dl_info info;
	int carried;

	if (!dladdr((void *)(uintptr_t)own_registration, &info)) {
		nacre_error_set(e, NACRE_E_SYSTEM, errno, "proxy", "cannot tell its own file");
		return NULL;
	}
	nacre_registry_free(&supervisor.registry);
	carried = nacre_registry_carried(&supervisor.registry, info.dli_fname, e);
	if (carried)
		return carried > 0 ? &supervisor.registry.list[0] : NULL;
	if (!realpath(info.dli_fname, path)) {
		nacre_error_set(e, NACRE_E_SYSTEM, errno, "proxy", "cannot tell its own file");
		return NULL;
	}
	if (nacre_registry_read(&supervisor.registry, e) < 0)
		return NULL;
	r = nacre_registry_by_proxy(&supervisor.registry, path);
	if (!r)
		nacre_error_set(e, NACRE_E_ABSENT, 0, nacre_interface.name,
				"no registration names this proxy (%.120s); run `nacre register`", path);
	return r;
}

static int find_registration(struct nacre_error *e)
{
	const struct nacre_registration *r;

	if (supervisor.r)
		return 0;
	r = own_registration(e);
	if (!r)
		return -1;
	supervisor.ops = nacre_vproc_backend(r->backend);
	if (!supervisor.ops)
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, r->name, "unknown backend '%.60s'",
				       r->backend);
	supervisor.r = r;
	return 0;
}

static uint32_t max_failures(void)
{
	const struct nacre_registration *r = supervisor.r;

	return r ? r->max_failures : 0;
}

/* What fails again and again may be ill at its root: after a pause everything is loaded anew. */
static void count_loss(void)
{
	if (nacre_quarantine_count(max_failures()))
		atomic_store(&supervisor.renew, true);
}

static void instance_free(struct nacre_instance *instance)
{
	supervisor.ops->release(supervisor.template, &instance->v);
	if (instance->first_free)
		nacre_map_close(&instance->first);
	free(instance);
}

static void free_dropped(void)
{
	struct nacre_instance *next, *it = atomic_exchange(&supervisor.dropped, NULL);

	for (; it; it = next) {
		next = it->next;
		instance_free(it);
	}
}

/*
 * One more user, unless the last one has just left. Under the lock only: what was dropped is not freed
 * while we hold it.
 */
static bool instance_hold(struct nacre_instance *instance)
{
	int refs = atomic_load(&instance->refs);

	while (refs > 0)
		if (atomic_compare_exchange_weak(&instance->refs, &refs, refs + 1))
			return true;
	return false;
}

/* Never waits: threads come here on their way to the host. */
void nacre_instance_drop(struct nacre_instance *instance)
{
	if (!instance || atomic_fetch_sub(&instance->refs, 1) != 1)
		return;
	instance->next = atomic_load(&supervisor.dropped);
	while (!atomic_compare_exchange_weak(&supervisor.dropped, &instance->next, instance))
		;
	if (pthread_mutex_trylock(&lock) == 0) {
		free_dropped();
		pthread_mutex_unlock(&lock);
	}
}

/* Ask for one more virtual process; it comes up while we go on. */
static struct nacre_instance *instance_request(struct nacre_error *e)
{
	struct nacre_instance *instance = calloc(1, sizeof(*instance));

	if (!instance) {
		nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, supervisor.r->name, "virtual process");
		return NULL;
	}
	instance->refs = 1;
	instance->v.serial = ++supervisor.serial;
	instance->v.pidfd = instance->v.control = NACRE_NO_FD;
	if (nacre_map_create(&instance->first, e) < 0) {
		free(instance);
		return NULL;
	}
	instance->first_free = true;
	if (supervisor.ops->clone(supervisor.template, &instance->v, instance->first.fd, e) < 0) {
		instance_free(instance);
		return NULL;
	}
	return instance;
}

static void template_drop(void)
{
	if (supervisor.spare)
		nacre_instance_drop(nacre_steal(supervisor.spare));
	if (supervisor.template)
		supervisor.ops->destroy(nacre_steal(supervisor.template));
}

/* A virtual process that exists: the spare, or a new clone; if the template broke, once from anew. */
static struct nacre_instance *instance_take(uint64_t deadline, struct nacre_error *e)
{
	struct nacre_instance *instance;

	for (int attempt = 0; attempt < 2; attempt++) {
		if (!supervisor.template)
			supervisor.template = supervisor.ops->prepare(supervisor.r, e);
		if (!supervisor.template)
			return NULL;
		instance = nacre_steal(supervisor.spare);
		if (!instance)
			instance = instance_request(e);
		if (instance && supervisor.ops->settle(supervisor.template, &instance->v, deadline, e) == 0) {
			if (supervisor.ops->alive(&instance->v))
				return instance;
			nacre_error_set(e, NACRE_E_LOST, 0, supervisor.r->name,
					"the virtual process ended as it came up");
		}
		nacre_instance_drop(instance);
		template_drop();
		if (nacre_clock() >= deadline)
			break;
	}
	return NULL;
}

/* Make a current instance and connect @channel to it. */
static int start(struct nacre_channel *channel, uint64_t deadline, struct nacre_error *e)
{
	struct nacre_instance *instance = atomic_load(&nacre_current);

	if (instance && instance_hold(instance))
		return nacre_channel_open(channel, instance, supervisor.ops, deadline, e);
	instance = instance_take(deadline, e);
	if (!instance)
		return -1;
	instance->generation = supervisor.generation;
	instance_hold(instance);
	if (nacre_channel_open(channel, instance, supervisor.ops, deadline, e) < 0) {
		nacre_instance_drop(instance);
		return -1;
	}
	atomic_store(&nacre_current, instance);
	if (!nacre_replay_run(channel))
		return nacre_error_set(e, NACRE_E_LOST, 0, supervisor.r->name,
				       "state could not be rebuilt");
	channel->owes_spare = !supervisor.spare;
	return 0;
}

void nacre_supervisor_spare(struct nacre_channel *channel)
{
	channel->owes_spare = false;
	if (pthread_mutex_trylock(&lock))
		return;
	free_dropped();
	if (!supervisor.spare && supervisor.template)
		supervisor.spare = instance_request(NULL);
	pthread_mutex_unlock(&lock);
}

/* Until @deadline, which no change of the time of day moves. */
static bool take_lock(uint64_t deadline)
{
	struct timespec until = {(time_t)(deadline / 1000000000u), (long)(deadline % 1000000000u)};
#ifdef __SANITIZE_THREAD__
	/* ThreadSanitizer does not see pthread_mutex_clocklock(); it sees this one, by the time of day. */
	int64_t left = (int64_t)(deadline - nacre_clock()), ns;

	clock_gettime(CLOCK_REALTIME, &until);
	ns = until.tv_nsec + (left > 0 ? left : 0);
	until.tv_sec += ns / 1000000000;
	until.tv_nsec = ns % 1000000000;
	return pthread_mutex_timedlock(&lock, &until) == 0;
#else
	return pthread_mutex_clocklock(&lock, CLOCK_MONOTONIC, &until) == 0;
#endif
}

bool nacre_supervisor_bind(struct nacre_channel *channel, uint32_t op)
{
	uint64_t until = nacre_clock() + NACRE_START_MS * MS, deadline = nacre_supervisor_deadline(op);
	const char *name = nacre_interface.ops[op].name;
	struct nacre_error e = {0};
	bool well = false, known = supervisor.r;

	nacre_channel_clear(channel, false);
	if (nacre_quarantined()) {
		nacre_log(NACRE_LOG_DEBUG, nacre_supervisor_name(), "%s: quarantined", name);
		return false;
	}
	if (until > deadline)
		until = deadline;
	if (!take_lock(until)) {
		nacre_log(NACRE_LOG_ERROR, nacre_supervisor_name(),
			  "%s: not served: another thread's restart took longer than the deadline", name);
		return false;
	}
	if (atomic_exchange(&supervisor.renew, false))
		template_drop();
	free_dropped();
	well = find_registration(&e) == 0;
	if (!known && well) /* only now it can be told what the registration allows */
		deadline = nacre_supervisor_deadline(op);
	if (until > deadline)
		until = deadline;
	well = well && start(channel, until, &e) == 0;
	if (!well && channel->instance && !atomic_load(&channel->instance->lost) &&
	    (e.code == NACRE_E_LOST || e.code == NACRE_E_VIOLATION)) {
		nacre_supervisor_lost(channel, op, NACRE_LOSS_START, e.msg);
	} else if (!well) {
		nacre_log(NACRE_LOG_ERROR, nacre_supervisor_name(), "%s: no virtual process: %s: %s",
			  name, e.where, e.msg);
		count_loss();
	}
	if (well)
		channel->deadline = deadline;
	else
		nacre_channel_clear(channel, false);
	pthread_mutex_unlock(&lock);
	return well;
}

/* What the signal handler in the virtual process had time to write; hostile, so only numbers. */
static void describe_crash(const struct nacre_channel *channel, char *text, size_t size)
{
	const volatile struct nacre_crash *c = &channel->map.page->crash;
	const char *name;
	int sig;

	if (!c->written) {
		snprintf(text, size, "it ended without a word");
		return;
	}
	sig = c->signal;
	name = sig ? sigabbrev_np(sig) : NULL;
	if (sig)
		snprintf(text, size, "it was ended by SIG%s (%d, code %d) at address 0x%llx",
			 name ? name : "?", sig, c->code, (unsigned long long)c->address);
	else
		snprintf(text, size, "it called exit(%u)", c->exit_status);
}

static void describe(const struct nacre_channel *channel, enum nacre_loss loss, const char *detail,
		     char *text, size_t size)
{
	switch (loss) {
	case NACRE_LOSS_DEATH:
		describe_crash(channel, text, size);
		break;
	case NACRE_LOSS_DEADLINE:
		snprintf(text, size, "the deadline passed (%s)", detail);
		break;
	case NACRE_LOSS_VIOLATION:
		snprintf(text, size, "it broke the interface: %s", detail);
		break;
	case NACRE_LOSS_START:
		snprintf(text, size, "it did not come up: %s", detail);
		break;
	}
}

/* Takes no lock that a restart may hold: the host is waiting for its declared failure. */
void nacre_supervisor_lost(struct nacre_channel *channel, uint32_t op, enum nacre_loss loss,
			   const char *detail)
{
	struct nacre_instance *instance = channel->instance, *expected = instance;
	char text[160];

	describe(channel, loss, detail, text, sizeof(text));
	if (atomic_exchange(&instance->lost, true)) {
		nacre_log(NACRE_LOG_ERROR, nacre_supervisor_name(), "%s: lost with virtual process %llu",
			  nacre_interface.ops[op].name, (unsigned long long)instance->v.serial);
		return;
	}
	supervisor.ops->stop(&instance->v);
	nacre_log(NACRE_LOG_ERROR, nacre_supervisor_name(), "%s: virtual process %llu is lost: %s",
		  nacre_interface.ops[op].name, (unsigned long long)instance->v.serial, text);
	count_loss();
	if (atomic_compare_exchange_strong(&nacre_current, &expected, NULL)) {
		atomic_fetch_add(&supervisor.generation, 1);
		nacre_handles_clear();
		nacre_instance_drop(instance); /* the supervisor's own reference */
	}
}

static void close_all(bool ours)
{
	struct nacre_instance *current = atomic_exchange(&nacre_current, NULL);

	if (!supervisor.ops)
		return;
	if (current) { /* other threads may still hold it: its descriptors go at once */
		if (ours)
			supervisor.ops->stop(&current->v);
		supervisor.ops->leave(&current->v);
		nacre_instance_drop(current);
	}
	template_drop();
}

void nacre_supervisor_forget(void)
{
	nacre_supervisor_init(); /* another thread may have held the lock while forking */
	if (supervisor.ops)
		supervisor.ops->forked();
	if (supervisor.spare) {
		supervisor.ops->leave(&supervisor.spare->v);
		supervisor.spare->first.page = NULL; /* not mapped in the child */
	}
	atomic_store(&supervisor.dropped, NULL); /* leaked: they may be half on the list */
	close_all(false);
	atomic_fetch_add(&supervisor.generation, 1);
	nacre_quarantine_forked();
	nacre_handles_forked();
	nacre_tokens_forked();
	nacre_intern_forked();
	nacre_replay_forked();
}

void nacre_supervisor_unload(void)
{
	if (nacre_forked() || pthread_mutex_trylock(&lock))
		return;
	close_all(true);
	if (nacre_channels_unload()) {
		free_dropped();
		nacre_replay_clear();
		nacre_handles_clear();
		nacre_tokens_clear();
		supervisor.r = NULL;
		nacre_registry_free(&supervisor.registry);
	}
	pthread_mutex_unlock(&lock);
	nacre_log_close();
}
