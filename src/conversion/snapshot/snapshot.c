/* SPDX-License-Identifier: BSD-2-Clause */
/* snapshot.c - disks that are in use are copied as they were at one instant; theory of operation in snapshot.h */
#include "conversion/snapshot/snapshot.h"

#include "conversion/snapshot/bits.h"
#include "conversion/snapshot/disks.h"
#include "conversion/snapshot/freeze.h"
#include "conversion/snapshot/reader.h"
#include "conversion/snapshot/throttle.h"
#include "conversion/snapshot/writers.h"
#include "os/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
	ROUNDS_MAX = 16,
	SMALL = 4 << 20,        /* bytes: what is left after a round is little */
	LITTLE = 512 << 10,     /* the same, after a sync */
	SYNCS_MAX = 5,
	RESTARTS_MAX = 2,
	SHARE = 4,              /* who is slowed down may write at a quarter of the rate of copying, then a quarter of that */
	SLOWER_MAX = 4,
	FREEZE_MS = 2000,
	HOOK_S = 30
};

struct run {
	struct nacre_snapshot *s;
	const struct nacre_snapshot_options *o;
	struct nacre_snapshot_result *result;
	struct reader_disk reading[NACRE_LIVE_DISKS];
	struct reader *reader;
	struct writers writers;
	struct nacre_freezer *freezer;
	int mount_of[NACRE_FREEZE_MAX], mount_count; /* which of the lives the freezer's are */
	int slot[WRITERS_MAX];                       /* of the hooks in the result; -1: none */
	bool lost; /* changes were not reported: all that was copied may be old */
	bool last_called, hooks_called, frozen[NACRE_LIVE_MAX], quiet[NACRE_LIVE_MAX];
	uint64_t total; /* of this round */
	double rate;    /* bytes a second of the last long round */
	struct throttle throttle;
	int slower;           /* times that they were slowed down */
	uint64_t limit;       /* bytes a second for them; 0: none yet */
	double limited_since; /* 0: it is not set */
	struct nacre_priority copying; /* when nobody waits for us */
};

const char *nacre_consistency_name(enum nacre_consistency c)
{
	static const char *const names[] = {"crash", "file system", "application"};

	return c <= NACRE_CONSISTENT_APPLICATION ? names[c] : "?";
}

static void on_bytes(void *arg, uint64_t bytes)
{
	struct run *r = arg;

	if (r->o->says.dirty)
		r->o->says.dirty(r->o->says.arg, disks_dirty(r->s));
	if (r->o->says.bytes)
		r->o->says.bytes(r->o->says.arg, bytes < r->total ? bytes : r->total, r->total);
}

/* Return: 0 with *bytes of this round. */
static int round_once(struct run *r, uint64_t *bytes, struct nacre_error *e)
{
	double start = nacre_now();

	disks_find_swap(r->s);
	disks_take_marks(r->s);
	if (disks_find_used(r->s, e) < 0)
		return -1;
	*bytes = r->total = disks_find_todo(r->s);
	if (r->o->says.round)
		r->o->says.round(r->o->says.arg, r->result->rounds, *bytes);
	r->result->rounds++;
	if (reader_copy(r->reader, on_bytes, r, e) < 0)
		return -1;
	disks_have_todo(r->s);
	if (*bytes >= SMALL)
		on_bytes(r, *bytes);
	if (*bytes >= SMALL && nacre_now() > start)
		r->rate = (double)*bytes / (nacre_now() - start);
	return 0;
}

/* The limit that was chosen holds from here on. */
static int set_limit(struct run *r, struct nacre_error *e)
{
	nacre_freezer_limits(r->freezer, true);
	if (!r->limited_since)
		r->limited_since = nacre_now();
	if (throttle_set(&r->throttle, &r->limit, e) < 0)
		return -1;
	r->result->slowed_to = r->limit;
	if (r->o->says.slowed)
		r->o->says.slowed(r->o->says.arg, r->limit);
	return 0;
}

/* They may write as before. */
static void lift_limit(struct run *r)
{
	if (!r->limited_since)
		return;
	throttle_restore(&r->throttle);
	nacre_freezer_limits(r->freezer, false);
	r->result->slowed_s += nacre_now() - r->limited_since;
	r->limited_since = 0;
	if (r->o->says.slowed)
		r->o->says.slowed(r->o->says.arg, 0);
}

