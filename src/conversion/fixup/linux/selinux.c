/* SPDX-License-Identifier: BSD-2-Clause */
/* selinux.c - new files carry labels; where one could not get its own, the machine relabels itself
 *
 * The tree gives each new file the label of its neighbours (tree.h). Only if that failed the first boot
 * has to go through all files: /.autorelabel, which takes minutes, so not without need.
 */
#include "conversion/fixup/linux/run.h"

static int body(struct nacre_run *r)
{
	if (!r->f->inventory->selinux)
		return 0;
	if (r->mode == NACRE_RUN_DETECT)
		r->changes = 1; /* known only when all else is done */
	nacre_run_say(r, "new files get the label of their neighbours; if one cannot, the first boot labels everything");
	if (!nacre_tree_unlabelled(r->f->tree))
		return 0;
	return nacre_run_write(r, "/.autorelabel", "", 0, "a new file has no label: the first boot labels everything");
}

NACRE_FIX(selinux, "selinux", "labels for SELinux", NULL, body);
