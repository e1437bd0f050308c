/* SPDX-License-Identifier: BSD-2-Clause */
/* tree.h - the machine's directory tree over all its volumes, as the machine itself would see it
 *
 * DOC: Theory of Operation
 *
 * Volumes are put under their mount points; a path is walked from the root, links included, within the
 * tree: a link never leads out of it. Nothing of the machine is executed. Every change goes through
 * here and is remembered: what the file was before, byte for byte with owner, mode, times and
 * attributes, goes to the undo directory before the first byte of the image changes. So undo
 * needs no cooperation of a fix, and the report lists each file with before and after.
 */
#ifndef NACRE_CONVERSION_TREE_H
#define NACRE_CONVERSION_TREE_H

#include "fs/volume.h"

struct nacre_tree;

/** nacre_tree_new() - empty; @undo: directory for what was there before (made if need be), NULL: no changes */
struct nacre_tree *nacre_tree_new(const char *undo, struct nacre_error *e);
/** nacre_tree_mount() - @volume (not taken over) at @path; "/" first */
int nacre_tree_mount(struct nacre_tree *tree, const char *path, struct nacre_volume *volume,
		     struct nacre_error *e);
/** nacre_tree_mount_below() - of @volume only directory @below: a subvolume of btrfs; "": all */
int nacre_tree_mount_below(struct nacre_tree *tree, const char *path, struct nacre_volume *volume,
			   const char *below, struct nacre_error *e);
void nacre_tree_free(struct nacre_tree *tree);

bool nacre_tree_exists(struct nacre_tree *tree, const char *path);
int nacre_tree_stat(struct nacre_tree *tree, const char *path, bool follow, struct nacre_fs_stat *st,
		    struct nacre_error *e);
/** nacre_tree_read() - a text or binary file of at most 256 MiB; @data ends with a 0 that is not counted */
int nacre_tree_read(struct nacre_tree *tree, const char *path, char **data, size_t *size,
		    struct nacre_error *e);
int nacre_tree_read_link(struct nacre_tree *tree, const char *path, char *target, size_t capacity,
			 struct nacre_error *e);
/** nacre_tree_each() - call @visit for each name in the directory, sorted by bytes; stops when it returns non-zero */
int nacre_tree_each(struct nacre_tree *tree, const char *path,
		    int (*visit)(void *arg, const struct nacre_fs_entry *entry), void *arg,
		    struct nacre_error *e);
/** nacre_tree_free_bytes() - of the volume that @path is on */
uint64_t nacre_tree_free_bytes(struct nacre_tree *tree, const char *path);
/** nacre_tree_volume() - the one that @path is on, or would be on; NULL: none is mounted there */
struct nacre_volume *nacre_tree_volume(struct nacre_tree *tree, const char *path);
/** nacre_tree_read_part() - up to @size bytes of a file at @offset; *got is less only at its end */
int nacre_tree_read_part(struct nacre_tree *tree, const char *path, uint64_t offset, void *data,
			 size_t size, size_t *got, struct nacre_error *e);

/**
 * nacre_tree_write() - new content; a file that is there keeps owner, mode and attributes, a new one gets
 * those of its directory's owner, 0644, and the SELinux label of its neighbours; directories are made
 */
int nacre_tree_write(struct nacre_tree *tree, const char *path, const void *data, size_t size,
		     struct nacre_error *e);
/** nacre_tree_append() - only the old length is needed to undo it */
int nacre_tree_append(struct nacre_tree *tree, const char *path, const void *data, size_t size,
		      struct nacre_error *e);
int nacre_tree_link(struct nacre_tree *tree, const char *target, const char *path,
		    struct nacre_error *e);
int nacre_tree_remove(struct nacre_tree *tree, const char *path, struct nacre_error *e);
int nacre_tree_sync(struct nacre_tree *tree, struct nacre_error *e);

/** struct nacre_change - one changed file, for the report: text before and after where it is text */
struct nacre_change {
	char *path;
	const char *how; /* "changed", "appended", "made", "removed", "linked" */
	char *before, *after;
	uint64_t size_before, size_after;
	const char *fix; /* id of the fix at work */
};
/** nacre_tree_changes() - all so far; belongs to the tree */
const struct nacre_change *nacre_tree_changes(struct nacre_tree *tree, size_t *count);
/** nacre_tree_fix() - name the fix whose changes follow */
void nacre_tree_fix(struct nacre_tree *tree, const char *id);
/** nacre_tree_unlabelled() - was a file made that should have an SELinux label and could not get one? */
bool nacre_tree_unlabelled(const struct nacre_tree *tree);
/**
 * nacre_tree_undo() - put everything back as @undo says, the last change first; then @undo is removed
 * @undo: NULL: the tree's own, and only what this tree changed
 *
 * It may be repeated: an undo that was interrupted is finished by the next one. Where a file cannot be
 * put back the others are all the same, @undo stays, and the first error is returned.
 */
int nacre_tree_undo(struct nacre_tree *tree, const char *undo, struct nacre_error *e);

#endif
