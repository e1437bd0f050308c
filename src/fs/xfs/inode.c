/* SPDX-License-Identifier: BSD-2-Clause */
/* inode.c - inodes, and where the blocks of their data forks are */
#include "xfs.h"
#include "fs/driver/bytes.h"

#include <errno.h>
#include <string.h>

enum { FLAG_BIGTIME = 8, FLAG_MANY = 16, FLAG_REALTIME = 1 };

static int64_t seconds(const uint8_t *at, bool big)
{
	/* Either signed seconds, or nanoseconds since where those would begin */
	return big ? (int64_t)(be64(at) / 1000000000) - (1LL << 31) : (int32_t)be32(at);
}

static int decode(struct nacre_fs *f, struct xfs_inode *i)
{
	const uint8_t *d = i->raw;
	bool v3 = d[4] == 3;
	uint64_t flags = v3 ? be64(d + 120) : 0;
	uint32_t head = v3 ? 176 : 100;

	i->mode = be16(d + 2);
	i->format = d[5];
	i->uid = be32(d + 8);
	i->gid = be32(d + 12);
	i->links = d[4] == 1 ? be16(d + 6) : be32(d + 16);
	i->mtime = seconds(d + 40, flags & FLAG_BIGTIME);
	i->mtime_ns = flags & FLAG_BIGTIME ? (uint32_t)(be64(d + 40) % 1000000000) : be32(d + 44);
	if (i->mtime_ns >= 1000000000)
		i->mtime_ns = 0;
	i->size = be64(d + 56);
	i->extents = flags & FLAG_MANY ? be64(d + 24) : be32(d + 76);
	i->fork = d + head;
	i->fork_size = f->inode_size - head;
	if (d[82]) {
		if ((uint32_t)d[82] * 8 > i->fork_size)
			return EUCLEAN;
		i->fork_size = (uint32_t)d[82] * 8;
	}
	if (i->size > INT64_MAX || (i->format == XFS_EXTENTS && i->extents > i->fork_size / 16) ||
	    (i->format == XFS_LOCAL && i->size > i->fork_size))
		return EUCLEAN;
	/* Its blocks would be on another device. */
	return be16(d + 90) & FLAG_REALTIME && i->format >= XFS_EXTENTS ? ENOTSUP : 0;
}

int xfs_inode_read(struct nacre_fs *f, uint64_t number, struct xfs_inode *i)
{
	uint64_t group = number >> (f->ag_log + f->per_block_log), offset;
	uint64_t block = number >> f->per_block_log & ((1ULL << f->ag_log) - 1);
	uint64_t within = number & ((1ULL << f->per_block_log) - 1);
	int result;

	if (group >= f->ag_count)
		return EUCLEAN;
	result = xfs_block_offset(f, group << f->ag_log | block, 1, &offset);
	if (!result)
		result = fs_disk_get(&f->disk, offset + within * f->inode_size, i->raw,
				     f->inode_size);
	if (result)
		return result;
	i->number = number;
	if (memcmp(i->raw, "IN", 2) || !be16(i->raw + 2) || i->raw[4] > 3 || i->raw[4] < 1)
		return EUCLEAN;
	if (i->raw[4] == 3 &&
	    (!f->v5 || f->inode_size < 512 || !xfs_check_crc(i->raw, f->inode_size, 100) ||
	     be64(i->raw + 152) != number))
		return EUCLEAN;
	return decode(f, i);
}

/*
 * Look for file block @block in @count records; @limit: what is at and behind it is not in these.
 * Where the block is in none, *run is the hole from it to the next one.
 */
static void search(const uint8_t *records, uint64_t count, uint64_t limit, uint64_t block,
		   struct xfs_run *run)
{
	for (uint64_t n = 0; n < count; n++, records += 16) {
		uint64_t high = be64(records), low = be64(records + 8);
		uint64_t file = high >> 9 & ((1ULL << 54) - 1),
			 start = (high & 511) << 43 | low >> 21;
		uint64_t length = low & ((1U << 21) - 1);

		if (file > block) {
			limit = file;
			break;
		}
		if (block - file < length) {
			run->start = start + (block - file);
			run->count = length - (block - file);
			run->hole = high >> 63; /* allocated, but never written: reads as zeroes */
			return;
		}
	}
	if (limit > block)
		run->count = limit - block < UINT32_MAX ? limit - block : UINT32_MAX;
}

/* The child in whose range @block is: the last one that does not begin behind it; *limit: where the
 * next does */
static uint64_t child_of(const uint8_t *keys, uint32_t most, uint32_t count, uint64_t block,
			 uint64_t *limit)
{
	uint32_t low = 0, high = count;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (be64(keys + 8 * (size_t)middle) <= block)
			low = middle;
		else
			high = middle;
	}
	if (high < count)
		*limit = be64(keys + 8 * (size_t)high);
	return be64(keys + 8 * ((size_t)most + low));
}

static int descend(struct nacre_fs *f, const struct xfs_inode *i, uint64_t block,
		   struct xfs_run *run)
{
	uint32_t level = be16(i->fork), count = be16(i->fork + 2), most = (i->fork_size - 4) / 16;
	uint32_t head = f->v5 ? 72 : 24;
	uint64_t child, offset, limit = UINT64_MAX;
	uint8_t *b = f->scratch;
	int result;

	if (level < 1 || level > XFS_LEVELS || !count || count > most)
		return EUCLEAN;
	child = child_of(i->fork + 4, most, count, block, &limit);
	for (;; child = child_of(b + head, most, count, block, &limit)) {
		result = xfs_block_offset(f, child, 1, &offset);
		if (!result)
			result = fs_disk_get(&f->disk, offset, b, f->block);
		if (result)
			return result;
		count = be16(b + 6);
		most = (f->block - head) / 16;
		if (memcmp(b, f->v5 ? "BMA3" : "BMAP", 4) || be16(b + 4) != --level || !count ||
		    count > most || (f->v5 && !xfs_check_crc(b, f->block, 64)))
			return EUCLEAN;
		if (!level)
			break;
	}
	search(b + head, count, limit, block, run);
	return 0;
}

int xfs_run_at(struct nacre_fs *f, const struct xfs_inode *i, uint64_t block, struct xfs_run *run)
{
	int result = 0;
	uint64_t offset;

	*run = (struct xfs_run){.file = block, .count = 1, .hole = true};
	if (i->format == XFS_EXTENTS) {
		search(i->fork, i->extents, UINT64_MAX, block, run);
	} else if (i->format == XFS_BTREE) {
		/* A hole at the end of a leaf: block by block, as the next leaf was not looked at
		 */
		result = i->fork_size < 20 ? EUCLEAN : descend(f, i, block, run);
	} else {
		result = EUCLEAN;
	}
	if (!result && !run->hole)
		result = xfs_block_offset(f, run->start, run->count, &offset);
	if (!result && !run->hole)
		run->start = offset >> f->block_log;
	return result;
}
