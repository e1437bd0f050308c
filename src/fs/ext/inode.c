/* SPDX-License-Identifier: BSD-2-Clause */
/* inode.c - inodes come and go; entries of directories as well */
#include "ext.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

int ext_write_inode(struct nacre_fs *f, ext2_ino_t ino, struct ext2_inode_large *inode)
{
	int size = EXT2_INODE_SIZE(f->fs->super);

	if (size > (int)sizeof(*inode))
		size = (int)sizeof(*inode);
	return ext_error(&f->io, ext2fs_write_inode_full(f->fs, ino, (struct ext2_inode *)inode, size));
}

static int first_name(char *name, char *value, size_t size, void *arg)
{
	(void)value;
	(void)size;
	*(char **)arg = strdup(name);
	return XATTR_ABORT;
}

/* Attributes whose values are in inodes of their own are let go of one by one. */
static errcode_t drop_each(struct nacre_fs *f, ext2_ino_t ino)
{
	struct ext2_xattr_handle *h = NULL;
	errcode_t code = ext2fs_xattrs_open(f->fs, ino, &h);
	char *name;

	if (code)
		return code;
	code = ext2fs_xattrs_read(h);
	while (!code) {
		name = NULL;
		code = ext2fs_xattrs_iterate(h, first_name, &name);
		if (!name)
			break;
		code = ext2fs_xattr_remove(h, name);
		free(name);
	}
	ext2fs_xattrs_close(&h);
	return code;
}

static errcode_t drop_attributes(struct nacre_fs *f, ext2_ino_t ino, struct ext2_inode_large *inode)
{
	errcode_t code = 0;

	if (ext2fs_has_feature_ea_inode(f->fs->super)) {
		code = drop_each(f, ino);
		if (!code)
			code = ext2fs_read_inode_full(f->fs, ino, (struct ext2_inode *)inode, sizeof(*inode));
	}
	if (!code && ext2fs_file_acl_block(f->fs, (struct ext2_inode *)inode))
		code = ext2fs_free_ext_attr(f->fs, ino, inode);
	return code;
}

int ext_release(struct nacre_fs *f, ext2_ino_t ino)
{
	struct ext2_inode_large inode;
	struct ext2_inode *small = (struct ext2_inode *)&inode;
	errcode_t code;

	memset(&inode, 0, sizeof(inode));
	code = ext2fs_read_inode_full(f->fs, ino, small, sizeof(inode));
	if (!code)
		code = drop_attributes(f, ino, &inode);
	if (!code && ext2fs_inode_has_valid_blocks2(f->fs, small) && !(inode.i_flags & EXT4_INLINE_DATA_FL)) {
		code = ext2fs_punch(f->fs, ino, small, NULL, 0, ~0ULL);
		if (!code)
			code = ext2fs_read_inode_full(f->fs, ino, small, sizeof(inode));
	}
	if (code)
		return ext_error(&f->io, code);
	inode.i_links_count = 0;
	inode.i_dtime = (uint32_t)time(NULL);
	ext2fs_inode_alloc_stats2(f->fs, ino, -1, S_ISDIR(inode.i_mode));
	return ext_write_inode(f, ino, &inode);
}

static int read_inode(struct nacre_fs *f, ext2_ino_t ino, struct ext2_inode_large *inode)
{
	memset(inode, 0, sizeof(*inode));
	return ext_error(&f->io, ext2fs_read_inode_full(f->fs, ino, (struct ext2_inode *)inode,
							sizeof(*inode)));
}

int ext_touch(struct nacre_fs *f, ext2_ino_t ino)
{
	struct ext2_inode_large inode;
	int result = read_inode(f, ino, &inode);

	if (result)
		return result;
	ext_set_mtime(f, &inode, time(NULL), 0);
	return ext_write_inode(f, ino, &inode);
}

static bool has_extra(const struct nacre_fs *f, const struct ext2_inode_large *i)
{
	return EXT2_INODE_SIZE(f->fs->super) > EXT2_GOOD_OLD_INODE_SIZE &&
	       i->i_extra_isize >= offsetof(struct ext2_inode_large, i_mtime_extra) + 4 - EXT2_GOOD_OLD_INODE_SIZE;
}

int64_t ext_mtime(const struct nacre_fs *f, const struct ext2_inode_large *i, uint32_t *nanoseconds)
{
	int64_t seconds = (int32_t)i->i_mtime;

	*nanoseconds = has_extra(f, i) && i->i_mtime_extra >> 2 < 1000000000 ? i->i_mtime_extra >> 2 : 0;
	return has_extra(f, i) ? seconds + ((int64_t)(i->i_mtime_extra & 3) << 32) : seconds;
}

