/* SPDX-License-Identifier: BSD-2-Clause */
/* files.c - files as they are: look, list, read */
#include "ext.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT int nacre_fs_stat(struct nacre_fs *f, const char *path, struct nacre_fs_stat *st)
{
	struct ext2_inode_large inode;
	ext2_ino_t ino;
	int result = ext_inode(f, path, &ino, &inode);
	uint32_t nanoseconds;
	int64_t mtime;
	dev_t device;

	if (result)
		return result;
	mtime = ext_mtime(f, &inode, &nanoseconds);
	*st = (struct nacre_fs_stat){.ino = ino,
				     .size = EXT2_I_SIZE((struct ext2_inode *)&inode),
				     .mtime = mtime,
				     .mtime_ns = nanoseconds,
				     .mode = inode.i_mode,
				     .uid = inode_uid(inode),
				     .gid = inode_gid(inode),
				     .links = inode.i_links_count};
	if (!S_ISCHR(st->mode) && !S_ISBLK(st->mode))
		return 0;
	st->size = 0;
	device = inode.i_block[0] ? inode.i_block[0] : inode.i_block[1];
	st->major = inode.i_block[0] ? (uint32_t)device >> 8 & 0xff : (uint32_t)(device & 0xfff00) >> 8;
	st->minor = inode.i_block[0] ? (uint32_t)device & 0xff
				     : (uint32_t)(device & 0xff) | ((uint32_t)(device >> 12) & 0xfff00);
	return 0;
}

/** struct listing - where a listing is */
struct listing {
	struct nacre_fs_entry *entries;
	uint32_t capacity, count;
	uint64_t skip, seen; /* entries, with those that are left out */
	bool odd;
};

static uint32_t type_of(int file_type)
{
	static const uint32_t types[] = {[EXT2_FT_REG_FILE] = S_IFREG, [EXT2_FT_DIR] = S_IFDIR,
					 [EXT2_FT_CHRDEV] = S_IFCHR,   [EXT2_FT_BLKDEV] = S_IFBLK,
					 [EXT2_FT_FIFO] = S_IFIFO,     [EXT2_FT_SOCK] = S_IFSOCK,
					 [EXT2_FT_SYMLINK] = S_IFLNK};

	return file_type < (int)(sizeof(types) / sizeof(types[0])) ? types[file_type] : 0;
}

static int list_one(ext2_ino_t dir, int what, struct ext2_dir_entry *entry, int offset, int size, char *block,
		    void *arg)
{
	struct listing *l = arg;
	int length = ext2fs_dirent_name_len(entry);
	struct nacre_fs_entry *to;

	(void)dir;
	(void)offset;
	(void)size;
	(void)block;
	if (l->count == l->capacity)
		return DIRENT_ABORT;
	if (l->seen++ < l->skip || what == DIRENT_DOT_FILE || what == DIRENT_DOT_DOT_FILE)
		return 0;
	if ((length == 1 && entry->name[0] == '.') ||
	    (length == 2 && entry->name[0] == '.' && entry->name[1] == '.'))
		return 0;
	to = &l->entries[l->count++];
	memset(to, 0, sizeof(*to));
	to->ino = entry->inode;
	to->type = type_of(ext2fs_dirent_file_type(entry));
	memcpy(to->name, entry->name, (size_t)length);
	l->odd |= !length || memchr(to->name, 0, (size_t)length) || memchr(to->name, '/', (size_t)length);
	return 0;
}

EXPORT int nacre_fs_list(struct nacre_fs *f, const char *path, uint64_t *cursor,
			 struct nacre_fs_entry *entries, uint32_t capacity, uint32_t *count)
{
	struct listing l = {.entries = entries,
			    .capacity = capacity < NACRE_FS_LIST ? capacity : NACRE_FS_LIST,
			    .skip = *cursor};
	ext2_ino_t ino;
	int result = ext_find(f, path, &ino);
	errcode_t code;

