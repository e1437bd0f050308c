/* SPDX-License-Identifier: BSD-2-Clause */
/* edit.c - files are made, changed and removed
 *
 * Each function checks everything first that can fail by itself, so that an error leaves the file system
 * as it was; what it cannot know before (no space, a read error) leaves it consistent.
 */
#include "ext.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define EXPORT __attribute__((visibility("default")))

/* The calls that change something begin here. */
static int ready(struct nacre_fs *f)
{
	f->io.failed = 0;
	return f->writable ? ext_bitmaps(f) : EROFS;
}

/* Where @path is to be made: its directory, its last name. EEXIST */
static int find_place(struct nacre_fs *f, const char *path, ext2_ino_t *dir, const char **name)
{
	ext2_ino_t ino;
	int result = ready(f);

	if (!result)
		result = ext_find_parent(f, path, dir, name);
	if (result)
		return result;
	result = ext_error(&f->io, ext2fs_lookup(f->fs, *dir, *name, (int)strlen(*name), NULL, &ino));
	return result == ENOENT ? 0 : result ? result : EEXIST;
}

static void own(struct ext2_inode_large *i, uint32_t mode, uint32_t uid, uint32_t gid)
{
	i->i_mode = (uint16_t)mode;
	i->i_uid = (uint16_t)uid;
	i->i_gid = (uint16_t)gid;
	ext2fs_set_i_uid_high(*i, (uint16_t)(uid >> 16));
	ext2fs_set_i_gid_high(*i, (uint16_t)(gid >> 16));
}

/* A file that has no blocks yet. */
static errcode_t without_blocks(struct nacre_fs *f, ext2_ino_t ino, struct ext2_inode_large *inode)
{
	ext2_extent_handle_t extents;
	errcode_t code;

	memset(inode->i_block, 0, sizeof(inode->i_block));
	if (!ext2fs_has_feature_extents(f->fs->super))
		return 0;
	inode->i_flags |= EXT4_EXTENTS_FL;
	code = ext2fs_extent_open2(f->fs, ino, (struct ext2_inode *)inode, &extents);
	if (!code)
		ext2fs_extent_free(extents);
	return code;
}

static int make_file(struct nacre_fs *f, ext2_ino_t dir, const char *name, uint32_t mode, uint32_t uid,
		     uint32_t gid)
{
	struct ext2_inode_large inode;
	ext2_ino_t ino;
	errcode_t code = ext2fs_new_inode(f->fs, dir, (int)mode, NULL, &ino);
	int result;

	if (code)
		return ext_error(&f->io, code);
	result = ext_enter(f, dir, name, ino, mode);
	if (result)
		return result;
	ext2fs_inode_alloc_stats2(f->fs, ino, 1, 0);
	memset(&inode, 0, sizeof(inode));
	own(&inode, mode, uid, gid);
	inode.i_links_count = 1;
	inode.i_atime = inode.i_ctime = inode.i_mtime = (uint32_t)time(NULL);
	code = without_blocks(f, ino, &inode);
	if (!code)
		code = ext2fs_write_new_inode(f->fs, ino, (struct ext2_inode *)&inode);
	return ext_error(&f->io, code);
}

/* What libext2fs has made is root's and has a mode of its own. */
static int give(struct nacre_fs *f, ext2_ino_t dir, const char *name, uint32_t mode, uint32_t uid,
		uint32_t gid)
{
	struct ext2_inode_large inode;
	ext2_ino_t ino;
	errcode_t code = ext2fs_lookup(f->fs, dir, name, (int)strlen(name), NULL, &ino);

	memset(&inode, 0, sizeof(inode));
	if (!code)
		code = ext2fs_read_inode_full(f->fs, ino, (struct ext2_inode *)&inode, sizeof(inode));
	if (code)
		return ext_error(&f->io, code);
	own(&inode, mode, uid, gid);
	return ext_write_inode(f, ino, &inode);
}

static int make_directory(struct nacre_fs *f, ext2_ino_t dir, const char *name, uint32_t mode, uint32_t uid,
			  uint32_t gid)
{
	struct ext2_inode inode;
	errcode_t code = ext2fs_read_inode(f->fs, dir, &inode);

	if (!code && inode.i_links_count >= EXT2_LINK_MAX)
		return EMLINK;
	if (!code)
		code = ext2fs_mkdir(f->fs, dir, 0, name);
	if (code == EXT2_ET_DIR_NO_SPACE) {
		code = ext2fs_expand_dir(f->fs, dir);
		if (!code)
			code = ext2fs_mkdir(f->fs, dir, 0, name);
	}
	return code ? ext_error(&f->io, code) : give(f, dir, name, mode, uid, gid);
}

