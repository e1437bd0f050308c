/* SPDX-License-Identifier: BSD-2-Clause */
/* expr.h - C expressions of an overlay, given a meaning in generated code
 *
 * An expression is C text. Its identifiers name parameters or fields, `result`, `cap` (in len():
 * the capacity) or `value` (in check()); all others are constants, macros and functions of the
 * headers and stay as they are.
 */
#ifndef NACRE_OVERLAY_EXPR_H
#define NACRE_OVERLAY_EXPR_H

#include "arena.h"
#include "model.h"

/** struct nacre_scope - what the names in an expression stand for at one place */
struct nacre_scope {
	struct nacre_arena *arena;
	const struct nacre_item *items;
	/* The text for @item, or for what it points to; NULL: cannot be named like that. */
	const char *(*name)(const struct nacre_scope *scope, const struct nacre_item *item,
			    bool deref);
	const char *result, *cap, *value; /* their texts; NULL: not here */
	/* For checking: is @name known to the headers? NULL: everything is. */
	bool (*knows)(const struct nacre_scope *scope, const char *name);
	const void *data;
};

/**
 * nacre_expr_rewrite() - @expr with every name replaced by what it stands for
 * @unknown: set to the first name that has no meaning; may be NULL
 *
 * Return: text in the scope's arena; NULL with @unknown set.
 */
const char *nacre_expr_rewrite(const struct nacre_scope *scope, const char *expr,
			       const char **unknown);

/** nacre_expr_names() - does @expr name @name? */
bool nacre_expr_names(const char *expr, const char *name);

#endif
