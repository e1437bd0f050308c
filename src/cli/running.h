/* SPDX-License-Identifier: BSD-2-Clause */
/* running.h - what a user says about a source that is in use */
#ifndef NACRE_CLI_RUNNING_H
#define NACRE_CLI_RUNNING_H

#include "base/json.h"
#include "conversion/snapshot/snapshot.h"

/** struct cli_running - as the options have it; part of a command's settings */
struct cli_running {
	uint32_t max_freeze;
	const char *require, *bwlimit, *on_read_error;
	const char **stop_units, **stop_cgroups, **throttle_units, **throttle_cgroups, **hooks;
	bool no_hooks;
};

/** cli_running_options() - fill @o. Return: 0, or -1 with @e; cli_running_free() in any case */
int cli_running_options(const struct cli_running *s, struct nacre_snapshot_options *o, struct nacre_error *e);
void cli_running_free(struct nacre_snapshot_options *o);
/** cli_running_print() - what became of it, for a person, to @to */
void cli_running_print(FILE *to, const struct nacre_snapshot_result *r);
/** cli_running_json() - the same, as members of an object */
void cli_running_json(struct json *j, const struct nacre_snapshot_result *r);

#endif
