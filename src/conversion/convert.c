/* SPDX-License-Identifier: BSD-2-Clause */
/* convert.c - the instructions of a conversion, in order; theory of operation in convert.h */
#include "conversion/convert.h"

#include "base/auto.h"
#include "conversion/at_source.h"
#include "conversion/cutover.h"
#include "conversion/grow.h"
#include "conversion/mend.h"
#include "conversion/place.h"
#include "conversion/result.h"
#include "conversion/running.h"
#include "conversion/spool.h"
#include "conversion/streamed.h"
#include "conversion/swap.h"
#include "conversion/transfer/stream.h"
#include "conversion/verify.h"
#include "disk/copy.h"
#include "disk/forgiving.h"
#include "os/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One conversion; what is NULL or zero is not there yet. */
struct run {
	const struct nacre_convert_options *o;
	struct nacre_convert_result *result;
	struct nacre_image *from[NACRE_DISKS_MAX];
	struct nacre_inventory source;
	bool looked;
	struct nacre_plan plan;
	struct nacre_snapshot *snapshot; /* of a source in use */
	struct nacre_again *again;       /* ... that is converted again and again */
	struct nacre_cutover *cutover;
	struct nacre_sink *sink;
	bool keep; /* what is at the sink is worth being resumed */
	struct nacre_growth growth; /* of a last partition that grew by our hands, not the sink's */
};

static void stage(const struct run *r, const char *name)
{
	if (r->o->says.stage)
		r->o->says.stage(r->o->says.arg, name);
}

static int open_again(struct run *r, struct nacre_error *e)
{
	char destination[640];

	if (nacre_again_destination(destination, sizeof(destination), r->o->directory, r->o->remote, e))
		return -1;
	r->again = nacre_again_open(destination, r->o->sources, (unsigned)r->o->source_count, e);
	return r->again ? 0 : -1;
}

static int open_sources(struct run *r, struct nacre_error *e)
{
	const struct nacre_convert_options *o = r->o;

	/* Tracking begins before anything is read. */
	if (o->live && (o->again || o->cutover) && !o->plan_only && open_again(r, e))
		return -1;
	if (o->live && !o->plan_only &&
	    (!(r->snapshot = nacre_snapshot_again(o->sources, nacre_again_left(r->again), (unsigned)o->source_count, e)) ||
	     (!o->remote && !o->streamed && nacre_running_elsewhere(r->snapshot, o->directory, e) < 0)))
		return -1;
	for (int i = 0; i < o->source_count; i++) {
		r->from[i] = nacre_image_open(o->sources[i], o->live ? "raw" : o->source_format, false, e);
		if (r->from[i] && o->zero_bad && !o->live)
			r->from[i] = nacre_forgiving_image(r->from[i], e);
		if (!r->from[i])
			return -1;
	}
	return 0;
}

/* Inventory and plan. */
static int find_out(struct run *r, struct nacre_error *e)
{
	const struct nacre_convert_options *o = r->o;
	const char *const *names = o->own ? o->sources : NULL;

	r->looked = true;
	if (o->live)
		return nacre_running_look(r->from, names, o->source_count, r->snapshot, &r->source, &r->plan, e);
	return nacre_inventory_take(r->from, names, o->source_count, false, &r->source, e) ||
	       nacre_plan_make(&r->source, &r->plan, e) ? -1 : 0;
}

/* What could not be mended need not be copied first. */
static int check_root(struct run *r, struct nacre_error *e)
{
	const struct nacre_inventory *n = &r->source;
	const char *why = "";

	if (n->root >= 0 && nacre_plan_wants(&r->plan, &n->places[n->root]))
		return r->o->plan_only ? 0 : nacre_volume_writes(n->places[n->root].driver, e);
	/* Of a volume that cannot be read nobody knows what it is: it is data if somebody says so. */
	for (int i = 0; i < n->place_count && !*why; i++)
		why = n->places[i].problem;
	if (!r->o->volumes)
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, r->o->sources[0],
				       "no volume with an operating system can be read%s%.90s; --volume says what is to be "
				       "copied as data", *why ? ": " : "", why);
	if (r->o->grow_last)
		return nacre_error_set(e, NACRE_E_USAGE, 0, "--grow-last", "nothing is fixed where no system is copied");
	r->result->data = true;
	return 0;
}

