/* SPDX-License-Identifier: BSD-2-Clause */
/* throttle.c - programs that write faster than can be copied are slowed down; see throttle.h */
#include "conversion/snapshot/throttle.h"

#include "base/auto.h"
#include "conversion/snapshot/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { SLOWEST = 64 << 10 }; /* bytes a second: less, and a program seems dead */

/* The limit that stands in the file now: "7:3 rbps=max wbps=1000 ..." or "7:3 1000" a disk, nothing where there is none. */
static int note_before(struct throttle_item *item, const char *directory, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *line = NULL;
	NACRE_AUTO_FREE char *disk = NULL;
	const char *value = item->v2 ? "max" : "0";
	size_t size = 0, length;
	int fd = fcntl(item->fd, F_DUPFD_CLOEXEC, 3);
	NACRE_AUTO_FILE FILE *f = fd < 0 ? NULL : fdopen(fd, "re");

	if (asprintf(&disk, "%u:%u ", item->major, item->minor) < 0)
		disk = NULL;
	if (!f || !disk) {
		if (!f && fd >= 0)
			close(fd);
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, directory, "its limits cannot be read");
	}
	length = strlen(disk);
	snprintf(item->before, sizeof(item->before), "%s%s%s", disk, item->v2 ? "wbps=" : "", value);
	while (getline(&line, &size, f) > 0) {
		line[strcspn(line, "\n")] = 0;
		if (strncmp(line, disk, length))
			continue;
		value = item->v2 ? strstr(line, "wbps=") : line + length;
		if (value)
			snprintf(item->before, sizeof(item->before), "%s%.*s", disk, (int)strcspn(value, " "), value);
	}
	return 0;
}

static int add(struct throttle *t, const char *directory, bool v2, dev_t disk, struct nacre_error *e)
{
	struct throttle_item *item = &t->items[t->count];
	NACRE_AUTO_FREE char *path = NULL;

	if (t->count == THROTTLE_MAX)
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, directory, "is one control group too many to be slowed down (%d)",
				       THROTTLE_MAX);
	*item = (struct throttle_item){.fd = -1, .v2 = v2, .major = major(disk), .minor = minor(disk)};
	if (asprintf(&path, "%s/%s", directory, v2 ? NACRE_CGROUP_IO_MAX : NACRE_CGROUP_BLKIO) < 0)
		path = NULL;
	item->fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	if (item->fd < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, directory, "its limit cannot be changed");
	t->count++;
	return note_before(item, directory, e);
}

/* Version 1: the limit of a group does not hold for those below it. */
static int add_below(struct throttle *t, const char *directory, dev_t disk, struct nacre_error *e)
{
	char *const places[] = {(char *)(uintptr_t)directory, NULL};
	FTS *walk = fts_open(places, FTS_PHYSICAL, NULL);
	FTSENT *entry;
	int failed = walk ? 0 : nacre_error_set(e, NACRE_E_SYSTEM, errno, directory, "cannot be read");

	while (walk && !failed && (entry = fts_read(walk)))
		if (entry->fts_info == FTS_D)
			failed = add(t, entry->fts_path, false, disk, e);
	if (walk)
		fts_close(walk);
	return failed;
}

int throttle_open(struct throttle *t, const char *const *directories, const dev_t *disks, unsigned disk_count,
		  struct nacre_error *e)
{
	t->count = 0;
	for (int i = 0; directories && directories[i]; i++) {
		bool v2;

		if (nacre_cgroup_throttles(directories[i], &v2, e) < 0)
			return -1;
		for (unsigned k = 0; k < disk_count; k++)
			if (v2 ? add(t, directories[i], true, disks[k], e) : add_below(t, directories[i], disks[k], e))
				return -1;
	}
	return 0;
}

int throttle_set(const struct throttle *t, uint64_t *bytes_per_second, struct nacre_error *e)
{
	uint64_t each = t->count ? *bytes_per_second / (unsigned)t->count : 0;
	int done = 0;

	each = each < SLOWEST ? SLOWEST : each;
	for (int i = 0; i < t->count; i++) {
		const struct throttle_item *item = &t->items[i];
		char text[64];
		int n = snprintf(text, sizeof(text), "%u:%u %s%" PRIu64, item->major, item->minor, item->v2 ? "wbps=" : "", each);

		if (pwrite(item->fd, text, (size_t)n, 0) == n)
			done++;
		else if (errno != ENODEV) /* it is gone, and so are its programs */
			return nacre_error_set(e, NACRE_E_SYSTEM, errno, "the control group", "takes no limit of %s", text);
	}
	*bytes_per_second = each * (unsigned)done;
	return 0;
}

void throttle_restore(const struct throttle *t)
{
	for (int i = 0; i < t->count; i++)
		if (pwrite(t->items[i].fd, t->items[i].before, strlen(t->items[i].before), 0) < 0)
			continue; /* it is gone */
}

void throttle_close(struct throttle *t)
{
	for (int i = 0; i < t->count; i++)
		close(t->items[i].fd);
	t->count = 0;
}
