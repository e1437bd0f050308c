/* SPDX-License-Identifier: BSD-2-Clause */
/* streamed.c - a disk is fixed in memory and goes out as a VHD
 *
 * A stream cannot be changed once it is written, so the fix-ups come first: on an overlay of the source, whose
 * changes stay in memory. What they changed travels with what is used. A source in use was copied before, to a spool.
 */
#include "conversion/streamed.h"

#include "conversion/at_source.h"
#include "conversion/scratch.h"
#include "disk/overlay.h"
#include "disk/vhd_stream.h"

#include <errno.h>

static void stage(const struct nacre_convert_options *o, const char *name)
{
	if (o->says.stage)
		o->says.stage(o->says.arg, name);
}

static int on_sent(void *arg, uint64_t done, uint64_t total)
{
	const struct nacre_convert_options *o = arg;

	if (o->says.bytes)
		o->says.bytes(o->says.arg, done, total);
	return 0;
}

static int send_all(const struct nacre_convert_options *o, struct nacre_image *disk, const struct nacre_extents *used,
		    int out, struct nacre_error *e)
{
	struct nacre_extents what = {0};
	int failed = 0;

	for (size_t i = 0; i < used->count && !failed; i++)
		if (used->list[i].tag == NACRE_FS_USED)
			failed = nacre_extents_add(&what, used->list[i].start, used->list[i].length,
						   NACRE_FS_USED);
	if (failed)
		nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
	failed = failed || nacre_overlay_changes(disk, &what, NACRE_FS_USED, e) ||
		 nacre_vhd_stream(disk, &what, NACRE_FS_USED, out, on_sent, (void *)(uintptr_t)o, e);
	nacre_extents_free(&what);
	return failed ? -1 : 0;
}

int nacre_streamed(const struct nacre_convert_options *o, const struct nacre_streamed_what *what, int out,
		   struct nacre_convert_result *result, struct nacre_error *e)
{
	struct nacre_image *disk = NULL;
	struct nacre_growth growth;
	struct nacre_tree *tree = NULL;
	struct nacre_scratch scratch;
	int failed;

	/* What was there before is noted for as long as the fixes may fail. */
	failed = nacre_scratch_open(&scratch, e) ||
		 !(disk = nacre_overlay_image(what->from, result->definition.disks[0].size, e));
	stage(o, "making it fit, in memory");
	failed = failed || what->make_swaps(what->arg, 0, disk, e) ||
		 nacre_fix_overlay(&disk, &what->name, 1, &what->modify, &o->says, scratch.path, &tree, &growth, e);
	if (tree)
		nacre_tree_changes(tree, &result->changes);
	nacre_tree_free(tree);
	nacre_scratch_close(&scratch);
	if (!failed) {
		stage(o, "sending");
		failed = send_all(o, disk, what->used, out, e);
	}
	nacre_image_close(disk);
	return failed ? -1 : 0;
}
