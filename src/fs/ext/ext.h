/* SPDX-License-Identifier: BSD-2-Clause */
/* ext.h - the driver for ext2, ext3 and ext4, on libext2fs
 *
 * DOC: Theory of Operation
 *
 * libext2fs reaches the volume through an I/O manager of ours (io.c), which keeps a few MiB of it and
 * asks the host for the rest. A volume that was not unmounted is brought to order first (journal.c,
 * orphan.c), as a mount would do it; where it was opened for reading, only in our view of it: a block that
 * the journal has a newer copy of is read from there. So what is listed as used is what is used after a
 * replay as well.
 *
 * Everything that libext2fs is given has been decoded from bytes of others. Where it ends the process
 * for them, a virtual process ends, and the host gets its declared failure.
 *
 * The driver exports fs.h's functions (driver.c) and nothing else.
 */
#ifndef NACRE_FS_EXT_H
#define NACRE_FS_EXT_H

#include <nacre/fs.h>

#include <ext2fs/ext2fs.h>
#include <stdbool.h>
#include <stddef.h>

enum {
	EXT_LINE = 65536,      /* bytes that are asked for at once */
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
	EXT_LINES = 4,         /* a fuzzer takes their memory anew for every input */
#else
	EXT_LINES = 64,        /* of which so many are kept */
#endif
	EXT_UNIT = 1024,       /* what is known to be there, or to be written: the smallest block */
	EXT_UNITS = EXT_LINE / EXT_UNIT
};

/** struct ext_line - a kept piece of the volume, at a multiple of EXT_LINE; a bit for each unit */
struct ext_line {
	uint64_t at;
	uint64_t there, dirty;
	uint64_t used; /* when: the clock's count */
	bool taken;
	uint8_t *data;
};

/** struct ext_moved - the content of block @block is at block @from, there @escaped (ext_journal_magic) */
struct ext_moved {
	uint64_t block, from;
	bool escaped;
};

/** struct ext_io - the volume, as libext2fs sees it */
struct ext_io {
	nacre_fs_reader read;
	nacre_fs_writer write;
	void *user;
	uint64_t size;
	bool written; /* since the last flush, or waiting for it */
	int failed; /* errno that the host said, 0: none: libext2fs hides it at places */
	uint64_t clock;
	struct ext_line lines[EXT_LINES];
	uint8_t *memory;
	/* what a journal has newer copies of, by rising block; of blocks of moved_block bytes */
	struct ext_moved *moved;
	size_t moved_count;
	uint32_t moved_block;
};

struct nacre_fs {
	struct ext_io io;
	ext2_filsys fs;
	bool writable, dirty;
	bool had_errors, bitmaps;
	blk64_t *bad;
	size_t bad_count;
};

/* io.c */
int ext_io_open(struct ext_io *io);
void ext_io_free(struct ext_io *io);
/** ext_io_get() - bytes of the volume, as they are after everything that was put. Return: 0 or errno */
int ext_io_get(struct ext_io *io, uint64_t offset, void *data, size_t size);
int ext_io_put(struct ext_io *io, uint64_t offset, const void *data, size_t size);
int ext_io_flush(struct ext_io *io);
/** ext_io_enlarge() - the volume has become larger */
int ext_io_enlarge(struct ext_io *io, uint64_t size);
/**
 * ext_io_clear() - bytes of the volume become zeroes, where they are not: nothing is written over zeroes
 * @write: false: only look
 * @zero:  they were zeroes before
 */
int ext_io_clear(struct ext_io *io, uint64_t offset, uint64_t size, bool write, bool *zero);
/** ext_io_use() - the next ext2fs_open2() of this thread with ext_manager is for @io */
void ext_io_use(struct ext_io *io);
extern struct struct_io_manager ext_manager;

/* errors.c */
/** ext_error() - an errno number for what libext2fs said; what the host said goes first */
int ext_error(const struct ext_io *io, errcode_t code);

/* journal.c */
/** Every block of the log begins with it. So data that does gets zeroes there: it is "escaped". */
extern const uint8_t ext_journal_magic[4];
/**
 * ext_journal_read() - find what the journal of @fs has newer copies of
 * @moved: by rising block; the caller's to free, also after an error
 * @next:  the sequence number after the last whole transaction
 *
 * Return: 0; ENOTSUP: it is elsewhere, or of a kind that is not known here; EUCLEAN
 */
int ext_journal_read(struct ext_io *io, ext2_filsys fs, struct ext_moved **moved, size_t *count,
		     uint32_t *next);
/** ext_journal_reset() - mark the journal of @fs as empty */
int ext_journal_reset(struct ext_io *io, ext2_filsys fs, uint32_t next);

/* open.c */
/** ext_open() - open the file system, bring it to order, check what every call relies on */
int ext_open(struct nacre_fs *f);
int ext_bitmaps(struct nacre_fs *f);

/* orphan.c */
/** ext_orphans() - finish what was under way when the system stopped: delete, truncate */
int ext_orphans(struct nacre_fs *f);

/* path.c */
/** ext_find() - the inode at @path; links are not followed. Return: 0 or errno */
int ext_find(struct nacre_fs *f, const char *path, ext2_ino_t *ino);
/** ext_find_parent() - the directory that @path is in, and where in @path the last name begins */
int ext_find_parent(struct nacre_fs *f, const char *path, ext2_ino_t *dir, const char **name);
/** ext_inode() - the inode at @path, read whole */
int ext_inode(struct nacre_fs *f, const char *path, ext2_ino_t *ino, struct ext2_inode_large *inode);

/* inode.c: all return 0 or errno */
int ext_write_inode(struct nacre_fs *f, ext2_ino_t ino, struct ext2_inode_large *inode);
/** ext_release() - free an inode that no name leads to: its blocks, its attributes, itself */
int ext_release(struct nacre_fs *f, ext2_ino_t ino);
/** ext_touch() - it was changed now */
int ext_touch(struct nacre_fs *f, ext2_ino_t ino);
/** ext_mtime() - seconds since 1970: 32 bits with a sign; where the inode has room, two more and nanoseconds */
int64_t ext_mtime(const struct nacre_fs *f, const struct ext2_inode_large *i, uint32_t *nanoseconds);
void ext_set_mtime(const struct nacre_fs *f, struct ext2_inode_large *i, int64_t seconds, uint32_t nanoseconds);
/** ext_file_type() - of directory entries */
int ext_file_type(uint32_t mode);
/** ext_enter() - one more name in a directory, which may grow */
int ext_enter(struct nacre_fs *f, ext2_ino_t dir, const char *name, ext2_ino_t ino, uint32_t mode);
/** ext_point() - a name that is there is @ino's from now on */
int ext_point(struct nacre_fs *f, ext2_ino_t dir, const char *name, ext2_ino_t ino, uint32_t mode);
/** ext_is_empty() - ENOTEMPTY if the directory is not */
int ext_is_empty(struct nacre_fs *f, ext2_ino_t dir);
int ext_count_links(struct nacre_fs *f, ext2_ino_t ino, int by);

#endif
