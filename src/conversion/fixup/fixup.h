/* SPDX-License-Identifier: BSD-2-Clause */
/* fixup.h - what makes a machine fit a virtual machine (C7-C10), each fix with detect, plan and apply
 *
 * Undo is the tree's (tree.h). A fix reads and writes through the tree only. `plan` writes sentences
 * for a person and changes nothing; `apply` does what plan said.
 */
#ifndef NACRE_CONVERSION_FIXUP_H
#define NACRE_CONVERSION_FIXUP_H

#include "conversion/inventory/devices.h"
#include "conversion/fixup/tree.h"
#include "conversion/inventory/inventory.h"

/** struct nacre_fix_options - what the user asked for, and what the virtual machine has */
struct nacre_fix_options {
	bool new_identity; /* machine-id and ssh host keys anew */
	bool serial_console;
	int growfs; /* number of the partition whose file system the machine enlarges by itself; 0: none */
	const char *const *skip; /* ids, NULL-ended, or NULL */
};

struct nacre_fixing {
	struct nacre_inventory *inventory;
	struct nacre_tree *tree;
	const struct nacre_fix_options *options;
	/** @text: one sentence of the plan, or of what was done; @fix: its id */
	void (*say)(void *arg, const char *fix, const char *text);
	void *arg;
	/** what the old machine called its disks, as its files told before the first fix changed any */
	struct nacre_devices devices;
	bool learned;
};

struct nacre_fix {
	const char *id;    /* "initramfs", "fstab"... stable, for --skip and the report */
	const char *title; /* "virtio drivers in every initramfs" */
	/** does it apply? 1 yes, 0 no, -1 error */
	int (*detect)(struct nacre_fixing *f, struct nacre_error *e);
	int (*plan)(struct nacre_fixing *f, struct nacre_error *e);
	/** bytes that apply will write at most, and a path on the volume where; NULL: little */
	uint64_t (*room)(struct nacre_fixing *f, const char **path);
	int (*apply)(struct nacre_fixing *f, struct nacre_error *e);
};

extern const struct nacre_fix *const nacre_fixes_linux[]; /* NULL-ended, in the order of need */

/**
 * nacre_fixup_tree() - the tree of the machine that @inventory found, its volumes where fstab mounts them
 * @undo: as nacre_tree_new() has it
 */
struct nacre_tree *nacre_fixup_tree(const struct nacre_inventory *inventory, const char *undo,
				    struct nacre_error *e);
/** nacre_fixup_grows() - could the machine enlarge the file system on partition @number at its first start? */
bool nacre_fixup_grows(struct nacre_fixing *f, int number);
/** nacre_fixup_plan() - say what would be done */
int nacre_fixup_plan(struct nacre_fixing *f, struct nacre_error *e);
/** nacre_fixup_apply() - check room for all first, then apply; on an error everything is undone */
int nacre_fixup_apply(struct nacre_fixing *f, struct nacre_error *e);

#endif
