/* SPDX-License-Identifier: BSD-2-Clause */
/* grow.c - a file system takes what a larger volume has
 *
 * DOC: Theory of Operation
 *
 * What the file system will look like is reckoned first (plan): how many blocks, groups, and blocks
 * of group descriptors. Descriptors stand behind the superblock, in group 0 and in each group with a backup.
 * Where more blocks of them are needed, those come from the ones that were reserved there, which the
 * resize inode owns. Where these do not suffice, or there are none, the rest of the descriptors goes to the
 * groups that it describes, as the kernel does it when it grows a mounted file system: meta_bg.
 *
 * All of it is then done in memory, in a copy of what libext2fs keeps of the file system: so a refusal (also by
 * lack of space for the tables) changes nothing. Only then is written: inode tables, the resize inode, bitmaps,
 * and at the end all copies of superblock and descriptors (grow_write.c).
 *
 * Sources: the kernel's Documentation/filesystems/ext4 (group_descr.rst, special_inodes.rst, super.rst).
 */
#include "grow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

enum {
	PAGE = 4096,
	LAST_GROUP_LEAST = 50,	   /* blocks for files that a shorter last group has to have, as for mke2fs */
	DESCRIPTORS_MOST = 64 << 20 /* bytes: 128 TiB in groups of 128 MiB */
};

/* Blocks behind a superblock that are descriptors, or are kept for them. */
static uint64_t table_blocks(const struct ext_growth *g)
{
	if (!g->meta)
		return (uint64_t)g->desc_blocks + g->reserved;
	return g->first_meta < g->desc_blocks ? g->first_meta : g->desc_blocks;
}

/* Where the descriptors of so many groups go. Return: 0; EFBIG; ENOTSUP */
static int place_descriptors(const struct nacre_fs *f, struct ext_growth *g)
{
	struct ext2_super_block *s = f->fs->super;
	uint32_t room = (uint32_t)f->fs->desc_blocks + s->s_reserved_gdt_blocks;
	bool inode = ext2fs_has_feature_resize_inode(s);

	g->desc_blocks = (g->groups + EXT2_DESC_PER_BLOCK(s) - 1) / EXT2_DESC_PER_BLOCK(s);
	if ((uint64_t)g->desc_blocks * f->fs->blocksize > DESCRIPTORS_MOST)
		return EFBIG;
	g->meta = ext2fs_has_feature_meta_bg(s);
	g->first_meta = s->s_first_meta_bg;
	g->reserved = 0;
	g->convert = false;
	if (g->meta)
		return 0;
	/* The resize inode names blocks by 32 bits. */
	if (g->desc_blocks <= room && !(inode && g->blocks > UINT32_MAX)) {
		g->reserved = room - g->desc_blocks;
		return 0;
	}
	if (s->s_rev_level == EXT2_GOOD_OLD_REV)
		return ENOTSUP; /* it has no features */
	g->meta = g->convert = true;
	g->first_meta = room < g->desc_blocks ? room : g->desc_blocks;
	return 0;
}

/* What the last group has to have for itself. */
static uint64_t last_overhead(const struct nacre_fs *f, const struct ext_growth *g)
{
	uint64_t blocks = 2 + (uint64_t)f->fs->inode_blocks_per_group + LAST_GROUP_LEAST;

	return ext2fs_bg_has_super(f->fs, g->groups - 1) ? blocks + 1 + table_blocks(g) : blocks;
}

/* @g->blocks is what there is room for; it becomes what is used of it. Return: 0; EFBIG; ENOTSUP */
static int shape(const struct nacre_fs *f, struct ext_growth *g)
{
	const struct ext2_super_block *s = f->fs->super;
	uint64_t size = s->s_blocks_per_group, groups, rest;
	int result;

	for (;;) {
		groups = (g->blocks - s->s_first_data_block + size - 1) / size;
		rest = (g->blocks - s->s_first_data_block) % size;
		if (groups > UINT32_MAX / s->s_inodes_per_group)
			return EFBIG;
		g->groups = (dgrp_t)groups;
		result = place_descriptors(f, g);
		if (result || !rest || g->groups <= f->fs->group_desc_count || rest >= last_overhead(f, g))
			return result;
		g->blocks -= rest;
	}
}

/* Does block @at of the resize inode list the reserved blocks, as it has to? */
static int check_list(struct nacre_fs *f, blk64_t at)
{
	const struct ext2_super_block *s = f->fs->super;
	uint32_t each = f->fs->blocksize / 4, *list = malloc(f->fs->blocksize);
	uint64_t first = (uint64_t)s->s_first_data_block + 1 + f->fs->desc_blocks;
	int result = list ? ext_error(&f->io, ext2fs_read_ind_block(f->fs, (blk_t)at, list)) : ENOMEM;

	for (uint32_t i = 0; !result && i < s->s_reserved_gdt_blocks; i++)
		if (list[(f->fs->desc_blocks + i) % each] != first + i)
			result = EUCLEAN;
	free(list);
	return result;
}

