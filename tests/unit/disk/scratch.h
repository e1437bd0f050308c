/* SPDX-License-Identifier: BSD-2-Clause */
/* scratch.h - a directory of the test's own, removed at its end */
#ifndef NACRE_TESTS_DISK_SCRATCH_H
#define NACRE_TESTS_DISK_SCRATCH_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch_dir[256];

static int scratch_remove_one(const char *path, const struct stat *st, int kind, struct FTW *f)
{
	(void)st, (void)kind, (void)f;
	return remove(path);
}

static void scratch_remove(void)
{
	nftw(scratch_dir, scratch_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void scratch_make(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(scratch_dir, sizeof(scratch_dir), "%s/nacre-disk.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(scratch_dir))
		exit(99);
	atexit(scratch_remove);
}

/* The path of @name in it; four live at a time. */
static const char *scratch(const char *name)
{
	static char paths[4][512];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", scratch_dir, name);
	return path;
}

#endif
