/* SPDX-License-Identifier: BSD-2-Clause */
/* result.h - what a conversion leaves beside the disk: NAME.xml, nacre.json, report.html */
#ifndef NACRE_CONVERSION_RESULT_H
#define NACRE_CONVERSION_RESULT_H

#include "conversion/convert.h"
#include "conversion/fixed.h"
#include "conversion/transfer/transfer.h"

enum { NACRE_TIMELINE_MAX = 16 };

/** struct nacre_timeline - what was done when; zero-initialised. Times in seconds, monotonic */
struct nacre_timeline {
	struct {
		const char *name;
		double start, end;
	} list[NACRE_TIMELINE_MAX];
	int count;
};

/** nacre_timeline_next() - what was under way ends @now, @name begins; NULL: nothing does */
void nacre_timeline_next(struct nacre_timeline *t, const char *name, double now);

/**
 * struct nacre_told - all that there is to tell; @tree may be NULL: then @fixed has the changes
 * @directory: where the files are written
 * @place:     where the directory will be, absolute
 * @notes:     further lines for record and report
 */
struct nacre_told {
	const char *directory, *place, *source;
	const struct nacre_convert_result *result;
	const struct nacre_inventory *inventory;
	const struct nacre_plan *plan;
	struct nacre_tree *tree;
	const struct nacre_fixed *fixed;
	const struct nacre_timeline *timeline;
	const struct nacre_sink_note *notes;
	int note_count;
};

/** nacre_result_write() - write or replace the three files */
int nacre_result_write(const struct nacre_told *t, struct nacre_error *e);

/** nacre_result_say_plan() - in sentences: what travels and what does not */
void nacre_result_say_plan(const struct nacre_inventory *inventory, const struct nacre_plan *plan,
			   void (*say)(void *arg, const char *what, const char *sentence), void *arg);

/** nacre_result_remove() - a conversion failed: remove what it made in @directory, and @directory if then empty */
void nacre_result_remove(const char *directory, const char *undo);

#endif
