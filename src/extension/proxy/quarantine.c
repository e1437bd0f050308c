/* SPDX-License-Identifier: BSD-2-Clause */
/* quarantine.c - an extension that fails too often is left alone for a while
 *
 * Losses are counted over ten seconds. When there are too many, calls fail at once until a pause is
 * over: one second, then twice as long each time, up to about a minute. A loss that comes alone resets
 * the pause. Under a lock of its own, as losses are noticed by threads that must not wait.
 */
#include "extension/proxy/runtime.h"

enum {
	FAILURES_DEFAULT = 5,
	FAILURES_KEPT = 64,
	WINDOW_MS = 10000,
	PAUSE_FIRST_MS = 1000,
	PAUSE_LAST_MS = 64000
};

#define MS ((uint64_t)1000000)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t failures[FAILURES_KEPT]; /* when, a ring */
static uint32_t count;
static uint64_t pause_ms;
static _Atomic uint64_t paused_until;

bool nacre_quarantined(void)
{
	uint64_t until = atomic_load(&paused_until);

	return until && nacre_clock() < until;
}

bool nacre_quarantine_count(uint32_t max)
{
	bool begins = false;
	uint64_t now = nacre_clock(), oldest;

	if (!max)
		max = FAILURES_DEFAULT;
	pthread_mutex_lock(&lock);
	failures[count++ % FAILURES_KEPT] = now;
	if (max > FAILURES_KEPT || count < max)
		goto out;
	oldest = failures[(count - max) % FAILURES_KEPT];
	if (now - oldest > WINDOW_MS * MS) {
		pause_ms = 0;
		goto out;
	}
	pause_ms = !pause_ms ? PAUSE_FIRST_MS : pause_ms * 2 > PAUSE_LAST_MS ? PAUSE_LAST_MS : pause_ms * 2;
	atomic_store(&paused_until, now + pause_ms * MS);
	count = 0;
	begins = true;
	nacre_log(NACRE_LOG_ERROR, nacre_supervisor_name(),
		  "%u failures within %d s: quarantined for %llu ms; calls fail at once", max,
		  WINDOW_MS / 1000, (unsigned long long)pause_ms);
out:
	pthread_mutex_unlock(&lock);
	return begins;
}

void nacre_quarantine_forked(void)
{
	pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;

	memcpy(&lock, &fresh, sizeof(lock));
	count = 0;
	pause_ms = 0;
	atomic_store(&paused_until, 0);
}