/* More is written than copied. Return: 1: not from here on, by a new or lower limit; 0: that cannot be helped; -1 */
static int slow_writers(struct run *r, struct nacre_error *e)
{
	if (!r->throttle.count || r->rate <= 0 || r->slower == SLOWER_MAX)
		return 0;
	/* One that was only lifted meanwhile is enough again. */
	if (!r->limit || r->limited_since) {
		r->slower++;
		r->limit = (r->limit ? r->limit : (uint64_t)r->rate) / SHARE;
	}
	return set_limit(r, e) < 0 ? -1 : 1;
}

/* Until little is left, or it does not get less. */
static int rounds(struct run *r, struct nacre_error *e)
{
	uint64_t bytes, before = UINT64_MAX;
	int least = 2; /* rounds, before it is asked whether it gets less */

	for (int i = 0; i < ROUNDS_MAX; i++) {
		if (round_once(r, &bytes, e) < 0)
			return -1;
		if (bytes <= SMALL)
			break;
		if (i >= least && bytes > before / 10 * 8) {
			int slowed = slow_writers(r, e);

			if (slowed <= 0)
				return slowed;
			least = i + 2; /* the next round has what was written before that */
		}
		before = bytes;
	}
	return 0;
}

static uint32_t most_ms(const struct run *r)
{
	return r->o->max_freeze_ms ? r->o->max_freeze_ms : FREEZE_MS;
}

/* The same with what is still in memory: it is written out, and copied. */
static int sync_until_little(struct run *r, int most, uint64_t *bytes, struct nacre_error *e)
{
	uint64_t before = UINT64_MAX;

	for (int i = 0; i < most; i++) {
		disks_sync(r->s);
		if (round_once(r, bytes, e) < 0)
			return -1;
		if (*bytes <= LITTLE || *bytes > before / 10 * 8)
			break;
		before = *bytes;
	}
	return 0;
}

/* What has no room in memory has to go to the sink while all is frozen. */
static bool too_much(const struct run *r, uint64_t bytes)
{
	return r->rate > 0 && bytes > READER_KEEP && (double)(bytes - READER_KEEP) / r->rate * 1000 > most_ms(r);
}

static int sync_rounds(struct run *r, int most, struct nacre_error *e)
{
	uint64_t bytes;

	if (sync_until_little(r, most, &bytes, e) < 0)
		return -1;
	while (too_much(r, bytes)) {
		int slowed = slow_writers(r, e);

		if (slowed < 0)
			return -1;
		if (!slowed)
			return nacre_error_set(e, NACRE_E_SUPPORT, 0, "the disks",
					       "are written faster (%" PRIu64 " MiB since the last round) than they can be copied: "
					       "slow down what writes (--throttle-unit) or stop it (--stop-unit), or allow a longer "
					       "--max-freeze", bytes >> 20);
		/* The first round has what was written before that. */
		if (round_once(r, &bytes, e) < 0 || sync_until_little(r, most, &bytes, e) < 0)
			return -1;
	}
	return 0;
}

/* Who is held waits for us, and we for nobody. */
static int set_priority(struct run *r, bool holding, struct nacre_error *e)
{
	if (!r->o->holding)
		return 0;
	if (nacre_priority_set(holding ? *r->o->holding : r->copying, e) == 0)
		return 0;
	return nacre_error_add(e, "the instant is to be at normal priority");
}

static int start_freezer(struct run *r, struct nacre_error *e)
{
	struct nacre_freeze_what what = {.most_ms = most_ms(r),
					 .hooks = (const char *const *)r->writers.paths,
					 .throttle = &r->throttle};

	for (int i = 0; i < r->s->lives.count; i++) {
		struct nacre_live *live = &r->s->lives.list[i];

		if (live->fd < 0 || live->read_only)
			continue;
		r->mount_of[what.mount_count] = i;
		what.mounts[what.mount_count] = live->fd;
		what.mount_names[what.mount_count++] = live->mount;
	}
	for (int i = 0; r->o->stop_cgroups && r->o->stop_cgroups[i]; i++) {
		if (what.cgroup_count == NACRE_FREEZE_MAX)
			return nacre_error_set(e, NACRE_E_USAGE, 0, "--stop-cgroup", "is given too often");
		what.cgroups[what.cgroup_count++] = r->o->stop_cgroups[i];
	}
	r->mount_count = what.mount_count;
	r->freezer = nacre_freezer_open(&what, e);
	return r->freezer ? 0 : -1;
}

