/* SPDX-License-Identifier: BSD-2-Clause */
/* grow.c - the last partition takes what a larger disk has; theory of operation in grow.h */
#include "conversion/grow.h"

#include "base/auto.h"
#include "conversion/inventory/print.h"
#include "conversion/swap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What enlarges it in the machine, when its partition is large enough; @where: "at /home", or "". */
static const struct {
	const char *type, *command;
} commands[] = {
	{"xfs", "xfs_growfs"},
	{"btrfs", "btrfs filesystem resize max"},
	{"ext2", "resize2fs"},
	{"ext3", "resize2fs"},
	{"ext4", "resize2fs"},
	{"vfat", "fatresize"},
	{"ntfs", "diskpart, 'extend filesystem',"},
	{"lvm2", "pvresize, then lvextend -r,"},
	{"luks", "cryptsetup resize, then the tool of the file system in it,"},
};

static const char *command_of(const struct nacre_place *place)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].type, place->type))
			return commands[i].command;
	return NULL;
}

/* "partition 3 (xfs, /home)" */
static void name(const struct nacre_place *place, char *text, size_t size)
{
	char what[64] = "";

	snprintf(what, sizeof(what), "%s%s%.40s", place->type,
		 *place->mount && strcmp(place->mount, place->type) ? ", " : "",
		 strcmp(place->mount, place->type) ? place->mount : "");
	if (place->partition.number)
		snprintf(text, size, "partition %d%s%s%s", place->partition.number, *what ? " (" : "", what,
			 *what ? ")" : "");
	else
		snprintf(text, size, "the disk%s%s%s", *what ? " (" : "", what, *what ? ")" : "");
}

/* @growth->text, by its kind; @why: of what stays as it is. */
static void put(struct nacre_growth *g, const struct nacre_place *place, const char *why)
{
	char who[96], from[24], to[24], range[168];

	name(place, who, sizeof(who));
	snprintf(range, sizeof(range), "%s grows from %s to %s", who, nacre_size_text(from, sizeof(from), g->from),
		 nacre_size_text(to, sizeof(to), g->to));
	switch (g->kind) {
	case NACRE_GROWTH_NONE:
		snprintf(g->text, sizeof(g->text), "%s has no free space behind it that it could take", who);
		break;
	case NACRE_GROWTH_FILE_SYSTEM:
		snprintf(g->text, sizeof(g->text), "%s, its file system with it", range);
		break;
	case NACRE_GROWTH_SWAP:
		snprintf(g->text, sizeof(g->text), "%s: the swap area is made as large", range);
		break;
	case NACRE_GROWTH_FIRST_START:
		snprintf(g->text, sizeof(g->text), "%s; its file system follows at the first start (x-systemd.growfs)",
			 range);
		break;
	case NACRE_GROWTH_PARTITION:
		snprintf(g->text, sizeof(g->text), "%s, what is in it does not: %s in the machine enlarges it", range,
			 command_of(place));
		break;
	case NACRE_GROWTH_KEPT:
		snprintf(g->text, sizeof(g->text), "%s keeps its size: %.120s", who, why);
		break;
	}
}

static struct nacre_place *find_place(struct nacre_inventory *inventory, int number)
{
	for (int i = 0; i < inventory->place_count; i++)
		if (!inventory->places[i].disk && inventory->places[i].partition.number == number)
			return &inventory->places[i];
	return NULL;
}

/* Would the machine enlarge the file system at its first start? */
static bool machine_grows(struct nacre_inventory *inventory, int number, const struct nacre_fix_options *options)
{
	struct nacre_fixing f = {.inventory = inventory, .options = options};
	struct nacre_error none = {0};
	bool grows;

	for (int i = 0; options->skip && options->skip[i]; i++)
		if (!strcmp(options->skip[i], "growfs"))
			return false;
	f.tree = nacre_fixup_tree(inventory, NULL, &none);
	grows = f.tree && nacre_fixup_grows(&f, number);
	nacre_tree_free(f.tree);
	return grows;
}

/* By what is in it. @why: for what stays as it is */
static enum nacre_growth_kind judge(struct nacre_inventory *inventory, struct nacre_place *place, uint64_t to,
				    const struct nacre_fix_options *options, char *why, size_t size)
{
	struct nacre_error e = {0};

	if (!strcmp(place->driver, "swap"))
		return NACRE_GROWTH_SWAP;
	if (!strcmp(place->type, "lvm2") || !strcmp(place->type, "luks"))
		return NACRE_GROWTH_PARTITION; /* they are found by what is at their beginning */
	if (!strcmp(place->type, "linux_raid")) {
		snprintf(why, size, "a member of an array may be found by what is at its end");
		return NACRE_GROWTH_KEPT;
	}
	if (!place->volume) {
		snprintf(why, size, "%s%.90s", *place->driver ? "its file system cannot be read: " : "",
			 *place->driver ? place->problem : "what is in it is not known");
		return NACRE_GROWTH_KEPT;
	}
	if (nacre_volume_by_kernel(place->driver) || nacre_volume_resize(place->volume, to, &e) == 0)
		return NACRE_GROWTH_FILE_SYSTEM;
	if (e.code != NACRE_E_SUPPORT || !command_of(place)) {
		snprintf(why, size, "%.110s", e.msg);
		return NACRE_GROWTH_KEPT;
	}
	return machine_grows(inventory, place->partition.number, options) ? NACRE_GROWTH_FIRST_START
									   : NACRE_GROWTH_PARTITION;
}