	*count = 0;
	if (result)
		return result;
	code = ext2fs_check_directory(f->fs, ino);
	if (!code)
		code = ext2fs_dir_iterate2(f->fs, ino, 0, NULL, list_one, &l);
	if (code)
		return ext_error(&f->io, code);
	if (l.odd)
		return EUCLEAN;
	*count = l.count;
	*cursor = l.seen;
	return 0;
}

/* Of what is guarded: closed when it goes out of sight. */
static void close_file(ext2_file_t *file)
{
	if (*file)
		ext2fs_file_close(*file);
}

static int read_at(struct nacre_fs *f, ext2_ino_t ino, uint64_t offset, void *data, uint32_t capacity,
		   uint32_t *length)
{
	__attribute__((cleanup(close_file))) ext2_file_t file = NULL;
	errcode_t code = ext2fs_file_open2(f->fs, ino, NULL, 0, &file);
	unsigned n;

	*length = 0;
	if (!code)
		code = ext2fs_file_llseek(file, offset, EXT2_SEEK_SET, NULL);
	while (!code && *length < capacity) {
		n = 0;
		code = ext2fs_file_read(file, (char *)data + *length, capacity - *length, &n);
		if (!n)
			break;
		*length += n;
	}
	return ext_error(&f->io, code);
}

EXPORT int nacre_fs_read_link(struct nacre_fs *f, const char *path, char *target, uint32_t capacity)
{
	struct ext2_inode_large inode;
	ext2_ino_t ino;
	int result = ext_inode(f, path, &ino, &inode);
	uint64_t size = EXT2_I_SIZE((struct ext2_inode *)&inode);
	char inside[EXT2_N_BLOCKS * 4];
	uint32_t length;

	if (result)
		return result;
	if (!S_ISLNK(inode.i_mode))
		return EINVAL;
	if (!size || size >= NACRE_FS_PATH)
		return EUCLEAN;
	if (size >= capacity)
		return ERANGE;
	if (ext2fs_is_fast_symlink((struct ext2_inode *)&inode)) {
		if (size > sizeof(inside))
			return EUCLEAN;
		memcpy(inside, inode.i_block, sizeof(inside));
		memcpy(target, inside, size);
	} else {
		result = read_at(f, ino, 0, target, (uint32_t)size, &length);
		if (result)
			return result;
		if (length != size)
			return EUCLEAN;
	}
	target[size] = 0;
	return memchr(target, 0, size) ? EUCLEAN : 0;
}

EXPORT int nacre_fs_read_file(struct nacre_fs *f, const char *path, uint64_t offset, void *data,
			      uint32_t capacity, uint32_t *length)
{
	struct ext2_inode_large inode;
	ext2_ino_t ino;
	int result = ext_inode(f, path, &ino, &inode);

	*length = 0;
	if (result)
		return result;
	if (S_ISDIR(inode.i_mode))
		return EISDIR;
	if (!S_ISREG(inode.i_mode))
		return EINVAL;
	if (offset >= EXT2_I_SIZE((struct ext2_inode *)&inode))
		return 0;
	return read_at(f, ino, offset, data, capacity < NACRE_FS_CHUNK ? capacity : NACRE_FS_CHUNK, length);
}

EXPORT int nacre_fs_get_attribute(struct nacre_fs *f, const char *path, const char *name, void *data,
				  uint32_t capacity, uint32_t *length)
{
	struct ext2_xattr_handle *h = NULL;
	void *value = NULL;
	size_t size = 0;
	ext2_ino_t ino;
	errcode_t code;
	int result = ext_find(f, path, &ino);

	*length = 0;
	if (result)
		return result;
	code = ext2fs_xattrs_open(f->fs, ino, &h);
	if (code)
		return ext_error(&f->io, code);
	code = ext2fs_xattrs_read(h);
	if (!code)
		code = ext2fs_xattr_get(h, name, &value, &size);
	ext2fs_xattrs_close(&h);
	if (code)
		return ext_error(&f->io, code);
	if (size <= capacity) {
		memcpy(data, value, size);
		*length = (uint32_t)size;
	}
	ext2fs_free_mem(&value);
	return size <= capacity ? 0 : ERANGE;
}

