/* SPDX-License-Identifier: BSD-2-Clause */
/* mend.c - the fix-ups of one image; see mend.h */
#include "conversion/mend.h"

int nacre_mend(struct nacre_fixing *f, const char *undo, bool plan_only, struct nacre_error *e)
{
	f->tree = nacre_fixup_tree(f->inventory, plan_only ? NULL : undo, e);
	if (!f->tree)
		return -1;
	if (plan_only)
		return nacre_fixup_plan(f, e);
	if (nacre_fixup_apply(f, e) < 0)
		return -1;
	return nacre_tree_sync(f->tree, e);
}
