/* SPDX-License-Identifier: BSD-2-Clause */
/* running.c - what a user says about a source that is in use, and what is said of it */
#include "running.h"
#include "machine.h"

#include "config.h"

#include "conversion/snapshot/cgroup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const hook_places[] = {"/etc/qemu/fsfreeze-hook.d", NACRE_WRITERSDIR, NULL};

static int count(const char *const *list)
{
	int n = 0;

	while (list && list[n])
		n++;
	return n;
}

/* Units by name, then directories. Every one is checked now: not when programs already hold still. */
static int find_groups(const char *const **list, const char **units, const char **cgroups,
		       char *(*of_unit)(const char *unit, struct nacre_error *e),
		       int (*check)(const char *directory, struct nacre_error *e), struct nacre_error *e)
{
	char **groups = calloc((size_t)(count(units) + count(cgroups)) + 1, sizeof(*groups));
	int n = 0;

	*list = (const char *const *)groups;
	if (!groups)
		return nacre_error_set(e, NACRE_E_SYSTEM, 0, "memory", "there is none left");
	for (int i = 0; units && units[i]; i++)
		if (!(groups[n++] = of_unit(units[i], e)))
			return -1;
	for (int i = 0; cgroups && cgroups[i]; i++) {
		if (check(cgroups[i], e) < 0)
			return -1;
		groups[n++] = cli_format("%s", cgroups[i]);
	}
	return 0;
}

static int check_throttle(const char *directory, struct nacre_error *e)
{
	bool v2;

	return nacre_cgroup_throttles(directory, &v2, e);
}

static void free_groups(const char *const **list)
{
	for (int i = 0; *list && (*list)[i]; i++)
		free((char *)(uintptr_t)(*list)[i]);
	free((void *)(uintptr_t)*list);
	*list = NULL;
}

int cli_running_options(const struct cli_running *s, struct nacre_snapshot_options *o, struct nacre_error *e)
{
	memset(o, 0, sizeof(*o));
	o->max_freeze_ms = s->max_freeze;
	if (s->require)
		o->require = !strcmp(s->require, "application") ? NACRE_CONSISTENT_APPLICATION
			     : !strcmp(s->require, "file-system") ? NACRE_CONSISTENT_FILE_SYSTEM
								  : NACRE_CONSISTENT_CRASH;
	o->zero_bad = s->on_read_error && !strcmp(s->on_read_error, "zero");
	if (s->bwlimit && (!cli_size(s->bwlimit, &o->bytes_per_second) || !o->bytes_per_second))
		return nacre_error_set(e, NACRE_E_USAGE, 0, s->bwlimit, "is no rate; 20M is one, of bytes a second");
	if (!s->no_hooks)
		o->hook_directories = s->hooks ? s->hooks : hook_places;
	if (find_groups(&o->stop_cgroups, s->stop_units, s->stop_cgroups, nacre_cgroup_of_unit, nacre_cgroup_check, e) < 0)
		return -1;
	return find_groups(&o->throttle_cgroups, s->throttle_units, s->throttle_cgroups, nacre_cgroup_throttled_unit,
			   check_throttle, e);
}

void cli_running_free(struct nacre_snapshot_options *o)
{
	free_groups(&o->stop_cgroups);
	free_groups(&o->throttle_cgroups);
}

void cli_running_print(FILE *to, const struct nacre_snapshot_result *r)
{
	fprintf(to, "frozen %.1f ms, after %d rounds in %.1f s; %s sent\n", r->frozen_ms, r->rounds, r->seconds,
	       cli_bytes(r->written));
	if (r->restarts)
		fprintf(to, "the kernel had not reported all changes: all of it was copied again, %d times\n", r->restarts);
	if (r->slowed_to)
		fprintf(to, "slowed down what writes, to %s/s, for %.1f s\n", cli_bytes(r->slowed_to), r->slowed_s);
	for (int i = 0; i < r->volume_count; i++)
		fprintf(to, "%s: %s-consistent: %s\n", r->volumes[i].mount, nacre_consistency_name(r->volumes[i].consistency),
		       r->volumes[i].why);
	for (int i = 0; i < r->writer_count; i++)
		fprintf(to, "hook %s: %s\n", r->writers[i].name, *r->writers[i].problem ? r->writers[i].problem : "well");
}

void cli_running_json(struct json *j, const struct nacre_snapshot_result *r)
{
	json_number(j, "total_ms", (int64_t)(r->seconds * 1000));
	json_number(j, "frozen_us", (int64_t)(r->frozen_ms * 1000));
	json_number(j, "held_ms", (int64_t)r->held_ms);
	json_number(j, "rounds", r->rounds);
	json_number(j, "restarts", r->restarts);
	json_number(j, "last", (int64_t)r->last);
	if (r->slowed_to) {
		json_number(j, "slowed_to", (int64_t)r->slowed_to);
		json_number(j, "slowed_ms", (int64_t)(r->slowed_s * 1000));
	}
	json_begin(j, "volumes", '[');
	for (int i = 0; i < r->volume_count; i++) {
		json_begin(j, NULL, '{');
		json_text(j, "mount", r->volumes[i].mount);
		json_text(j, "type", r->volumes[i].type);
		json_text(j, "consistency", nacre_consistency_name(r->volumes[i].consistency));
		json_text(j, "why", r->volumes[i].why);
		json_end(j, '}');
	}
	json_end(j, ']');
	json_begin(j, "hooks", '[');
	for (int i = 0; i < r->writer_count; i++) {
		json_begin(j, NULL, '{');
		json_text(j, "name", r->writers[i].name);
		json_text(j, "problem", r->writers[i].problem);
		json_end(j, '}');
	}
	json_end(j, ']');
}
