/* SPDX-License-Identifier: BSD-2-Clause */
/* convert.c - the instructions of a conversion, in order; theory of operation in convert.h */
#include "conversion/convert.h"

#include "base/auto.h"
#include "conversion/at_source.h"
#include "conversion/grow.h"
#include "conversion/mend.h"
#include "conversion/place.h"
#include "conversion/result.h"
#include "conversion/running.h"
#include "conversion/streamed.h"
#include "conversion/swap.h"
#include "conversion/transfer/stream.h"
#include "conversion/verify.h"
#include "disk/copy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* One conversion; what is NULL or zero is not there yet. */
struct run {
	const struct nacre_convert_options *o;
	struct nacre_convert_result *result;
	struct nacre_image *from;
	struct nacre_inventory source;
	bool looked;
	struct nacre_plan plan;
	struct nacre_snapshot *snapshot; /* of a source in use */
	struct nacre_sink *sink;
	bool keep; /* what is at the sink is worth being resumed */
	struct nacre_growth growth; /* of a last partition that grew by our hands, not the sink's */
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void stage(const struct run *r, const char *name)
{
	if (r->o->says.stage)
		r->o->says.stage(r->o->says.arg, name);
}

static int look(struct run *r, struct nacre_error *e)
{
	double start = now();

	stage(r, "looking at the disk");
	/* Tracking begins before anything is read. */
	if (r->o->live && !r->o->plan_only &&
	    (!(r->snapshot = nacre_snapshot_open(&r->o->source, 1, e)) ||
	     (!r->o->remote && nacre_running_elsewhere(r->snapshot, r->o->directory, e) < 0)))
		return -1;
	r->from = nacre_image_open(r->o->source, r->o->live ? "raw" : r->o->source_format, false, e);
	if (!r->from)
		return -1;
	r->looked = true;
	if (r->o->live ? nacre_running_look(r->from, r->snapshot, &r->source, &r->plan, e) < 0
		       : nacre_inventory_take(r->from, false, &r->source, e) < 0 ||
				 nacre_plan_make(&r->source, &r->plan, e) < 0)
		return -1;
	/* What could not be mended need not be copied first. */
	if (!r->o->plan_only && r->source.root >= 0 && nacre_volume_writes(r->source.places[r->source.root].driver, e) < 0)
		return -1;
	r->result->seconds_look = now() - start;
	r->result->used = r->plan.used;
	r->result->skipped = r->plan.skipped;
	return 0;
}

/* What the virtual machine is called and made of; see the options. */
static int define(struct run *r, struct nacre_error *e)
{
	struct nacre_definition *d = &r->result->definition;
	const struct nacre_inventory *source = &r->source;
	const char *where = r->o->remote ? r->o->remote->name : r->o->directory, *last = strrchr(where, '/');
	const char *format = r->o->format ? r->o->format : "vhd";

	if (nacre_definition_init(d, r->o->name ? r->o->name : last && last[1] ? last + 1 : where,
				  e) < 0)
		return -1;
	snprintf(d->disk, sizeof(d->disk), "disk0.%s", strcmp(format, "raw") ? "vhd" : "raw");
	snprintf(d->format, sizeof(d->format), "%s", strcmp(format, "raw") ? "vhd" : "raw");
	snprintf(d->architecture, sizeof(d->architecture), "%s",
		 source->architecture[0] ? source->architecture : "x86_64");
	snprintf(d->os_id, sizeof(d->os_id), "%s", source->os_id);
	snprintf(d->os_name, sizeof(d->os_name), "%s", source->os_name);
	d->uefi = source->uefi;
	d->size = r->o->size ? r->o->size : r->from->size;
	if (r->o->memory_mb)
		d->memory_mb = r->o->memory_mb;
	if (r->o->cpus)
		d->cpus = r->o->cpus;
	for (int i = 0; i < source->nic_count && d->nic_count < NACRE_DEFINITION_NICS; i++) {
		if (!source->nics[i].mac[0])
			continue;
		memcpy(d->nics[d->nic_count].mac, source->nics[i].mac, sizeof(d->nics[0].mac));
		memcpy(d->nics[d->nic_count].name, source->nics[i].name, sizeof(d->nics[0].name));
		d->nic_count++;
	}
	if (d->size < r->from->size)
		return nacre_error_set(e, NACRE_E_USAGE, 0, "--size",
				       "%llu bytes are less than the source's %llu; a disk cannot shrink",
				       (unsigned long long)d->size, (unsigned long long)r->from->size);
	return nacre_definition_check(d, e);
}

/* Where the machine goes, and its disk there. */
static int open_sink(struct run *r, struct nacre_error *e)
{
	const struct nacre_convert_says *says = &r->o->says;
	struct nacre_sink_disk disk = {.size = r->result->definition.size, .source_size = r->from->size,
				       .map = &r->plan.map};

	snprintf(disk.format, sizeof(disk.format), "%s", r->o->format ? r->o->format : "vhd");
	if (r->o->remote)
		r->sink = nacre_remote_open(r->o->remote, r->o->resume, e);
	else
		r->sink = nacre_place_open(r->o->directory, r->o->resume ? NACRE_PLACE_RESUME : NACRE_PLACE_NEW, e);
	if (!r->sink)
		return -1;
	if (r->o->remote)
		snprintf(r->result->host, sizeof(r->result->host), "%s", r->sink->values.hostname);
	r->sink->says = (struct nacre_sink_says){says->stage, says->fix, says->boot, says->arg};
	if (nacre_sink_create(r->sink, 0, &disk, e) || nacre_sink_make_writable(r->sink, 0, e))
		return -1;
	r->keep = true;
	return 0;
}

static int on_copied(void *arg, uint64_t done, uint64_t total)
{
	const struct nacre_convert_says *says = arg;

	if (says->bytes)
		says->bytes(says->arg, done, total);
	return 0;
}

static int make_swaps(void *arg, struct nacre_image *to, struct nacre_error *e)
{
	const struct run *r = arg;

	for (int i = 0; i < r->source.place_count; i++) {
		const struct nacre_place *place = &r->source.places[i];

		if (place->volume && !strcmp(place->driver, "swap") && nacre_swap_make(to, place, e) < 0)
			return -1;
	}
	return 0;
}

static int copy_running(struct run *r, struct nacre_error *e)
{
	struct nacre_snapshot_result *result = &r->result->snapshot;
	struct nacre_image *to;
	double start = now();
	int failed;

	if (nacre_running_copy(r->snapshot, &r->plan, r->sink, r->o->live, &r->o->says, result, &r->result->there, e) < 0) {
		r->keep &= e->code != NACRE_E_FAILED; /* less consistent than was asked for: so it will be again */
		return -1;
	}
	nacre_snapshot_close(nacre_steal(r->snapshot)); /* nothing is tracked any more */
	to = nacre_sink_image(r->sink, 0, e);
	if (!to)
		return -1;
	failed = make_swaps(r, to, e) < 0 || nacre_image_finish(to, e) < 0;
	nacre_image_close(to);
	r->result->seconds_copy = now() - start;
	r->result->used = result->used;
	r->result->read = result->read;
	r->result->written = result->written;
	return failed ? -1 : 0;
}

static int copy(struct run *r, struct nacre_error *e)
{
	struct nacre_disk_copied copied = {0};
	struct nacre_image *to;
	double start = now();
	int failed;

	if (r->o->live)
		return copy_running(r, e);
	stage(r, "copying");
	to = nacre_sink_image(r->sink, 0, e);
	if (!to)
		return -1;
	failed = nacre_disk_copy(r->from, to, &r->plan.map, NACRE_FS_USED, on_copied,
				 (void *)(uintptr_t)&r->o->says, &copied, e) < 0 ||
		 make_swaps(r, to, e) < 0 || nacre_image_finish(to, e) < 0;
	nacre_image_close(to);
	r->result->seconds_copy = now() - start;
	r->result->read = copied.read;
	r->result->written = copied.written;
	return failed ? -1 : 0;
}

static int verify(struct run *r, struct nacre_error *e)
{
	if (!r->o->verify)
		return 0;
	if (r->o->live)
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, "--verify",
				       "the source is in use: it is no more what was copied, and cannot be compared");
	stage(r, "comparing");
	r->keep = false; /* a copy that is not what was written is not gone on with */
	return nacre_verify(r->from, r->sink, &r->plan.map, NACRE_FS_USED, &r->result->verified, e);
}

