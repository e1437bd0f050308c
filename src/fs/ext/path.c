/* SPDX-License-Identifier: BSD-2-Clause */
/* path.c - from a path to an inode, name by name; no link is followed */
#include "ext.h"

#include <errno.h>
#include <string.h>

/* The first name of *@path; *@path goes behind it. Size 0: there is none left. */
static size_t next_name(const char **path, const char **name)
{
	size_t size;

	*name = *path + strspn(*path, "/");
	size = strcspn(*name, "/");
	*path = *name + size;
	return size;
}

static int look_up(struct nacre_fs *f, ext2_ino_t dir, const char *name, size_t size, ext2_ino_t *ino)
{
	errcode_t code = ext2fs_check_directory(f->fs, dir);

	if (size > EXT2_NAME_LEN)
		return ENAMETOOLONG;
	if (!code)
		code = ext2fs_lookup(f->fs, dir, name, (int)size, NULL, ino);
	if (code)
		return ext_error(&f->io, code);
	if (!*ino || *ino > f->fs->super->s_inodes_count)
		return EUCLEAN;
	return 0;
}

int ext_find(struct nacre_fs *f, const char *path, ext2_ino_t *ino)
{
	const char *name;
	size_t size;
	int result;

	if (!path || (*path && *path != '/'))
		return EINVAL;
	*ino = EXT2_ROOT_INO;
	while ((size = next_name(&path, &name))) {
		result = look_up(f, *ino, name, size, ino);
		if (result)
			return result;
	}
	return 0;
}

int ext_find_parent(struct nacre_fs *f, const char *path, ext2_ino_t *dir, const char **name)
{
	const char *next, *rest = path;
	size_t size, next_size;
	int result;

	if (!path || (*path && *path != '/'))
		return EINVAL;
	*dir = EXT2_ROOT_INO;
	size = next_name(&rest, name);
	if (!size)
		return EBUSY; /* the root has no parent */
	while ((next_size = next_name(&rest, &next))) {
		result = look_up(f, *dir, *name, size, dir);
		if (result)
			return result;
		*name = next;
		size = next_size;
	}
	if (size > EXT2_NAME_LEN)
		return ENAMETOOLONG;
	if ((*name)[size] || !strcmp(*name, ".") || !strcmp(*name, ".."))
		return EINVAL;
	return ext_error(&f->io, ext2fs_check_directory(f->fs, *dir));
}

int ext_inode(struct nacre_fs *f, const char *path, ext2_ino_t *ino, struct ext2_inode_large *inode)
{
	int result = ext_find(f, path, ino);

	if (result)
		return result;
	memset(inode, 0, sizeof(*inode));
	return ext_error(&f->io, ext2fs_read_inode_full(f->fs, *ino, (struct ext2_inode *)inode,
							sizeof(*inode)));
}
