/* SPDX-License-Identifier: BSD-2-Clause */
/* live.c - the file systems that are mounted from a disk; see live.h */
#include "conversion/snapshot/live.h"

#include "base/auto.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/btrfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { STACK_MAX = 8 }; /* devices upon devices */

/* Where a device lies on the disks. */
struct spot {
	int disk; /* -1: not on them */
	bool piece; /* one piece of it: */
	uint64_t start, length;
	int depth;
};

struct search {
	const dev_t *disks;
	int count;
	struct nacre_lives *lives;
};

static bool read_line(const char *path, char *to, size_t size)
{
	NACRE_AUTO_FILE FILE *f = fopen(path, "re");

	if (!f || !fgets(to, (int)size, f))
		return false;
	to[strcspn(to, "\n")] = 0;
	return true;
}

static uint64_t read_sectors(const char *place, const char *name)
{
	char path[PATH_MAX + 32], text[32];

	snprintf(path, sizeof(path), "%s/%s", place, name);
	return read_line(path, text, sizeof(text)) ? strtoull(text, NULL, 10) * 512 : 0;
}

static bool read_device(const char *place, dev_t *device)
{
	char path[PATH_MAX + 32], text[32];
	unsigned a, b;

	snprintf(path, sizeof(path), "%s/dev", place);
	if (!read_line(path, text, sizeof(text)) || sscanf(text, "%u:%u", &a, &b) != 2)
		return false;
	*device = makedev(a, b);
	return true;
}

static int disk_number(const struct search *s, dev_t device)
{
	for (int i = 0; i < s->count; i++)
		if (s->disks[i] == device)
			return i;
	return -1;
}

static struct spot find_spot(const struct search *s, dev_t device, int depth);

/* What is made of others lies where one of them does. */
static struct spot spot_below(const struct search *s, const char *place, int depth)
{
	struct spot spot = {.disk = -1};
	char path[PATH_MAX + 512];
	struct dirent *entry;
	dev_t device;
	DIR *slaves;

	snprintf(path, sizeof(path), "%s/slaves", place);
	slaves = opendir(path);
	while (slaves && spot.disk < 0 && (entry = readdir(slaves))) {
		snprintf(path, sizeof(path), "%s/slaves/%.255s", place, entry->d_name);
		if (*entry->d_name != '.' && read_device(path, &device))
			spot = find_spot(s, device, depth + 1);
	}
	if (slaves)
		closedir(slaves);
	spot.piece = false;
	return spot;
}

/* A loop device lies where the file system of its file does. */
static struct spot spot_of_file(const struct search *s, const char *place)
{
	struct spot spot = {.disk = -1};
	char path[PATH_MAX + 32], file[PATH_MAX];
	struct stat st, root;

	snprintf(path, sizeof(path), "%s/loop/backing_file", place);
	if (!read_line(path, file, sizeof(file)) || stat(file, &st))
		return spot;
	for (int i = 0; i < s->lives->count; i++) {
		const struct nacre_live *live = &s->lives->list[i];

		if (live->fd >= 0 && !fstat(live->fd, &root) && root.st_dev == st.st_dev)
			return (struct spot){.disk = live->disk, .depth = live->depth + 1};
	}
	return spot;
}

static struct spot find_spot(const struct search *s, dev_t device, int depth)
{
	struct spot spot = {.disk = disk_number(s, device), .piece = true, .depth = depth};
	char link[64], place[PATH_MAX], above[PATH_MAX], *slash;
	dev_t whole;

	snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", major(device), minor(device));
	if (!realpath(link, place) || depth > STACK_MAX)
		return (struct spot){.disk = -1};
	spot.length = read_sectors(place, "size");
	if (spot.disk >= 0)
		return spot;
	snprintf(above, sizeof(above), "%s", place);
	slash = strrchr(above, '/');
	if (slash && read_sectors(place, "partition")) {
		*slash = 0;
		spot.start = read_sectors(place, "start");
		if (read_device(above, &whole) && (spot.disk = disk_number(s, whole)) >= 0)
			return spot;
		/* A partition of something that is made of others, or of a loop device. */
		snprintf(place, sizeof(place), "%s", above);
	}
	spot = spot_below(s, place, depth);
	return spot.disk >= 0 ? spot : spot_of_file(s, place);
}

/* Octal escapes of mountinfo, in place. */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] && text[3]) {
			*to++ = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0'));
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = 0;
}

/* A line of mountinfo: "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue" */
struct line {
	unsigned major, minor;
	char *where, *options, *type, *source, *super;
};

static bool parse(char *text, struct line *line)
{
	char *dash = strstr(text, " - "), *save = NULL;

	text[strcspn(text, "\n")] = 0;
	if (!dash || sscanf(text, "%*u %*u %u:%u", &line->major, &line->minor) != 2)
		return false;
	*dash = 0;
	strtok_r(text, " ", &save);
	for (int i = 0; i < 3; i++)
		strtok_r(NULL, " ", &save);
	line->where = strtok_r(NULL, " ", &save);
	line->options = strtok_r(NULL, " ", &save);
	line->type = strtok_r(dash + 3, " ", &save);
	line->source = strtok_r(NULL, " ", &save);
	line->super = strtok_r(NULL, " ", &save);
	if (!line->where || !line->options || !line->source || !line->super)
		return false;
	unescape(line->where);
	unescape(line->source);
	return true;
}

