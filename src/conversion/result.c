/* SPDX-License-Identifier: BSD-2-Clause */
/* result.c - what a conversion leaves beside the disk; see result.h */
#include "conversion/result.h"

#include "base/auto.h"
#include "base/json.h"
#include "conversion/inventory/print.h"
#include "conversion/report.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FACTS = 8, FACTS_MOST = FACTS + NACRE_SINK_NOTES };

void nacre_timeline_next(struct nacre_timeline *t, const char *name, double now)
{
	if (t->count)
		t->list[t->count - 1].end = now;
	if (!name || t->count == NACRE_TIMELINE_MAX)
		return;
	t->list[t->count].name = name;
	t->list[t->count++].start = now;
}

static void json_source(struct json *j, const struct nacre_told *t)
{
	nacre_inventory_json(t->inventory, j, NULL);
}

static void json_copied(struct json *j, const struct nacre_told *t)
{
	json_begin(j, NULL, '{');
	json_number(j, "used", (int64_t)t->result->used);
	json_number(j, "skipped", (int64_t)t->result->skipped);
	json_number(j, "read", (int64_t)t->result->read);
	json_number(j, "written", (int64_t)t->result->written);
	json_begin(j, "skipped_as", '{');
	for (uint32_t use = NACRE_FS_USED + 1; use < NACRE_USES; use++)
		if (nacre_plan_total(t->plan, use))
			json_number(j, nacre_use_name(use), (int64_t)nacre_plan_total(t->plan, use));
	json_end(j, '}');
	json_begin(j, "notes", '[');
	for (int i = 0; i < t->note_count; i++) {
		json_begin(j, NULL, '{');
		json_text(j, "name", t->notes[i].name);
		json_text(j, "value", t->notes[i].value);
		json_end(j, '}');
	}
	json_end(j, ']');
	json_end(j, '}');
}

static const struct nacre_change *changes_of(const struct nacre_told *t, size_t *count)
{
	if (t->tree)
		return nacre_tree_changes(t->tree, count);
	*count = t->fixed->count;
	return t->fixed->changes;
}

static void json_changes(struct json *j, const struct nacre_told *t)
{
	size_t count;
	const struct nacre_change *changes = changes_of(t, &count);

	json_begin(j, NULL, '[');
	for (size_t i = 0; i < count; i++) {
		json_begin(j, NULL, '{');
		json_text(j, "path", changes[i].path);
		json_text(j, "how", changes[i].how);
		json_text(j, "fix", changes[i].fix ? changes[i].fix : "");
		json_number(j, "size_before", (int64_t)changes[i].size_before);
		json_number(j, "size_after", (int64_t)changes[i].size_after);
		json_end(j, '}');
	}
	json_end(j, ']');
}

static void json_boot(struct json *j, const struct nacre_told *t)
{
	const struct nacre_boot_result *boot = &t->result->boot;

	json_begin(j, NULL, '{');
	json_bool(j, "checked", t->result->checked);
	if (t->result->checked) {
		json_bool(j, "up", boot->up);
		json_number(j, "milliseconds", (int64_t)(boot->seconds * 1000));
		json_text(j, "accelerator", boot->accelerator ? boot->accelerator : "");
		json_text(j, "emulated", boot->emulated ? boot->emulated : "");
		json_bool(j, "again", boot->again);
		json_text(j, "root_device", boot->root_device);
		json_text(j, "failed_units", boot->failed_units);
		json_text(j, "why", boot->why);
	}
	json_end(j, '}');
}

/* One member of nacre.json. */
static int put(const struct nacre_told *t, const char *member,
	       void (*print)(struct json *j, const struct nacre_told *t), struct nacre_error *e)
{
	NACRE_AUTO_FREE char *text = NULL;
	size_t size;
	struct json j = {.to = open_memstream(&text, &size)};

	if (!j.to)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "nacre.json", "cannot be made");
	print(&j, t);
	if (fclose(j.to))
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "nacre.json", "cannot be made");
	return nacre_definition_put(t->directory, member, text, e);
}