static int look(struct run *r, struct nacre_error *e)
{
	double start = nacre_now();

	stage(r, r->o->source_count > 1 ? "looking at the disks" : "looking at the disk");
	if (open_sources(r, e) || find_out(r, e))
		return -1;
	if (r->o->own)
		nacre_inventory_computer(&r->source);
	if (r->o->volumes && nacre_plan_choose(&r->plan, &r->source, r->o->volumes, e) < 0)
		return -1;
	if (check_root(r, e) < 0)
		return -1;
	r->result->seconds_look = nacre_now() - start;
	r->result->used = r->plan.used;
	r->result->skipped = r->plan.skipped;
	return 0;
}

static int define_disks(struct run *r, struct nacre_error *e)
{
	struct nacre_definition *d = &r->result->definition;
	bool raw = r->o->format && !strcmp(r->o->format, "raw");

	for (int i = 0; i < r->o->source_count; i++) {
		struct nacre_definition_disk *disk = &d->disks[d->disk_count++];

		snprintf(disk->file, sizeof(disk->file), "disk%d.%s", i, raw ? "raw" : "vhd");
		snprintf(disk->format, sizeof(disk->format), "%s", raw ? "raw" : "vhd");
		disk->size = r->o->size && !i ? r->o->size : r->from[i]->size;
		if (disk->size < r->from[i]->size)
			return nacre_error_set(e, NACRE_E_USAGE, 0, "--size",
					       "%llu bytes are less than the source's %llu; a disk cannot shrink",
					       (unsigned long long)disk->size, (unsigned long long)r->from[i]->size);
	}
	return 0;
}

/* What the virtual machine is called and made of; see the options. */
static int define(struct run *r, struct nacre_error *e)
{
	struct nacre_definition *d = &r->result->definition;
	const struct nacre_inventory *source = &r->source;
	const char *where = r->o->remote ? r->o->remote->name : r->o->directory, *last = strrchr(where, '/');

	if (nacre_definition_init(d, r->o->name ? r->o->name : last && last[1] ? last + 1 : where,
				  e) < 0)
		return -1;
	snprintf(d->architecture, sizeof(d->architecture), "%s",
		 source->architecture[0] ? source->architecture : "x86_64");
	snprintf(d->os_id, sizeof(d->os_id), "%s", source->os_id);
	snprintf(d->os_name, sizeof(d->os_name), "%s", source->os_name);
	d->uefi = source->uefi;
	if (r->o->memory_mb || source->memory_mb)
		d->memory_mb = r->o->memory_mb ? r->o->memory_mb : source->memory_mb;
	if (r->o->cpus || source->cpus)
		d->cpus = r->o->cpus ? r->o->cpus : source->cpus < 255 ? source->cpus : 255;
	for (int i = 0; i < source->nic_count && d->nic_count < NACRE_DEFINITION_NICS; i++) {
		if (!source->nics[i].mac[0])
			continue;
		memcpy(d->nics[d->nic_count].mac, source->nics[i].mac, sizeof(d->nics[0].mac));
		memcpy(d->nics[d->nic_count].name, source->nics[i].name, sizeof(d->nics[0].name));
		d->nic_count++;
	}
	return define_disks(r, e) ? -1 : nacre_definition_check(d, e);
}

static int make_disk(struct run *r, unsigned number, struct nacre_error *e)
{
	struct nacre_sink_disk disk = {.size = r->result->definition.disks[number].size,
				       .source_size = r->from[number]->size, .map = &r->plan.maps[number]};

	snprintf(disk.format, sizeof(disk.format), "%s", r->o->format ? r->o->format : "vhd");
	snprintf(disk.name, sizeof(disk.name), "%s", r->source.disks[number].name);
	if (r->again && nacre_again_name(r->again, r->snapshot, number, &disk, e))
		return -1;
	if (nacre_sink_create(r->sink, number, &disk, e) ||
	    (r->again && nacre_again_agree(r->again, r->snapshot, number, r->sink->disks[number].known, e)))
		return -1;
	return nacre_sink_make_writable(r->sink, number, e);
}

/* Where the machine goes, and its disks there. */
static int open_sink(struct run *r, struct nacre_error *e)
{
	const struct nacre_convert_says *says = &r->o->says;
	enum nacre_sink_mode mode = r->o->cutover ? NACRE_SINK_LAST : r->o->again ? NACRE_SINK_AGAIN : r->o->resume ? NACRE_SINK_RESUME : NACRE_SINK_NEW;

	if (r->o->remote)
		r->sink = nacre_remote_open(r->o->remote, mode, e);
	else
		r->sink = nacre_place_open(r->o->directory, mode, e);
	if (!r->sink)
		return -1;
	if (r->o->remote)
		snprintf(r->result->host, sizeof(r->result->host), "%s", r->sink->values.hostname);
	r->sink->says = (struct nacre_sink_says){says->stage, says->fix, says->boot, says->arg};
	for (int i = 0; i < r->o->source_count; i++)
		if (make_disk(r, (unsigned)i, e))
			return -1;
	r->keep = true;
	return 0;
}

