/* SPDX-License-Identifier: BSD-2-Clause */
/* busy.c - who uses a block device, one of its partitions, or a file
 *
 * A device and its partitions are known by their numbers: /sys/dev/block names the device, its directories
 * with a file "partition" are what is on it. All of /proc is looked at, as a mount may be in a namespace of
 * its own. The answer is for a person; that nobody is seen does not prove that nobody is there.
 */
#include "busy.h"

#include "base/auto.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { DEVICES = 130, NAMESPACES = 256 };

/* What is asked for: a device with its partitions, or a file; and the mount namespaces that were looked at. */
struct wanted {
	dev_t devices[DEVICES];
	int count;
	struct stat file;
	const pid_t *except;
	ino_t namespaces[NAMESPACES];
	int namespace_count;
	char *who;
	size_t size;
};

static void auto_closedir(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define AUTO_DIR __attribute__((cleanup(auto_closedir)))

static bool is_wanted(const struct wanted *w, dev_t device)
{
	for (int i = 0; i < w->count; i++)
		if (w->devices[i] == device)
			return true;
	return false;
}

static bool add_number(struct wanted *w, const char *place)
{
	NACRE_AUTO_FREE char *path = NULL;
	NACRE_AUTO_FILE FILE *f = NULL;
	unsigned major, minor;

	if (asprintf(&path, "%s/dev", place) < 0)
		return false;
	f = fopen(path, "re");
	if (!f || fscanf(f, "%u:%u", &major, &minor) != 2 || w->count == DEVICES)
		return false;
	w->devices[w->count++] = makedev(major, minor);
	return true;
}

/* Does something lie on the device at @place in /sys, as a logical volume does? */
static bool is_held(struct wanted *w, const char *place)
{
	NACRE_AUTO_FREE char *path = NULL;
	AUTO_DIR DIR *d = NULL;

	if (asprintf(&path, "%s/holders", place) < 0)
		return false;
	d = opendir(path);
	for (struct dirent *entry; d && (entry = readdir(d));) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(w->who, w->size, "part of %.60s", entry->d_name);
		return true;
	}
	return false;
}

/* Take down the numbers of the device and of its partitions. Return: is one of them part of something? */
static bool find_devices(struct wanted *w)
{
	NACRE_AUTO_FREE char *link = NULL, *place = NULL;
	AUTO_DIR DIR *d = NULL;
	bool held;

	w->devices[w->count++] = w->file.st_rdev;
	if (asprintf(&link, "/sys/dev/block/%u:%u", major(w->file.st_rdev), minor(w->file.st_rdev)) < 0)
		return false;
	place = realpath(link, NULL);
	if (!place)
		return false;
	held = is_held(w, place);
	d = opendir(place);
	for (struct dirent *entry; d && !held && (entry = readdir(d));) {
		NACRE_AUTO_FREE char *below = NULL, *mark = NULL;
		struct stat st;

		if (asprintf(&below, "%s/%s", place, entry->d_name) < 0 ||
		    asprintf(&mark, "%s/partition", below) < 0)
			break;
		held = stat(mark, &st) == 0 && add_number(w, below) && is_held(w, below);
	}
	return held;
}

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw": by number, and by the device's name,
 * since btrfs has numbers of its own. */
static bool is_mount(struct wanted *w, const char *line)
{
	const char *dash = strstr(line, " - ");
	char where[256], device[256];
	unsigned major, minor;
	struct stat st;

	if (!dash || sscanf(line, "%*d %*d %u:%u %*s %255s", &major, &minor, where) != 3)
		return false;
	if (!is_wanted(w, makedev(major, minor)) &&
	    (sscanf(dash, " - %*s %255s", device) != 1 || *device != '/' || stat(device, &st) ||
	     !S_ISBLK(st.st_mode) || !is_wanted(w, st.st_rdev)))
		return false;
	snprintf(w->who, w->size, "mounted at %.120s", where);
	return true;
}

static bool is_mounted(struct wanted *w, const char *process)
{
	NACRE_AUTO_FREE char *path = NULL, *line = NULL;
	NACRE_AUTO_FILE FILE *f = NULL;
	size_t size = 0;

	if (asprintf(&path, "/proc/%s/mountinfo", process) < 0)
		return false;
	f = fopen(path, "re");
	while (f && getline(&line, &size, f) > 0)
		if (is_mount(w, line))
			return true;
	return false;
}

static bool is_swap(struct wanted *w)
{
	NACRE_AUTO_FILE FILE *f = fopen("/proc/swaps", "re");
	char line[512], device[256];
	struct stat st;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%255s", device) != 1 || stat(device, &st) || !S_ISBLK(st.st_mode) ||
		    !is_wanted(w, st.st_rdev))
			continue;
		snprintf(w->who, w->size, "in use as swap (swapoff %.100s)", device);
		return true;
	}
	return false;
}

/* A mount namespace that was not looked at yet? */
static bool is_new(struct wanted *w, const char *process)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%.20s/ns/mnt", process);
	if (stat(path, &st))
		return false;
	for (int i = 0; i < w->namespace_count; i++)
		if (w->namespaces[i] == st.st_ino)
			return false;
	if (w->namespace_count < NAMESPACES)
		w->namespaces[w->namespace_count++] = st.st_ino;
	return true;
}

static void name_process(struct wanted *w, const char *process)
{
	char path[64], name[32] = "a program";
	NACRE_AUTO_FILE FILE *f = NULL;

	snprintf(path, sizeof(path), "/proc/%.20s/comm", process);
	f = fopen(path, "re");
	if (f && fgets(name, sizeof(name), f))
		name[strcspn(name, "\n")] = 0;
	for (char *c = name; *c; c++)
		if (!isprint((unsigned char)*c))
			*c = '?';
	snprintf(w->who, w->size, "open in %s (process %.20s)", name, process);
}

static bool has_open(struct wanted *w, const char *process)
{
	char path[64];
	AUTO_DIR DIR *d = NULL;

	snprintf(path, sizeof(path), "/proc/%.20s/fd", process);
	d = opendir(path);
	for (struct dirent *entry; d && (entry = readdir(d));) {
		struct stat st;

		if (entry->d_name[0] == '.' || fstatat(dirfd(d), entry->d_name, &st, 0))
			continue;
		if (w->count ? S_ISBLK(st.st_mode) && is_wanted(w, st.st_rdev)
			     : st.st_dev == w->file.st_dev && st.st_ino == w->file.st_ino) {
			name_process(w, process);
			return true;
		}
	}
	return false;
}

static bool counts(const struct wanted *w, const char *process)
{
	pid_t pid = (pid_t)atoi(process);

	for (const pid_t *p = w->except; *p; p++)
		if (*p == pid)
			return false;
	return true;
}

bool nacre_busy_find(const char *path, const pid_t *except, char *who, size_t size)
{
	struct wanted w = {.except = except, .who = who, .size = size};
	AUTO_DIR DIR *d = NULL;

	if (stat(path, &w.file))
		return false;
	if (S_ISBLK(w.file.st_mode) && (find_devices(&w) || is_mounted(&w, "self") || is_swap(&w)))
		return true;
	d = opendir("/proc");
	for (struct dirent *entry; d && (entry = readdir(d));) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		if (w.count && is_new(&w, entry->d_name) && is_mounted(&w, entry->d_name))
			return true;
		if (counts(&w, entry->d_name) && has_open(&w, entry->d_name))
			return true;
	}
	return false;
}