static void open_root(struct nacre_live *live, const struct line *line)
{
	int fd = open(live->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	/* btrfs numbers its subvolumes as devices of their own. */
	if (fd >= 0 && line->major && (fstat(fd, &st) || st.st_dev != makedev(line->major, line->minor))) {
		close(fd);
		fd = -1;
		errno = 0;
	}
	if (fd < 0)
		snprintf(live->problem, sizeof(live->problem), "%s",
			 errno ? strerror(errno) : "something else is mounted over it");
	else
		*live->problem = 0;
	live->fd = fd;
}

static enum nacre_live_map map_of(const char *type, const struct spot *spot)
{
	static const char *const fsmap[] = {"ext4", "xfs"};

	if (!spot->piece)
		return NACRE_LIVE_ELSEWHERE;
	for (size_t i = 0; i < sizeof(fsmap) / sizeof(*fsmap); i++)
		if (!strcmp(type, fsmap[i]))
			return NACRE_LIVE_FSMAP;
	return strcmp(type, "btrfs") ? NACRE_LIVE_READER : NACRE_LIVE_BTRFS;
}

/* Return: 1: it is a new one on the disks, 0: it is not, -1: there are too many. */
static int take(struct search *s, const struct line *line)
{
	struct nacre_live *live;
	struct spot spot;
	struct stat st;

	if (*line->source != '/' || stat(line->source, &st) || !S_ISBLK(st.st_mode)) {
		if (!line->major)
			return 0;
		st.st_rdev = makedev(line->major, line->minor);
	}
	for (int i = 0; i < s->lives->count; i++) {
		live = &s->lives->list[i];
		if (live->device != st.st_rdev)
			continue;
		if (live->fd < 0) {
			snprintf(live->mount, sizeof(live->mount), "%s", line->where);
			open_root(live, line);
		}
		return 0;
	}
	spot = find_spot(s, st.st_rdev, 0);
	if (spot.disk < 0)
		return 0;
	if (s->lives->count == NACRE_LIVE_MAX)
		return -1;
	live = &s->lives->list[s->lives->count++];
	*live = (struct nacre_live){.device = st.st_rdev, .disk = spot.disk, .start = spot.start,
				    .length = spot.length, .depth = spot.depth, .fd = -1,
				    .map = map_of(line->type, &spot),
				    .read_only = !strncmp(line->super, "ro", 2) &&
						 (!line->super[2] || line->super[2] == ',')};
	snprintf(live->mount, sizeof(live->mount), "%s", line->where);
	snprintf(live->type, sizeof(live->type), "%s", line->type);
	open_root(live, line);
	return 1;
}

static int inner_first(const void *a, const void *b)
{
	return ((const struct nacre_live *)b)->depth - ((const struct nacre_live *)a)->depth;
}

int nacre_live_find(const dev_t *disks, int count, struct nacre_lives *lives, struct nacre_error *e)
{
	struct search s = {.disks = disks, .count = count, .lives = lives};
	NACRE_AUTO_FREE char *text = NULL;
	bool more = true;
	size_t size = 0;

	memset(lives, 0, sizeof(*lives));
	/* Again as long as something was found: a file in it may be the disk of another one. */
	for (int pass = 0; more && pass < STACK_MAX; pass++) {
		NACRE_AUTO_FILE FILE *mounts = fopen("/proc/self/mountinfo", "re");
		struct line line;

		more = false;
		if (!mounts)
			return nacre_error_set(e, NACRE_E_SYSTEM, errno, "/proc/self/mountinfo", "cannot be read");
		while (getline(&text, &size, mounts) > 0) {
			int took = parse(text, &line) ? take(&s, &line) : 0;

			if (took < 0)
				return nacre_error_set(e, NACRE_E_SUPPORT, 0, "mounts",
						       "there are more than %d file systems on the disk", NACRE_LIVE_MAX);
			more |= took > 0;
		}
	}
	qsort(lives->list, (size_t)lives->count, sizeof(*lives->list), inner_first);
	return 0;
}

/* btrfs numbers its subvolumes as devices of their own. */
static bool same_btrfs(int a, int b)
{
	struct btrfs_ioctl_fs_info_args one = {0}, other = {0};

	return !ioctl(a, BTRFS_IOC_FS_INFO, &one) && !ioctl(b, BTRFS_IOC_FS_INFO, &other) &&
	       !memcmp(one.fsid, other.fsid, sizeof(one.fsid));
}

const struct nacre_live *nacre_live_of(const struct nacre_lives *lives, int fd)
{
	struct stat there, st;

	if (fstat(fd, &there))
		return NULL;
	for (int i = 0; i < lives->count; i++) {
		const struct nacre_live *live = &lives->list[i];

		if (live->fd >= 0 && ((!fstat(live->fd, &st) && st.st_dev == there.st_dev) || same_btrfs(live->fd, fd)))
			return live;
	}
	return NULL;
}

void nacre_live_free(struct nacre_lives *lives)
{
	for (int i = 0; i < lives->count; i++)
		if (lives->list[i].fd >= 0)
			close(lives->list[i].fd);
	lives->count = 0;
}
