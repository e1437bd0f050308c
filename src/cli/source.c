/* SPDX-License-Identifier: BSD-2-Clause */
/* source.c - the disk that a user names, and whether it is in use
 *
 * A disk is in use where a mount point or a swap area is on it, on one of its partitions, on what the kernel makes of those (LVM,
 * RAID, multipath, encryption), or on a loop device of its file. Devices are compared by their places in /sys/dev/block: a
 * partition lies below its disk, and what a device is made of is listed in its directory "slaves".
 */
#include "source.h"
#include "cli.h"

#include "base/auto.h"
#include "disk/attach/attach.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { SLAVES_MAX = 32, DEPTH_MAX = 8 }; /* what one device is made of; devices upon devices */

/* Where the device is in /sys; NULL: it is none that /sys knows. */
static char *device_place(dev_t device)
{
	NACRE_AUTO_FREE char *link = cli_format("/sys/dev/block/%u:%u", major(device), minor(device));

	return realpath(link, NULL);
}

/* The disk of a partition, in place. Return: was it one? */
static bool to_disk(char *place)
{
	NACRE_AUTO_FREE char *partition = cli_format("%s/partition", place);
	struct stat st;

	if (stat(partition, &st))
		return false;
	*strrchr(place, '/') = 0;
	return true;
}

/* The devices that the one at @place is made of, at most @most of their places, to be freed. Return: how many there are */
static int find_slaves(const char *place, char **slaves, int most)
{
	NACRE_AUTO_FREE char *directory = cli_format("%s/slaves", place);
	const struct dirent *entry;
	DIR *dir = opendir(directory);
	int count = 0;

	while (dir && (entry = readdir(dir))) {
		NACRE_AUTO_FREE char *link = cli_format("%s/%s", directory, entry->d_name);

		if (entry->d_name[0] == '.')
			continue;
		if (count < most && !(slaves[count] = realpath(link, NULL)))
			continue;
		count++;
	}
	if (dir)
		closedir(dir);
	return count;
}

/* Call @each for the device at @place, the disk that it is a partition of, and all that those are made of, but not below what it
 * says true to. Return: did it so anywhere? */
static bool any_below(const char *place, int depth, bool (*each)(const char *place, const void *arg), const void *arg)
{
	NACRE_AUTO_FREE char *disk = cli_format("%s", place);
	char *slaves[SLAVES_MAX];
	bool found = each(place, arg);
	int count;

	if (found || depth == DEPTH_MAX)
		return found;
	if (to_disk(disk))
		return any_below(disk, depth + 1, each, arg);
	count = find_slaves(place, slaves, SLAVES_MAX);
	for (int i = 0; i < count && i < SLAVES_MAX; i++) {
		found |= any_below(slaves[i], depth + 1, each, arg);
		free(slaves[i]);
	}
	return found;
}

/* struct wanted - a disk at a place in /sys, or (not NULL) an image */
struct wanted {
	const char *disk;
	const struct stat *file;
};

static bool is_wanted(const char *place, const void *arg)
{
	const struct wanted *w = arg;
	NACRE_AUTO_FREE char *link = cli_format("%s/loop/backing_file", place);
	NACRE_AUTO_FILE FILE *f = w->file ? fopen(link, "re") : NULL;
	char backing[PATH_MAX];
	struct stat st;

	if (w->disk && !strcmp(place, w->disk))
		return true;
	if (!f || !fgets(backing, sizeof(backing), f))
		return false;
	backing[strcspn(backing, "\n")] = 0;
	return !stat(backing, &st) && st.st_dev == w->file->st_dev && st.st_ino == w->file->st_ino;
}

/* Is @device, a file or a block device, on the disk at @disk in /sys, or a loop device of the file @file? */
static bool is_on(const char *device, const char *disk, const struct stat *file)
{
	NACRE_AUTO_FREE char *place = NULL;
	struct stat st;

	return *device == '/' && !stat(device, &st) && S_ISBLK(st.st_mode) && (place = device_place(st.st_rdev)) &&
	       any_below(place, 0, is_wanted, &(struct wanted){disk, file});
}

