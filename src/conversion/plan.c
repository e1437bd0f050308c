/* SPDX-License-Identifier: BSD-2-Clause */
/* plan.c - what of a disk travels; see plan.h */
#include "conversion/plan.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { SWAP_HEAD = 65536 /* the header is a page, on some machines of this size */ };

const char *nacre_use_name(uint32_t use)
{
	static const char *const names[] = {
		[NACRE_FS_USED] = "used",
		[NACRE_FS_PAGE_FILE] = "page file",
		[NACRE_FS_HIBERNATION] = "hibernation image",
		[NACRE_FS_SHADOW] = "snapshot difference area",
		[NACRE_FS_BAD] = "bad blocks",
		[NACRE_FS_SWAP] = "swap",
		[NACRE_USE_LEFT] = "volumes that were not asked for"};

	return use < sizeof(names) / sizeof(*names) ? names[use] : "unknown";
}

static int no_memory(struct nacre_error *e)
{
	return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "the map of the disk", "cannot be kept");
}

/* What nobody can read is copied as it is. */
static int take_whole(struct nacre_plan *plan, const struct nacre_place *place, struct nacre_error *e)
{
	const struct nacre_partition *p = &place->partition;
	struct nacre_extents *map = &plan->maps[place->disk];

	if (nacre_extents_remove(map, p->start, p->length) < 0 ||
	    nacre_extents_add(map, p->start, p->length, NACRE_FS_USED) < 0)
		return no_memory(e);
	return 0;
}

/*
 * The trees of XFS are as old as its log is long: what was given away since is in use, and they do not say so.
 * (The drivers of ext and btrfs look into theirs.)
 */
static bool is_behind(const struct nacre_place *place)
{
	return !strcmp(place->driver, "xfs") && place->info.state & NACRE_FS_DIRTY;
}

static int take_place(struct nacre_inventory *inventory, struct nacre_plan *plan,
		      const struct nacre_place *place, struct nacre_error *e)
{
	struct nacre_error why = {0};
	char what[48];

	if (place->partition.extended)
		return 0; /* its records are the table's */
	nacre_inventory_name(inventory, place, what, sizeof(what));
	if (!place->volume) {
		nacre_inventory_find(inventory, NACRE_NOTE, what, "all of it is copied: %s",
				     place->problem[0] ? place->problem
						       : "its content is not known");
		return take_whole(plan, place, e);
	}
	if (is_behind(place)) {
		nacre_inventory_find(inventory, NACRE_NOTE, what,
				     "all of it is copied: its log waits to be replayed, and only then its used space "
				     "can be told");
		return take_whole(plan, place, e);
	}
	if (nacre_volume_map(place->volume, &plan->maps[place->disk], &why) == 0)
		return 0;
	nacre_inventory_find(inventory, NACRE_WARNING, what,
			     "all of it is copied, as its used space cannot be told: %s", why.msg);
	return take_whole(plan, place, e);
}

/* Has it the header of a swap area, and no memory image in it? */
static bool is_swap(const struct nacre_place *place, const char *path)
{
	char page[SWAP_HEAD];
	uint32_t length = 0;

	if (nacre_volume_read_part(place->volume, path, 0, page, sizeof(page), &length, NULL) < 0 ||
	    length < sizeof(page))
		return false;
	for (size_t end = 4096; end <= sizeof(page); end *= 2)
		if (!memcmp(page + end - 10, "SWAPSPACE2", 10))
			return true;
	return false;
}

/* Of a swap file only the header travels. Where its place cannot be told, all of it does. */
static int leave_swap_file(struct nacre_inventory *inventory, struct nacre_plan *plan,
			   const struct nacre_swap_file *file, struct nacre_error *e)
{
	const struct nacre_place *place = &inventory->places[file->place];
	struct nacre_extents found = {0};
	struct nacre_error why = {0};
	int failed = 0;

	if (!place->volume || !is_swap(place, file->path))
		return 0;
	if (nacre_volume_file_map(place->volume, file->path, SWAP_HEAD, NACRE_FS_SWAP, &found, &why) < 0)
		nacre_inventory_find(inventory, NACRE_NOTE, "a swap file", "%.90s is copied: %.120s", file->path,
				     why.msg);
	else
		for (size_t i = 0; i < found.count && !failed; i++)
			failed = nacre_extents_add(&plan->maps[place->disk], found.list[i].start,
						   found.list[i].length, NACRE_FS_SWAP);
	nacre_extents_free(&found);
	return failed ? no_memory(e) : 0;
}

int nacre_plan_make(struct nacre_inventory *inventory, struct nacre_plan *plan,
		    struct nacre_error *e)
{
	memset(plan, 0, sizeof(*plan));
	plan->count = inventory->disk_count;
	for (int i = 0; i < inventory->place_count; i++)
		if (take_place(inventory, plan, &inventory->places[i], e) < 0)
			return -1;
	for (int i = 0; i < inventory->swap_file_count; i++)
		if (leave_swap_file(inventory, plan, &inventory->swap_files[i], e) < 0)
			return -1;
	for (int i = 0; i < inventory->disk_count; i++) {
		const struct nacre_inventory_disk *disk = &inventory->disks[i];

		if (disk->table.kind != NACRE_TABLE_NONE &&
		    nacre_table_extents(disk->image, &disk->table, &plan->maps[i], NACRE_FS_USED, e) < 0)
			return -1;
	}
	nacre_plan_sum(plan);
	return 0;
}