void ext_set_mtime(const struct nacre_fs *f, struct ext2_inode_large *i, int64_t seconds, uint32_t nanoseconds)
{
	i->i_mtime = (uint32_t)seconds;
	i->i_ctime = (uint32_t)time(NULL);
	if (has_extra(f, i)) {
		i->i_mtime_extra = ((uint32_t)((seconds - (int32_t)i->i_mtime) >> 32) & 3) | nanoseconds << 2;
		i->i_ctime_extra = (uint32_t)((time(NULL) - (int32_t)i->i_ctime) >> 32) & 3;
	}
}

int ext_file_type(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return EXT2_FT_REG_FILE;
	case S_IFDIR:
		return EXT2_FT_DIR;
	case S_IFCHR:
		return EXT2_FT_CHRDEV;
	case S_IFBLK:
		return EXT2_FT_BLKDEV;
	case S_IFIFO:
		return EXT2_FT_FIFO;
	case S_IFSOCK:
		return EXT2_FT_SOCK;
	case S_IFLNK:
		return EXT2_FT_SYMLINK;
	}
	return EXT2_FT_UNKNOWN;
}

/* A directory that is full grows by a block, once. */
int ext_enter(struct nacre_fs *f, ext2_ino_t dir, const char *name, ext2_ino_t ino, uint32_t mode)
{
	errcode_t code = ext2fs_link(f->fs, dir, name, ino, ext_file_type(mode));

	if (code == EXT2_ET_DIR_NO_SPACE) {
		code = ext2fs_expand_dir(f->fs, dir);
		if (!code)
			code = ext2fs_link(f->fs, dir, name, ino, ext_file_type(mode));
	}
	return ext_error(&f->io, code);
}

/** struct change - an entry that is to name another inode */
struct change {
	const char *name;
	size_t size;
	ext2_ino_t ino;
	int type;
	bool done;
};

static int change_one(struct ext2_dir_entry *entry, int offset, int size, char *block, void *arg)
{
	struct change *c = arg;

	(void)offset;
	(void)size;
	(void)block;
	if ((size_t)ext2fs_dirent_name_len(entry) != c->size || memcmp(entry->name, c->name, c->size))
		return 0;
	entry->inode = c->ino;
	if (c->type != EXT2_FT_UNKNOWN)
		ext2fs_dirent_set_file_type(entry, c->type);
	c->done = true;
	return DIRENT_ABORT | DIRENT_CHANGED;
}

int ext_point(struct nacre_fs *f, ext2_ino_t dir, const char *name, ext2_ino_t ino, uint32_t mode)
{
	struct change c = {.name = name, .size = strlen(name), .ino = ino};
	errcode_t code;

	if (ext2fs_has_feature_filetype(f->fs->super))
		c.type = ext_file_type(mode);
	code = ext2fs_dir_iterate(f->fs, dir, 0, NULL, change_one, &c);
	if (code)
		return ext_error(&f->io, code);
	return c.done ? 0 : EUCLEAN;
}

static int not_empty(ext2_ino_t dir, int what, struct ext2_dir_entry *entry, int offset, int size, char *block,
		     void *arg)
{
	int length = ext2fs_dirent_name_len(entry);

	(void)dir;
	(void)offset;
	(void)size;
	(void)block;
	if (what == DIRENT_DOT_FILE || what == DIRENT_DOT_DOT_FILE ||
	    (length == 1 && entry->name[0] == '.') || (length == 2 && !memcmp(entry->name, "..", 2)))
		return 0;
	*(bool *)arg = true;
	return DIRENT_ABORT;
}

int ext_is_empty(struct nacre_fs *f, ext2_ino_t dir)
{
	bool found = false;
	errcode_t code = ext2fs_dir_iterate2(f->fs, dir, 0, NULL, not_empty, &found);

	return code ? ext_error(&f->io, code) : found ? ENOTEMPTY : 0;
}

int ext_count_links(struct nacre_fs *f, ext2_ino_t ino, int by)
{
	struct ext2_inode_large inode;
	int result = read_inode(f, ino, &inode);

	if (result)
		return result;
	if (S_ISDIR(inode.i_mode) && inode.i_links_count == 1)
		return 0; /* more than can be counted: dir_nlink */
	if (by > 0 && inode.i_links_count >= EXT2_LINK_MAX)
		return EMLINK;
	if (by < 0 && inode.i_links_count == 0)
		return EUCLEAN;
	inode.i_links_count = (uint16_t)(inode.i_links_count + by);
	inode.i_ctime = (uint32_t)time(NULL);
	return ext_write_inode(f, ino, &inode);
}