/* A line of mountinfo: "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw" */
static bool parse_mount(char *line, char **where, char **device)
{
	char *dash = strstr(line, " - "), *save = NULL, *word;

	if (!dash)
		return false;
	*dash = 0;
	word = strtok_r(line, " ", &save);
	for (int i = 0; word && i < 4; i++)
		word = strtok_r(NULL, " ", &save);
	*where = word;
	strtok_r(dash + 3, " ", &save);
	*device = strtok_r(NULL, " ", &save);
	return *where && *device;
}

/* Fill @source->user, given what the source is. */
static void find_users(struct cli_source *source, const char *disk, const struct stat *file)
{
	NACRE_AUTO_FILE FILE *mounts = fopen("/proc/self/mountinfo", "re");
	NACRE_AUTO_FILE FILE *swaps = fopen("/proc/swaps", "re");
	NACRE_AUTO_FREE char *line = NULL;
	char first[100] = "", *where, *device;
	size_t size = 0;
	int count = 0;

	while (mounts && getline(&line, &size, mounts) > 0) {
		if (!parse_mount(line, &where, &device) || !is_on(device, disk, file))
			continue;
		source->own |= !strcmp(where, "/");
		if (!count++ || !strcmp(where, "/"))
			snprintf(first, sizeof(first), "%.80s", where);
	}
	while (swaps && getline(&line, &size, swaps) > 0) {
		line[strcspn(line, " \t\n")] = 0;
		if (is_on(line, disk, file) && !count++)
			strcpy(first, "swap");
	}
	if (count > 1)
		snprintf(source->user, sizeof(source->user), "%s and %d more", first, count - 1);
	else
		snprintf(source->user, sizeof(source->user), "%s", first);
}

/* Is it a disk that is reached by several paths? */
static bool is_multipath(const char *place)
{
	NACRE_AUTO_FREE char *path = cli_format("%s/dm/uuid", place);
	NACRE_AUTO_FILE FILE *f = fopen(path, "re");
	char uuid[8] = "";

	return f && fgets(uuid, sizeof(uuid), f) && !strncmp(uuid, "mpath-", 6);
}

/* From a device to the disk with a partition table that it lies on. Return: false: on several, which are named in @names */
static bool find_whole(char **place, char *names, size_t size)
{
	char *slaves[2];

	for (int depth = 0; depth < DEPTH_MAX && !to_disk(*place) && !is_multipath(*place); depth++) {
		int count = find_slaves(*place, slaves, 2);

		if (!count)
			break;
		if (count > 1) {
			snprintf(names, size, "%.60s and %.60s", strrchr(slaves[0], '/') + 1, strrchr(slaves[1], '/') + 1);
			free(slaves[0]);
			free(slaves[1]);
			return false;
		}
		free(*place);
		*place = slaves[0];
	}
	return true;
}

/* The whole disk that mount point @point is on. */
static int disk_of(const char *point, struct cli_source *source, struct nacre_error *e)
{
	NACRE_AUTO_FILE FILE *mounts = fopen("/proc/self/mountinfo", "re");
	NACRE_AUTO_FREE char *line = NULL, *place = NULL;
	char *where, *device, *root = NULL, names[128] = "";
	struct stat st;
	size_t size = 0;

	while (mounts && !root && getline(&line, &size, mounts) > 0)
		if (parse_mount(line, &where, &device) && !strcmp(where, point))
			root = device;
	if (!root)
		return nacre_error_set(e, NACRE_E_INPUT, 0, point, "is a directory that nothing is mounted on: "
				       "name a disk, an image, or what a disk is mounted on");
	if (*root != '/' || stat(root, &st) || !S_ISBLK(st.st_mode) || !(place = device_place(st.st_rdev)))
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, point,
				       "is on %s, which is no block device: name the disk itself", root);
	if (!find_whole(&place, names, sizeof(names)))
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, point, "is on %s, which is made of several: %s: name the disks themselves", root, names);
	source->path = cli_format("/dev/%s", strrchr(place, '/') + 1);
	return 0;
}

