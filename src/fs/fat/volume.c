/* SPDX-License-Identifier: BSD-2-Clause */
/* volume.c - the boot sector, what is in use, and fs.h's functions of the volume as a whole */
#include "fat.h"
#include "fs/driver/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool power_of_two(uint32_t n)
{
	return n && !(n & (n - 1));
}

/* Where everything is; EINVAL: this is no FAT. */
static int layout(struct nacre_fs *f, const uint8_t *b)
{
	uint32_t reserved = le16(b + 14), sectors = le16(b + 19) ? le16(b + 19) : le32(b + 32);
	uint32_t short_size = le16(b + 22), per_table = short_size ? short_size : le32(b + 36),
		 before;
	uint64_t entries;

	f->sector = le16(b + 11);
	f->tables = b[16];
	f->fixed_slots = le16(b + 17);
	if (f->sector < 512 || f->sector > 4096 || !power_of_two(f->sector) ||
	    !power_of_two(b[13]) || !reserved || !f->tables || f->tables > 4 || !per_table ||
	    (b[21] != 0xf0 && b[21] < 0xf8))
		return EINVAL;
	f->cluster = f->sector * b[13];
	f->size = (uint64_t)sectors * f->sector;
	f->table = (uint64_t)reserved * f->sector;
	f->table_size = (uint64_t)per_table * f->sector;
	f->fixed_root = f->table + f->tables * f->table_size;
	f->data = f->fixed_root +
		  (uint64_t)(f->fixed_slots * FAT_SLOT + f->sector - 1) / f->sector * f->sector;
	if (f->data > f->size || f->size - f->data < f->cluster)
		return EINVAL;
	if (f->size > f->disk.size)
		return EUCLEAN;
	f->clusters = (uint32_t)((f->size - f->data) / f->cluster);
	f->bits = !short_size ? 32 : f->clusters < 4085 ? 12 : 16;
	/* What the table has no entry for is not there. */
	entries = f->bits == 12 ? f->table_size * 2 / 3 : f->table_size / (f->bits / 8);
	before = f->bits == 32 ? 0x0ffffff4 : f->bits == 16 ? 0xfff4 : 0xff4;
	if (entries < 3)
		return EINVAL;
	if (f->clusters > entries - 2)
		f->clusters = (uint32_t)entries - 2;
	if (f->clusters > before)
		f->clusters = before;
	return 0;
}

static int layout32(struct nacre_fs *f, const uint8_t *b)
{
	uint32_t flags = le16(b + 40), info = le16(b + 48);
	uint8_t head[4], mark[4];

	if (le16(b + 42) || f->fixed_slots)
		return EINVAL;
	f->root = le32(b + 44) & 0x0fffffff;
	if (!fat_is_cluster(f, f->root))
		return EUCLEAN;
	if (flags & 0x80) {
		f->first_table = flags & 15;
		if (f->first_table >= f->tables)
			return EUCLEAN;
	}
	if (!info || info == 0xffff || (uint64_t)info * f->sector >= f->table)
		return 0;
	f->fsinfo = (uint64_t)info * f->sector;
	if (fs_disk_get(&f->disk, f->fsinfo, head, 4) ||
	    fs_disk_get(&f->disk, f->fsinfo + 484, mark, 4) || le32(head) != 0x41615252 ||
	    le32(mark) != 0x61417272)
		f->fsinfo = 0;
	return 0;
}