EXPORT int nacre_fs_create(struct nacre_fs *f, const char *path, uint32_t mode, uint32_t uid, uint32_t gid)
{
	const char *name;
	ext2_ino_t dir;
	int result = find_place(f, path, &dir, &name);

	if (result)
		return result;
	if (mode & ~(uint32_t)(S_IFMT | 07777) || (!S_ISREG(mode) && !S_ISDIR(mode)))
		return EINVAL;
	result = S_ISDIR(mode) ? make_directory(f, dir, name, mode, uid, gid)
			       : make_file(f, dir, name, mode, uid, gid);
	return result ? result : ext_touch(f, dir);
}

EXPORT int nacre_fs_link_symbolic(struct nacre_fs *f, const char *target, const char *path)
{
	const char *name;
	ext2_ino_t dir;
	errcode_t code;
	int result = find_place(f, path, &dir, &name);

	if (result)
		return result;
	if (!*target)
		return ENOENT;
	if (strlen(target) >= f->fs->blocksize || strlen(target) >= NACRE_FS_PATH)
		return ENAMETOOLONG;
	code = ext2fs_symlink(f->fs, dir, 0, name, target);
	if (code == EXT2_ET_DIR_NO_SPACE) {
		code = ext2fs_expand_dir(f->fs, dir);
		if (!code)
			code = ext2fs_symlink(f->fs, dir, 0, name, target);
	}
	return code ? ext_error(&f->io, code) : ext_touch(f, dir);
}

static errcode_t write_all(ext2_file_t file, uint64_t offset, const char *data, uint32_t size)
{
	errcode_t code = ext2fs_file_llseek(file, offset, EXT2_SEEK_SET, NULL);
	unsigned n;

	while (!code && size) {
		n = 0;
		code = ext2fs_file_write(file, data, size, &n);
		if (!code && !n)
			code = EXT2_ET_BLOCK_ALLOC_FAIL;
		data += n;
		size -= n;
	}
	return code;
}

static int write_at(struct nacre_fs *f, ext2_ino_t ino, uint64_t offset, const void *data, uint32_t size)
{
	ext2_file_t file;
	errcode_t code = ext2fs_file_open2(f->fs, ino, NULL, EXT2_FILE_WRITE, &file), closed;

	if (code)
		return ext_error(&f->io, code);
	code = write_all(file, offset, data, size);
	closed = ext2fs_file_close(file);
	if (code || closed)
		return ext_error(&f->io, code ? code : closed);
	return ext_touch(f, ino);
}

/* The part of a file that did not fit into the inode's block list is an attribute. */
static errcode_t drop_inside(struct nacre_fs *f, ext2_ino_t ino, struct ext2_inode_large *inode)
{
	struct ext2_xattr_handle *h = NULL;
	errcode_t code = ext2fs_xattrs_open(f->fs, ino, &h);

	if (code)
		return code;
	code = ext2fs_xattrs_read(h);
	if (!code)
		code = ext2fs_xattr_remove(h, "system.data");
	ext2fs_xattrs_close(&h);
	if (!code)
		code = ext2fs_read_inode_full(f->fs, ino, (struct ext2_inode *)inode, sizeof(*inode));
	return code;
}

/*
 * What lies inside an inode moves to a block of its own: libext2fs 1.47 writes beyond its buffers where it
 * has to do that itself.
 */
static int move_out(struct nacre_fs *f, ext2_ino_t ino, struct ext2_inode_large *inode)
{
	uint64_t size = EXT2_I_SIZE((struct ext2_inode *)inode);
	size_t inside = 0;
	errcode_t code = ext2fs_inline_data_size(f->fs, ino, &inside);
	char *data = code || size > inside ? NULL : malloc(inside + 1);
	int result;

	if (!data)
		return code ? ext_error(&f->io, code) : size > inside ? EUCLEAN : ENOMEM;
	code = ext2fs_inline_data_get(f->fs, ino, NULL, data, &inside);
	if (!code)
		code = drop_inside(f, ino, inode);
	inode->i_flags &= ~(uint32_t)EXT4_INLINE_DATA_FL;
	if (!code)
		code = ext2fs_inode_size_set(f->fs, (struct ext2_inode *)inode, 0);
	if (!code)
		code = without_blocks(f, ino, inode);
	result = code ? ext_error(&f->io, code) : ext_write_inode(f, ino, inode);
	if (!result && size)
		result = write_at(f, ino, 0, data, (uint32_t)size);
	free(data);
	return result;
}

