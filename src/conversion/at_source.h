/* SPDX-License-Identifier: BSD-2-Clause */
/* at_source.h - the fix-ups are made on this side of a connection (C8, C15) */
#ifndef NACRE_CONVERSION_AT_SOURCE_H
#define NACRE_CONVERSION_AT_SOURCE_H

#include "conversion/convert.h"
#include "conversion/grow.h"
#include "conversion/transfer/transfer.h"

/**
 * nacre_fix_overlay() - table, boot record, growth and fix-ups, on images whose changes stay in memory
 * @disks:  of one machine, with their @names, as nacre_inventory_take() has them
 * @undo:   directory for the journal, made if need be
 * @tree:   gets what was changed, for the caller to free, also after an error; NULL: it did not come so far
 * @growth: kind NACRE_GROWTH_NONE and no text where nothing was to grow
 */
int nacre_fix_overlay(struct nacre_image *const *disks, const char *const *names, int count,
		      const struct nacre_sink_modify *what, const struct nacre_convert_says *says, const char *undo,
		      struct nacre_tree **tree, struct nacre_growth *growth, struct nacre_error *e);
/**
 * nacre_fix_at_source() - all of that on what the sink has of its disks, and it gets what became of it; from attach to
 * detach nothing else is left to be said
 * @source: says what the disks are called
 * @s: hears what is overwritten, of a source whose changes are tracked on; NULL: nobody needs to
 */
int nacre_fix_at_source(const struct nacre_convert_options *o, const struct nacre_inventory *source,
			const struct nacre_sink_modify *what, struct nacre_sink *sink, struct nacre_snapshot *s,
			struct nacre_convert_result *result, struct nacre_growth *growth, struct nacre_error *e);

#endif
