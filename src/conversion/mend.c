/* SPDX-License-Identifier: BSD-2-Clause */
/* mend.c - the fix-ups of one image; see mend.h */
#include "conversion/mend.h"

#include <string.h>

/* Outer mount points come before inner ones. */
static int next_mount(const struct nacre_inventory *inventory, size_t after)
{
	int best = -1;
	size_t length;

	for (int i = 0; i < inventory->place_count; i++) {
		const struct nacre_place *place = &inventory->places[i];

		length = strlen(place->mount);
		if (!place->volume || i == inventory->root || place->mount[0] != '/' || length <= after)
			continue;
		if (best < 0 || length < strlen(inventory->places[best].mount))
			best = i;
	}
	return best;
}

static int mount_all(struct nacre_tree *tree, struct nacre_inventory *inventory, struct nacre_error *e)
{
	size_t length = 1;

	if (nacre_tree_mount(tree, "/", inventory->places[inventory->root].volume, e) < 0)
		return -1;
	for (int i; (i = next_mount(inventory, length)) >= 0;) {
		length = strlen(inventory->places[i].mount);
		for (; i < inventory->place_count; i++) {
			struct nacre_place *place = &inventory->places[i];

			if (!place->volume || i == inventory->root || place->mount[0] != '/' ||
			    strlen(place->mount) != length)
				continue;
			if (nacre_tree_mount(tree, place->mount, place->volume, e) < 0)
				return nacre_error_add(e, "partition %d at %s", place->partition.number,
						       place->mount);
		}
	}
	return 0;
}

/* A volume that cannot be opened may well be it. */
static void no_root(const struct nacre_inventory *inventory, struct nacre_error *e)
{
	for (int i = 0; i < inventory->place_count; i++)
		if (inventory->places[i].problem[0]) {
			nacre_error_set(e, NACRE_E_SUPPORT, 0, "the disk",
					"no root file system was found; partition %d: %s",
					inventory->places[i].partition.number, inventory->places[i].problem);
			return;
		}
	nacre_error_set(e, NACRE_E_SUPPORT, 0, "the disk",
			"no root file system was found on it; nacre inspect says what is there");
}

struct nacre_tree *nacre_machine_tree(struct nacre_inventory *inventory, const char *undo,
				      struct nacre_error *e)
{
	struct nacre_tree *tree;

	if (inventory->root < 0) {
		no_root(inventory, e);
		return NULL;
	}
	tree = nacre_tree_new(undo, e);
	if (tree && mount_all(tree, inventory, e) < 0) {
		nacre_tree_free(tree);
		return NULL;
	}
	return tree;
}

int nacre_mend(struct nacre_fixing *f, const char *undo, bool plan_only, struct nacre_error *e)
{
	f->tree = nacre_machine_tree(f->inventory, plan_only ? NULL : undo, e);
	if (!f->tree)
		return -1;
	if (plan_only)
		return nacre_fixup_plan(f, e);
	if (nacre_fixup_apply(f, e) < 0)
		return -1;
	return nacre_tree_sync(f->tree, e);
}
