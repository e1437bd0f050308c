/* SPDX-License-Identifier: BSD-2-Clause */
/* running.c - the source is in use; see running.h */
#include "conversion/running.h"

#include "base/auto.h"
#include "conversion/place.h"
#include "conversion/transfer/differ.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

enum { TRIES = 3 };

int nacre_running_elsewhere(const struct nacre_snapshot *s, const char *directory, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *above = nacre_place_above(directory);
	NACRE_AUTO_FD int there = above ? open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	const struct nacre_live *on = there < 0 ? NULL : nacre_live_of(nacre_snapshot_lives(s), there);
	if (!on) /* whoever makes the directory says what else is wrong */
		return 0;
	return nacre_error_set(e, NACRE_E_USAGE, 0, directory, "lies in %.80s, which is converted: take a place on another disk",
			       on->mount);
}

static bool is_mounted(const struct nacre_snapshot *s, const struct nacre_place *place)
{
	const struct nacre_lives *lives = s ? nacre_snapshot_lives(s) : NULL;

	for (int i = 0; lives && i < lives->count; i++)
		if (lives->list[i].map != NACRE_LIVE_ELSEWHERE && lives->list[i].disk == place->disk &&
		    lives->list[i].start == place->partition.start)
			return true;
	return false;
}

/* A journal that waits is what every mounted file system has; the instant's copy has none. */
static void forget_dirty(struct nacre_inventory *inventory)
{
	int kept = 0;

	for (int i = 0; i < inventory->finding_count; i++)
		if (strcmp(inventory->findings[i].what, "a file system that was not unmounted"))
			inventory->findings[kept++] = inventory->findings[i];
	inventory->finding_count = kept;
}

int nacre_running_look(struct nacre_image *const *images, const char *const *names, int count, const struct nacre_snapshot *s,
		       struct nacre_inventory *inventory, struct nacre_plan *plan, struct nacre_error *e)
{
	for (int i = 0;; i++) {
		bool torn = false;

		for (int k = 0; k < count; k++)
			ioctl(images[k]->fd, BLKFLSBUF, 0);
		if (nacre_inventory_take(images, names, count, false, inventory, e) < 0)
			return -1;
		for (int k = 0; k < inventory->place_count; k++)
			torn |= inventory->places[k].problem[0] && *inventory->places[k].driver &&
				is_mounted(s, &inventory->places[k]);
		if (!torn || i == TRIES - 1)
			break;
		nacre_inventory_free(inventory);
	}
	/* The kernel tells what is in use of what it has mounted: no log makes that doubtful. */
	for (int k = 0; k < inventory->place_count; k++)
		if (is_mounted(s, &inventory->places[k]))
			inventory->places[k].info.state &= ~(uint32_t)NACRE_FS_DIRTY;
	if (nacre_plan_make(inventory, plan, e) < 0)
		return -1;
	forget_dirty(inventory);
	return 0;
}

/* A copy on its way. Only what all is read for is compared with what is there: what was just written to is another one. */
struct copying {
	struct nacre_differ *differs[NACRE_DISKS_MAX];
	int count;
	const struct nacre_snapshot *snapshot;
	const struct nacre_convert_says *says;
	const struct nacre_snapshot_result *result;
	int restarts; /* that were compared */
	bool resumed;
};

static int put(void *arg, unsigned disk, uint64_t offset, const void *data, size_t size, struct nacre_error *e)
{
	return nacre_differ_write(((struct copying *)arg)->differs[disk], offset, data, size, e);
}

static int put_zero(void *arg, unsigned disk, uint64_t offset, uint64_t length, struct nacre_error *e)
{
	return nacre_differ_zero(((struct copying *)arg)->differs[disk], offset, length, e);
}

static void on_round(void *arg, int number, uint64_t bytes)
{
	struct copying *c = arg;
	bool since = true;

	for (int i = 0; i < c->count; i++) {
		bool trusted = nacre_snapshot_trusted(c->snapshot, (unsigned)i);

		since &= trusted;
		nacre_differ_compare(c->differs[i], (!number && c->resumed && !trusted) || c->result->restarts > c->restarts);
	}
	c->restarts = c->result->restarts;
	if (!number && since && c->says->stage)
		c->says->stage(c->says->arg, "only what changed since the last time");
	if (c->says->round)
		c->says->round(c->says->arg, number, bytes);
}