/* A file that is to be changed. */
static int find_regular(struct nacre_fs *f, const char *path, ext2_ino_t *ino, struct ext2_inode_large *inode)
{
	int result = ready(f);

	if (!result)
		result = ext_inode(f, path, ino, inode);
	if (result)
		return result;
	if (S_ISDIR(inode->i_mode))
		return EISDIR;
	if (!S_ISREG(inode->i_mode))
		return EINVAL;
	if (inode->i_flags & (EXT2_IMMUTABLE_FL | EXT4_ENCRYPT_FL | EXT4_VERITY_FL))
		return EPERM;
	if (!(inode->i_flags & EXT4_INLINE_DATA_FL))
		return 0;
	return move_out(f, *ino, inode);
}

EXPORT int nacre_fs_write_file(struct nacre_fs *f, const char *path, uint64_t offset, const void *data,
			       uint32_t size)
{
	struct ext2_inode_large inode;
	ext2_ino_t ino;
	uint64_t end;
	int result = find_regular(f, path, &ino, &inode);

	if (result)
		return result;
	if (size > NACRE_FS_CHUNK || __builtin_add_overflow(offset, (uint64_t)size, &end))
		return EINVAL;
	if (end > (uint64_t)f->fs->blocksize << 32)
		return EFBIG;
	return size ? write_at(f, ino, offset, data, size) : 0;
}

EXPORT int nacre_fs_truncate(struct nacre_fs *f, const char *path, uint64_t size)
{
	struct ext2_inode_large inode;
	ext2_file_t file;
	ext2_ino_t ino;
	errcode_t code, closed;
	int result = find_regular(f, path, &ino, &inode);

	if (result)
		return result;
	if (size > (uint64_t)f->fs->blocksize << 32)
		return EFBIG;
	code = ext2fs_file_open2(f->fs, ino, NULL, EXT2_FILE_WRITE, &file);
	if (code)
		return ext_error(&f->io, code);
	code = ext2fs_file_set_size2(file, (ext2_off64_t)size);
	closed = ext2fs_file_close(file);
	return code || closed ? ext_error(&f->io, code ? code : closed) : ext_touch(f, ino);
}

/* @name in @dir is gone; the inode as well, if that was its last name. */
static int let_go(struct nacre_fs *f, ext2_ino_t dir, ext2_ino_t ino, const struct ext2_inode_large *inode)
{
	int result;

	if (!S_ISDIR(inode->i_mode))
		return inode->i_links_count > 1 ? ext_count_links(f, ino, -1) : ext_release(f, ino);
	result = ext_release(f, ino);
	return result ? result : ext_count_links(f, dir, -1);
}

EXPORT int nacre_fs_remove(struct nacre_fs *f, const char *path)
{
	struct ext2_inode_large inode;
	ext2_ino_t dir, ino;
	const char *name;
	int result = ready(f);

	if (!result)
		result = ext_find_parent(f, path, &dir, &name);
	if (!result)
		result = ext_inode(f, path, &ino, &inode);
	if (!result && S_ISDIR(inode.i_mode))
		result = ext_is_empty(f, ino);
	if (!result && (ino < EXT2_FIRST_INO(f->fs->super) || ino == dir))
		result = EPERM;
	if (!result)
		result = ext_error(&f->io, ext2fs_unlink(f->fs, dir, name, ino, 0));
	if (!result)
		result = let_go(f, dir, ino, &inode);
	return result ? result : ext_touch(f, dir);
}

/* Would @ino, moved to @dir, become part of itself? Each step goes up, and there are so many at most. */
static int check_above(struct nacre_fs *f, ext2_ino_t ino, ext2_ino_t dir)
{
	errcode_t code;

	for (uint32_t left = f->fs->super->s_inodes_count; dir != EXT2_ROOT_INO; left--) {
		if (dir == ino)
			return EINVAL;
		code = left ? ext2fs_lookup(f->fs, dir, "..", 2, NULL, &dir) : EXT2_ET_DIR_CORRUPTED;
		if (code)
			return code == EXT2_ET_FILE_NOT_FOUND ? EUCLEAN : ext_error(&f->io, code);
	}
	return 0;
}