static int write_record(const struct nacre_told *t, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *machine = nacre_definition_json(&t->result->definition, e);

	if (!machine || put(t, "source", json_source, e) < 0 || put(t, "copied", json_copied, e) < 0 ||
	    put(t, "changes", json_changes, e) < 0 || put(t, "boot", json_boot, e) < 0)
		return -1;
	return nacre_definition_put(t->directory, "machine", machine, e);
}

/* What libvirt's tools want absolute is where the directory will be; virsh define takes it as it is. */
static int write_domain(const struct nacre_told *t, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *xml = nacre_definition_libvirt(&t->result->definition, t->place, e), *path = NULL;
	FILE *f;

	if (!xml)
		return -1;
	if (asprintf(&path, "%s/%s.xml", t->directory, t->result->definition.name) < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
	f = fopen(path, "we");
	if (!f || (fputs(xml, f) < 0) | fclose(f))
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, path, "cannot be written");
	return 0;
}

static uint64_t all_disks(const struct nacre_inventory *inventory)
{
	uint64_t size = 0;

	for (int i = 0; i < inventory->disk_count; i++)
		size += inventory->disks[i].image->size;
	return size;
}

/* What the report says of the source. Return: how many facts there are */
static size_t report_facts(const struct nacre_told *t, struct nacre_report_fact *facts, char (*texts)[32])
{
	const struct nacre_inventory *i = t->inventory;
	const struct nacre_report_fact all[FACTS] = {
		{"System", i->os_name},
		{"Host name", i->hostname},
		{"Firmware", i->uefi ? "UEFI" : "BIOS"},
		{i->disk_count > 1 ? "Disks" : "Disk", nacre_size_text(texts[0], sizeof(*texts), all_disks(i))},
		{"Copied", nacre_size_text(texts[1], sizeof(*texts), t->result->used)},
		{"Left out", nacre_size_text(texts[2], sizeof(*texts), t->result->skipped)},
		{"Kernel", i->kernel_count ? i->kernels[0].version : ""},
		{"Network card", i->nic_count ? i->nics[0].name : ""}};
	size_t count = 0;

	for (size_t k = 0; k < FACTS; k++)
		if (all[k].value[0])
			facts[count++] = all[k];
	for (int k = 0; k < t->note_count && count < FACTS_MOST; k++)
		facts[count++] = (struct nacre_report_fact){t->notes[k].name, t->notes[k].value};
	return count;
}

/* The volumes of disk @disk. Return: how many there are */
static size_t report_regions(const struct nacre_inventory *inventory, int disk, struct nacre_report_region *regions,
			     char (*texts)[128])
{
	size_t count = 0;

	for (int i = 0; i < inventory->place_count; i++) {
		const struct nacre_place *place = &inventory->places[i];

		if (place->disk != disk || place->partition.extended)
			continue;
		snprintf(texts[count], sizeof(*texts), "%d %s %s", place->partition.number, place->type,
			 place->mount);
		regions[count] = (struct nacre_report_region){texts[count], place->partition.start,
							      place->partition.length};
		count++;
	}
	return count;
}

/* struct disks - what the report says of each disk */
struct disks {
	struct nacre_report_disk list[NACRE_DISKS_MAX];
	struct nacre_report_region regions[NACRE_PARTITIONS_MAX];
	char texts[NACRE_PARTITIONS_MAX][128], names[NACRE_DISKS_MAX][80];
};

