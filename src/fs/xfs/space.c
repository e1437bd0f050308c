/* SPDX-License-Identifier: BSD-2-Clause */
/* space.c - what is in use: each group without what its tree of free space by block number lists */
#include "xfs.h"
#include "fs/driver/bytes.h"

#include <errno.h>
#include <string.h>

/** struct group - an allocation group; @next: the first block that was not yet told used or free */
struct group {
	uint32_t number, blocks, next;
	uint64_t free; /* blocks that its header says are free */
	uint32_t root, levels;
};

static uint64_t group_offset(const struct nacre_fs *f, const struct group *g, uint32_t block)
{
	return ((uint64_t)g->number * f->ag_blocks + block) << f->block_log;
}

static int read_header(struct nacre_fs *f, struct group *g)
{
	uint8_t h[512];
	uint32_t flags_end = 512;
	int result = fs_disk_get(&f->disk, group_offset(f, g, 0) + f->sector, h, sizeof(h));

	if (result)
		return result;
	if (memcmp(h, "XAGF", 4) || be32(h + 4) != 1 || be32(h + 8) != g->number ||
	    be32(h + 12) != g->blocks)
		return EUCLEAN;
	/* The checksum is of the whole sector, of which all but the head is zero. */
	if (f->v5 && FS_CHECKSUMS) {
		static const uint8_t zeroes[4];
		uint32_t crc = fs_crc32c(fs_crc32c(0xffffffff, h, 216), zeroes, 4);

		crc = fs_crc32c(crc, h + 220, flags_end - 220);
		for (uint64_t at = flags_end; at < f->sector; at += sizeof(h)) {
			uint8_t more[512];

			result = fs_disk_get(&f->disk, group_offset(f, g, 0) + f->sector + at, more,
					     sizeof(more));
			if (result)
				return result;
			crc = fs_crc32c(crc, more, sizeof(more));
		}
		if (~crc != le32(h + 216))
			return EUCLEAN;
	}
	g->root = be32(h + 16);
	g->levels = be32(h + 28);
	g->free = be32(h + 52);
	return g->levels < 1 || g->levels > XFS_LEVELS ? EUCLEAN : 0;
}

/* Read a block of the tree into f->scratch. */
static int read_node(struct nacre_fs *f, const struct group *g, uint32_t block, uint32_t level,
		     uint32_t *count)
{
	uint32_t head = f->v5 ? 56 : 16;
	uint8_t *b = f->scratch;
	int result;

	if (block >= g->blocks)
		return EUCLEAN;
	result = fs_disk_get(&f->disk, group_offset(f, g, block), b, f->block);
	if (result)
		return result;
	*count = be16(b + 6);
	if (memcmp(b, f->v5 ? "AB3B" : "ABTB", 4) || be16(b + 4) != level ||
	    *count > (f->block - head) / (level ? 12 : 8) ||
	    (f->v5 && !xfs_check_crc(b, f->block, 52)))
		return EUCLEAN;
	return 0;
}

/* The records of a leaf in f->scratch: what lies between them is in use. */
static int take_leaf(struct nacre_fs *f, struct group *g, uint32_t count)
{
	const uint8_t *r = f->scratch + (f->v5 ? 56 : 16);

	for (uint32_t i = 0; i < count; i++, r += 8) {
		uint32_t start = be32(r), length = be32(r + 4);

		/* Free space that touches is one record. So there is always something between two.
		 */
		if (start < g->next || (start == g->next && i) || !length || start >= g->blocks ||
		    length > g->blocks - start)
			return EUCLEAN;
		if (nacre_extents_add(&f->disk.map, group_offset(f, g, g->next),
				      (uint64_t)(start - g->next) << f->block_log, NACRE_FS_USED))
			return ENOMEM;
		g->free -= length;
		g->next = start + length;
	}
	return 0;
}

/* Down the left edge to the first leaf, then from leaf to leaf: their records rise, so this ends.
 */
static int walk(struct nacre_fs *f, struct group *g)
{
	uint32_t head = f->v5 ? 56 : 16, block = g->root, count = 0, level = g->levels - 1,
		 leaves = 0;
	int result;

	for (; level; level--) {
		uint32_t most = (f->block - head) / 12;

		result = read_node(f, g, block, level, &count);
		if (!result && !count)
			result = EUCLEAN;
		if (result)
			return result;
		block = be32(f->scratch + head + most * 8);
	}
	for (; block != 0xffffffff; block = be32(f->scratch + 12), leaves++) {
		result = read_node(f, g, block, 0, &count);
		if (!result && !count &&
		    (leaves || g->levels > 1 || be32(f->scratch + 12) != 0xffffffff))
			result = EUCLEAN;
		if (!result)
			result = take_leaf(f, g, count);
		if (result)
			return result;
	}
	return g->free ? EUCLEAN : 0;
}

int xfs_map(struct nacre_fs *f)
{
	struct group g = {0};
	int result;

	for (; g.number < f->ag_count; g.number++) {
		uint64_t before = (uint64_t)g.number * f->ag_blocks;

		g.next = 0;
		g.blocks = f->blocks - before < f->ag_blocks ? (uint32_t)(f->blocks - before)
							     : f->ag_blocks;
		result = read_header(f, &g);
		if (!result)
			result = walk(f, &g);
		if (!result &&
		    nacre_extents_add(&f->disk.map, group_offset(f, &g, g.next),
				      (uint64_t)(g.blocks - g.next) << f->block_log, NACRE_FS_USED))
			result = ENOMEM;
		if (result)
			return result;
	}
	return 0;
}
