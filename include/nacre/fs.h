/* SPDX-License-Identifier: BSD-2-Clause */
/* fs.h - what a file-system driver offers
 *
 * A driver is a shared library that exports these functions. It is meant to run as an extension
 * in a virtual process (M1): bytes that others wrote are decoded there, and a broken file system
 * may end the virtual process, never its host. So a driver opens no file and no device. It
 * reaches its volume by two functions of the host, from the thread that called it, during any
 * call until nacre_fs_close().
 *
 * Offsets and sizes count bytes of the volume. Paths are absolute, '/' between names, bytes as the
 * file system has them; links are not followed, neither on the way nor at the end. All functions
 * return 0 or an errno number: EINVAL for a file system that the driver does not know, EUCLEAN for a
 * damaged one, EROFS where it was opened for reading, ENOTSUP for what the driver cannot do.
 */
#ifndef NACRE_FS_H
#define NACRE_FS_H

#include <stdint.h>

enum {
	NACRE_FS_NAME = 256,   /* bytes of a name, the 0 included */
	NACRE_FS_PATH = 4096,  /* bytes of a path, the 0 included */
	NACRE_FS_CHUNK = 1 << 20, /* the most that one call moves */
	NACRE_FS_LIST = 1024   /* the most elements that one call returns */
};

/** struct nacre_fs - an open file system; belongs to the driver */
struct nacre_fs;

/** The host reads or writes @size bytes (at most NACRE_FS_CHUNK) of the volume. Return: 0 or errno */
typedef int (*nacre_fs_reader)(void *user, uint64_t offset, void *data, uint32_t size);
typedef int (*nacre_fs_writer)(void *user, uint64_t offset, const void *data, uint32_t size);

enum nacre_fs_flags { NACRE_FS_WRITABLE = 1 };

enum nacre_fs_state {
	NACRE_FS_DIRTY = 1,     /* a journal or log waits to be replayed; it was not unmounted */
	NACRE_FS_ERRORS = 2,    /* the file system says of itself that it is damaged */
	NACRE_FS_HIBERNATED = 4 /* a saved memory image belongs to it: not to be changed */
};

/** struct nacre_fs_info - @uuid as the system prints it ("1234-ABCD" for FAT), "" for none */
struct nacre_fs_info {
	char type[16]; /* "ext4", "xfs", "btrfs", "ntfs", "vfat", "swap": as in fstab */
	char label[NACRE_FS_NAME];
	char uuid[40];
	uint64_t size, free; /* of the file system, which may be smaller than the volume */
	uint64_t inodes_free;
	uint32_t block;      /* bytes */
	uint32_t state;      /* enum nacre_fs_state */
	char root[NACRE_FS_NAME]; /* the directory that a plain mount shows as its root; "": "/" */
};

enum nacre_fs_use {
	NACRE_FS_USED,      /* has to be copied */
	NACRE_FS_PAGE_FILE, /* used, but its content is not wanted: reads as zeroes in the copy */
	NACRE_FS_HIBERNATION,
	NACRE_FS_SHADOW,    /* a snapshot difference area */
	NACRE_FS_BAD,       /* blocks that the old disk could not hold */
	NACRE_FS_SWAP       /* of a swap area: made anew, with UUID and label */
};

/** struct nacre_fs_extent - bytes that are not free; @use: enum nacre_fs_use */
struct nacre_fs_extent {
	uint64_t start, length;
	uint32_t use;
	uint32_t zero;
};

/** struct nacre_fs_stat - as lstat(2) has it */
struct nacre_fs_stat {
	uint64_t ino, size;
	int64_t mtime; /* seconds since 1970, and in mtime_ns what is beyond them */
	uint32_t mtime_ns;
	uint32_t mode, uid, gid, links;
	uint32_t major, minor; /* of a device node */
	uint32_t zero;
};

/** struct nacre_fs_entry - one name in a directory; "." and ".." are left out */
struct nacre_fs_entry {
	uint64_t ino;
	uint32_t type; /* the S_IFMT bits of the mode, 0 if it takes a stat to know */
	char name[NACRE_FS_NAME];
};

/**
 * nacre_fs_open() - recognise the file system and read what the other calls need
 * @write: NULL unless @flags has NACRE_FS_WRITABLE. Then the driver first does what a mount does: it
 *         replays the journal and the list of orphans
 * @size:  of the volume
 */
int nacre_fs_open(nacre_fs_reader read, nacre_fs_writer write, void *user, uint64_t size,
		  uint32_t flags, struct nacre_fs **fs);
