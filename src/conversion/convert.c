/* SPDX-License-Identifier: BSD-2-Clause */
/* convert.c - the instructions of a conversion, in order; theory of operation in convert.h */
#include "conversion/convert.h"

#include "base/auto.h"
#include "conversion/mend.h"
#include "conversion/result.h"
#include "conversion/swap.h"
#include "disk/copy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

/* One conversion; what is NULL or zero is not there yet. */
struct run {
	const struct nacre_convert_options *o;
	struct nacre_convert_result *result;
	struct nacre_image *from, *to;
	struct nacre_inventory source, copy;
	bool looked, looked_again;
	struct nacre_plan plan;
	struct nacre_fixing fixing;
	struct nacre_timeline timeline;
	char *disk, *undo; /* paths */
	bool made;         /* the directory is ours */
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void stage(struct run *r, const char *name)
{
	nacre_timeline_next(&r->timeline, name, now());
	if (name && r->o->says.stage)
		r->o->says.stage(r->o->says.arg, name);
}

static int look(struct run *r, struct nacre_error *e)
{
	double start = now();

	stage(r, "looking at the disk");
	r->from = nacre_image_open(r->o->source, r->o->source_format, false, e);
	if (!r->from)
		return -1;
	r->looked = true;
	if (nacre_inventory_take(r->from, false, &r->source, e) < 0 ||
	    nacre_plan_make(&r->source, &r->plan, e) < 0)
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
	const char *last = strrchr(r->o->directory, '/');
	const char *format = r->o->format ? r->o->format : "vhd";

	if (nacre_definition_init(d, r->o->name ? r->o->name : last && last[1] ? last + 1 : r->o->directory,
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

/* Make the directory; nothing is ever overwritten. */
static int make_place(struct run *r, struct nacre_error *e)
{
	const struct nacre_convert_options *o = r->o;
	uint64_t wanted = r->o->format && !strcmp(r->o->format, "vhd-fixed")
				  ? r->result->definition.size
				  : r->plan.used;
	struct statvfs fs;

	if (mkdir(o->directory, 0755) < 0)
		return nacre_error_set(e, errno == EEXIST ? NACRE_E_EXISTS : NACRE_E_SYSTEM, errno,
				       o->directory,
				       errno == EEXIST ? "is there already; nothing is overwritten"
						       : "cannot be made");
	r->made = true;
	if (statvfs(o->directory, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize < wanted)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOSPC, o->directory,
				       "%llu MiB are needed, %llu MiB are free",
				       (unsigned long long)(wanted >> 20),
				       (unsigned long long)((uint64_t)fs.f_bavail * fs.f_frsize >> 20));
	if (asprintf(&r->disk, "%s/%s", o->directory, r->result->definition.disk) < 0 ||
	    asprintf(&r->undo, "%s.undo", r->disk) < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
	return 0;
}

static int on_copied(void *arg, uint64_t done, uint64_t total)
{
	const struct nacre_convert_says *says = arg;

	if (says->bytes)
		says->bytes(says->arg, done, total);
	return 0;
}

static int make_swaps(struct run *r, struct nacre_error *e)
{
	for (int i = 0; i < r->source.place_count; i++) {
		const struct nacre_place *place = &r->source.places[i];

		if (place->volume && !strcmp(place->driver, "swap") &&
		    nacre_swap_make(r->to, place, e) < 0)
			return -1;
	}
	return 0;
}

static int copy(struct run *r, struct nacre_error *e)
{
	const char *format = r->o->format ? r->o->format : "vhd";
	struct nacre_disk_copied copied = {0};
	double start = now();

	stage(r, "copying");
	r->to = nacre_image_create(r->disk, format, r->result->definition.size, &r->plan.map, e);
	if (!r->to ||
	    nacre_disk_copy(r->from, r->to, &r->plan.map, NACRE_FS_USED, on_copied,
			    (void *)(uintptr_t)&r->o->says, &copied, e) < 0 ||
	    make_swaps(r, e) < 0)
		return -1;
	if (r->to->size > r->from->size && nacre_table_fit(r->to, e) < 0)
		return -1;
	r->result->seconds_copy = now() - start;
	r->result->read = copied.read;
	r->result->written = copied.written;
	return 0;
}

/* The last partition takes what a larger disk has, and its file system with it. */
static int grow(struct run *r, struct nacre_error *e)
{
	struct nacre_partition grown;

	if (!r->o->grow_last)
		return 0;
	stage(r, "growing the last partition");
	r->looked_again = true;
	if (nacre_table_grow_last(r->to, &grown, e) < 0 ||
	    nacre_inventory_take(r->to, true, &r->copy, e) < 0)
		return -1;
	for (int i = 0; i < r->copy.place_count; i++) {
		const struct nacre_place *place = &r->copy.places[i];

		if (place->partition.number == grown.number && place->volume &&
		    nacre_volume_resize(place->volume, grown.length, e) < 0)
			return nacre_error_add(e, "partition %d has grown, its file system cannot",
					       grown.number);
	}
	nacre_inventory_free(&r->copy);
	r->looked_again = false;
	return 0;
}

static int mend(struct run *r, struct nacre_error *e)
{
	double start = now();

	stage(r, "making it fit");
	r->looked_again = true;
	if (nacre_inventory_take(r->to, true, &r->copy, e) < 0)
		return -1;
	r->fixing = (struct nacre_fixing){.inventory = &r->copy, .options = &r->o->fix,
					  .say = r->o->says.fix, .arg = r->o->says.arg};
	if (nacre_mend(&r->fixing, r->undo, false, e) < 0)
		return -1;
	nacre_tree_changes(r->fixing.tree, &r->result->changes);
	for (int i = 0; i < r->copy.place_count; i++) {
		struct nacre_volume *volume = r->copy.places[i].volume;

		r->copy.places[i].volume = NULL;
		if (nacre_volume_close(volume, e) < 0)
			return -1;
	}
	if (nacre_image_finish(r->to, e) < 0)
		return -1;
	r->result->seconds_fix = now() - start;
	return 0;
}

static int check(struct run *r, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *picture = NULL, *serial = NULL;
	struct nacre_boot_options boot = {
		.directory = r->o->directory, .check = true, .headless = true,
		.timeout_s = r->o->timeout_s, .progress = r->o->says.boot, .arg = r->o->says.arg};

	if (r->o->no_check)
		return 0;
	stage(r, "booting the copy of the copy");
	if (asprintf(&picture, "%s/boot.png", r->o->directory) < 0 ||
	    asprintf(&serial, "%s/boot.log", r->o->directory) < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
	boot.picture = picture;
	boot.serial_log = serial;
	r->result->checked = true;
	return nacre_boot(&r->result->definition, &boot, &r->result->boot, e);
}

static int tell(struct run *r, struct nacre_error *e)
{
	const struct nacre_told t = {
		.directory = r->o->directory, .source = r->o->source, .result = r->result,
		.inventory = &r->source, .plan = &r->plan, .tree = r->fixing.tree,
		.timeline = &r->timeline};

	return nacre_result_write(&t, e);
}

static int plan_only(struct run *r, struct nacre_error *e)
{
	struct nacre_fixing f = {.inventory = &r->source, .options = &r->o->fix,
				 .say = r->o->says.fix, .arg = r->o->says.arg};
	int failed;

	stage(r, "what would be done");
	nacre_result_say_plan(&r->source, &r->plan, r->o->says.fix, r->o->says.arg);
	failed = nacre_mend(&f, NULL, true, e);
	nacre_tree_free(f.tree);
	return failed;
}

static int convert(struct run *r, struct nacre_error *e)
{
	if (look(r, e) < 0)
		return -1;
	if (r->o->plan_only)
		return plan_only(r, e);
	if (define(r, e) < 0 || make_place(r, e) < 0 || copy(r, e) < 0 || grow(r, e) < 0 || mend(r, e) < 0)
		return -1;
	nacre_image_close(r->to); /* the check opens it by itself */
	r->to = NULL;
	/* What boots is there from here on, whatever becomes of the check and of the report. */
	r->made = false;
	if (tell(r, e) < 0 || check(r, e) < 0)
		return -1;
	stage(r, NULL);
	return tell(r, e);
}

int nacre_convert(const struct nacre_convert_options *o, struct nacre_convert_result *result,
		  struct nacre_error *e)
{
	struct run r = {.o = o, .result = result};
	int failed = convert(&r, e);

	nacre_tree_free(r.fixing.tree);
	if (r.looked_again)
		nacre_inventory_free(&r.copy);
	nacre_image_close(r.to);
	if (r.looked)
		nacre_inventory_free(&r.source);
	nacre_image_close(r.from);
	nacre_plan_free(&r.plan);
	if (failed && r.made)
		nacre_result_remove(o->directory, r.undo);
	free(r.disk);
	free(r.undo);
	return failed;
}