static int mend(struct run *r, struct nacre_error *e)
{
	struct nacre_sink_modify what = {.grow_last = r->o->grow_last, .fix = r->o->fix};
	double start = now();

	r->keep = false; /* what fails here fails the next time */
	if (r->o->fix_at_source && r->o->remote) {
		stage(r, "making it fit, from here");
		if (nacre_fix_at_source(r->o, r->sink, r->result, &r->growth, e))
			return -1;
		r->result->seconds_fix = now() - start;
		return 0;
	}
	if (nacre_sink_attach(r->sink, 0, e) || nacre_sink_boot_record(r->sink, 0, e) ||
	    nacre_sink_modify(r->sink, &what, &r->result->changes, e) || nacre_sink_detach(r->sink, 0, e))
		return -1;
	r->result->seconds_fix = now() - start;
	return 0;
}

static int finish(struct run *r, struct nacre_error *e)
{
	uint64_t sent = nacre_stream_sent(r->sink);
	struct nacre_sink_define what = {.definition = r->result->definition, .inventory = &r->source,
					 .read = r->result->read,
					 .sent = r->o->remote ? sent : r->result->written};

	r->result->sent = sent;
	snprintf(what.source, sizeof(what.source), "%s", r->o->source);
	if (r->o->live)
		what.note_count = nacre_running_notes(&r->result->snapshot, what.notes, NACRE_SINK_NOTES);
	if (*r->growth.text)
		nacre_growth_tell(&r->growth, what.notes, &what.note_count, &r->source);
	if (nacre_sink_define(r->sink, &what, e))
		return -1;
	/* What boots is there from here on, whatever becomes of the check. */
	r->result->checked = !r->o->no_check;
	if (r->result->checked && nacre_sink_check(r->sink, r->o->timeout_s, &r->result->boot, e))
		return -1;
	return nacre_sink_bye(r->sink, e);
}

