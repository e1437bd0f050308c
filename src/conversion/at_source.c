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
#include "conversion/scratch.h"
#include "disk/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PIECE = 1 << 20 };

int nacre_fix_overlay(struct nacre_image *const *disks, const char *const *names, int count,
		      const struct nacre_sink_modify *what, const struct nacre_convert_says *says, const char *undo,
		      struct nacre_tree **tree, struct nacre_growth *growth, struct nacre_error *e)
{
	struct nacre_inventory inventory;
	struct nacre_fix_options options = what->fix;
	struct nacre_fixing f = {.inventory = &inventory, .options = &options, .say = says->fix, .arg = says->arg};
	int failed;

	*growth = (struct nacre_growth){.kind = NACRE_GROWTH_NONE};
	for (int i = 0; i < count; i++)
		if (nacre_table_fit(disks[i], e))
			return -1;
	if (what->grow_last && nacre_growth_apply(disks[0], &options, growth, e))
		return -1;
	if (*growth->text && says->fix)
		says->fix(says->arg, "grow", growth->text);
	options.growfs = growth->kind == NACRE_GROWTH_FIRST_START ? growth->partition : 0;
	if (nacre_inventory_take(disks, names, count, true, &inventory, e) < 0)
		return -1;
	nacre_inventory_cards(&inventory, what->nics, what->nic_count);
	failed = nacre_mend(&f, undo, false, e) < 0;
	*tree = f.tree;
	for (int i = 0; i < inventory.place_count; i++) {
		struct nacre_volume *volume = inventory.places[i].volume;

		inventory.places[i].volume = NULL;
		failed |= nacre_volume_close(volume, failed ? NULL : e) < 0;
	}
	nacre_inventory_free(&inventory);
	return failed ? -1 : 0;
}

static int write_changed(struct nacre_image *disk, struct nacre_sink *sink, unsigned number, struct nacre_snapshot *s,
			 struct nacre_error *e)
{
	NACRE_AUTO_FREE uint8_t *buffer = malloc(PIECE);
	struct nacre_extents changed = {0};
	int failed = !buffer;

	if (failed)
		nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
	failed = failed || nacre_overlay_changes(disk, &changed, NACRE_FS_USED, e);
	for (size_t i = 0; i < changed.count && !failed; i++) {
		uint64_t at = changed.list[i].start, end = at + changed.list[i].length;

		/* The sink takes it for data: the next --again has to write there what the source has. */
		if (s)
			nacre_snapshot_overwritten(s, number, at, end - at);
		for (size_t n; at < end && !failed; at += n) {
			n = end - at < PIECE ? (size_t)(end - at) : PIECE;
			failed = nacre_image_read(disk, at, buffer, n, e) || nacre_sink_write(sink, number, at, buffer, n, e);
		}
	}
	nacre_extents_free(&changed);
	return failed ? -1 : 0;
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

/* The sink's disks, @count of them, each below an overlay. */
struct backs {
	struct nacre_image *under[NACRE_SINK_DISKS], *over[NACRE_SINK_DISKS];
	const char *names[NACRE_SINK_DISKS];
	int count;
};

static int open_backs(struct backs *b, const struct nacre_inventory *source, struct nacre_sink *sink, struct nacre_error *e)
{
	for (int i = 0; i < source->disk_count; i++) {
		b->count = i + 1;
		b->names[i] = source->disks[i].name;
		b->under[i] = nacre_sink_back(sink, (unsigned)i, e);
		b->over[i] = b->under[i] ? nacre_overlay_image(b->under[i], b->under[i]->size, e) : NULL;
		if (!b->over[i])
			return -1;
	}
	return 0;
}

static void close_backs(struct backs *b)
{
	for (int i = 0; i < b->count; i++) {
		nacre_image_close(b->over[i]);
		nacre_image_close(b->under[i]);
	}
}

/* What was changed in memory becomes the sink's, and is told. */
static int hand_over(struct backs *b, struct nacre_tree *tree, const char *undo, struct nacre_sink *sink, struct nacre_snapshot *s,
		     size_t *changes, struct nacre_error *e)
{
	for (int i = 0; i < b->count; i++)
		if (write_changed(b->over[i], sink, (unsigned)i, s, e))
			return -1;
	if (nacre_sink_sync(sink, e))
		return -1;
	for (int i = 0; i < b->count; i++)
		if (nacre_sink_attach(sink, (unsigned)i, e))
			return -1;
	if (tell(tree, undo, sink, changes, e))
		return -1;
	for (int i = 0; i < b->count; i++)
		if (nacre_sink_detach(sink, (unsigned)i, e))
			return -1;
	return 0;
}

int nacre_fix_at_source(const struct nacre_convert_options *o, const struct nacre_inventory *source,
			const struct nacre_sink_modify *what, struct nacre_sink *sink, struct nacre_snapshot *s,
			struct nacre_convert_result *result, struct nacre_growth *growth, struct nacre_error *e)
{
	struct nacre_tree *tree = NULL;
	struct backs b = {.count = 0};
	struct nacre_scratch scratch;
	int failed;

	failed = nacre_scratch_open(&scratch, e) || open_backs(&b, source, sink, e) ||
		 nacre_fix_overlay(b.over, b.names, b.count, what, &o->says, scratch.path, &tree, growth, e) ||
		 hand_over(&b, tree, scratch.path, sink, s, &result->changes, e);
	nacre_tree_free(tree);
	nacre_scratch_close(&scratch);
	close_backs(&b);
	return failed ? -1 : 0;
}