/* Freeze and thaw each once; what cannot be frozen is known from then on. */
static int prime(struct run *r, struct nacre_error *e)
{
	if (nacre_freezer_prime(r->freezer, e) < 0)
		return -1;
	for (int i = 0; i < r->mount_count; i++) {
		struct nacre_live *live = &r->s->lives.list[r->mount_of[i]];

		r->frozen[r->mount_of[i]] = nacre_freezer_freezes(r->freezer, i);
		if (!nacre_freezer_freezes(r->freezer, i))
			strcpy(live->problem, "its driver cannot freeze it");
	}
	return 0;
}

/* The first problem that a hook had is told; one whose program is not here is not told of at all. */
static void call_writers(struct run *r, const char *word)
{
	struct nacre_snapshot_result *result = r->result;

	writers_call(&r->writers, word, r->o->hook_timeout_s ? r->o->hook_timeout_s : HOOK_S);
	for (int i = 0; i < r->writers.count; i++) {
		if (!r->hooks_called)
			r->slot[i] = r->writers.absent[i] ? -1 : result->writer_count++;
		if (r->slot[i] < 0)
			continue;
		snprintf(result->writers[r->slot[i]].name, sizeof(result->writers[0].name), "%s",
			 writers_name(&r->writers, i));
		if (!result->writers[r->slot[i]].problem[0])
			memcpy(result->writers[r->slot[i]].problem, r->writers.problems[i],
			       sizeof(result->writers[0].problem));
	}
	r->hooks_called = true;
}

/* Was anything of the volume written since the marks were last taken, by the marks that were taken now? */
static bool untouched(const struct nacre_snapshot *s, const struct nacre_live *live)
{
	const struct disk *d = &s->disks[live->disk];
	uint64_t end = (live->start + live->length + d->grain - 1) / d->grain;

	end = end < d->grains ? end : d->grains;
	return live->map != NACRE_LIVE_ELSEWHERE && bits_next(d->marks, live->start / d->grain, end, true) == end;
}

/* Everything is frozen from the first to the last line of it. */
static int window(struct run *r, struct nacre_error *e)
{
	int failed;

	disks_take_marks(r->s);
	for (int i = 0; i < r->s->lives.count; i++)
		r->quiet[i] = untouched(r->s, &r->s->lives.list[i]);
	r->lost = disks_lost(r->s);
	if (r->lost)
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, "the disks",
				       "the kernel did not report all changes, %d times: end other tracing tools, and begin anew",
				       r->result->restarts + 1);
	r->lost = swapfiles_changed(&r->s->swapfiles);
	if (r->lost)
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, "/proc/swaps", "swap files come and go, %d times by now: begin anew",
				       r->result->restarts + 1);
	failed = disks_find_used(r->s, e);
	r->result->last = disks_find_todo(r->s);
	if (!failed)
		failed = reader_keep(r->reader, e);
	return failed;
}

/* What was not frozen is as good if nothing was written to it meanwhile. */
static void look_again(struct run *r)
{
	for (unsigned i = 0; i < r->s->count; i++) {
		struct disk *d = &r->s->disks[i];

		memset(d->marks, 0, d->words * sizeof(*d->marks));
		nacre_tracker_take(d->tracker, d->marks);
		nacre_tracker_put_back(d->tracker, d->marks);
	}
	for (int i = 0; i < r->s->lives.count; i++)
		if (!r->frozen[i])
			r->quiet[i] &= untouched(r->s, &r->s->lives.list[i]);
}

static int instant(struct run *r, struct nacre_error *e)
{
	double held = 0;
	int failed;

	if (nacre_freezer_freeze(r->freezer, e) < 0)
		return -1;
	failed = window(r, e);
	if (!failed && r->o->held) { /* a test looks: all of the copy is to be there */
		double start = nacre_now();

		failed = reader_send(r->reader, e);
		r->o->held(r->o->held_arg);
		held = (nacre_now() - start) * 1000;
	}
	if (nacre_freezer_thaw(r->freezer, failed ? NULL : e) < 0)
		failed = -1;
	r->result->frozen_ms = nacre_freezer_ms(r->freezer) - held;
	if (failed)
		return -1;
	look_again(r);
	return 0;
}