/** nacre_fs_close() - write what is pending and forget @fs; also after an error @fs is gone */
int nacre_fs_close(struct nacre_fs *fs);
/** nacre_fs_sync() - write what is pending: what was done survives the end of the driver */
int nacre_fs_sync(struct nacre_fs *fs);
int nacre_fs_describe(struct nacre_fs *fs, struct nacre_fs_info *info);

/**
 * nacre_fs_map() - list what is in use, by rising offset, without overlap
 * @from:  no extent ends at or before it; 0 first, then the end of the last extent
 * @count: elements filled; 0: there is nothing after @from
 */
int nacre_fs_map(struct nacre_fs *fs, uint64_t from, struct nacre_fs_extent *extents,
		 uint32_t capacity, uint32_t *count);

int nacre_fs_stat(struct nacre_fs *fs, const char *path, struct nacre_fs_stat *st);
/**
 * nacre_fs_list() - the names in a directory, in the file system's order
 * @cursor: 0 first; then what the last call left there
 * @count:  elements filled; 0: that was all
 */
int nacre_fs_list(struct nacre_fs *fs, const char *path, uint64_t *cursor,
		  struct nacre_fs_entry *entries, uint32_t capacity, uint32_t *count);
/** nacre_fs_read_link() - @target: ends with 0 */
int nacre_fs_read_link(struct nacre_fs *fs, const char *path, char *target, uint32_t capacity);
/** nacre_fs_read_file() - @length: bytes read; less than @capacity only at the end of the file */
int nacre_fs_read_file(struct nacre_fs *fs, const char *path, uint64_t offset, void *data,
		       uint32_t capacity, uint32_t *length);

/**
 * nacre_fs_file_map() - where on the volume a file's bytes are, one extent after the other
 * @from:  byte of the file, of a whole block; 0 first, then as many more as the last call told
 * @count: elements filled; 0: that was all
 *
 * ENOTSUP: they are not all there as they are: holes, compressed, several copies, in an inode, with checksums.
 */
int nacre_fs_file_map(struct nacre_fs *fs, const char *path, uint64_t from,
		      struct nacre_fs_extent *extents, uint32_t capacity, uint32_t *count);

/** nacre_fs_create() - make @path, an empty file of @mode's kind (S_IFREG or S_IFDIR); EEXIST */
int nacre_fs_create(struct nacre_fs *fs, const char *path, uint32_t mode, uint32_t uid, uint32_t gid);
/** nacre_fs_write_file() - put bytes into a file that exists; it grows as needed */
int nacre_fs_write_file(struct nacre_fs *fs, const char *path, uint64_t offset, const void *data,
			uint32_t size);
int nacre_fs_truncate(struct nacre_fs *fs, const char *path, uint64_t size);
int nacre_fs_link_symbolic(struct nacre_fs *fs, const char *target, const char *path);
/** nacre_fs_remove() - unlink @path, or remove it where it is an empty directory */
int nacre_fs_remove(struct nacre_fs *fs, const char *path);
/** nacre_fs_rename() - within the file system; what stands at @to is replaced */
int nacre_fs_rename(struct nacre_fs *fs, const char *from, const char *to);
/** nacre_fs_get_attribute() - an extended attribute; ENODATA, or ERANGE if it is larger than @capacity */
int nacre_fs_get_attribute(struct nacre_fs *fs, const char *path, const char *name, void *data,
			   uint32_t capacity, uint32_t *length);
int nacre_fs_set_attribute(struct nacre_fs *fs, const char *path, const char *name, const void *data,
			   uint32_t size);
/**
 * nacre_fs_list_attributes() - the names of all extended attributes, each with a 0 behind it
 * @length: bytes of @names; ERANGE if they are more than @capacity
 */
int nacre_fs_list_attributes(struct nacre_fs *fs, const char *path, char *names, uint32_t capacity,
			     uint32_t *length);
/** nacre_fs_set_owner() - also of a link */
int nacre_fs_set_owner(struct nacre_fs *fs, const char *path, uint32_t uid, uint32_t gid);
/** nacre_fs_set_times() - seconds since 1970 and nanoseconds, as near as the file system can keep them */
int nacre_fs_set_times(struct nacre_fs *fs, const char *path, int64_t mtime, uint32_t nanoseconds);
/**
 * nacre_fs_resize() - grow to @size, the volume's new one; what was refused has changed nothing
 *
 * 0 also where the file system is as large already. One that was opened for reading does not grow: it says
 * whether it could. ENOTSUP: not of this kind; EFBIG: not so large.
 */
int nacre_fs_resize(struct nacre_fs *fs, uint64_t size);

#endif