/* Serial number, label, and what the system that had it mounted left as a mark. */
static int identity(struct nacre_fs *f, const uint8_t *b)
{
	const uint8_t *more = b + (f->bits == 32 ? 64 : 36);
	bool known = more[2] == 0x28 || more[2] == 0x29;
	uint32_t mark = 0, bit = f->bits == 32 ? 1U << 27 : 1U << 15;
	uint8_t raw[4] = {0};
	int result;

	f->serial = known ? le32(more + 3) : 0;
	if (known && more[1] & 1)
		f->state |= NACRE_FS_DIRTY;
	if (known && more[1] & 2)
		f->state |= NACRE_FS_ERRORS;
	if (f->bits != 12) {
		result = fs_disk_get(&f->disk,
				     f->table + f->first_table * f->table_size + f->bits / 8, raw,
				     f->bits / 8);
		if (result)
			return result;
		mark = le32(raw);
		f->state |= mark & bit ? 0 : NACRE_FS_DIRTY;
		f->state |= mark & bit >> 1 ? 0 : NACRE_FS_ERRORS;
	}
	result = fat_label(f, f->label, sizeof(f->label));
	if (!result && !f->label[0] && more[2] == 0x29 && memcmp(more + 7, "NO NAME    ", 11)) {
		for (size_t i = 0; i < 11; i++)
			f->label[i] =
				(char)(more[7 + i] >= ' ' && more[7 + i] < 127 ? more[7 + i] : '_');
		for (size_t i = 11; i && f->label[i - 1] == ' '; i--)
			f->label[i - 1] = 0;
	}
	return result;
}

static int open_volume(struct nacre_fs *f)
{
	uint8_t b[512];
	int result;

	if (f->disk.size < sizeof(b))
		return EINVAL;
	result = fs_disk_get(&f->disk, 0, b, sizeof(b));
	if (result)
		return result;
	if ((b[0] != 0xeb && b[0] != 0xe9) || le16(b + 510) != 0xaa55)
		return EINVAL;
	result = layout(f, b);
	if (!result && f->bits == 32)
		result = layout32(f, b);
	if (!result)
		result = identity(f, b);
	if (!result && f->disk.write)
		result = fat_check(f);
	return result;
}

FS_EXPORT int nacre_fs_sync(struct nacre_fs *f)
{
	uint8_t raw[8];
	int result = 0;

	if (f->changed && f->fsinfo) {
		result = fat_count(f);
		put_le32(raw, f->free);
		put_le32(raw + 4, f->next);
		if (!result)
			result = fs_disk_put(&f->disk, f->fsinfo + 488, raw, sizeof(raw));
	}
	if (!result)
		result = fs_disk_flush(&f->disk);
	if (!result)
		f->changed = false;
	return result;
}

FS_EXPORT int nacre_fs_describe(struct nacre_fs *f, struct nacre_fs_info *info)
{
	int result = fat_count(f);

	*info = (struct nacre_fs_info){
		.type = "vfat", .size = f->size, .block = f->cluster, .state = f->state};
	info->free = (uint64_t)f->free * f->cluster;
	info->inodes_free = f->free;
	strcpy(info->label, f->label);
	if (f->serial)
		snprintf(info->uuid, sizeof(info->uuid), "%04X-%04X", f->serial >> 16,
			 f->serial & 0xffff);
	return result;
}

static int map(struct nacre_fs *f)
{
	uint32_t values[FAT_RUN], value, start = 2, use = FAT_FREE, end = f->clusters + 2;
	int result, failed = 0;

	failed = nacre_extents_add(&f->disk.map, 0, f->data, NACRE_FS_USED);
	for (uint32_t c = 2; c <= end && !failed; c++) {
		uint32_t i = (c - 2) % FAT_RUN;

		result = i || c == end ? 0 : fat_get_run(f, c, end - c < FAT_RUN ? end - c : FAT_RUN, values);
		if (result)
			return result;
		value = c == end ? FAT_FREE : values[i];
		value = value == FAT_FREE || value == FAT_BAD ? value : FAT_END;
		if (value == use)
			continue;
		if (use != FAT_FREE)
			failed = nacre_extents_add(&f->disk.map, fat_cluster_offset(f, start),
						   (uint64_t)(c - start) * f->cluster,
						   use == FAT_BAD ? NACRE_FS_BAD : NACRE_FS_USED);
		use = value;
		start = c;
	}
	return failed ? ENOMEM : 0;
}

FS_EXPORT int nacre_fs_resize(struct nacre_fs *f, uint64_t size)
{
	(void)f, (void)size;
	return ENOTSUP;
}

const struct fs_driver fs_driver = {
	.size = sizeof(struct nacre_fs),
	.line_size = 65536,
	.writes = true,
	.open = open_volume,
	.map = map,
};