/* What a hook did not reach, the rest of the copy cannot make up for. */
static int check_writers(const struct run *r, struct nacre_error *e)
{
	const struct nacre_snapshot_result *result = r->result;

	for (int i = 0; i < result->writer_count; i++)
		if (result->writers[i].problem[0])
			return nacre_error_set(e, NACRE_E_FAILED, 0, result->writers[i].name,
					       "%.90s; --require application asks for every hook", result->writers[i].problem);
	return 0;
}

/* Programs hold still from the first to the last line of it. */
static int hold(struct run *r, struct nacre_error *e)
{
	double start = nacre_now();
	int failed;

	if (set_priority(r, true, e) < 0)
		return -1;
	nacre_freezer_hooks(r->freezer, true);
	/* What a hook has its program write out is not to be slow; nor is what the file systems write when they are frozen. */
	if (r->writers.count) {
		lift_limit(r);
		call_writers(r, "freeze");
	}
	failed = r->o->require == NACRE_CONSISTENT_APPLICATION ? check_writers(r, e) : 0;
	if (!failed && r->limit)
		failed = set_limit(r, e);
	if (!failed)
		failed = sync_rounds(r, r->writers.count ? 2 : 1, e);
	lift_limit(r);
	if (!failed)
		failed = instant(r, e);
	if (r->writers.count)
		call_writers(r, "thaw");
	nacre_freezer_hooks(r->freezer, false);
	set_priority(r, false, NULL);
	r->result->held_ms = r->writers.count ? (nacre_now() - start) * 1000 : 0;
	return failed;
}

static int check_trackers(struct run *r, struct nacre_error *e)
{
	for (unsigned i = 0; i < r->s->count; i++)
		if (nacre_tracker_check(r->s->disks[i].tracker, e) < 0)
			return -1;
	return 0;
}

/* How good the copy of a volume is, and why. */
static void judge(struct run *r, int which, struct nacre_snapshot_volume *v)
{
	const struct nacre_live *live = &r->s->lives.list[which];
	char bad[64] = "";
	int good = 0;

	snprintf(v->mount, sizeof(v->mount), "%s", live->mount);
	snprintf(v->type, sizeof(v->type), "%s", live->type);
	if (!r->frozen[which] && !live->read_only && !r->quiet[which]) {
		v->consistency = NACRE_CONSISTENT_CRASH;
		snprintf(v->why, sizeof(v->why), "%.90s%sit was written to meanwhile", live->problem, *live->problem ? ", and " : "");
		return;
	}
	v->consistency = NACRE_CONSISTENT_FILE_SYSTEM;
	for (int i = 0; i < r->result->writer_count; i++) {
		if (r->result->writers[i].problem[0])
			snprintf(bad, sizeof(bad), "%s", r->result->writers[i].name);
		else
			good++;
	}
	if (*bad)
		snprintf(v->why, sizeof(v->why), "frozen; the hook %s failed", bad);
	else if (live->read_only)
		snprintf(v->why, sizeof(v->why), "mounted read-only");
	else if (!r->frozen[which])
		snprintf(v->why, sizeof(v->why), "%.60s; nothing was written to it", live->problem);
	else if (good || (r->o->stop_cgroups && r->o->stop_cgroups[0]))
		snprintf(v->why, sizeof(v->why), "frozen, after %s", good ? "the hooks' programs had flushed"
									  : "the named programs had stopped");
	else
		snprintf(v->why, sizeof(v->why), "frozen; no program has a hook");
	if (!*bad && good)
		v->consistency = NACRE_CONSISTENT_APPLICATION;
}

static int judge_all(struct run *r, struct nacre_error *e)
{
	struct nacre_snapshot_result *result = r->result;

	for (int i = 0; i < r->s->lives.count; i++) {
		struct nacre_snapshot_volume *v = &result->volumes[result->volume_count++];

		judge(r, i, v);
		if (v->consistency < r->o->require)
			return nacre_error_set(e, NACRE_E_FAILED, 0, v->mount,
					       "its copy would be %s-consistent only (%.100s), and --require asks for more",
					       nacre_consistency_name(v->consistency), v->why);
	}
	return 0;
}