/* An image that is attached for writing is a disk that somebody uses, seen or not. */
static void find_attachment(struct cli_source *source)
{
	NACRE_AUTO_FREE struct nacre_attachment *a = calloc(1, sizeof(*a));

	if (a && nacre_attach_find(source->path, a, NULL) == 0 && a->keeper && a->writable)
		snprintf(source->user, sizeof(source->user), "attached as %.100s (nacre detach)", a->device);
}

int cli_source_find(const char *name, struct cli_source *source, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *disk = NULL;
	struct stat st;

	memset(source, 0, sizeof(*source));
	if (!stat(name, &st) && S_ISDIR(st.st_mode)) {
		if (disk_of(name, source, e))
			return -1;
	} else {
		source->path = cli_format("%s", name);
	}
	if (stat(source->path, &st))
		return nacre_error_set(e, errno == ENOENT ? NACRE_E_ABSENT : NACRE_E_SYSTEM, errno, name,
				       "cannot be opened");
	if (S_ISBLK(st.st_mode))
		disk = device_place(st.st_rdev);
	source->device = S_ISBLK(st.st_mode);
	find_users(source, disk, S_ISREG(st.st_mode) ? &st : NULL);
	if (!source->user[0] && S_ISREG(st.st_mode))
		find_attachment(source);
	return 0;
}

/* Is what lies at @place a disk that is there by itself? */
static bool is_hardware(const char *place)
{
	static const char *const others[] = {"partition", "loop", "dm", "md", "bcache"};
	struct stat st;

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		NACRE_AUTO_FREE char *path = cli_format("%s/%s", place, others[i]);

		if (!stat(path, &st))
			return false;
	}
	return strncmp(strrchr(place, '/'), "/zram", 5) && strncmp(strrchr(place, '/'), "/sr", 3);
}

/* struct others - see cli_source_others(); @named: where the sources are in /sys; @where: the mount point that is looked at */
struct others {
	char *named[SLAVES_MAX];
	int count;
	const char *where;
	void (*each)(const char *where, const char *disk);
};

/* Say what is not named. Return: it is: what it is made of needs no name. */
static bool tell_unnamed(const char *place, const void *arg)
{
	const struct others *o = arg;

	for (int i = 0; i < o->count; i++)
		if (!strcmp(o->named[i], place))
			return true;
	if (is_hardware(place)) {
		NACRE_AUTO_FREE char *disk = cli_format("/dev/%s", strrchr(place, '/') + 1);

		o->each(o->where, disk);
	}
	return false;
}

void cli_source_others(const struct cli_source *sources, int count, const char *except,
		       void (*each)(const char *where, const char *disk))
{
	NACRE_AUTO_FILE FILE *mounts = fopen("/proc/self/mountinfo", "re");
	NACRE_AUTO_FREE char *line = NULL;
	struct others o = {.each = each};
	char *where, *device;
	size_t size = 0;
	struct stat st, there;
	bool is_except = except && !stat(except, &there);

	for (int i = 0; i < count && o.count < SLAVES_MAX; i++)
		if (sources[i].device && !stat(sources[i].path, &st) && (o.named[o.count] = device_place(st.st_rdev)))
			o.count++;
	while (mounts && getline(&line, &size, mounts) > 0) {
		NACRE_AUTO_FREE char *place = NULL;

		if (!parse_mount(line, &where, &device) || *device != '/' || stat(device, &st) || !S_ISBLK(st.st_mode) ||
		    (is_except && st.st_rdev == there.st_dev) || !(place = device_place(st.st_rdev)))
			continue;
		o.where = where;
		any_below(place, 0, tell_unnamed, &o);
	}
	while (o.count)
		free(o.named[--o.count]);
}

void cli_source_free(struct cli_source *source)
{
	free(source->path);
	source->path = NULL;
}