/* Are the reserved blocks the resize inode's? */
static int check_resize_inode(struct nacre_fs *f)
{
	struct ext2_super_block *s = f->fs->super;
	struct ext2_inode inode;
	blk64_t block;
	errcode_t code;

	if (!ext2fs_has_feature_resize_inode(s))
		return s->s_reserved_gdt_blocks ? EUCLEAN : 0;
	if (ext2fs_has_feature_meta_bg(s) || s->s_reserved_gdt_blocks > f->fs->blocksize / 4)
		return EUCLEAN;
	code = ext2fs_read_inode(f->fs, EXT2_RESIZE_INO, &inode);
	if (code)
		return ext_error(&f->io, code);
	block = inode.i_block[EXT2_DIND_BLOCK];
	if (block <= s->s_first_data_block || block >= ext2fs_blocks_count(s))
		return EUCLEAN;
	return check_list(f, block);
}

/*
 * What a volume of @size bytes can take; nothing is changed. @g->blocks: not more than it has: there is nothing
 * to do.
 */
static int plan(struct nacre_fs *f, uint64_t size, struct ext_growth *g)
{
	struct ext2_super_block *s = f->fs->super;
	int result;

	/* Whole pages: a kernel maps the last block with its page. */
	*g = (struct ext_growth){.blocks = size / PAGE * PAGE / f->fs->blocksize};
	if (f->fs->blocksize > PAGE)
		g->blocks = size / f->fs->blocksize;
	if (g->blocks <= ext2fs_blocks_count(s))
		return 0;
	if (f->had_errors)
		return EUCLEAN;
	if (ext2fs_has_feature_bigalloc(s))
		return ENOTSUP; /* clusters that tables of new groups would share with files */
	if (g->blocks > UINT32_MAX && !ext2fs_has_feature_64bit(s))
		return EFBIG;
	result = shape(f, g);
	if (!result && g->blocks > ext2fs_blocks_count(s))
		result = check_resize_inode(f);
	return result;
}

/* Backups, where the file system was too small for the two that sparse_super2 has. */
static void add_backups(struct ext2_super_block *s, dgrp_t before, dgrp_t now)
{
	if (!ext2fs_has_feature_sparse_super2(s))
		return;
	if (before < 2 && now > 1 && !s->s_backup_bgs[0])
		s->s_backup_bgs[0] = 1;
	if (before < 3 && now > 2 && !s->s_backup_bgs[1])
		s->s_backup_bgs[1] = now - 1;
}

/* Of the blocks that were reserved, those that no descriptors will ever be in, in all old groups. */
static void release_reserved(ext2_filsys fs, const struct ext_growth *g, uint32_t room, dgrp_t before)
{
	blk64_t super, table, meta;

	for (dgrp_t i = 0; i < before; i++) {
		ext2fs_super_and_bgd_loc2(fs, i, &super, &table, &meta, NULL);
		for (uint32_t n = g->first_meta; table && n < room; n++)
			ext2fs_unmark_block_bitmap2(fs->block_map, table + n);
	}
}

/* The resize inode's own block; the inode itself is emptied when the rest is written. */
static errcode_t release_resize_inode(ext2_filsys fs)
{
	struct ext2_inode inode;
	errcode_t code = ext2fs_read_inode(fs, EXT2_RESIZE_INO, &inode);

	if (!code)
		ext2fs_unmark_block_bitmap2(fs->block_map, inode.i_block[EXT2_DIND_BLOCK]);
	return code;
}

static errcode_t convert(ext2_filsys fs, const struct ext_growth *g, dgrp_t before)
{
	uint32_t room = (uint32_t)fs->desc_blocks + fs->super->s_reserved_gdt_blocks;
	errcode_t code = 0;

	if (ext2fs_has_feature_resize_inode(fs->super))
		code = release_resize_inode(fs);
	release_reserved(fs, g, room, before);
	ext2fs_clear_feature_resize_inode(fs->super);
	ext2fs_set_feature_meta_bg(fs->super);
	fs->super->s_first_meta_bg = g->first_meta;
	return code;
}

/* Superblock, room for descriptors, room in the bitmaps; nothing of the new groups yet. */
static errcode_t enlarge(ext2_filsys fs, const struct ext_growth *g)
{
	struct ext2_super_block *s = fs->super;
	dgrp_t before = fs->group_desc_count;
	size_t old = (size_t)fs->desc_blocks * fs->blocksize, size = (size_t)g->desc_blocks * fs->blocksize;
	double reserved = (double)ext2fs_r_blocks_count(s) / (double)ext2fs_blocks_count(s);
	errcode_t code = ext2fs_resize_mem(old, size, &fs->group_desc);

	if (code)
		return code;
	memset((uint8_t *)fs->group_desc + old, 0, size - old);
	if (g->convert)
		code = convert(fs, g, before);
	ext2fs_blocks_count_set(s, g->blocks);
	ext2fs_r_blocks_count_set(s, (blk64_t)(reserved * (double)g->blocks));
	s->s_inodes_count = s->s_inodes_per_group * g->groups;
	s->s_reserved_gdt_blocks = (uint16_t)g->reserved;
	fs->desc_blocks = g->desc_blocks;
	fs->group_desc_count = g->groups;
	add_backups(s, before, g->groups);
	if (!code)
		code = ext2fs_resize_inode_bitmap2(s->s_inodes_count, s->s_inodes_count, fs->inode_map);
	if (!code)
		code = ext2fs_resize_block_bitmap2(g->blocks - 1,
						   (blk64_t)g->groups * s->s_blocks_per_group +
							   s->s_first_data_block - 1,
						   fs->block_map);
	return code;
}