/* The progress of the copy, over all disks. */
struct copying {
	const struct nacre_convert_says *says;
	uint64_t before, total;
};

static int on_copied(void *arg, uint64_t done, uint64_t total)
{
	const struct copying *c = arg;

	(void)total;
	if (c->says->bytes)
		c->says->bytes(c->says->arg, c->before + done, c->total);
	return 0;
}

static int make_swaps(void *arg, int disk, struct nacre_image *to, struct nacre_error *e)
{
	const struct run *r = arg;

	for (int i = 0; i < r->source.place_count; i++) {
		const struct nacre_place *place = &r->source.places[i];

		if (place->disk == disk && place->volume && !strcmp(place->driver, "swap") &&
		    nacre_plan_wants(&r->plan, place) && nacre_swap_make(to, place, e) < 0)
			return -1;
	}
	return 0;
}

/* Copy disk @disk of a quiet source (@c: not NULL), and make what is made anew on it. */
static int finish_disk(struct run *r, int disk, struct copying *c, struct nacre_error *e)
{
	struct nacre_disk_copied copied = {0};
	uint64_t there;
	struct nacre_image *to = nacre_sink_image(r->sink, (unsigned)disk, e);
	int failed = 0;

	if (!to)
		return -1;
	if (c)
		failed = nacre_disk_copy(r->from[disk], to, &r->plan.maps[disk], NACRE_FS_USED, on_copied, c, &copied, e);
	failed = failed || make_swaps(r, disk, to, e) || nacre_image_finish(to, e);
	there = nacre_sink_image_there(to);
	nacre_image_close(to);
	r->result->read += copied.read;
	r->result->written += copied.written > there ? copied.written - there : 0;
	r->result->there += there;
	return failed ? -1 : 0;
}

static int stop_services(void *arg, struct nacre_error *e)
{
	struct run *r = arg;

	stage(r, "stopping the services that are moved");
	return nacre_cutover_stop(r->cutover, e);
}

static int copy_running(struct run *r, struct nacre_error *e)
{
	struct nacre_snapshot_result *result = &r->result->snapshot;
	struct nacre_snapshot_options live = *r->o->live;
	double start = nacre_now();

	if (r->cutover) {
		live.last = stop_services;
		live.last_arg = r;
	}
	if (nacre_running_copy(r->snapshot, &r->plan, r->sink, &live, &r->o->says, result, &r->result->there, e) < 0) {
		r->keep &= e->code != NACRE_E_FAILED; /* less consistent than was asked for: so it will be again */
		return -1;
	}
	if (!r->again && !r->o->verify)
		nacre_snapshot_close(nacre_steal(r->snapshot)); /* nothing is tracked any more */
	for (int i = 0; i < r->o->source_count; i++)
		if (finish_disk(r, i, NULL, e))
			return -1;
	r->result->seconds_copy = nacre_now() - start;
	r->result->used = result->used;
	r->result->read = result->read;
	r->result->written = result->written;
	return 0;
}

static int copy(struct run *r, struct nacre_error *e)
{
	struct copying c = {.says = &r->o->says, .total = r->plan.used};
	double start = nacre_now();

	if (r->o->live)
		return copy_running(r, e);
	stage(r, "copying");
	for (int i = 0; i < r->o->source_count; i++) {
		if (finish_disk(r, i, &c, e))
			return -1;
		c.before += nacre_extents_total(&r->plan.maps[i], NACRE_FS_USED);
	}
	r->result->seconds_copy = nacre_now() - start;
	return 0;
}

static int verify(struct run *r, struct nacre_error *e)
{
	if (!r->o->verify)
		return 0;
	stage(r, "comparing");
	r->keep = false; /* a copy that is not what was written is not gone on with */
	if (r->o->live && nacre_verify_running(r->snapshot, (unsigned)r->o->source_count, r->sink, &r->result->verified,
					       &r->result->written_since, e)) {
		for (int i = 0; r->again && i < r->o->source_count; i++)
			nacre_snapshot_distrust(r->snapshot, (unsigned)i);
		return -1;
	}
	if (r->o->live && !r->again)
		nacre_snapshot_close(nacre_steal(r->snapshot)); /* nothing is tracked any more */
	if (r->o->live)
		return 0;
	for (int i = 0; i < r->o->source_count; i++)
		if (nacre_verify(r->from[i], r->sink, (unsigned)i, &r->plan.maps[i], NACRE_FS_USED, &r->result->verified, e))
			return -1;
	return 0;
}

