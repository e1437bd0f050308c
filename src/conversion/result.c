/* SPDX-License-Identifier: BSD-2-Clause */
/* result.c - what a conversion leaves beside the disk; see result.h */
#include "conversion/result.h"

#include "base/auto.h"
#include "base/json.h"
#include "conversion/inventory/print.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
	for (uint32_t use = NACRE_FS_USED + 1; use <= NACRE_FS_SWAP; use++)
		if (nacre_extents_total(&t->plan->map, use))
			json_number(j, nacre_use_name(use),
				    (int64_t)nacre_extents_total(&t->plan->map, use));
	json_end(j, '}');
	json_end(j, '}');
}

static void json_changes(struct json *j, const struct nacre_told *t)
{
	const struct nacre_change *changes;
	size_t count = 0;

	changes = t->tree ? nacre_tree_changes(t->tree, &count) : NULL;
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

	if (!machine || nacre_definition_put(t->directory, "machine", machine, e) < 0 ||
	    put(t, "source", json_source, e) < 0 || put(t, "copied", json_copied, e) < 0 ||
	    put(t, "changes", json_changes, e) < 0 || put(t, "boot", json_boot, e) < 0)
		return -1;
	return 0;
}

/* What libvirt's tools want absolute is where the directory is now; virsh define takes it as it is. */
static int write_domain(const struct nacre_told *t, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *place = realpath(t->directory, NULL), *xml = NULL, *path = NULL;
	FILE *f;

	xml = place ? nacre_definition_libvirt(&t->result->definition, place, e) : NULL;
	if (!xml)
		return place ? -1 : nacre_error_set(e, NACRE_E_SYSTEM, errno, t->directory, "is gone");
	if (asprintf(&path, "%s/%s.xml", t->directory, t->result->definition.name) < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
	f = fopen(path, "we");
	if (!f || (fputs(xml, f) < 0) | fclose(f))
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, path, "cannot be written");
	return 0;
}

int nacre_result_write(const struct nacre_told *t, struct nacre_error *e)
{
	if (write_record(t, e) < 0 || write_domain(t, e) < 0)
		return -1;
	return 0;
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
		 (unsigned long long)(inventory->image->size >> 20));
	say(arg, "copy", text);
	for (uint32_t use = NACRE_FS_USED + 1; use <= NACRE_FS_SWAP; use++) {
		uint64_t bytes = nacre_extents_total(&plan->map, use);

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
