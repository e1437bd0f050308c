/* SPDX-License-Identifier: BSD-2-Clause */
/* repair.c - an image that got there by other means is only made bootable (C18) */
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
	struct nacre_image *image;
	struct stat st;
	int failed;

	if (asprintf(&undo, "%s.undo", o->image) < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
	if (o->undo && stat(undo, &st) < 0)
		return nacre_error_set(e, NACRE_E_ABSENT, errno, undo,
				       "there is nothing to take back: it holds what a repair changed");
	image = nacre_image_open(o->image, o->format, !o->plan_only, e);
	if (!image)
		return -1;
	failed = nacre_inventory_take(image, !o->plan_only, &inventory, e) < 0;
	if (!failed)
		failed = repair(o, undo, &inventory, changes, e) < 0 ||
			 (!o->plan_only && nacre_image_finish(image, e) < 0);
	nacre_inventory_free(&inventory);
	nacre_image_close(image);
	return failed ? -1 : 0;
}