/* Descriptor @i of a new group, and the superblock and descriptors in it. */
static void add_group(ext2_filsys fs, dgrp_t i)
{
	ext2fs_bg_flags_zap(fs, i);
	ext2fs_bg_free_inodes_count_set(fs, i, fs->super->s_inodes_per_group);
	if (ext2fs_has_group_desc_csum(fs)) {
		ext2fs_bg_flags_set(fs, i, EXT2_BG_INODE_UNINIT);
		if (i + 1 < fs->group_desc_count)
			ext2fs_bg_flags_set(fs, i, EXT2_BG_BLOCK_UNINIT);
		ext2fs_bg_itable_unused_set(fs, i, fs->super->s_inodes_per_group);
	}
	ext2fs_reserve_super_and_bgd(fs, i, fs->block_map);
}

/* Blocks of group @i that are free, as its bitmap has them. */
static uint64_t free_in(ext2_filsys fs, dgrp_t i)
{
	blk64_t at = ext2fs_group_first_block2(fs, i), last = ext2fs_group_last_block2(fs, i), from, to;
	uint64_t count = 0;

	while (at <= last && !ext2fs_find_first_zero_block_bitmap2(fs->block_map, at, last, &from)) {
		if (ext2fs_find_first_set_block_bitmap2(fs->block_map, from, last, &to))
			to = last + 1;
		count += to - from;
		at = to;
	}
	return count;
}

static void count_free(ext2_filsys fs, struct ext_growth *g)
{
	uint64_t blocks = 0, inodes = 0, count;

	for (dgrp_t i = 0; i < fs->group_desc_count; i++) {
		count = free_in(fs, i);
		ext2fs_bg_free_blocks_count_set(fs, i, (uint32_t)count);
		ext2fs_group_desc_csum_set(fs, i);
		blocks += count;
		inodes += ext2fs_bg_free_inodes_count(fs, i);
	}
	ext2fs_free_blocks_count_set(fs->super, blocks);
	fs->super->s_free_inodes_count = (uint32_t)inodes;
	g->free = blocks;
}

/* What a mount need not count then: everything new is for bookkeeping. 0: it has to. */
static void reckon_overhead(ext2_filsys before, ext2_filsys fs, const struct ext_growth *g)
{
	struct ext2_super_block *s = fs->super;
	uint64_t used = ext2fs_blocks_count(before->super);

	for (dgrp_t i = 0; i < before->group_desc_count; i++)
		used -= free_in(before, i);
	if (s->s_overhead_clusters)
		s->s_overhead_clusters += (uint32_t)(g->blocks - g->free - used);
	if (g->convert)
		s->s_overhead_clusters = 0;
}

/* The grown file system, in memory only. */
static errcode_t draw(ext2_filsys before, ext2_filsys fs, struct ext_growth *g)
{
	dgrp_t first = before->group_desc_count;
	errcode_t code = enlarge(fs, g);

	if (code)
		return code;
	ext2fs_bg_flags_clear(fs, first - 1, EXT2_BG_BLOCK_UNINIT); /* it was shorter */
	for (dgrp_t i = first; i < g->groups; i++)
		add_group(fs, i);
	/* Only now, as tables may go to any group. */
	for (dgrp_t i = first; !code && i < g->groups; i++)
		code = ext2fs_allocate_group_table(fs, i, NULL);
	if (code)
		return code;
	count_free(fs, g);
	reckon_overhead(before, fs, g);
	return 0;
}

static int grow(struct nacre_fs *f, struct ext_growth *g)
{
	ext2_filsys grown = NULL;
	dgrp_t first = f->fs->group_desc_count;
	errcode_t code = ext2fs_dup_handle(f->fs, &grown);

	if (!code)
		code = draw(f->fs, grown, g);
	if (code) {
		if (grown)
			ext2fs_free(grown);
		return ext_error(&f->io, code);
	}
	ext2fs_free(f->fs);
	f->fs = grown;
	return ext_grow_write(f, g, first);
}

EXPORT int nacre_fs_resize(struct nacre_fs *f, uint64_t size)
{
	struct ext_growth g;
	int result;

	f->io.failed = 0;
	result = plan(f, size, &g);
	if (result || g.blocks <= ext2fs_blocks_count(f->fs->super) || !f->writable)
		return result;
	result = ext_bitmaps(f);
	if (!result && size > f->io.size)
		result = ext_io_enlarge(&f->io, size);
	return result ? result : grow(f, &g);
}
