/* SPDX-License-Identifier: BSD-2-Clause */
/* open.c - open and close, and what is read once
 *
 * Source of the superblock's fields: the kernel's Documentation/filesystems/ext4/super.rst.
 */
#include "ext.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SUPER_AT = 1024, LOG_BLOCK_MOST = 6 };

/* libext2fs reserves memory by what the superblock says: so that has to be possible. */
static int check_super(struct ext_io *io)
{
	struct ext2_super_block s;
	uint64_t blocks, bytes;
	int result;

	if (io->size < SUPER_AT + sizeof(s))
		return EINVAL;
	result = ext_io_get(io, SUPER_AT, &s, sizeof(s));
	if (result)
		return result;
	if (ext2fs_le16_to_cpu(s.s_magic) != EXT2_SUPER_MAGIC)
		return EINVAL;
	blocks = ext2fs_le32_to_cpu(s.s_blocks_count);
	if (ext2fs_le32_to_cpu(s.s_feature_incompat) & EXT4_FEATURE_INCOMPAT_64BIT)
		blocks |= (uint64_t)ext2fs_le32_to_cpu(s.s_blocks_count_hi) << 32;
	if (ext2fs_le32_to_cpu(s.s_log_block_size) > LOG_BLOCK_MOST ||
	    __builtin_mul_overflow(blocks, (uint64_t)EXT_UNIT << ext2fs_le32_to_cpu(s.s_log_block_size),
				   &bytes) ||
	    bytes > io->size || !blocks)
		return EUCLEAN;
	return 0;
}

/* What every call relies on, and libext2fs does not look at. */
static int check_open(struct nacre_fs *f)
{
	struct ext2_super_block *s = f->fs->super;

	if (ext2fs_has_feature_journal_dev(s))
		return ENOTSUP;
	if (s->s_first_data_block != (f->fs->blocksize == EXT_UNIT && f->fs->cluster_ratio_bits == 0) &&
	    s->s_first_data_block != 0)
		return EUCLEAN;
	return ext_error(&f->io, ext2fs_check_desc(f->fs));
}

static int open_as(struct nacre_fs *f, int flags)
{
	errcode_t code;

	ext_io_use(&f->io);
	code = ext2fs_open2("volume", NULL, EXT2_FLAG_64BITS | EXT2_FLAG_SKIP_MMP | flags, 0,
			    0, &ext_manager, &f->fs);
	if (code) {
		f->fs = NULL;
		return ext_error(&f->io, code);
	}
	return check_open(f);
}

static errcode_t keep_bad(struct nacre_fs *f, ext2_badblocks_list list)
{
	size_t count = (size_t)ext2fs_u32_list_count(list);
	ext2_badblocks_iterate it;
	errcode_t code;
	blk_t block;

	f->bad = calloc(count + 1, sizeof(*f->bad));
	code = f->bad ? ext2fs_badblocks_list_iterate_begin(list, &it) : EXT2_ET_NO_MEMORY;
	if (code)
		return code;
	while (f->bad_count < count && ext2fs_badblocks_list_iterate(it, &block))
		f->bad[f->bad_count++] = block;
	ext2fs_badblocks_list_iterate_end(it);
	return 0;
}

static errcode_t note_bad(struct nacre_fs *f)
{
	ext2_badblocks_list list = NULL;
	errcode_t code = ext2fs_read_bb_inode(f->fs, &list);

	if (!code)
		code = keep_bad(f, list);
	if (list) /* also where it failed */
		ext2fs_badblocks_list_free(list);
	return code;
}

int ext_bitmaps(struct nacre_fs *f)
{
	errcode_t code;

	if (f->bitmaps)
		return 0;
	if (f->had_errors || (f->dirty && !ext2fs_has_feature_journal(f->fs->super)))
		return EUCLEAN; /* they may miss what is in use */
	code = f->writable ? ext2fs_read_bitmaps(f->fs) : ext2fs_read_block_bitmap(f->fs);
	f->bitmaps = !code;
	return ext_error(&f->io, code);
}

/* What the journal has newer copies of is put where it belongs. */
static int replay(struct nacre_fs *f, const struct ext_moved *moved, size_t count)
{
	uint32_t size = f->fs->blocksize;
	uint8_t *block = malloc(size);
	int result = block ? 0 : ENOMEM;

	for (size_t i = 0; !result && i < count; i++) {
		result = ext_io_get(&f->io, moved[i].from * size, block, size);
		if (moved[i].escaped)
			memcpy(block, ext_journal_magic, sizeof(ext_journal_magic));
		if (!result)
			result = ext_io_put(&f->io, moved[i].block * size, block, size);
	}
	free(block);
	return result ? result : ext_io_flush(&f->io);
}

/*
 * The file system as it would be after a replay: on the volume, or in our view of it. Until then it is
 * read as it lies there; but for the journal's own inode nothing of that is relied on.
 */
static int recover(struct nacre_fs *f)
{
	struct ext_moved *moved;
	size_t count;
	uint32_t next;
	int result = ext_journal_read(&f->io, f->fs, &moved, &count, &next);

	if (result) {
		free(moved);
		return result;
	}
	if (f->writable) {
		result = replay(f, moved, count);
		free(moved);
	} else {
		f->io.moved = moved;
		f->io.moved_count = count;
		f->io.moved_block = f->fs->blocksize;
	}
	ext2fs_free(f->fs);
	f->fs = NULL;
	if (!result)
		result = open_as(f, f->writable ? EXT2_FLAG_RW : 0);
	if (result || !f->writable)
		return result;
	result = ext_journal_reset(&f->io, f->fs, next);
	ext2fs_clear_feature_journal_needs_recovery(f->fs->super);
	ext2fs_mark_super_dirty(f->fs);
	return result;
}

/* May what the bitmaps say be relied on, and changed? */
static int bring_to_order(struct nacre_fs *f)
{
	if (f->had_errors || (f->dirty && !ext2fs_has_feature_journal(f->fs->super)))
		return EUCLEAN;
	if (ext2fs_has_feature_shared_blocks(f->fs->super) ||
	    f->fs->super->s_feature_ro_compat & EXT4_FEATURE_RO_COMPAT_READONLY)
		return EROFS;
	return ext_orphans(f);
}

static bool not_unmounted(struct ext2_super_block *s)
{
	if (ext2fs_has_feature_journal(s))
		return ext2fs_has_feature_journal_needs_recovery(s);
	return !(s->s_state & EXT2_VALID_FS);
}

int ext_open(struct nacre_fs *f)
{
	bool recovers;
	int result = check_super(&f->io);

	if (!result)
		result = open_as(f, 0);
	if (result)
		return result;
	f->dirty = not_unmounted(f->fs->super);
	recovers = f->dirty && ext2fs_has_feature_journal(f->fs->super);
	if (recovers) {
		result = recover(f);
	} else if (f->writable) {
		ext2fs_free(f->fs);
		f->fs = NULL;
		result = open_as(f, EXT2_FLAG_RW);
	}
	if (result)
		return result;
	f->had_errors = f->fs->super->s_state & EXT2_ERROR_FS;
	if (f->writable)
		result = bring_to_order(f);
	return result ? result : ext_error(&f->io, note_bad(f));
}