/* What the fix-ups are told. */
static struct nacre_sink_modify fixes(const struct run *r)
{
	struct nacre_sink_modify what = {.grow_last = r->o->grow_last, .fix = r->o->fix};

	if (r->o->own) {
		what.nic_count = r->source.nic_count;
		memcpy(what.nics, r->source.nics, sizeof(what.nics));
	}
	return what;
}

static int mend(struct run *r, struct nacre_error *e)
{
	struct nacre_sink_modify what = fixes(r);
	double start = nacre_now();

	r->keep = false; /* what fails here fails the next time */
	if (r->o->fix_at_source && r->o->remote && !r->result->data) {
		stage(r, "making it fit, from here");
		if (nacre_fix_at_source(r->o, &r->source, &what, r->sink, r->again ? r->snapshot : NULL, r->result, &r->growth, e))
			return -1;
		r->result->seconds_fix = nacre_now() - start;
		return 0;
	}
	for (int i = 0; i < r->o->source_count; i++)
		if (nacre_sink_attach(r->sink, (unsigned)i, e) || nacre_sink_boot_record(r->sink, (unsigned)i, e))
			return -1;
	if (!r->result->data && nacre_sink_modify(r->sink, &what, &r->result->changes, e))
		return -1;
	for (int i = 0; i < r->o->source_count; i++)
		if (nacre_sink_detach(r->sink, (unsigned)i, e))
			return -1;
	r->result->seconds_fix = nacre_now() - start;
	return 0;
}

/* The machine is there, and what had to be found out of it is. @good: nothing speaks against its taking over */
static void conclude(struct run *r, bool good)
{
	if (r->cutover && good)
		nacre_cutover_done(r->cutover);
	if (!r->again)
		return;
	if (r->o->cutover && good)
		nacre_again_end(r->again);
	else
		nacre_again_leave(r->again, r->snapshot);
	r->result->again = *nacre_again_result(r->again);
	nacre_snapshot_close(nacre_steal(r->snapshot));
}

/* What could not be read, and is zeroes in the copy. */
static void count_bad(struct run *r)
{
	uint64_t first = 0;

	r->result->bad = r->result->snapshot.bad;
	r->result->first_bad = r->result->snapshot.first_bad;
	for (int i = 0; i < r->o->source_count; i++) {
		uint64_t bad = nacre_forgiven(r->from[i], &first);

		if (!r->result->bad)
			r->result->first_bad = first;
		r->result->bad += bad;
	}
}

static void note_bad(struct run *r, struct nacre_sink_define *what)
{
	struct nacre_sink_note *note = &what->notes[what->note_count];

	count_bad(r);
	if (!r->result->bad || what->note_count == NACRE_SINK_NOTES)
		return;
	snprintf(note->name, sizeof(note->name), "Unreadable");
	snprintf(note->value, sizeof(note->value), "%llu places are zeroes, the first at byte %llu",
		 (unsigned long long)r->result->bad, (unsigned long long)r->result->first_bad);
	what->note_count++;
}

static int finish(struct run *r, struct nacre_error *e)
{
	uint64_t sent = nacre_stream_sent(r->sink);
	struct nacre_sink_define what = {.definition = r->result->definition, .inventory = &r->source,
					 .read = r->result->read,
					 .sent = r->o->remote ? sent : r->result->written};

	r->result->sent = sent;
	for (int i = 0; i < r->o->source_count; i++) {
		size_t n = strlen(what.source);

		snprintf(what.source + n, sizeof(what.source) - n, "%s%s", i ? ", " : "", r->o->sources[i]);
	}
	if (r->o->live)
		what.note_count = nacre_running_notes(&r->result->snapshot, what.notes, NACRE_SINK_NOTES);
	note_bad(r, &what);
	if (r->again && r->sink->resumed && !r->result->snapshot.restarts && what.note_count < NACRE_SINK_NOTES)
		nacre_again_note(r->again, &what.notes[what.note_count++]);
	if (*r->growth.text)
		nacre_growth_tell(&r->growth, what.notes, &what.note_count, &r->source);
	if (nacre_sink_define(r->sink, &what, e))
		return -1;
	if (r->cutover)
		r->result->downtime_ms = nacre_cutover_ms(r->cutover);
	/* What boots is there from here on, whatever becomes of the check. */
	r->result->checked = !r->o->no_check && !r->result->data;
	if (!r->o->cutover || !r->result->checked)
		conclude(r, true);
	if (r->result->checked && nacre_sink_check(r->sink, r->o->timeout_s, &r->result->boot, e))
		return -1;
	if (r->o->cutover && r->result->checked)
		conclude(r, r->result->boot.up);
	/* What does not come up is not the last one: what a later one needs is kept. */
	if (r->o->cutover && r->result->checked && !r->result->boot.up)
		return 0;
	return nacre_sink_bye(r->sink, e);
}

