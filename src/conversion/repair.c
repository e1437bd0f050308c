/* SPDX-License-Identifier: BSD-2-Clause */
/* repair.c - images that got there by other means are only made bootable (C18) */
#include "base/auto.h"
#include "conversion/convert.h"
#include "conversion/mend.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

static int repair(const struct nacre_repair_options *o, const char *undo,
		  struct nacre_inventory *inventory, size_t *changes, struct nacre_error *e)
{
	struct nacre_fixing f = {.inventory = inventory, .options = &o->fix, .say = o->says.fix,
				 .arg = o->says.arg};
	int failed;

	if (o->undo) {
		f.tree = nacre_fixup_tree(inventory, NULL, e);
		failed = !f.tree || nacre_tree_undo(f.tree, undo, e) < 0 ||
			 nacre_tree_sync(f.tree, e) < 0;
	} else {
		failed = nacre_mend(&f, undo, o->plan_only, e) < 0;
	}
	if (f.tree)
		nacre_tree_changes(f.tree, changes);
	nacre_tree_free(f.tree);
	for (int i = 0; i < inventory->place_count; i++) {
		struct nacre_volume *volume = inventory->places[i].volume;

		inventory->places[i].volume = NULL;
		failed |= nacre_volume_close(volume, failed ? NULL : e) < 0;
	}
	return failed ? -1 : 0;
}

int nacre_repair(const struct nacre_repair_options *o, size_t *changes, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *undo = NULL;
	struct nacre_inventory inventory;
	struct nacre_image *images[NACRE_DISKS_MAX] = {NULL};
	struct stat st;
	bool failed = false;
	int count = 0;

	if (asprintf(&undo, "%s.undo", o->images[0]) < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
	if (o->undo && stat(undo, &st) < 0)
		return nacre_error_set(e, NACRE_E_ABSENT, errno, undo,
				       "there is nothing to take back: it holds what a repair changed");
	while (count < o->image_count && !failed) {
		images[count] = nacre_image_open(o->images[count], o->format, !o->plan_only, e);
		failed = !images[count++];
	}
	if (!failed && nacre_inventory_take(images, NULL, count, !o->plan_only, &inventory, e) == 0) {
		failed = repair(o, undo, &inventory, changes, e) < 0;
		for (int i = 0; i < count && !failed && !o->plan_only; i++)
			failed = nacre_image_finish(images[i], e) < 0;
		nacre_inventory_free(&inventory);
	} else {
		failed = true;
	}
	for (int i = 0; i < count; i++)
		nacre_image_close(images[i]);
	return failed ? -1 : 0;
}