uint64_t nacre_plan_total(const struct nacre_plan *plan, uint32_t use)
{
	uint64_t bytes = 0;

	for (int i = 0; i < plan->count; i++)
		bytes += nacre_extents_total(&plan->maps[i], use);
	return bytes;
}

void nacre_plan_sum(struct nacre_plan *plan)
{
	plan->used = nacre_plan_total(plan, NACRE_FS_USED);
	plan->skipped = 0;
	for (uint32_t use = NACRE_FS_USED + 1; use < NACRE_USES; use++)
		plan->skipped += nacre_plan_total(plan, use);
}

/* "/dev/sda2", "/dev/nvme0n1p2": what the source's kernel calls it. */
static bool device_is(const struct nacre_inventory *inventory, const struct nacre_place *place, const char *name)
{
	const char *disk = inventory->disks[place->disk].name;
	size_t n = strlen(disk);
	char device[96];

	if (!n)
		return false;
	if (place->partition.number)
		snprintf(device, sizeof(device), "%s%s%d", disk, isdigit((unsigned char)disk[n - 1]) ? "p" : "",
			 place->partition.number);
	else
		snprintf(device, sizeof(device), "%s", disk);
	return !strcmp(device, name);
}

static bool tag_is(const struct nacre_place *place, const char *name)
{
	const struct {
		const char *tag, *value;
	} tags[] = {{"UUID=", place->info.uuid}, {"LABEL=", place->info.label}, {"PARTUUID=", place->partition.guid},
		    {"PARTLABEL=", place->partition.name}};

	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++)
		if (!strncmp(name, tags[i].tag, strlen(tags[i].tag)))
			return *tags[i].value && !strcasecmp(name + strlen(tags[i].tag), tags[i].value);
	return false;
}

/* "2", of a further disk "1:2". */
static const char *number_of(const struct nacre_place *place, char text[24])
{
	if (place->disk)
		snprintf(text, 24, "%d:%d", place->disk, place->partition.number);
	else
		snprintf(text, 24, "%d", place->partition.number);
	return text;
}

static bool is_called(const struct nacre_inventory *inventory, int which, const char *name)
{
	const struct nacre_place *place = &inventory->places[which];
	char number[24];

	number_of(place, number);
	if (!strcmp(name, number) || (*place->mount && !strcmp(name, place->mount)))
		return true;
	for (int i = 0; i < inventory->mount_count; i++)
		if (inventory->mounts[i].place == which && !strcmp(name, inventory->mounts[i].path))
			return true;
	return tag_is(place, name) || device_is(inventory, place, name);
}

/* "1, 2 (/), 1:1 (/srv)" */
static void list_places(const struct nacre_inventory *inventory, char *to, size_t size)
{
	char number[24];
	size_t n = 0;

	for (int i = 0; i < inventory->place_count && n + 64 < size; i++) {
		const struct nacre_place *p = &inventory->places[i];

		n += (size_t)snprintf(to + n, size - n, "%s%s", n ? ", " : "", number_of(p, number));
		if (*p->mount)
			n += (size_t)snprintf(to + n, size - n, " (%.24s)", p->mount);
	}
}

static int find_wanted(const struct nacre_inventory *inventory, const char *name, bool *wanted, struct nacre_error *e)
{
	bool found = false;
	char all[128] = "none";

	for (int i = 0; i < inventory->place_count; i++)
		if (is_called(inventory, i, name))
			found = wanted[i] = true;
	if (found)
		return 0;
	list_places(inventory, all, sizeof(all));
	return nacre_error_set(e, NACRE_E_USAGE, 0, name, "is no volume here; there are %s", all);
}

int nacre_plan_choose(struct nacre_plan *plan, const struct nacre_inventory *inventory, const char *const *names,
		      struct nacre_error *e)
{
	bool wanted[NACRE_PARTITIONS_MAX] = {false};

	for (int i = 0; names[i]; i++)
		if (find_wanted(inventory, names[i], wanted, e))
			return -1;
	for (int i = 0; i < inventory->place_count; i++) {
		const struct nacre_partition *p = &inventory->places[i].partition;
		struct nacre_extents *map = &plan->maps[inventory->places[i].disk];

		if (wanted[i] || p->extended)
			continue;
		if (nacre_extents_remove(map, p->start, p->length) < 0 ||
		    nacre_extents_add(map, p->start, p->length, NACRE_USE_LEFT) < 0)
			return no_memory(e);
	}
	nacre_plan_sum(plan);
	return 0;
}

bool nacre_plan_wants(const struct nacre_plan *plan, const struct nacre_place *place)
{
	const struct nacre_extents *map = &plan->maps[place->disk];
	const struct nacre_extent *x = nacre_extents_find(map, place->partition.start);

	return !x || x >= map->list + map->count || x->start > place->partition.start || x->tag != NACRE_USE_LEFT;
}

void nacre_plan_free(struct nacre_plan *plan)
{
	for (int i = 0; i < NACRE_DISKS_MAX; i++)
		nacre_extents_free(&plan->maps[i]);
}
