/* SPDX-License-Identifier: BSD-2-Clause */
/* at_source.c - the fix-ups are made on this side of a connection; see at_source.h
 *
 * What was copied is read back, as it is needed: a source in use is not any more what was copied of it. The fix-ups work
 * on that, their changes stay in memory, and when all of them are made the changed blocks are written to the sink like
 * data of any other round. Then it is told which files were changed, and gets the journal, so that record, report and
 * `nacre repair --undo` are there as if it had done the work itself. It needs no driver of any file system for this.
 */
#include "conversion/at_source.h"

#include "base/auto.h"
#include "conversion/mend.h"
#include "conversion/result.h"
#include "disk/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PIECE = 1 << 20 };

int nacre_fix_overlay(const struct nacre_convert_options *o, struct nacre_image *disk, const char *undo,
		      struct nacre_tree **tree, struct nacre_growth *growth, struct nacre_error *e)
{
	struct nacre_inventory inventory;
	struct nacre_fix_options options = o->fix;
	struct nacre_fixing f = {.inventory = &inventory, .options = &options, .say = o->says.fix,
				 .arg = o->says.arg};
	int failed;

	*growth = (struct nacre_growth){.kind = NACRE_GROWTH_NONE};
	if (nacre_table_fit(disk, e) || (o->grow_last && nacre_growth_apply(disk, &options, growth, e)))
		return -1;
	if (*growth->text && o->says.fix)
		o->says.fix(o->says.arg, "grow", growth->text);
	options.growfs = growth->kind == NACRE_GROWTH_FIRST_START ? growth->partition : 0;
	failed = nacre_inventory_take(disk, true, &inventory, e) < 0 || nacre_mend(&f, undo, false, e) < 0;
	*tree = f.tree;
	for (int i = 0; i < inventory.place_count; i++) {
		struct nacre_volume *volume = inventory.places[i].volume;

		inventory.places[i].volume = NULL;
		failed |= nacre_volume_close(volume, failed ? NULL : e) < 0;
	}
	nacre_inventory_free(&inventory);
	return failed ? -1 : 0;
}

static int write_changed(struct nacre_image *disk, struct nacre_sink *sink, struct nacre_error *e)
{
	NACRE_AUTO_FREE uint8_t *buffer = malloc(PIECE);
	struct nacre_extents changed = {0};
	int failed = !buffer;

	if (failed)
		nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
	failed = failed || nacre_overlay_changes(disk, &changed, NACRE_FS_USED, e);
	for (size_t i = 0; i < changed.count && !failed; i++) {
		uint64_t at = changed.list[i].start, end = at + changed.list[i].length;

		for (size_t n; at < end && !failed; at += n) {
			n = end - at < PIECE ? (size_t)(end - at) : PIECE;
			failed = nacre_image_read(disk, at, buffer, n, e) || nacre_sink_write(sink, 0, at, buffer, n, e);
		}
	}
	nacre_extents_free(&changed);
	return failed ? -1 : nacre_sink_sync(sink, e);
}

static int tell_journal(const char *undo, struct nacre_sink *sink, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *name = NULL;
	NACRE_AUTO_FREE uint8_t *buffer = malloc(PIECE);
	NACRE_AUTO_FD int fd = -1;
	ssize_t n = 1;

	if (!buffer || asprintf(&name, "%s/journal", undo) < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
	fd = open(name, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && (n = read(fd, buffer, PIECE)) > 0)
		if (nacre_sink_undo(sink, buffer, (size_t)n, e))
			return -1;
	if (fd < 0 || n < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, name, "cannot be read");
	return 0;
}

static int tell(struct nacre_tree *tree, const char *undo, struct nacre_sink *sink, size_t *count, struct nacre_error *e)
{
	const struct nacre_change *changes = nacre_tree_changes(tree, count);

	for (size_t i = 0; i < *count && i < NACRE_SINK_CHANGES; i++)
		if (nacre_sink_changed(sink, &changes[i], e))
			return -1;
	return tell_journal(undo, sink, e);
}

int nacre_fix_at_source(const struct nacre_convert_options *o, struct nacre_sink *sink,
			struct nacre_convert_result *result, struct nacre_growth *growth, struct nacre_error *e)
{
	const char *tmp = getenv("TMPDIR");
	struct nacre_image *back = nacre_sink_back(sink, 0, e), *disk;
	struct nacre_tree *tree = NULL;
	char undo[256];
	int failed;

	if (!back)
		return -1;
	snprintf(undo, sizeof(undo), "%.200s/nacre-undo.XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(undo)) {
		nacre_image_close(back);
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, undo, "cannot be made");
	}
	disk = nacre_overlay_image(back, back->size, e);
	failed = !disk || nacre_fix_overlay(o, disk, undo, &tree, growth, e) || write_changed(disk, sink, e) ||
		 nacre_sink_attach(sink, 0, e) || tell(tree, undo, sink, &result->changes, e) ||
		 nacre_sink_detach(sink, 0, e);
	nacre_tree_free(tree);
	nacre_result_remove(undo, NULL);
	nacre_image_close(disk);
	nacre_image_close(back);
	return failed ? -1 : 0;
}
