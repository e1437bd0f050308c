/* SPDX-License-Identifier: BSD-2-Clause */
/* swapfile.c - files that are swapped to; see swapfile.h */
#include "conversion/snapshot/swapfile.h"

#include "base/auto.h"
#include "conversion/snapshot/bits.h"

#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXTENTS = 256 };

void swapfiles_open(struct swapfiles *s)
{
	s->fd = open("/proc/swaps", O_RDONLY | O_CLOEXEC);
	s->list[0] = 0;
}

/* "/swapfile file 2097148 0 -2" in each line: name, kind and size stay the same while it is in use. */
static void read_list(const struct swapfiles *s, char *list)
{
	char text[SWAPFILE_LIST], *line, *save = NULL;
	ssize_t n = s->fd < 0 ? 0 : pread(s->fd, text, sizeof(text) - 1, 0);
	size_t used = 0;

	text[n > 0 ? n : 0] = 0;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		size_t name = strcspn(line, " \t"), kind = name + strspn(line + name, " \t"), size;

		if (strncmp(line + kind, "file", 4))
			continue;
		size = kind + 4 + strspn(line + kind + 4, " \t");
		size += strcspn(line + size, " \t");
		memcpy(list + used, line, size);
		used += size;
		list[used++] = '\n';
	}
	list[used] = 0;
}

bool swapfiles_changed(const struct swapfiles *s)
{
	char list[SWAPFILE_LIST];

	read_list(s, list);
	return strcmp(list, s->list) != 0;
}

static void mark_extent(const struct nacre_live *live, const struct fiemap_extent *x, uint32_t grain, uint64_t *bits)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), skip = x->fe_logical < page ? page - x->fe_logical : 0;
	uint64_t from = live->start + x->fe_physical + skip, to = live->start + x->fe_physical + x->fe_length;

	if (x->fe_flags & (FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_ENCODED | FIEMAP_EXTENT_DELALLOC) || skip >= x->fe_length ||
	    x->fe_physical >= live->length || x->fe_length > live->length - x->fe_physical)
		return;
	from = (from + grain - 1) / grain;
	to /= grain;
	if (from < to)
		bits_fill(bits, from, to, true);
}

static void mark_file(const struct nacre_live *live, const char *path, uint32_t grain, uint64_t *bits)
{
	NACRE_AUTO_FREE struct fiemap *map = calloc(1, sizeof(*map) + EXTENTS * sizeof(*map->fm_extents));
	NACRE_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat file, root;
	bool last = false;
	uint64_t at = 0;

	if (fd < 0 || !map || fstat(fd, &file) || fstat(live->fd, &root) || file.st_dev != root.st_dev)
		return;
	while (!last) {
		memset(map, 0, sizeof(*map));
		map->fm_start = at;
		map->fm_length = FIEMAP_MAX_OFFSET - at;
		map->fm_extent_count = EXTENTS;
		if (ioctl(fd, FS_IOC_FIEMAP, map) || !map->fm_mapped_extents)
			return;
		for (uint32_t i = 0; i < map->fm_mapped_extents && i < EXTENTS; i++) {
			const struct fiemap_extent *x = &map->fm_extents[i];

			mark_extent(live, x, grain, bits);
			last = x->fe_flags & FIEMAP_EXTENT_LAST;
			at = x->fe_logical + x->fe_length;
		}
	}
}

void swapfiles_mark(struct swapfiles *s, const struct nacre_live *live, uint32_t grain, uint64_t *bits)
{
	char list[SWAPFILE_LIST], *line, *save = NULL;

	read_list(s, s->list);
	if (live->map != NACRE_LIVE_FSMAP || live->fd < 0)
		return;
	memcpy(list, s->list, sizeof(list));
	for (line = strtok_r(list, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		line[strcspn(line, " \t")] = 0;
		mark_file(live, line, grain, bits);
	}
}

void swapfiles_close(struct swapfiles *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}
