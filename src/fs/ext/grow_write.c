/* SPDX-License-Identifier: BSD-2-Clause */
/* grow_write.c - a file system that has grown in memory is written, see grow.c
 *
 * The superblock and its copies come last: what is not known to it does not matter before.
 */
#include "grow.h"

#include <errno.h>
#include <string.h>

/* So much of the inode tables is looked at, so that a kernel need not write zeroes over zeroes: it does so
 * after the first mount, and a growing image would have to hold them. What is beyond is left to it. */
static const uint64_t look_most = 2ull << 30;

/* The inode tables of new groups are empty: by the descriptor's word, or by zeroes. */
static int clear_tables(struct nacre_fs *f, dgrp_t first)
{
	uint64_t size = (uint64_t)f->fs->inode_blocks_per_group * f->fs->blocksize, looked = 0;
	bool promised = ext2fs_has_group_desc_csum(f->fs), empty;
	int result;

	for (dgrp_t i = first; i < f->fs->group_desc_count; i++) {
		uint64_t at = ext2fs_inode_table_loc(f->fs, i) * f->fs->blocksize;

		if (promised && looked >= look_most)
			break;
		result = ext_io_clear(&f->io, at, size, !promised, &empty);
		if (result)
			return result;
		looked += size;
		if (promised && empty) {
			ext2fs_bg_flags_set(f->fs, i, EXT2_BG_INODE_ZEROED);
			ext2fs_group_desc_csum_set(f->fs, i);
		}
	}
	return 0;
}

/* No blocks are reserved any more. */
static errcode_t empty_resize_inode(ext2_filsys fs)
{
	struct ext2_inode_large inode;
	int size = EXT2_INODE_SIZE(fs->super);

	memset(&inode, 0, sizeof(inode));
	if (size > (int)sizeof(inode))
		size = (int)sizeof(inode);
	return ext2fs_write_inode_full(fs, EXT2_RESIZE_INO, (struct ext2_inode *)&inode, size);
}

/* What is reserved now, in each group that has a backup: libext2fs fills in what is missing, which is all. */
static errcode_t renew_resize_inode(ext2_filsys fs)
{
	struct ext2_inode inode;
	errcode_t code = ext2fs_read_inode(fs, EXT2_RESIZE_INO, &inode);

	if (!code)
		code = ext2fs_iblk_set(fs, &inode, 1);
	if (!code)
		code = ext2fs_write_inode(fs, EXT2_RESIZE_INO, &inode);
	if (!code)
		code = ext2fs_zero_blocks2(fs, inode.i_block[EXT2_DIND_BLOCK], 1, NULL, NULL);
	ext2fs_zero_blocks2(NULL, 0, 0, NULL, NULL); /* its buffer */
	return code ? code : ext2fs_create_resize_inode(fs);
}

int ext_grow_write(struct nacre_fs *f, const struct ext_growth *g, dgrp_t first)
{
	int result = clear_tables(f, first);
	errcode_t code = 0;

	if (result)
		return result;
	if (g->convert)
		code = empty_resize_inode(f->fs);
	else if (ext2fs_has_feature_resize_inode(f->fs->super))
		code = renew_resize_inode(f->fs);
	ext2fs_mark_bb_dirty(f->fs);
	ext2fs_mark_ib_dirty(f->fs);
	ext2fs_mark_super_dirty(f->fs);
	if (!code)
		code = ext2fs_write_bitmaps(f->fs);
	f->fs->flags &= ~EXT2_FLAG_MASTER_SB_ONLY; /* the copies as well */
	if (!code)
		code = ext2fs_flush(f->fs);
	f->fs->flags |= EXT2_FLAG_MASTER_SB_ONLY;
	result = ext_error(&f->io, code);
	return result ? result : ext_io_flush(&f->io);
}