static void on_bytes(void *arg, uint64_t done, uint64_t total)
{
	const struct copying *c = arg;

	if (c->says->bytes)
		c->says->bytes(c->says->arg, done, total);
}

static void on_dirty(void *arg, uint64_t bytes)
{
	const struct copying *c = arg;

	if (c->says->dirty)
		c->says->dirty(c->says->arg, bytes);
}

static void on_slowed(void *arg, uint64_t bytes_per_second)
{
	const struct copying *c = arg;

	if (c->says->slowed)
		c->says->slowed(c->says->arg, bytes_per_second);
}

int nacre_running_copy(struct nacre_snapshot *s, const struct nacre_plan *plan, struct nacre_sink *sink,
		       const struct nacre_snapshot_options *o, const struct nacre_convert_says *says,
		       struct nacre_snapshot_result *result, uint64_t *there, struct nacre_error *e)
{
	const struct nacre_extents *maps[NACRE_DISKS_MAX];
	struct copying c = {.snapshot = s, .says = says, .result = result, .resumed = sink->resumed, .count = plan->count};
	const struct nacre_snapshot_sink to = {put, put_zero, &c};
	struct nacre_snapshot_options options = *o;
	bool failed = false;

	options.unwanted = NACRE_USE_LEFT;
	options.says = (struct nacre_snapshot_says){.round = on_round, .bytes = on_bytes, .dirty = on_dirty,
						    .slowed = on_slowed, .arg = &c};
	for (int i = 0; i < plan->count && !failed; i++) {
		maps[i] = &plan->maps[i];
		c.differs[i] = nacre_differ_open(sink, (unsigned)i, e);
		failed = !c.differs[i];
	}
	failed = failed || nacre_snapshot_run(s, maps, &to, &options, result, e) < 0;
	*there = 0;
	for (int i = 0; i < plan->count; i++) {
		*there += c.differs[i] ? nacre_differ_there(c.differs[i]) : 0;
		nacre_differ_close(c.differs[i]);
	}
	result->written -= *there < result->written ? *there : result->written;
	return failed ? -1 : nacre_sink_sync(sink, e);
}

static struct nacre_sink_note *note(struct nacre_sink_note *notes, int *count, int most, const char *name)
{
	static struct nacre_sink_note none;
	struct nacre_sink_note *n = *count < most ? &notes[(*count)++] : &none;

	snprintf(n->name, sizeof(n->name), "%s", name);
	return n;
}

int nacre_running_notes(const struct nacre_snapshot_result *r, struct nacre_sink_note *notes, int most)
{
	int count = 0;
	struct nacre_sink_note *n = note(notes, &count, most, "Frozen");

	snprintf(n->value, sizeof(n->value), "%.1f ms, %d rounds before, %llu KiB read meanwhile", r->frozen_ms, r->rounds,
		 (unsigned long long)r->last >> 10);
	if (r->slowed_to) {
		n = note(notes, &count, most, "Slowed down");
		snprintf(n->value, sizeof(n->value), "the named programs, to %llu KiB/s, for %.1f s",
			 (unsigned long long)r->slowed_to >> 10, r->slowed_s);
	}
	for (int i = 0; i < r->volume_count; i++) {
		const struct nacre_snapshot_volume *v = &r->volumes[i];
		char name[32];

		snprintf(name, sizeof(name), "Copy of %s%s", strlen(v->mount) > 23 ? "..." : "",
			 strlen(v->mount) > 23 ? v->mount + strlen(v->mount) - 20 : v->mount);
		n = note(notes, &count, most, name);
		snprintf(n->value, sizeof(n->value), "%s-consistent: %.130s", nacre_consistency_name(v->consistency),
			 v->why);
	}
	for (int i = 0; i < r->writer_count; i++) {
		char name[32];

		snprintf(name, sizeof(name), "Hook %.26s", r->writers[i].name);
		n = note(notes, &count, most, name);
		snprintf(n->value, sizeof(n->value), "%s",
			 *r->writers[i].problem ? r->writers[i].problem : "its program had flushed and held still");
	}
	return count;
}
