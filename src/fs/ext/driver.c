/* SPDX-License-Identifier: BSD-2-Clause */
/* driver.c - fs.h's functions of the volume as a whole; those of files are in files.c, edit.c */
#include "ext.h"

#include <com_err.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

/* libext2fs would tell the host's standard error what it thinks of a volume. */
static void say_nothing(const char *who, long code, const char *format, va_list arguments)
{
	(void)who;
	(void)code;
	(void)format;
	(void)arguments;
}

static int forget(struct nacre_fs *f, int result)
{
	if (f->fs)
		ext2fs_free(f->fs);
	ext_io_free(&f->io);
	free(f->bad);
	free(f);
	return result;
}

EXPORT int nacre_fs_open(nacre_fs_reader reader, nacre_fs_writer writer, void *user, uint64_t size,
			 uint32_t flags, struct nacre_fs **fs)
{
	struct nacre_fs *f;
	int result;

	if (!reader || !fs || (!writer && flags & NACRE_FS_WRITABLE))
		return EINVAL;
	f = calloc(1, sizeof(*f));
	if (!f)
		return ENOMEM;
	set_com_err_hook(say_nothing);
	f->writable = flags & NACRE_FS_WRITABLE;
	f->io.read = reader;
	f->io.write = f->writable ? writer : NULL;
	f->io.user = user;
	f->io.size = size;
	result = ext_io_open(&f->io);
	if (!result)
		result = ext_open(f);
	if (result)
		return forget(f, result);
	*fs = f;
	return 0;
}

/* A flush writes the superblock with the time of now: where nothing else has changed, not a byte shall. */
static bool is_changed(const struct nacre_fs *f)
{
	return f->io.written || f->fs->flags & (EXT2_FLAG_CHANGED | EXT2_FLAG_DIRTY | EXT2_FLAG_IB_DIRTY |
						EXT2_FLAG_BB_DIRTY);
}

EXPORT int nacre_fs_sync(struct nacre_fs *f)
{
	errcode_t code = 0;
	int result;

	if (!f->writable || !is_changed(f))
		return 0;
	f->io.failed = 0;
	if (f->bitmaps)
		code = ext2fs_write_bitmaps(f->fs);
	if (!code && f->fs->flags & EXT2_FLAG_DIRTY) /* what was not changed keeps its time, too */
		code = ext2fs_flush(f->fs);
	result = ext_error(&f->io, code);
	if (!result)
		result = ext_io_flush(&f->io);
	if (!result)
		f->fs->flags &= ~EXT2_FLAG_CHANGED;
	return result;
}

EXPORT int nacre_fs_close(struct nacre_fs *f)
{
	return forget(f, nacre_fs_sync(f));
}

static const char *type_of(const struct ext2_super_block *s)
{
	if (s->s_feature_incompat & ~(uint32_t)(EXT2_FEATURE_INCOMPAT_FILETYPE |
						EXT3_FEATURE_INCOMPAT_RECOVER |
						EXT2_FEATURE_INCOMPAT_META_BG) ||
	    s->s_feature_ro_compat & ~(uint32_t)(EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER |
						 EXT2_FEATURE_RO_COMPAT_LARGE_FILE))
		return "ext4";
	return s->s_feature_compat & EXT3_FEATURE_COMPAT_HAS_JOURNAL ? "ext3" : "ext2";
}

/* As the system prints it. */
static void print_uuid(const uint8_t *u, char *text, size_t size)
{
	static const uint8_t none[16];

	*text = 0;
	if (memcmp(u, none, sizeof(none)))
		snprintf(text, size,
			 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0],
			 u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13],
			 u[14], u[15]);
}

EXPORT int nacre_fs_describe(struct nacre_fs *f, struct nacre_fs_info *info)
{
	struct ext2_super_block *s = f->fs->super;

	memset(info, 0, sizeof(*info));
	strcpy(info->type, type_of(s));
	memcpy(info->label, s->s_volume_name, sizeof(s->s_volume_name));
	print_uuid(s->s_uuid, info->uuid, sizeof(info->uuid));
	info->block = f->fs->blocksize;
	info->size = ext2fs_blocks_count(s) * info->block;
	info->free = ext2fs_free_blocks_count(s) * info->block;
	info->inodes_free = s->s_free_inodes_count;
	info->state = (f->dirty ? NACRE_FS_DIRTY : 0) | (f->had_errors ? NACRE_FS_ERRORS : 0);
	return 0;
}

/* The first bad block at or after @block; the end of the file system if there is none. */
static blk64_t next_bad(const struct nacre_fs *f, blk64_t block)
{
	for (size_t i = 0; i < f->bad_count; i++)
		if (f->bad[i] >= block)
			return f->bad[i];
	return ext2fs_blocks_count(f->fs->super);
}

/* The first extent that ends behind @block. Return: 0, ENOENT: there is none; errno */
static int next_used(struct nacre_fs *f, blk64_t block, blk64_t *first, blk64_t *end, uint32_t *use)
{
	blk64_t last = ext2fs_blocks_count(f->fs->super) - 1, begin = f->fs->super->s_first_data_block, bad;
	errcode_t code;

	*use = NACRE_FS_USED;
	if (block > last)
		return ENOENT;
	if (block < begin) { /* the boot block of a file system with blocks of 1 KiB */
		*first = block;
		*end = begin;
		return 0;
	}
	code = ext2fs_find_first_set_block_bitmap2(f->fs->block_map, block, last, first);
	if (code)
		return code == ENOENT ? ENOENT : ext_error(&f->io, code);
	if (*first < block) /* of clusters */
		*first = block;
	code = ext2fs_find_first_zero_block_bitmap2(f->fs->block_map, *first, last, end);
	if (code == ENOENT)
		*end = last + 1;
	else if (code)
		return ext_error(&f->io, code);
	bad = next_bad(f, *first);
	if (bad == *first) {
		*use = NACRE_FS_BAD;
		for (*end = bad + 1; next_bad(f, *end) == *end && *end <= last; ++*end)
			;
	} else if (bad < *end) {
		*end = bad;
	}
	return *end > *first ? 0 : EUCLEAN;
}

EXPORT int nacre_fs_map(struct nacre_fs *f, uint64_t from, struct nacre_fs_extent *extents,
			uint32_t capacity, uint32_t *count)
{
	uint32_t size = f->fs->blocksize, use;
	blk64_t block = from / size, first = 0, end = 0;
	int result = ext_bitmaps(f);

	*count = 0;
	if (capacity > NACRE_FS_LIST)
		capacity = NACRE_FS_LIST;
	while (!result && *count < capacity) {
		result = next_used(f, block, &first, &end, &use);
		if (result)
			break;
		extents[(*count)++] = (struct nacre_fs_extent){.start = first * size,
							       .length = (end - first) * size,
							       .use = use};
		block = end;
	}
	return result == ENOENT ? 0 : result;
}
