/* SPDX-License-Identifier: BSD-2-Clause */
/* fixup.c - the fixes, in the order of need
 *
 * DOC: Theory of Operation
 *
 * What applies is found out for all fixes first; then the room that they need, volume by volume, is checked;
 * only then the first byte changes. A fix that fails takes all of this run back with it.
 */
#include "conversion/fixup/fixup.h"

#include <errno.h>
#include <string.h>

enum {
	FIXES_MOST = 64,
	LITTLE = 256 << 10, /* what the fixes without a room of their own may write together */
	INODES = 64
};

/* Mount everything whose path has @size bytes: what lies above is there by then. */
static int mount_all(struct nacre_tree *tree, const struct nacre_inventory *inventory, size_t size,
		     struct nacre_error *e)
{
	for (int i = 0; i < inventory->mount_count; i++) {
		const struct nacre_mount *m = &inventory->mounts[i];
		struct nacre_volume *volume = inventory->places[m->place].volume;

		if (!volume || strlen(m->path) != size || !nacre_tree_exists(tree, m->path))
			continue;
		if (nacre_tree_mount_below(tree, m->path, volume, m->below, e) < 0)
			return -1;
	}
	return 0;
}

struct nacre_tree *nacre_fixup_tree(const struct nacre_inventory *inventory, const char *undo,
				    struct nacre_error *e)
{
	const struct nacre_place *root = inventory->root < 0 ? NULL : &inventory->places[inventory->root];
	const struct nacre_place *odd = root;
	struct nacre_tree *tree;

	/* One that cannot be opened may well be it. */
	for (int i = 0; !odd && i < inventory->place_count; i++)
		if (inventory->places[i].problem[0])
			odd = &inventory->places[i];
	if (!root || !root->volume) {
		nacre_error_set(e, NACRE_E_SUPPORT, 0, "the image", "no volume with an operating system can be read%s%.120s",
				odd && odd->problem[0] ? ": " : "", odd ? odd->problem : "");
		return NULL;
	}
	tree = nacre_tree_new(undo, e);
	if (!tree)
		return NULL;
	if (nacre_tree_mount_below(tree, "/", root->volume, root->subvolume, e) < 0)
		goto bad;
	for (size_t size = 2; size < sizeof(root->mount); size++)
		if (mount_all(tree, inventory, size, e) < 0)
			goto bad;
	return tree;
bad:
	nacre_tree_free(tree);
	return NULL;
}

static bool skipped(const struct nacre_fixing *f, const char *id)
{
	for (int i = 0; f->options->skip && f->options->skip[i]; i++)
		if (!strcmp(f->options->skip[i], id))
			return true;
	return false;
}

/* Which of the fixes apply? */
static int detect(struct nacre_fixing *f, bool applies[FIXES_MOST], struct nacre_error *e)
{
	for (int i = 0; nacre_fixes_linux[i] && i < FIXES_MOST; i++) {
		const struct nacre_fix *fix = nacre_fixes_linux[i];
		int result = skipped(f, fix->id) ? 0 : fix->detect(f, e);

		if (result < 0)
			return nacre_error_add(e, "fix %s", fix->id);
		applies[i] = result > 0;
	}
	return 0;
}

int nacre_fixup_plan(struct nacre_fixing *f, struct nacre_error *e)
{
	bool applies[FIXES_MOST] = {false};

	if (detect(f, applies, e) < 0)
		return -1;
	for (int i = 0; nacre_fixes_linux[i] && i < FIXES_MOST; i++)
		if (applies[i] && nacre_fixes_linux[i]->plan(f, e) < 0)
			return nacre_error_add(e, "fix %s", nacre_fixes_linux[i]->id);
	return 0;
}

/* Bytes that all fixes need on one volume. */
struct need {
	const struct nacre_volume *volume;
	const char *path;
	uint64_t bytes;
};

static void add_need(struct nacre_fixing *f, struct need *needs, int *count, const char *path, uint64_t bytes)
{
	struct nacre_volume *volume = nacre_tree_volume(f->tree, path);
	int i = 0;

	while (i < *count && needs[i].volume != volume)
		i++;
	if (i == FIXES_MOST || !volume)
		return;
	if (i == *count)
		needs[(*count)++] = (struct need){.volume = volume, .path = path};
	if (__builtin_add_overflow(needs[i].bytes, bytes, &needs[i].bytes))
		needs[i].bytes = UINT64_MAX;
}

static int check_room(struct nacre_fixing *f, const bool applies[FIXES_MOST], struct nacre_error *e)
{
	struct need needs[FIXES_MOST];
	int count = 0;

	add_need(f, needs, &count, "/", LITTLE);
	for (int i = 0; nacre_fixes_linux[i] && i < FIXES_MOST; i++) {
		const char *path = "/";
		uint64_t bytes;

		if (!applies[i] || !nacre_fixes_linux[i]->room)
			continue;
		bytes = nacre_fixes_linux[i]->room(f, &path);
		add_need(f, needs, &count, path, bytes);
	}
	for (int i = 0; i < count; i++) {
		const struct nacre_fs_info *info = nacre_volume_info(needs[i].volume);

		if (info->free < needs[i].bytes)
			return nacre_error_set(e, NACRE_E_SUPPORT, 0, needs[i].path,
					       "the changes need %llu KiB there and %llu KiB are free; please make room",
					       (unsigned long long)needs[i].bytes >> 10,
					       (unsigned long long)info->free >> 10);
	}
	/* FAT has no inodes and says 0: only the root's count */
	if (nacre_volume_info(needs[0].volume)->inodes_free < INODES)
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, "/",
				       "the changes need up to %d inodes and %llu are free; please make room", INODES,
				       (unsigned long long)nacre_volume_info(needs[0].volume)->inodes_free);
	return 0;
}

static int apply_all(struct nacre_fixing *f, const bool applies[FIXES_MOST], struct nacre_error *e)
{
	for (int i = 0; nacre_fixes_linux[i] && i < FIXES_MOST; i++) {
		const struct nacre_fix *fix = nacre_fixes_linux[i];

		if (!applies[i])
			continue;
		nacre_tree_fix(f->tree, fix->id);
		if (fix->apply(f, e) < 0)
			return nacre_error_add(e, "fix %s", fix->id);
	}
	return nacre_tree_sync(f->tree, e);
}

int nacre_fixup_apply(struct nacre_fixing *f, struct nacre_error *e)
{
	bool applies[FIXES_MOST] = {false};
	struct nacre_error why = {0};

	if (!nacre_tree_volume(f->tree, "/"))
		return nacre_error_set(e, NACRE_E_ABSENT, 0, "/", "no root volume is mounted");
	if (detect(f, applies, e) < 0 || check_room(f, applies, e) < 0)
		return -1;
	if (apply_all(f, applies, e) == 0)
		return 0;
	if (nacre_tree_undo(f->tree, NULL, &why) < 0)
		return nacre_error_add(e, "and what was done could not be undone (%.60s)", why.msg);
	return nacre_error_add(e, "nothing was changed");
}