int nacre_growth_plan(struct nacre_inventory *inventory, uint64_t size, const struct nacre_fix_options *options,
		      struct nacre_growth *growth, struct nacre_error *e)
{
	const struct nacre_table *table = &inventory->disks[0].table;
	struct nacre_image *image = inventory->disks[0].image;
	const struct nacre_partition *last = nacre_table_last(table);
	struct nacre_place *place = find_place(inventory, last ? last->number : 0);
	char why[128] = "";

	*growth = (struct nacre_growth){.kind = NACRE_GROWTH_NONE};
	if (!place)
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, image->path,
				       "there is no partition that could grow");
	growth->partition = place->partition.number;
	growth->place = (int)(place - inventory->places);
	growth->from = place->partition.length;
	growth->to = last ? nacre_table_last_length(image, table, size) : size;
	if (growth->to > growth->from)
		growth->kind = judge(inventory, place, growth->to, options, why, sizeof(why));
	put(growth, place, why);
	return 0;
}

/* The partition has its new length; now what is in it. */
static int follow(struct nacre_image *image, struct nacre_place *place, const struct nacre_growth *g,
		  struct nacre_error *e)
{
	struct nacre_volume *volume;
	int failed;

	place->partition.length = g->to;
	if (g->kind == NACRE_GROWTH_SWAP)
		return nacre_swap_make(image, place, e);
	if (g->kind != NACRE_GROWTH_FILE_SYSTEM)
		return 0;
	volume = nacre_volume_open(image, place->partition.start, g->to, place->driver, true, e);
	if (!volume)
		return -1;
	failed = nacre_volume_resize(volume, g->to, e);
	if (nacre_volume_close(volume, failed ? NULL : e) < 0)
		failed = -1;
	return failed;
}

static int apply(struct nacre_inventory *inventory, struct nacre_growth *g, struct nacre_error *e)
{
	struct nacre_place *place = &inventory->places[g->place];
	struct nacre_image *image = inventory->disks[0].image;
	struct nacre_partition grown = {.length = image->size};

	if (g->kind == NACRE_GROWTH_NONE || g->kind == NACRE_GROWTH_KEPT)
		return 0;
	for (int i = 0; i < inventory->place_count; i++) {
		nacre_volume_close(inventory->places[i].volume, NULL); /* for reading: it wrote nothing */
		inventory->places[i].volume = NULL;
	}
	if (g->partition && nacre_table_grow_last(image, &grown, e) < 0)
		return -1;
	if (grown.number != g->partition)
		return nacre_error_set(e, NACRE_E_INPUT, 0, image->path, "the partition table is not what it was");
	g->to = grown.length;
	if (follow(image, place, g, e) < 0)
		return nacre_error_add(e, "partition %d has grown, what is in it could not", g->partition);
	put(g, place, "");
	return 0;
}

int nacre_growth_apply(struct nacre_image *image, const struct nacre_fix_options *options,
		       struct nacre_growth *growth, struct nacre_error *e)
{
	struct nacre_inventory *inventory = malloc(sizeof(*inventory));
	int failed;

	*growth = (struct nacre_growth){.kind = NACRE_GROWTH_NONE};
	if (!inventory)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
	failed = nacre_inventory_take(&image, NULL, 1, false, inventory, e);
	if (failed == 0) {
		failed = nacre_growth_plan(inventory, image->size, options, growth, e);
		if (failed == 0)
			failed = apply(inventory, growth, e);
		nacre_inventory_free(inventory);
	}
	free(inventory);
	return failed;
}

bool nacre_growth_is_odd(const struct nacre_growth *growth)
{
	return growth->kind == NACRE_GROWTH_PARTITION || growth->kind == NACRE_GROWTH_KEPT;
}

void nacre_growth_tell(const struct nacre_growth *growth, struct nacre_sink_note *notes, int *count,
		       struct nacre_inventory *inventory)
{
	if (*count < NACRE_SINK_NOTES) {
		struct nacre_sink_note *note = &notes[(*count)++];

		snprintf(note->name, sizeof(note->name), "Last partition");
		snprintf(note->value, sizeof(note->value), "%.159s", growth->text);
	}
	if (nacre_growth_is_odd(growth))
		nacre_inventory_find(inventory, NACRE_WARNING, "a last partition that did not grow as a whole", "%s",
				     growth->text);
}
