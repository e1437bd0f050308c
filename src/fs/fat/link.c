/* SPDX-License-Identifier: BSD-2-Clause */
/* link.c - putting names into directories and taking them out; times */
#include "fat.h"
#include "fs/driver/bytes.h"

#include <errno.h>
#include <string.h>
#include <time.h>

enum { TRIES = 9 * 65536 };

/* Is it a name that Windows and this driver would take? @units: room for FAT_UNITS; *@count: in
 * use. */
static int check_name(const char *name, uint16_t *units, int *count)
{
	size_t length = strlen(name);

	if (!length || name[length - 1] == '.' || name[length - 1] == ' ' ||
	    strpbrk(name, "\"*/:<>?\\|"))
		return EINVAL;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			return EINVAL;
	*count = fs_utf8_to_16(name, units, FAT_UNITS);
	return *count < 0 ? EINVAL : 0;
}

static int short_is_free(struct nacre_fs *f, struct fat_dir dir, const uint8_t *short_name)
{
	struct fat_node node;
	uint32_t index = 0;
	int result;

	while ((result = fat_next(f, dir, &index, &node)) == 0)
		if (!memcmp(node.short_name, short_name, 11))
			return EEXIST;
	return result == ENOENT ? 0 : result;
}

static int short_for(struct nacre_fs *f, struct fat_dir dir, const char *name, uint8_t *short_name)
{
	int result = EEXIST;

	for (uint32_t i = 1; result == EEXIST && i <= TRIES; i++) {
		fat_short_make(name, i, short_name);
		result = short_is_free(f, dir, short_name);
	}
	return result == EEXIST ? ENOSPC : result;
}

/* A cluster of free slots for a directory that ends where @last is its last cluster. */
static int extend(struct nacre_fs *f, struct fat_dir dir)
{
	uint32_t last = dir.first, next, more;
	int result = dir.first ? fat_get(f, last, &next) : ENOSPC;

	for (uint32_t steps = 0; !result && next <= FAT_BAD; steps++) {
		last = next;
		result = steps < f->clusters ? fat_get(f, last, &next) : EUCLEAN;
	}
	if (!result)
		result = fat_allocate(f, 1, &more);
	if (!result)
		result = fs_disk_zero(&f->disk, fat_cluster_offset(f, more), f->cluster);
	return result ? result : fat_put(f, last, more);
}

/*
 * @count free slots in a row, from *@at on. Behind the directory's end mark may lie anything: what
 * is taken from there gets a new end mark behind it.
 */
static int find_room(struct nacre_fs *f, struct fat_dir dir, uint32_t count, uint32_t *at)
{
	uint32_t run = 0;
	bool ended = false;
	uint64_t offset;
	uint8_t mark;
	int result;

	for (uint32_t i = 0;; i++) {
		result = fat_slot_offset(f, dir, i, &offset);
		if (!result && !offset && run == count)
			return 0;
		if (!result && !offset) {
			if (i >= FAT_SLOTS_MOST)
				return ENOSPC;
			result = extend(f, dir);
			if (!result)
				result = fat_slot_offset(f, dir, i, &offset);
			if (!result && !offset)
				result = EUCLEAN;
		}
		if (!result)
			result = fs_disk_get(&f->disk, offset, &mark, 1);
		if (result)
			return result;
		if (ended && run == count)
			return mark ? fs_disk_zero(&f->disk, offset, FAT_SLOT) : 0;
		ended |= !mark;
		run = ended || mark == 0xe5 ? run + 1 : 0;
		*at = i + 1 - run;
		if (run == count && !ended)
			return 0;
	}
}

static void long_slot(uint8_t *slot, const uint16_t *units, int count, int part, int parts,
		      uint8_t sum)
{
	static const uint8_t at[13] = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};

	memset(slot, 0, FAT_SLOT);
	slot[0] = (uint8_t)(part | (part == parts ? 0x40 : 0));
	slot[11] = FAT_LONG;
	slot[13] = sum;
	for (int i = 0; i < 13; i++) {
		int n = (part - 1) * 13 + i;

		put_le16(slot + at[i], n < count ? units[n] : n == count ? 0 : 0xffff);
	}
}