/* What was copied may have changed unseen: all of it is copied again, and what is tracked is checked from now on. */
static int forget(struct run *r, struct nacre_error *e)
{
	r->result->restarts++;
	for (unsigned i = 0; i < r->s->count; i++) {
		struct disk *d = &r->s->disks[i];

		disks_distrust(d); /* before the tracking is believed again */
		if (nacre_tracker_begin(d->tracker, e) < 0)
			return -1;
		for (size_t w = 0; w < d->words; w++)
			d->begun[w] |= d->used[w];
	}
	/* Nobody tells again what of these is in use. */
	for (int i = 0; i < r->s->lives.count; i++) {
		const struct nacre_live *live = &r->s->lives.list[i];
		struct disk *d = &r->s->disks[live->disk];
		uint64_t end = (live->start + live->length) / d->grain;

		if (live->map == NACRE_LIVE_READER)
			bits_fill(d->begun, live->start / d->grain, end < d->grains ? end : d->grains, true);
	}
	disks_sync(r->s);
	return disks_find_begun(r->s, e);
}

static int copy_all(struct run *r, struct nacre_error *e)
{
	if (disks_find_begun(r->s, e) < 0)
		return -1;
	for (;;) {
		if (rounds(r, e) < 0 || sync_rounds(r, SYNCS_MAX, e) < 0 || prime(r, e) < 0)
			return -1;
		if (r->o->last && !r->last_called) {
			r->last_called = true;
			if (r->o->last(r->o->last_arg, e) < 0 || sync_rounds(r, SYNCS_MAX, e) < 0)
				return -1;
		}
		/*
		 * What was in memory stays there. The rest may be read from a root that is frozen, but only reading is
		 * possible then, and slow.
		 */
		mlockall(MCL_CURRENT | MCL_ONFAULT);
		if (hold(r, e) == 0)
			return 0;
		if (!r->lost || r->result->restarts == RESTARTS_MAX || forget(r, e) < 0)
			return -1;
	}
}

static int run(struct run *r, const struct nacre_snapshot_sink *sink, struct nacre_error *e)
{
	struct nacre_snapshot *s = r->s;
	dev_t devices[NACRE_LIVE_DISKS];

	for (unsigned i = 0; i < s->count; i++) {
		devices[i] = s->disks[i].device;
		r->reading[i] = (struct reader_disk){.fd = s->disks[i].fd, .path = s->disks[i].path,
						     .size = s->disks[i].size, .grain = s->disks[i].grain,
						     .todo = s->disks[i].todo};
	}
	/* The watchdog is to be as fast as we are in the instant; whether we can be is known before anything is copied. */
	if (writers_find(r->o->hook_directories, &r->writers, e) < 0 ||
	    throttle_open(&r->throttle, r->o->throttle_cgroups, devices, s->count, e) < 0 || set_priority(r, true, e) < 0 ||
	    start_freezer(r, e) < 0 || set_priority(r, false, e) < 0)
		return -1;
	r->reader = reader_open(r->reading, s->count, sink, r->o, e);
	if (!r->reader || copy_all(r, e) < 0 || check_trackers(r, e) < 0 || judge_all(r, e) < 0 ||
	    reader_send(r->reader, e) < 0)
		return -1;
	disks_have_todo(r->s);
	return 0;
}

int nacre_snapshot_run(struct nacre_snapshot *s, const struct nacre_extents *const *maps,
		       const struct nacre_snapshot_sink *sink, const struct nacre_snapshot_options *o,
		       struct nacre_snapshot_result *result, struct nacre_error *e)
{
	struct run r = {.s = s, .o = o, .result = result, .copying = nacre_priority_get()};
	double start = nacre_now();
	int failed;

	memset(result, 0, sizeof(*result));
	for (unsigned i = 0; i < s->count; i++)
		disks_take_map(&s->disks[i], maps[i], o->unwanted);
	disks_drop_unwanted(s);
	disks_keep_mounted(s);
	failed = run(&r, sink, e);
	munlockall();
	lift_limit(&r);
	nacre_freezer_close(r.freezer);
	throttle_close(&r.throttle);
	if (r.reader) {
		const struct reader_counts *counts = reader_counts(r.reader);

		result->read = counts->read;
		result->written = counts->written;
		result->zeroes = counts->zeroes;
		result->bad = counts->bad;
		result->first_bad = counts->first_bad;
	}
	reader_close(r.reader);
	writers_free(&r.writers);
	for (unsigned i = 0; i < s->count; i++)
		result->used += bits_count(s->disks[i].used, s->disks[i].words) * s->disks[i].grain;
	result->seconds = nacre_now() - start;
	return failed;
}