/** struct naming - where a list of names is */
struct naming {
	char *names;
	uint32_t capacity, length;
	bool full;
};

static int name_one(char *name, char *value, size_t size, void *arg)
{
	struct naming *n = arg;
	size_t length = strlen(name) + 1;

	(void)value;
	(void)size;
	if (!strcmp(name, "system.data")) /* the file's own content */
		return 0;
	n->full |= length > n->capacity - n->length;
	if (n->full)
		return XATTR_ABORT;
	memcpy(n->names + n->length, name, length);
	n->length += (uint32_t)length;
	return 0;
}

EXPORT int nacre_fs_list_attributes(struct nacre_fs *f, const char *path, char *names, uint32_t capacity,
				    uint32_t *length)
{
	struct naming n = {.names = names, .capacity = capacity};
	struct ext2_xattr_handle *h = NULL;
	ext2_ino_t ino;
	errcode_t code;
	int result = ext_find(f, path, &ino);

	*length = 0;
	if (result)
		return result;
	code = ext2fs_xattrs_open(f->fs, ino, &h);
	if (code == EXT2_ET_MISSING_EA_FEATURE)
		return 0;
	if (code)
		return ext_error(&f->io, code);
	code = ext2fs_xattrs_read(h);
	if (!code)
		code = ext2fs_xattrs_iterate(h, name_one, &n);
	ext2fs_xattrs_close(&h);
	*length = code || n.full ? 0 : n.length;
	return code ? ext_error(&f->io, code) : n.full ? ERANGE : 0;
}

/** struct mapping - where a file map is; @next: the block of the file that has to come */
struct mapping {
	struct nacre_fs_extent *extents;
	uint32_t capacity, count, block;
	uint64_t from, next, end;
	bool holes;
};

static int map_one(ext2_filsys fs, blk64_t *block, e2_blkcnt_t number, blk64_t reference, int offset, void *arg)
{
	struct mapping *m = arg;
	struct nacre_fs_extent *last = m->count ? &m->extents[m->count - 1] : NULL;
	uint64_t at = *block * m->block;

	(void)fs;
	(void)reference;
	(void)offset;
	if (number < 0 || (uint64_t)number < m->from)
		return 0;
	if ((uint64_t)number >= m->end)
		return BLOCK_ABORT; /* reserved beyond the end */
	m->holes |= (uint64_t)number != m->next;
	if (m->holes)
		return BLOCK_ABORT;
	if (last && last->start + last->length == at) {
		last->length += m->block;
	} else {
		if (m->count == m->capacity)
			return BLOCK_ABORT;
		m->extents[m->count++] = (struct nacre_fs_extent){.start = at, .length = m->block};
	}
	m->next++;
	return 0;
}

EXPORT int nacre_fs_file_map(struct nacre_fs *f, const char *path, uint64_t from,
			     struct nacre_fs_extent *extents, uint32_t capacity, uint32_t *count)
{
	struct mapping m = {.extents = extents,
			    .capacity = capacity < NACRE_FS_LIST ? capacity : NACRE_FS_LIST,
			    .block = f->fs->blocksize,
			    .from = from / f->fs->blocksize};
	struct ext2_inode_large inode;
	ext2_ino_t ino;
	int result = ext_inode(f, path, &ino, &inode);
	uint64_t size = EXT2_I_SIZE((struct ext2_inode *)&inode);

	*count = 0;
	if (result)
		return result;
	if (!S_ISREG(inode.i_mode))
		return EINVAL;
	if (inode.i_flags & (EXT4_INLINE_DATA_FL | EXT4_ENCRYPT_FL))
		return ENOTSUP;
	m.next = m.from;
	m.end = size / m.block + !!(size % m.block);
	result = ext_error(&f->io, ext2fs_block_iterate3(f->fs, ino, BLOCK_FLAG_READ_ONLY | BLOCK_FLAG_DATA_ONLY,
							 NULL, map_one, &m));
	if (result)
		return result;
	if (m.holes || (m.count < m.capacity && m.next < m.end))
		return ENOTSUP;
	*count = m.count;
	return 0;
}
