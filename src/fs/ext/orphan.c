/* SPDX-License-Identifier: BSD-2-Clause */
/* orphan.c - files that were open when they lost their last name, and truncations that were under way
 *
 * Source: the kernel's Documentation/filesystems/ext4/orphan.rst and fs/ext4/orphan.c. The list goes from
 * s_last_orphan through i_dtime; with the feature orphan_file there is a file of inode numbers instead.
 */
#include "ext.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Without a name: everything goes. With one: what is behind the size. *@next: the next on the list. */
static int finish_one(struct nacre_fs *f, ext2_ino_t ino, ext2_ino_t *next)
{
	uint32_t size = f->fs->blocksize;
	struct ext2_inode inode;
	errcode_t code;

	if (ino < EXT2_FIRST_INO(f->fs->super) || ino > f->fs->super->s_inodes_count ||
	    !ext2fs_test_inode_bitmap2(f->fs->inode_map, ino))
		return EUCLEAN;
	code = ext2fs_read_inode(f->fs, ino, &inode);
	if (code)
		return ext_error(&f->io, code);
	*next = inode.i_dtime;
	inode.i_dtime = 0;
	code = ext2fs_write_inode(f->fs, ino, &inode);
	if (code)
		return ext_error(&f->io, code);
	if (!inode.i_links_count)
		return ext_release(f, ino);
	if (!ext2fs_inode_has_valid_blocks2(f->fs, &inode) || inode.i_flags & EXT4_INLINE_DATA_FL)
		return 0;
	return ext_error(&f->io, ext2fs_punch(f->fs, ino, &inode, NULL,
					      (EXT2_I_SIZE(&inode) + size - 1) / size, ~0ULL));
}

static int finish_list(struct nacre_fs *f)
{
	ext2_ino_t ino = f->fs->super->s_last_orphan;
	uint32_t left = f->fs->super->s_inodes_count;
	int result;

	for (; ino; left--) {
		result = left ? finish_one(f, ino, &ino) : EUCLEAN;
		if (result)
			return result;
		f->fs->super->s_last_orphan = ino;
		ext2fs_mark_super_dirty(f->fs);
	}
	return 0;
}

/** struct walk - through the blocks of the orphan file */
struct walk {
	struct nacre_fs *f;
	uint8_t *block;
	int result;
};

static int finish_block(ext2_filsys fs, blk64_t *number, e2_blkcnt_t count, blk64_t above, int offset, void *arg)
{
	struct walk *w = arg;
	uint32_t *inodes = (uint32_t *)(void *)w->block;
	ext2_ino_t ino = fs->super->s_orphan_file_inum, unused;
	errcode_t code;

	(void)count;
	(void)above;
	(void)offset;
	code = io_channel_read_blk64(fs->io, *number, 1, w->block);
	if (!code && !ext2fs_orphan_file_block_csum_verify(fs, ino, *number, (char *)w->block))
		w->result = EUCLEAN;
	for (int i = 0; !code && !w->result && i < ext2fs_inodes_per_orphan_block(fs); i++) {
		if (inodes[i])
			w->result = finish_one(w->f, ext2fs_le32_to_cpu(inodes[i]), &unused);
		inodes[i] = 0;
	}
	if (!code && !w->result)
		code = ext2fs_orphan_file_block_csum_set(fs, ino, *number, (char *)w->block);
	if (!code && !w->result)
		code = io_channel_write_blk64(fs->io, *number, 1, w->block);
	if (code)
		w->result = ext_error(&w->f->io, code);
	return w->result ? BLOCK_ABORT : 0;
}

static int finish_file(struct nacre_fs *f)
{
	struct walk w = {.f = f, .block = malloc(f->fs->blocksize)};
	errcode_t code;

	if (!w.block)
		return ENOMEM;
	code = ext2fs_block_iterate3(f->fs, f->fs->super->s_orphan_file_inum,
				     BLOCK_FLAG_DATA_ONLY | BLOCK_FLAG_READ_ONLY, NULL, finish_block, &w);
	free(w.block);
	if (!w.result)
		w.result = ext_error(&f->io, code);
	if (!w.result) {
		ext2fs_clear_feature_orphan_present(f->fs->super);
		ext2fs_mark_super_dirty(f->fs);
	}
	return w.result;
}

int ext_orphans(struct nacre_fs *f)
{
	int result = 0;

	if (!f->fs->super->s_last_orphan && !ext2fs_has_feature_orphan_present(f->fs->super))
		return 0;
	result = ext_bitmaps(f);
	if (!result)
		result = finish_list(f);
	if (!result && ext2fs_has_feature_orphan_present(f->fs->super))
		result = finish_file(f);
	return result ? result : ext_io_flush(&f->io);
}
