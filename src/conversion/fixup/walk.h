/* SPDX-License-Identifier: BSD-2-Clause */
/* walk.h - the inside of a tree: mounts, and how a path is walked */
#ifndef NACRE_CONVERSION_WALK_H
#define NACRE_CONVERSION_WALK_H

#include "conversion/fixup/tree.h"
#include "conversion/fixup/undo.h"

/* A real path is short enough that there is room before it for the directory that is mounted. */
enum { NACRE_TREE_PATH = NACRE_FS_PATH - NACRE_FS_NAME };
enum { NACRE_TREE_MOUNTS = 32, NACRE_TREE_LINKS = 40, NACRE_TREE_KNOWN = 256 };

struct nacre_tree_mount {
	char *path; /* real, "/" or without a slash at the end */
	char below[NACRE_FS_NAME]; /* the directory of the volume that is mounted, "": all of it */
	struct nacre_volume *volume;
	int labels; /* does this file system carry SELinux labels? 1, 0, -1: not looked yet */
};

struct nacre_tree {
	struct nacre_tree_mount mounts[NACRE_TREE_MOUNTS];
	int mount_count;
	struct nacre_undo *undo; /* NULL: no changes */
	const char *fix;
	struct nacre_change *changes;
	size_t change_count, change_room;
	bool unlabelled;
	char *known[NACRE_TREE_KNOWN]; /* paths that are directories, by hash: saves a call per level */
};

/** struct nacre_walk - where a path leads, links resolved */
struct nacre_walk {
	char real[NACRE_TREE_PATH]; /* as far as it exists; behind that, the names that do not */
	size_t there;             /* bytes of @real that exist */
	bool exists;              /* all of it: @st is its stat */
	struct nacre_fs_stat st;
};

/** nacre_tree_walk() - 0 also where @path does not exist but could be made */
int nacre_tree_walk(struct nacre_tree *tree, const char *path, bool follow, struct nacre_walk *w,
		    struct nacre_error *e);
/** nacre_tree_place() - the mount of the real path @real; @inside: the path in its volume */
struct nacre_tree_mount *nacre_tree_place(struct nacre_tree *tree, const char *real, char inside[NACRE_FS_PATH]);
/** nacre_tree_forget_known() - a directory went away or became something else */
void nacre_tree_forget_known(struct nacre_tree *tree);

#endif