/** struct moving - a rename; @there: what stands at the new place, 0: nothing */
struct moving {
	ext2_ino_t from, to, ino, there;
	const char *old_name, *new_name;
	struct ext2_inode_large inode, replaced;
};

static int check_replaced(struct nacre_fs *f, struct moving *m, const char *to)
{
	int result = ext_inode(f, to, &m->there, &m->replaced);

	if (result == ENOENT) {
		m->there = 0;
		return 0;
	}
	if (result || m->there == m->ino)
		return result;
	if (S_ISDIR(m->inode.i_mode) != S_ISDIR(m->replaced.i_mode))
		return S_ISDIR(m->inode.i_mode) ? ENOTDIR : EISDIR;
	if (m->there < EXT2_FIRST_INO(f->fs->super))
		return EPERM;
	return S_ISDIR(m->replaced.i_mode) ? ext_is_empty(f, m->there) : 0;
}

static int check_move(struct nacre_fs *f, struct moving *m, const char *from, const char *to)
{
	int result = ready(f);

	if (!result)
		result = ext_find_parent(f, from, &m->from, &m->old_name);
	if (!result)
		result = ext_inode(f, from, &m->ino, &m->inode);
	if (!result)
		result = ext_find_parent(f, to, &m->to, &m->new_name);
	if (!result && m->ino < EXT2_FIRST_INO(f->fs->super))
		result = EPERM;
	if (!result)
		result = check_replaced(f, m, to);
	if (!result && S_ISDIR(m->inode.i_mode))
		result = check_above(f, m->ino, m->to);
	return result;
}

EXPORT int nacre_fs_rename(struct nacre_fs *f, const char *from, const char *to)
{
	struct moving m;
	bool directory;
	int result = check_move(f, &m, from, to);

	if (result || m.there == m.ino)
		return result;
	directory = S_ISDIR(m.inode.i_mode);
	if (directory && m.from != m.to && !m.there)
		result = ext_count_links(f, m.to, 1);
	if (!result)
		result = m.there ? ext_point(f, m.to, m.new_name, m.ino, m.inode.i_mode)
				 : ext_enter(f, m.to, m.new_name, m.ino, m.inode.i_mode);
	if (!result)
		result = ext_error(&f->io, ext2fs_unlink(f->fs, m.from, m.old_name, m.ino, 0));
	if (!result && directory && m.from != m.to)
		result = ext_point(f, m.ino, "..", m.to, S_IFDIR);
	if (!result && directory && (m.from != m.to || m.there))
		result = ext_count_links(f, m.from, -1);
	if (!result && m.there)
		result = directory ? ext_release(f, m.there) : let_go(f, m.to, m.there, &m.replaced);
	if (!result)
		result = ext_touch(f, m.from);
	return result ? result : ext_touch(f, m.to);
}

EXPORT int nacre_fs_set_attribute(struct nacre_fs *f, const char *path, const char *name, const void *data,
				  uint32_t size)
{
	struct ext2_xattr_handle *h = NULL;
	ext2_ino_t ino;
	errcode_t code;
	int result = ready(f);

	if (!result)
		result = ext_find(f, path, &ino);
	if (result)
		return result;
	if (!ext2fs_has_feature_xattr(f->fs->super))
		return ENOTSUP;
	code = ext2fs_xattrs_open(f->fs, ino, &h);
	if (code)
		return ext_error(&f->io, code);
	code = ext2fs_xattrs_read(h);
	if (!code) /* writes it as well */
		code = ext2fs_xattr_set(h, name, data, size);
	ext2fs_xattrs_close(&h);
	return ext_error(&f->io, code);
}

EXPORT int nacre_fs_set_owner(struct nacre_fs *f, const char *path, uint32_t uid, uint32_t gid)
{
	struct ext2_inode_large inode;
	ext2_ino_t ino;
	int result = ready(f);

	if (!result)
		result = ext_inode(f, path, &ino, &inode);
	if (result)
		return result;
	own(&inode, inode.i_mode, uid, gid);
	return ext_write_inode(f, ino, &inode);
}

EXPORT int nacre_fs_set_times(struct nacre_fs *f, const char *path, int64_t mtime, uint32_t nanoseconds)
{
	struct ext2_inode_large inode;
	ext2_ino_t ino;
	int result = nanoseconds < 1000000000 ? ready(f) : EINVAL;

	if (!result)
		result = ext_inode(f, path, &ino, &inode);
	if (result)
		return result;
	ext_set_mtime(f, &inode, mtime, nanoseconds);
	return ext_write_inode(f, ino, &inode);
}