static int plan_growth(struct run *r, struct nacre_fix_options *options, struct nacre_error *e)
{
	struct nacre_growth growth;
	uint64_t size = r->o->size > r->from->size ? r->o->size : r->from->size;

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
	if (r->o->grow_last && plan_growth(r, &options, e) < 0)
		return -1;
	failed = nacre_mend(&f, NULL, true, e);
	nacre_tree_free(f.tree);
	return failed;
}

static int streamed(struct run *r, struct nacre_error *e)
{
	double start = now();
	int failed;

	if (r->o->live)
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, r->o->source,
				       "is in use, and what was sent cannot be changed any more: convert it to a directory, "
				       "or to another computer that has nacre");
	failed = define(r, e) < 0 || nacre_streamed(r->o, r->from, &r->plan, make_swaps, r, STDOUT_FILENO, r->result, e) < 0;
	r->result->seconds_copy = now() - start;
	return failed ? -1 : 0;
}

static int convert(struct run *r, struct nacre_error *e)
{
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

	if (failed && !r.keep)
		nacre_sink_drop(r.sink);
	else
		nacre_sink_close(r.sink);
	nacre_snapshot_close(r.snapshot);
	if (r.looked)
		nacre_inventory_free(&r.source);
	nacre_image_close(r.from);
	nacre_plan_free(&r.plan);
	result->resumable = failed && r.keep;
	return failed;
}
