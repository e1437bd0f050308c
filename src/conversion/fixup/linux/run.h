/* SPDX-License-Identifier: BSD-2-Clause */
/* run.h - one body for detect, plan and apply of a fix
 *
 * A fix is written once, as a function that asks for changes; in what mode it runs decides whether they
 * are counted, told, or made. So a plan can never say something else than what apply does.
 */
#ifndef NACRE_CONVERSION_RUN_H
#define NACRE_CONVERSION_RUN_H

#include "conversion/inventory/devices.h"
#include "conversion/fixup/fixup.h"

#include <stdio.h>
#include <string.h>

enum nacre_run_mode { NACRE_RUN_DETECT, NACRE_RUN_PLAN, NACRE_RUN_APPLY };

struct nacre_run {
	struct nacre_fixing *f;
	const char *id;
	enum nacre_run_mode mode;
	int changes;
	struct nacre_error *e;
};

/** An editor: @in becomes @out, which is empty before. @arg: its own. Return: 0, -1: leave the file alone */
typedef int (*nacre_editor)(struct nacre_span in, void *arg, struct nacre_text *out);

/** nacre_run_say() - a sentence of the plan or the report */
void nacre_run_say(struct nacre_run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** nacre_run_edit() - change a file by @edit; 0 also where it is not there. @what: "device names become UUIDs" */
int nacre_run_edit(struct nacre_run *r, const char *path, nacre_editor edit, void *arg, const char *what);
/** nacre_run_edit_each() - files of the directory @path whose names end with @suffix */
int nacre_run_edit_each(struct nacre_run *r, const char *path, const char *suffix, nacre_editor edit,
			void *arg, const char *what);
/** nacre_run_write() - a file of our own: what is there already is replaced where it differs */
int nacre_run_write(struct nacre_run *r, const char *path, const void *data, size_t size, const char *why);
int nacre_run_link(struct nacre_run *r, const char *target, const char *path, const char *why);
/** nacre_run_remove() - 0 also where it is not there */
int nacre_run_remove(struct nacre_run *r, const char *path, const char *why);
/** nacre_run_read() - a whole file; NULL where it is not there or cannot be read. To be freed */
char *nacre_run_read(struct nacre_run *r, const char *path, size_t *size);
/** nacre_run_devices() - what the old machine called the image's volumes, learned from its files */
const struct nacre_devices *nacre_run_devices(struct nacre_run *r);
/** nacre_run_all() - run @body in @mode. Return: for detect 1 or 0; -1 */
int nacre_run_all(struct nacre_fixing *f, const char *id, enum nacre_run_mode mode,
		  int (*body)(struct nacre_run *r), struct nacre_error *e);

/* The fix NAME with @body for all three modes. */
#define NACRE_FIX(name, id_, title_, room_, body)                                                  \
	static int name##_detect(struct nacre_fixing *f, struct nacre_error *e)                    \
	{                                                                                          \
		return nacre_run_all(f, id_, NACRE_RUN_DETECT, body, e);                           \
	}                                                                                          \
	static int name##_plan(struct nacre_fixing *f, struct nacre_error *e)                      \
	{                                                                                          \
		return nacre_run_all(f, id_, NACRE_RUN_PLAN, body, e);                             \
	}                                                                                          \
	static int name##_apply(struct nacre_fixing *f, struct nacre_error *e)                     \
	{                                                                                          \
		return nacre_run_all(f, id_, NACRE_RUN_APPLY, body, e);                            \
	}                                                                                          \
	const struct nacre_fix nacre_fix_##name = {id_, title_, name##_detect, name##_plan, room_,   \
						   name##_apply}

#endif
