/* SPDX-License-Identifier: BSD-2-Clause */
/* log.c - does the log hold changes that are not in their places yet?
 *
 * The log is a ring of sectors of 512 bytes. Each begins with the number of the round in which it
 * was written (its cycle), or is a record's head, which has it behind its magic number. Where the
 * cycle falls is the end of what was written last. An unmount ends with a record that says so and
 * nothing else; where that is the last one, the log is empty.
 */
#include "xfs.h"
#include "fs/driver/bytes.h"

#include <errno.h>
#include <string.h>

enum {
	LOG_SECTOR = 512,
	LOG_MAGIC = 0xfeedbabe,
	LOG_BACK = 1100, /* sectors: the longest record, 256 KiB and its heads, and as much between
			    two */
	LOG_UNMOUNT = 0x20
};

/** struct xfs_log - where it is, in sectors */
struct xfs_log {
	uint64_t offset;
	uint32_t sectors;
};

static int get(struct nacre_fs *f, const struct xfs_log *log, uint32_t sector, uint8_t *data)
{
	return fs_disk_get(&f->disk, log->offset + (uint64_t)sector * LOG_SECTOR, data, LOG_SECTOR);
}

static int cycle_at(struct nacre_fs *f, const struct xfs_log *log, uint32_t sector, uint32_t *cycle)
{
	uint8_t data[LOG_SECTOR];
	int result = get(f, log, sector, data);

	*cycle = be32(data) == LOG_MAGIC ? be32(data + 4) : be32(data);
	return result;
}

/* *head: the sector behind the last one written; *empty: nothing ever was */
static int find_head(struct nacre_fs *f, const struct xfs_log *log, uint32_t *head, bool *empty)
{
	uint32_t first, last, cycle, low = 0, high = log->sectors - 1;
	int result = cycle_at(f, log, 0, &first);

	if (!result)
		result = cycle_at(f, log, high, &last);
	if (result)
		return result;
	*empty = !first;
	*head = 0;
	if (first == last)
		return 0; /* the round was just finished */
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		result = cycle_at(f, log, middle, &cycle);
		if (result)
			return result;
		if (cycle == first)
			low = middle;
		else
			high = middle;
	}
	*head = high;
	return 0;
}

/* Is @record, whose head is at @sector, an unmount that ends before @end? */
static int is_unmount(struct nacre_fs *f, const struct xfs_log *log, const uint8_t *record,
		      uint32_t sector, uint32_t end, bool *is)
{
	uint32_t length = be32(record + 12), size = be32(record + 320), heads = 1;
	uint8_t data[LOG_SECTOR];
	int result;

	*is = false;
	if (f->has_log_v2 && be32(record + 8) & 2 && size > 32768 && size <= 1 << 20)
		heads = (size + 32767) / 32768;
	if (be32(record + 40) != 1 || length > LOG_SECTOR * LOG_BACK)
		return 0;
	if ((sector + heads + (length + LOG_SECTOR - 1) / LOG_SECTOR) % log->sectors != end)
		return 0;
	result = get(f, log, (sector + heads) % log->sectors, data);
	*is = data[9] & LOG_UNMOUNT;
	return result;
}

int xfs_log_is_dirty(struct nacre_fs *f, bool *dirty)
{
	struct xfs_log log = {0};
	uint8_t data[LOG_SECTOR];
	uint32_t head, sector;
	bool empty, clean;
	int result;

	*dirty = false;
	if (!f->log_start)
		return 0; /* on a device of its own, which is not at hand */
	result = xfs_block_offset(f, f->log_start, f->log_blocks, &log.offset);
	if (!result && ((uint64_t)f->log_blocks << f->block_log) / LOG_SECTOR > UINT32_MAX / 2)
		result = EUCLEAN;
	if (result)
		return result;
	log.sectors = (uint32_t)(((uint64_t)f->log_blocks << f->block_log) / LOG_SECTOR);
	if (log.sectors < 2)
		return EUCLEAN;
	result = find_head(f, &log, &head, &empty);
	if (result || empty)
		return result;
	*dirty = true;
	sector = head;
	for (uint32_t back = 0; back < LOG_BACK && back < log.sectors; back++) {
		sector = sector ? sector - 1 : log.sectors - 1;
		result = get(f, &log, sector, data);
		if (result)
			return result;
		if (be32(data) != LOG_MAGIC)
			continue;
		result = is_unmount(f, &log, data, sector, head, &clean);
		*dirty = !clean;
		return result;
	}
	return 0;
}