static void report_disks(const struct nacre_told *t, struct disks *disks)
{
	const struct nacre_inventory *n = t->inventory;
	size_t regions = 0;

	for (int i = 0; i < n->disk_count; i++) {
		struct nacre_report_disk *d = &disks->list[i];

		snprintf(disks->names[i], sizeof(disks->names[i]), "disk %d%s%s", i, *n->disks[i].name ? ", " : "",
			 n->disks[i].name);
		*d = (struct nacre_report_disk){.name = n->disk_count > 1 ? disks->names[i] : NULL,
						.map = &t->plan->maps[i], .size = n->disks[i].image->size,
						.regions = disks->regions + regions};
		d->region_count = report_regions(n, i, disks->regions + regions, disks->texts + regions);
		regions += d->region_count;
	}
}

static int write_report(const struct nacre_told *t, struct nacre_error *e)
{
	NACRE_AUTO_FREE struct disks *disks = calloc(1, sizeof(*disks));
	struct nacre_report_step steps[NACRE_TIMELINE_MAX];
	char fact_texts[FACTS][32];
	NACRE_AUTO_FREE char *path = NULL, *picture = NULL;
	struct nacre_report_fact facts[FACTS_MOST];
	struct nacre_report r = {
		.definition = &t->result->definition, .source = t->source, .facts = facts,
		.disk_count = (size_t)t->inventory->disk_count, .steps = steps, .fixes = nacre_fixes_linux, .findings = t->inventory->findings,
		.finding_count = (size_t)t->inventory->finding_count,
		.boot = t->result->checked ? &t->result->boot : NULL};
	char when[64];
	time_t now = time(NULL);

	if (!disks)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
	report_disks(t, disks);
	r.disks = disks->list;
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M UTC", gmtime(&now));
	r.when = when;
	r.fact_count = report_facts(t, facts, fact_texts);
	for (int i = 0; i < t->timeline->count; i++)
		if (t->timeline->list[i].end > t->timeline->list[i].start)
			steps[r.step_count++] = (struct nacre_report_step){t->timeline->list[i].name,
									   t->timeline->list[i].start,
									   t->timeline->list[i].end};
	r.changes = changes_of(t, &r.change_count);
	if (asprintf(&path, "%s/report.html", t->directory) < 0 ||
	    asprintf(&picture, "%s/boot.png", t->directory) < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
	if (r.boot && access(picture, R_OK) == 0)
		r.picture = picture;
	return nacre_report_write(&r, path, e);
}

int nacre_result_write(const struct nacre_told *t, struct nacre_error *e)
{
	/* The machine's own part of nacre.json comes last: where it is, all the rest is. */
	if (write_domain(t, e) < 0 || write_report(t, e) < 0)
		return -1;
	return write_record(t, e);
}

/* The undo directory holds files only, made by the tree. */
static void remove_files(const char *directory)
{
	struct dirent *entry;
	DIR *dir = opendir(directory);

	while (dir && (entry = readdir(dir)))
		if (entry->d_type == DT_REG)
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	rmdir(directory);
}

void nacre_result_remove(const char *directory, const char *undo)
{
	if (undo)
		remove_files(undo);
	remove_files(directory);
}

void nacre_result_say_plan(const struct nacre_inventory *inventory, const struct nacre_plan *plan,
			   void (*say)(void *arg, const char *what, const char *sentence), void *arg)
{
	char text[256];

	if (!say)
		return;
	snprintf(text, sizeof(text), "%llu MiB of %llu MiB travel", (unsigned long long)(plan->used >> 20),
		 (unsigned long long)(all_disks(inventory) >> 20));
	say(arg, "copy", text);
	for (uint32_t use = NACRE_FS_USED + 1; use < NACRE_USES; use++) {
		uint64_t bytes = nacre_plan_total(plan, use);

		if (!bytes)
			continue;
		snprintf(text, sizeof(text), "%llu MiB of %s do not", (unsigned long long)(bytes >> 20),
			 nacre_use_name(use));
		say(arg, "copy", text);
	}
	for (int i = 0; i < inventory->finding_count; i++) {
		snprintf(text, sizeof(text), "%s: %s", inventory->findings[i].what,
			 inventory->findings[i].why);
		say(arg, "found", text);
	}
}