static int put_slot(struct nacre_fs *f, struct fat_dir dir, uint32_t index, const uint8_t *slot)
{
	uint64_t offset;
	int result = fat_slot_offset(f, dir, index, &offset);

	f->changed = true;
	if (!result && !offset)
		result = EUCLEAN;
	return result ? result : fs_disk_put(&f->disk, offset, slot, FAT_SLOT);
}

int fat_insert(struct nacre_fs *f, struct fat_dir dir, const char *name, const uint8_t *slot32)
{
	uint8_t slot[FAT_SLOT], part[FAT_SLOT];
	uint16_t units[FAT_UNITS];
	uint32_t at = 0;
	int count, parts = 0, result = check_name(name, units, &count);

	if (result)
		return result;
	memcpy(slot, slot32, sizeof(slot));
	slot[12] = 0;
	if (!fat_short_whole(name, slot) || short_is_free(f, dir, slot)) {
		parts = (count + 12) / 13;
		result = short_for(f, dir, name, slot);
	}
	if (!result)
		result = find_room(f, dir, (uint32_t)parts + 1, &at);
	for (int p = parts; !result && p > 0; p--) {
		long_slot(part, units, count, p, parts, fat_checksum(slot));
		result = put_slot(f, dir, at++, part);
	}
	return result ? result : put_slot(f, dir, at, slot);
}

int fat_erase(struct nacre_fs *f, const struct fat_node *node)
{
	uint64_t offset;
	int result = 0;

	f->changed = true;
	for (uint32_t i = node->long_slot; !result && i <= node->slot; i++) {
		result = fat_slot_offset(f, node->parent, i, &offset);
		if (!result)
			result = offset ? fs_disk_put(&f->disk, offset, "\xe5", 1) : EUCLEAN;
	}
	return result;
}

int fat_set_first(struct nacre_fs *f, struct fat_node *node, uint32_t first, uint32_t size)
{
	uint8_t slot[FAT_SLOT];
	int result = fs_disk_get(&f->disk, node->at, slot, sizeof(slot));

	if (result)
		return result;
	if (f->bits == 32)
		put_le16(slot + 20, (uint16_t)(first >> 16));
	put_le16(slot + 26, (uint16_t)first);
	put_le32(slot + 28, size);
	slot[11] |= FAT_ARCHIVE;
	fat_stamp(time(NULL), &node->date, &node->time);
	put_le16(slot + 22, node->time);
	put_le16(slot + 24, node->date);
	node->first = first;
	node->size = size;
	f->changed = true;
	return fs_disk_put(&f->disk, node->at, slot, sizeof(slot));
}

void fat_stamp(int64_t seconds, uint16_t *date, uint16_t *clock)
{
	enum { FIRST = 315532800, LAST = 2147483647 }; /* 1980; FAT itself would go on until 2107 */
	time_t t = (time_t)(seconds < FIRST ? FIRST : seconds > LAST ? LAST : seconds);
	struct tm tm;

	gmtime_r(&t, &tm);
	*date = (uint16_t)((tm.tm_year - 80) << 9 | (tm.tm_mon + 1) << 5 | tm.tm_mday);
	*clock = (uint16_t)(tm.tm_hour << 11 | tm.tm_min << 5 | tm.tm_sec / 2);
}

int64_t fat_seconds(uint16_t date, uint16_t clock)
{
	struct tm tm = {.tm_year = (date >> 9) + 80,
			.tm_mon = (date >> 5 & 15) - 1,
			.tm_mday = date & 31,
			.tm_hour = clock >> 11,
			.tm_min = clock >> 5 & 63,
			.tm_sec = (clock & 31) * 2};

	return date ? timegm(&tm) : 0;
}
