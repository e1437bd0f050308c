/* SPDX-License-Identifier: BSD-2-Clause */
/* table.c - the file allocation table: entries, chains, finding free clusters */
#include "fat.h"
#include "fs/driver/bytes.h"

#include <errno.h>

bool fat_is_cluster(const struct nacre_fs *f, uint32_t cluster)
{
	return cluster >= 2 && cluster - 2 < f->clusters;
}

uint64_t fat_cluster_offset(const struct nacre_fs *f, uint32_t cluster)
{
	return f->data + (uint64_t)(cluster - 2) * f->cluster;
}

static uint64_t entry_offset(const struct nacre_fs *f, uint32_t table, uint32_t cluster)
{
	uint64_t within = f->bits == 12 ? cluster + cluster / 2 : (uint64_t)cluster * (f->bits / 8);

	return f->table + table * f->table_size + within;
}

/* @raw: the entry's 2 or 4 bytes */
static uint32_t decode(const struct nacre_fs *f, uint32_t cluster, const uint8_t *raw)
{
	uint32_t mask = f->bits == 32 ? 0x0fffffff : (1U << f->bits) - 1;
	uint32_t value = f->bits == 32 ? le32(raw) : le16(raw);

	if (f->bits == 12 && cluster & 1)
		value >>= 4;
	value &= mask;
	if (value >= mask - 8) /* ..f7 is bad, ..f8 and up is the end */
		value |= 0x0fffffff & ~mask;
	return value;
}

int fat_get(struct nacre_fs *f, uint32_t cluster, uint32_t *value)
{
	return fat_get_run(f, cluster, 1, value);
}

int fat_get_run(struct nacre_fs *f, uint32_t cluster, uint32_t count, uint32_t *values)
{
	uint8_t raw[4 * FAT_RUN];
	uint64_t at = entry_offset(f, f->first_table, cluster);
	int result;

	if (!count || count > FAT_RUN || !fat_is_cluster(f, cluster) || !fat_is_cluster(f, cluster + count - 1))
		return EUCLEAN;
	result = fs_disk_get(&f->disk, at, raw,
			     (size_t)(entry_offset(f, f->first_table, cluster + count - 1) - at) +
				     (f->bits == 32 ? 4 : 2));
	for (uint32_t i = 0; !result && i < count; i++)
		values[i] = decode(f, cluster + i, raw + (entry_offset(f, f->first_table, cluster + i) - at));
	return result;
}

int fat_put(struct nacre_fs *f, uint32_t cluster, uint32_t value)
{
	uint8_t raw[4] = {0};
	size_t size = f->bits == 32 ? 4 : 2;
	uint32_t last = f->first_table ? f->first_table + 1 : f->tables, old;
	int result = 0;

	if (!fat_is_cluster(f, cluster))
		return EUCLEAN;
	/* One table only, where the boot sector says that the others are not kept */
	for (uint32_t t = f->first_table; !result && t < last; t++) {
		result = fs_disk_get(&f->disk, entry_offset(f, t, cluster), raw, size);
		if (result)
			break;
		old = le32(raw);
		if (f->bits == 12 && cluster & 1)
			old = (old & 0xf) | (value & 0xfff) << 4;
		else if (f->bits == 12)
			old = (old & 0xf000) | (value & 0xfff);
		else if (f->bits == 16)
			old = value & 0xffff;
		else
			old = (old & 0xf0000000) | (value & 0x0fffffff);
		put_le32(raw, old);
		result = fs_disk_put(&f->disk, entry_offset(f, t, cluster), raw, size);
	}
	f->changed = true;
	return result;
}

int fat_nth(struct nacre_fs *f, uint32_t first, uint32_t index, uint32_t *cluster)
{
	uint32_t at = first, done = 0, next;
	int result;

	*cluster = 0;
	if (index >= f->clusters)
		return EUCLEAN;
	if (f->near_first == first && f->near_index <= index && first) {
		at = f->near_cluster;
		done = f->near_index;
	}
	for (; done < index; done++) {
		result = fat_get(f, at, &next);
		if (result)
			return result;
		if (next > FAT_BAD)
			return 0;
		at = next;
	}
	if (!fat_is_cluster(f, at))
		return EUCLEAN;
	f->near_first = first;
	f->near_index = index;
	f->near_cluster = at;
	*cluster = at;
	return 0;
}

int fat_count(struct nacre_fs *f)
{
	uint32_t values[FAT_RUN], count;
	int result;

	if (f->counted)
		return 0;
	f->free = 0;
	for (uint32_t c = 2; c < f->clusters + 2; c += count) {
		count = f->clusters + 2 - c < FAT_RUN ? f->clusters + 2 - c : FAT_RUN;
		result = fat_get_run(f, c, count, values);
		if (result)
			return result;
		for (uint32_t i = 0; i < count; i++)
			if (values[i] == FAT_FREE && !f->free++)
				f->next = c + i;
	}
	f->counted = true;
	return 0;
}

int fat_allocate(struct nacre_fs *f, uint32_t count, uint32_t *first)
{
	uint32_t got = 0, last = 0, value, c;
	int result = fat_count(f);

	if (result)
		return result;
	if (!count || count > f->free)
		return ENOSPC;
	c = fat_is_cluster(f, f->next) ? f->next : 2;
	for (uint32_t seen = 0;
	     got < count && seen<f->clusters; seen++, c = c> f->clusters ? 2 : c + 1) {
		result = fat_get(f, c, &value);
		if (!result && value != FAT_FREE)
			continue;
		if (!result)
			result = fat_put(f, c, FAT_END);
		if (!result && last)
			result = fat_put(f, last, c);
		if (result)
			return result;
		if (!last)
			*first = c;
		last = c;
		got++;
	}
	f->next = c;
	f->free -= got;
	return got == count ? 0 : EUCLEAN;
}

int fat_release(struct nacre_fs *f, uint32_t first)
{
	uint32_t c = first, next;
	int result = fat_count(f);

	f->near_first = 0;
	for (uint32_t steps = 0; !result && steps < f->clusters; steps++) {
		result = fat_get(f, c, &next);
		if (!result && (next == FAT_FREE || next == FAT_BAD))
			return EUCLEAN;
		if (!result)
			result = fat_put(f, c, FAT_FREE);
		f->free++;
		if (result || next > FAT_BAD)
			return result;
		c = next;
	}
	return result ? result : EUCLEAN;
}
