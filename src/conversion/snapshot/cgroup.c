/* SPDX-License-Identifier: BSD-2-Clause */
/* cgroup.c - the control groups of programs that are to hold still, or to write less; see cgroup.h */
#include "conversion/snapshot/cgroup.h"

#include "base/auto.h"

#include <errno.h>
#include <fts.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Where hierarchies with a freezer are mounted; the one that has others below it comes last. */
static const char *const roots[] = {"/sys/fs/cgroup/unified", "/sys/fs/cgroup/freezer", "/sys/fs/cgroup"};

enum { ROOTS = sizeof(roots) / sizeof(*roots) };

static bool is_below(const char *path, const char *directory)
{
	size_t n = strlen(directory);

	return !strncmp(path, directory, n) && (!path[n] || path[n] == '/');
}

/* Are we in it, or in one below it? Lines of /proc/self/cgroup: "3:freezer:/path", "0::/path" */
static bool holds_us(const char *directory)
{
	NACRE_AUTO_FILE FILE *f = fopen("/proc/self/cgroup", "re");
	NACRE_AUTO_FREE char *line = NULL;
	size_t size = 0, root = 0;

	while (root < ROOTS && !is_below(directory, roots[root]))
		root++;
	if (root == ROOTS)
		return false;
	directory += strlen(roots[root]);
	while (f && getline(&line, &size, f) > 0) {
		const char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL;
		bool freezer = names && (names[1] == ':' || strstr(names, "freezer"));

		line[strcspn(line, "\n")] = 0;
		if (path && freezer && is_below(path + 1, directory))
			return true;
	}
	return false;
}

static bool has_file(const char *directory, const char *const *files, int count)
{
	struct stat st;

	for (int i = 0; i < count; i++) {
		NACRE_AUTO_FREE char *path = NULL;

		if (asprintf(&path, "%s/%s", directory, files[i]) >= 0 && stat(path, &st) == 0)
			return true;
	}
	return false;
}

static bool has_freezer(const char *directory)
{
	static const char *const files[] = {"cgroup.freeze", "freezer.state"};

	return has_file(directory, files, 2);
}

int nacre_cgroup_check(const char *directory, struct nacre_error *e)
{
	char real[PATH_MAX];

	if (!realpath(directory, real))
		return nacre_error_set(e, errno == ENOENT ? NACRE_E_ABSENT : NACRE_E_SYSTEM, errno, directory,
				       "is no control group");
	if (!has_freezer(real))
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, directory,
				       "cannot be stopped: it is the root of a hierarchy, or no control group");
	if (holds_us(real))
		return nacre_error_set(e, NACRE_E_USAGE, 0, directory,
				       "holds this program itself, which would stop as well: run it elsewhere (systemd-run)");
	return 0;
}

/* Below one of @places, a directory of the unit's name that is @good. */
static char *find_unit(const char *unit, char *const *places, bool (*good)(const char *directory))
{
	NACRE_AUTO_FREE char *name = NULL;
	char *found = NULL;
	FTSENT *entry;
	FTS *walk;

	if (asprintf(&name, "%s%s", unit, strchr(unit, '.') ? "" : ".service") < 0)
		name = NULL;
	walk = name ? fts_open(places, FTS_PHYSICAL, NULL) : NULL;
	while (walk && !found && (entry = fts_read(walk)))
		if (entry->fts_info == FTS_D && !strcmp(entry->fts_name, name) && good(entry->fts_path))
			found = strdup(entry->fts_path);
	if (walk)
		fts_close(walk);
	return found;
}

char *nacre_cgroup_of_unit(const char *unit, struct nacre_error *e)
{
	char *const places[] = {(char *)(uintptr_t)roots[0], (char *)(uintptr_t)roots[2], NULL};
	char *found = find_unit(unit, places, has_freezer);

	if (!found)
		nacre_error_set(e, NACRE_E_ABSENT, 0, unit, "no such unit runs: there is no control group of its name");
	else if (nacre_cgroup_check(found, e) < 0) {
		free(found);
		found = NULL;
	}
	return found;
}

static bool has_limit(const char *directory)
{
	static const char *const files[] = {NACRE_CGROUP_IO_MAX, NACRE_CGROUP_BLKIO};

	return has_file(directory, files, 2);
}

char *nacre_cgroup_throttled_unit(const char *unit, struct nacre_error *e)
{
	static char v1[] = "/sys/fs/cgroup/blkio";
	char *const places[] = {(char *)(uintptr_t)roots[2], v1, NULL};
	char *found = find_unit(unit, places, has_limit);

	if (!found)
		nacre_error_set(e, NACRE_E_ABSENT, 0, unit,
				"no control group of its name takes limits for disks: it does not run, or needs "
				"`systemctl set-property --runtime %.60s IOAccounting=yes`", unit);
	return found;
}

int nacre_cgroup_throttles(const char *directory, bool *v2, struct nacre_error *e)
{
	static const char *const io_max[] = {NACRE_CGROUP_IO_MAX};

	if (!has_limit(directory))
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, directory,
				       "cannot be told how much it may write: it has neither " NACRE_CGROUP_IO_MAX
				       " (its parent's cgroup.subtree_control lacks io) nor " NACRE_CGROUP_BLKIO);
	*v2 = has_file(directory, io_max, 1);
	return 0;
}
