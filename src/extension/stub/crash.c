/* SPDX-License-Identifier: BSD-2-Clause */
/* crash.c - leave a note in the channels before the process ends
 *
 * The host learns of an end from the kernel, whatever happens here. The note says why: which signal
 * at which address, or exit() with which status; and as it is a message, the host need not wait
 * until the kernel has taken the process apart. A virtual process is the first process of
 * its pid namespace, for which the kernel ignores default actions of signals from inside, so
 * abort() would go on to an illegal instruction: the handler ends the process itself.
 */
#include "extension/stub/lane.h"

#include <errno.h>
#include <time.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SIGNAL_STACK = 16384 };

static struct nacre_lane *_Atomic lanes[NACRE_LANES_MAX];

bool nacre_crash_lane(struct nacre_lane *lane)
{
	struct nacre_lane *none;

	for (int i = 0; i < NACRE_LANES_MAX; i++) {
		none = NULL;
		if (atomic_compare_exchange_strong(&lanes[i], &none, lane))
			return true;
	}
	return false;
}

void nacre_crash_forget(struct nacre_lane *lane)
{
	stack_t stack = {.ss_flags = SS_DISABLE}, old;
	struct nacre_lane *it;

	for (int i = 0; i < NACRE_LANES_MAX; i++) {
		it = lane;
		if (atomic_compare_exchange_strong(&lanes[i], &it, NULL))
			break;
	}
	if (sigaltstack(&stack, &old) == 0 && !(old.ss_flags & SS_DISABLE))
		munmap(old.ss_sp, old.ss_size);
}

/*
 * What follows the note is for the host to decide, and it shall come to it soon: it may be waiting for
 * this very CPU. So the process steps back, its first thread (which will take the memory apart) as
 * well, and gives the host a moment to end it.
 */
static void step_back(void)
{
	static const struct timespec moment = {.tv_nsec = 5000000};
	static const struct sched_param none;

	sched_setscheduler(0, SCHED_IDLE, &none);
	nanosleep(&moment, NULL);
}

static void note(int sig, int code, uint64_t address, uint32_t status)
{
	for (int i = 0; i < NACRE_LANES_MAX; i++) {
		struct nacre_lane *lane = atomic_load(&lanes[i]);
		struct nacre_crash *crash;

		if (!lane)
			continue;
		crash = &lane->map.page->crash;
		crash->signal = sig;
		crash->code = code;
		crash->address = address;
		crash->exit_status = status;
		atomic_store(&crash->written, 1);
	}
}

/*
 * Only on the lane of the thread that crashed: the others may be writing messages of their own. Their
 * hosts learn of the end from the kernel, a moment later.
 */
static void tell_own_host(void)
{
	static const struct sched_param none;
	struct nacre_lane *lane = nacre_lane_current();

	if (!lane)
		return;
	sched_setscheduler(getpid(), SCHED_IDLE, &none);
	nacre_map_send(&lane->map, NULL, NACRE_KIND_CRASH, 0, 0);
	step_back();
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)context;
	note(sig, info->si_code, (uint64_t)(uintptr_t)info->si_addr, 0);
	tell_own_host();
	_exit(128 + sig);
}

static void on_exiting(int status, void *arg)
{
	(void)arg;
	note(0, 0, 0, (uint32_t)status);
	tell_own_host();
}

void nacre_crash_denied(int nr)
{
	struct nacre_lane *lane = nacre_lane_current();
	struct nacre_denied *denied;
	uint32_t n;

	if (!lane)
		lane = atomic_load(&lanes[0]);
	if (!lane)
		return;
	denied = &lane->map.page->denied;
	n = atomic_load_explicit(&denied->count, memory_order_relaxed);
	denied->nr[n % NACRE_DENIED_SLOTS] = (uint32_t)nr;
	atomic_store_explicit(&denied->count, n + 1, memory_order_release);
}

int nacre_crash_stack(void)
{
	stack_t stack = {.ss_size = SIGNAL_STACK};

	stack.ss_sp = mmap(NULL, SIGNAL_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stack.ss_sp == MAP_FAILED)
		return -1;
	return sigaltstack(&stack, NULL);
}

int nacre_crash_catch(struct nacre_error *e)
{
	static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGXCPU, SIGXFSZ};
	struct sigaction action = {.sa_sigaction = on_signal,
				   .sa_flags = SA_SIGINFO | SA_ONSTACK | (int)SA_RESETHAND};

	for (size_t i = 0; i < sizeof(fatal) / sizeof(*fatal); i++)
		if (sigaction(fatal[i], &action, NULL) < 0)
			return nacre_error_set(e, NACRE_E_SYSTEM, errno, "stub", "sigaction");
	if (on_exit(on_exiting, NULL))
		return nacre_error_set(e, NACRE_E_FAILED, 0, "stub", "on_exit");
	return nacre_crash_stack();
}