static int plan_growth(struct run *r, struct nacre_fix_options *options, struct nacre_error *e)
{
	struct nacre_growth growth;
	uint64_t size = r->o->size > r->from[0]->size ? r->o->size : r->from[0]->size;

	if (nacre_growth_plan(&r->source, size, options, &growth, e) < 0)
		return -1;
	if (growth.kind == NACRE_GROWTH_FIRST_START)
		options->growfs = growth.partition;
	if (r->o->says.fix)
		r->o->says.fix(r->o->says.arg, "grow", growth.text);
	return 0;
}

static int plan_only(struct run *r, struct nacre_error *e)
{
	struct nacre_fix_options options = r->o->fix;
	struct nacre_fixing f = {.inventory = &r->source, .options = &options,
				 .say = r->o->says.fix, .arg = r->o->says.arg};
	int failed;

	stage(r, "what would be done");
	nacre_result_say_plan(&r->source, &r->plan, r->o->says.fix, r->o->says.arg);
	if (r->result->data)
		return 0;
	if (r->o->grow_last && plan_growth(r, &options, e) < 0)
		return -1;
	failed = nacre_mend(&f, NULL, true, e);
	nacre_tree_free(f.tree);
	return failed;
}

/* The instant has to be whole before the first byte of it is sent; see spool.h. */
static int spool(struct run *r, struct nacre_extents *used, struct nacre_error *e)
{
	r->sink = nacre_spool_open(r->o->spool, nacre_snapshot_lives(r->snapshot), r->plan.used, e);
	if (!r->sink || make_disk(r, 0, e) || copy_running(r, e))
		return -1;
	return nacre_spool_used(r->sink, used, NACRE_FS_USED, e);
}

static int streamed(struct run *r, struct nacre_error *e)
{
	struct nacre_streamed_what what = {.from = r->from[0], .name = r->source.disks[0].name, .used = &r->plan.maps[0],
					   .modify = fixes(r), .make_swaps = make_swaps, .arg = r};
	struct nacre_extents spooled = {0};
	double start = nacre_now();
	int failed;

	if (r->o->source_count > 1 || r->result->data)
		return nacre_error_set(e, NACRE_E_USAGE, 0, "-", "is one disk with a system on it");
	failed = define(r, e) < 0 || (r->o->live && spool(r, &spooled, e));
	if (!failed && r->o->live) {
		what.from = nacre_spool_image(r->sink);
		what.used = &spooled;
	}
	failed = failed || nacre_streamed(r->o, &what, STDOUT_FILENO, r->result, e) < 0;
	nacre_extents_free(&spooled);
	r->keep = false;
	count_bad(r);
	r->result->seconds_copy = nacre_now() - start;
	return failed ? -1 : 0;
}

static int convert(struct run *r, struct nacre_error *e)
{
	if (r->o->cutover && !r->o->plan_only && !(r->cutover = nacre_cutover_open(r->o->cutover_units, e)))
		return -1;
	if (look(r, e) < 0)
		return -1;
	if (r->o->plan_only)
		return plan_only(r, e);
	if (r->o->streamed)
		return streamed(r, e);
	if (define(r, e) < 0 || open_sink(r, e) < 0 || copy(r, e) < 0 || verify(r, e) < 0 || mend(r, e) < 0)
		return -1;
	return finish(r, e);
}

int nacre_convert(const struct nacre_convert_options *o, struct nacre_convert_result *result,
		  struct nacre_error *e)
{
	struct run r = {.o = o, .result = result};
	int failed = convert(&r, e);

	result->started_again = nacre_cutover_close(r.cutover);
	r.keep |= (o->again || o->cutover) && r.sink && r.sink->resumed; /* what was there before is not ours to remove */
	if (failed && !r.keep)
		nacre_sink_drop(r.sink);
	else
		nacre_sink_close(r.sink);
	nacre_snapshot_close(r.snapshot);
	nacre_again_close(r.again);
	if (r.looked)
		nacre_inventory_free(&r.source);
	for (int i = 0; i < o->source_count; i++)
		nacre_image_close(r.from[i]);
	nacre_plan_free(&r.plan);
	result->resumable = failed && r.keep;
	return failed;
}
