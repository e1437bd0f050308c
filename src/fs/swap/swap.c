/* SPDX-License-Identifier: BSD-2-Clause */
/* swap.c - the driver for swap areas: who they are; all but the first page is not worth a copy
 *
 * Source: the kernel's include/linux/swap.h (union swap_header) and kernel/power/swap.c, whose mark takes
 * the place of the area's own while a memory image is in it; uswsusp and TuxOnIce have marks of theirs.
 * The page is that of the machine which made the area, and so is the order of bytes.
 */
#include <nacre/fs.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

enum { PAGE_LEAST = 4096, PAGE_MOST = 65536, MARK = 10, HEADER_AT = 1024, UUID = 16, LABEL = 16 };

struct nacre_fs {
	uint32_t page;
	uint64_t pages; /* with the first one */
	bool hibernated;
	uint8_t uuid[UUID];
	char label[LABEL + 1];
};

static uint32_t number(const uint8_t *p, bool big)
{
	return big ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]
		   : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static bool is_image(const uint8_t *mark)
{
	static const char *const marks[] = {"S1SUSPEND", "S2SUSPEND", "ULSUSPEND", "LINHIB0001"};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (!memcmp(mark, marks[i], strlen(marks[i])))
			return true;
	return false;
}

/* Version, last page, bad pages, UUID, label. */
static int take_header(struct nacre_fs *f, const uint8_t *h, uint64_t size)
{
	bool big = number(h, false) != 1;

	if (number(h, big) != 1)
		return ENOTSUP;
	f->pages = (uint64_t)number(h + 4, big) + 1;
	if (f->pages < 2 || f->pages > size / f->page)
		return EUCLEAN;
	memcpy(f->uuid, h + 12, UUID);
	memcpy(f->label, h + 12 + UUID, LABEL);
	return 0;
}

static int recognise(struct nacre_fs *f, nacre_fs_reader reader, void *user, uint64_t size)
{
	uint8_t header[12 + UUID + LABEL], mark[MARK];
	int result;

	for (f->page = PAGE_LEAST; f->page <= PAGE_MOST && f->page <= size; f->page *= 2) {
		result = reader(user, f->page - MARK, mark, MARK);
		if (result)
			return result;
		f->hibernated = is_image(mark);
		if (!f->hibernated && memcmp(mark, "SWAPSPACE2", MARK))
			continue;
		result = reader(user, HEADER_AT, header, sizeof(header));
		return result ? result : take_header(f, header, size);
	}
	return EINVAL;
}

EXPORT int nacre_fs_open(nacre_fs_reader reader, nacre_fs_writer writer, void *user, uint64_t size,
			 uint32_t flags, struct nacre_fs **fs)
{
	struct nacre_fs *f;
	int result;

	(void)writer;
	(void)flags;
	if (!reader || !fs)
		return EINVAL;
	f = calloc(1, sizeof(*f));
	if (!f)
		return ENOMEM;
	result = recognise(f, reader, user, size);
	if (result)
		free(f);
	else
		*fs = f;
	return result;
}

EXPORT int nacre_fs_close(struct nacre_fs *f)
{
	free(f);
	return 0;
}

EXPORT int nacre_fs_describe(struct nacre_fs *f, struct nacre_fs_info *info)
{
	const uint8_t *u = f->uuid;

	memset(info, 0, sizeof(*info));
	strcpy(info->type, "swap");
	strcpy(info->label, f->label);
	snprintf(info->uuid, sizeof(info->uuid),
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1], u[2], u[3],
		 u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
	info->size = f->pages * f->page;
	info->block = f->page;
	info->state = f->hibernated ? NACRE_FS_HIBERNATED : 0;
	return 0;
}

EXPORT int nacre_fs_map(struct nacre_fs *f, uint64_t from, struct nacre_fs_extent *extents, uint32_t capacity,
			uint32_t *count)
{
	uint64_t end = f->pages * f->page;

	*count = 0;
	if (from < f->page && *count < capacity) {
		extents[(*count)++] = (struct nacre_fs_extent){.length = f->page, .use = NACRE_FS_USED};
		from = f->page;
	}
	if (from < end && *count < capacity)
		extents[(*count)++] = (struct nacre_fs_extent){
			.start = f->page,
			.length = end - f->page,
			.use = f->hibernated ? NACRE_FS_HIBERNATION : NACRE_FS_SWAP};
	return 0;
}

/* There are no files, and nothing is changed. */
#define LACKS(name, ...)                                                                           \
	EXPORT int nacre_fs_##name(struct nacre_fs *f, ##__VA_ARGS__)                              \
	{                                                                                          \
		(void)f;                                                                           \
		return ENOTSUP;                                                                    \
	}
#pragma GCC diagnostic ignored "-Wunused-parameter"

LACKS(stat, const char *path, struct nacre_fs_stat *st)
LACKS(list, const char *path, uint64_t *cursor, struct nacre_fs_entry *entries, uint32_t capacity, uint32_t *count)
LACKS(read_link, const char *path, char *target, uint32_t capacity)
LACKS(read_file, const char *path, uint64_t offset, void *data, uint32_t capacity, uint32_t *length)
LACKS(create, const char *path, uint32_t mode, uint32_t uid, uint32_t gid)
LACKS(write_file, const char *path, uint64_t offset, const void *data, uint32_t size)
LACKS(truncate, const char *path, uint64_t size)
LACKS(link_symbolic, const char *target, const char *path)
LACKS(remove, const char *path)
LACKS(rename, const char *from, const char *to)
LACKS(get_attribute, const char *path, const char *name, void *data, uint32_t capacity, uint32_t *length)
LACKS(set_attribute, const char *path, const char *name, const void *data, uint32_t size)
LACKS(file_map, const char *path, uint64_t from, struct nacre_fs_extent *extents, uint32_t capacity,
      uint32_t *count)
LACKS(list_attributes, const char *path, char *names, uint32_t capacity, uint32_t *length)
LACKS(set_owner, const char *path, uint32_t uid, uint32_t gid)
LACKS(set_times, const char *path, int64_t mtime, uint32_t nanoseconds)
LACKS(resize, uint64_t size)

EXPORT int nacre_fs_sync(struct nacre_fs *f)
{
	(void)f;
	return 0;
}
