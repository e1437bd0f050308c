/* SPDX-License-Identifier: BSD-2-Clause */
/* plan.c - what of a disk travels; see plan.h */
#include "conversion/plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { SWAP_HEAD = 65536 /* the header is a page, on some machines of this size */ };

const char *nacre_use_name(uint32_t use)
{
	static const char *const names[] = {
		[NACRE_FS_USED] = "used",
		[NACRE_FS_PAGE_FILE] = "page file",
		[NACRE_FS_HIBERNATION] = "hibernation image",
		[NACRE_FS_SHADOW] = "snapshot difference area",
		[NACRE_FS_BAD] = "bad blocks",
		[NACRE_FS_SWAP] = "swap"};

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

	if (nacre_extents_remove(&plan->map, p->start, p->length) < 0 ||
	    nacre_extents_add(&plan->map, p->start, p->length, NACRE_FS_USED) < 0)
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
	char what[96];

	if (place->partition.extended)
		return 0; /* its records are the table's */
	snprintf(what, sizeof(what), "partition %d", place->partition.number);
	if (!place->partition.number)
		strcpy(what, "the disk");
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
	if (nacre_volume_map(place->volume, &plan->map, &why) == 0)
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
			failed = nacre_extents_add(&plan->map, found.list[i].start, found.list[i].length,
						   NACRE_FS_SWAP);
	nacre_extents_free(&found);
	return failed ? no_memory(e) : 0;
}

int nacre_plan_make(struct nacre_inventory *inventory, struct nacre_plan *plan,
		    struct nacre_error *e)
{
	memset(plan, 0, sizeof(*plan));
	for (int i = 0; i < inventory->place_count; i++)
		if (take_place(inventory, plan, &inventory->places[i], e) < 0)
			return -1;
	for (int i = 0; i < inventory->swap_file_count; i++)
		if (leave_swap_file(inventory, plan, &inventory->swap_files[i], e) < 0)
			return -1;
	if (inventory->table.kind != NACRE_TABLE_NONE &&
	    nacre_table_extents(inventory->image, &inventory->table, &plan->map, NACRE_FS_USED, e) < 0)
		return -1;
	plan->used = nacre_extents_total(&plan->map, NACRE_FS_USED);
	for (uint32_t use = NACRE_FS_USED + 1; use <= NACRE_FS_SWAP; use++)
		plan->skipped += nacre_extents_total(&plan->map, use);
	return 0;
}

void nacre_plan_free(struct nacre_plan *plan)
{
	nacre_extents_free(&plan->map);
}
