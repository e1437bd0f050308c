/* SPDX-License-Identifier: BSD-2-Clause */
/* scratch.c - a directory for the journal of fixes that are made in memory; see scratch.h */
#include "conversion/scratch.h"

#include "base/auto.h"
#include "conversion/result.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "nacre-undo."

static const char *parent(void)
{
	const char *tmp = getenv("TMPDIR");

	return tmp && *tmp ? tmp : "/tmp";
}

/* The directory's lock, -1: it is not ours, in use, or no directory. */
static int lock(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	close(fd);
	return -1;
}

static void remove_left(void)
{
	const struct dirent *entry;
	DIR *dir = opendir(parent());

	while (dir && (entry = readdir(dir))) {
		char path[256];
		NACRE_AUTO_FD int fd = -1;

		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) ||
		    snprintf(path, sizeof(path), "%s/%s", parent(), entry->d_name) >= (int)sizeof(path))
			continue;
		fd = lock(path);
		if (fd >= 0)
			nacre_result_remove(path, NULL);
	}
	if (dir)
		closedir(dir);
}

int nacre_scratch_open(struct nacre_scratch *s, struct nacre_error *e)
{
	bool made = false;

	s->lock = -1;
	remove_left();
	/* Another process may take it for a left one before it is locked: then there is nothing to lock, or nothing there. */
	for (int i = 0; i < 10 && s->lock < 0; i++) {
		snprintf(s->path, sizeof(s->path), "%.200s/" PREFIX "XXXXXX", parent());
		made = mkdtemp(s->path);
		if (!made)
			break;
		s->lock = lock(s->path);
		if (s->lock >= 0 && access(s->path, W_OK)) {
			close(s->lock);
			s->lock = -1;
		}
	}
	if (s->lock >= 0)
		return 0;
	if (!made)
		*s->path = 0;
	return nacre_error_set(e, NACRE_E_SYSTEM, errno, parent(), "has no room for a directory (TMPDIR names another)");
}

void nacre_scratch_close(struct nacre_scratch *s)
{
	if (*s->path)
		nacre_result_remove(s->path, NULL);
	if (s->lock >= 0)
		close(s->lock);
}
