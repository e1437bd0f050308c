/* SPDX-License-Identifier: BSD-2-Clause */
/* xfs.h - the driver for XFS, versions 4 and 5, which reads
 *
 * DOC: Theory of Operation
 *
 * Source: XFS Algorithms & Data Structures, 3rd edition (xfs-documentation), chapters of the same
 * names. All numbers are big endian, but for checksums.
 *
 * What is in use is what the trees of free space do not list, one tree for each allocation group.
 * The log is in use. Where it was not emptied by an unmount, the trees may be older than what it
 * has; the volume is said to be dirty then, and it is the caller's to decide what that is worth.
 *
 * Nothing is trusted: trees have at most as many levels as XFS allows, and their records have to
 * rise, so that no tree can lead in a circle; directories and links are read within the sizes that
 * their inodes say.
 */
#ifndef NACRE_FS_XFS_H
#define NACRE_FS_XFS_H

#include "fs/driver/driver.h"

enum {
	XFS_LEVELS = 9, /* of a tree, the leaves included: the format's own limit */
	XFS_NAME = 255,
	XFS_INODE_MOST = 2048,
	XFS_LOCAL = 1, /* formats of a fork; 0 is a device number */
	XFS_EXTENTS = 2,
	XFS_BTREE = 3
};

struct nacre_fs {
	struct fs_disk disk;
	bool v5, has_types, has_log_v2;
	uint32_t block, sector, inode_size, ag_blocks, ag_count, dir_block;
	uint32_t block_log, inode_log, per_block_log, ag_log; /* inode_log: of inodes per block */
	uint64_t blocks, root, log_start, free, inodes_free;
	uint32_t log_blocks;
	uint32_t state;
	char label[16], uuid[40];
	uint8_t *scratch; /* one block */
	/* the directory block that was read last, checked: nothing changes it */
	uint8_t *kept;
	uint64_t kept_ino, kept_at;
};

/** struct xfs_inode - an inode as it is on the disk, and what of it was understood */
struct xfs_inode {
	uint64_t number, size;
	uint32_t mode, uid, gid, links;
	int64_t mtime;
	uint32_t mtime_ns;
	uint8_t format;
	bool many; /* counts of extents are 64 bits wide */
	const uint8_t *fork;
	uint32_t fork_size;
	uint64_t extents;
	uint8_t raw[XFS_INODE_MOST];
};

/** struct xfs_run - file blocks from @file on: @count blocks at @start, or a hole (also unwritten
 * ones) */
struct xfs_run {
	uint64_t file, start, count;
	bool hole;
};

/* volume.c */
/** xfs_block_offset() - of a block number with the group in its upper bits. Return: 0 or EUCLEAN */
int xfs_block_offset(const struct nacre_fs *f, uint64_t fsblock, uint64_t count, uint64_t *offset);
/** xfs_check_crc() - is the little-endian CRC-32C at @at of @data right, with itself as zero? */
bool xfs_check_crc(const uint8_t *data, size_t size, size_t at);

/* space.c */
/** xfs_map() - fill the disk's map */
int xfs_map(struct nacre_fs *f);

/* log.c */
/** xfs_log_is_dirty() - *dirty: there is something to be replayed */
int xfs_log_is_dirty(struct nacre_fs *f, bool *dirty);

/* inode.c */
int xfs_inode_read(struct nacre_fs *f, uint64_t number, struct xfs_inode *inode);
/** xfs_run_at() - what is at file block @block, from there on; count is at least 1 */
int xfs_run_at(struct nacre_fs *f, const struct xfs_inode *inode, uint64_t block,
	       struct xfs_run *run);

/* directory.c */
/** struct xfs_entry - a name; @type: S_IFMT bits or 0 */
struct xfs_entry {
	uint64_t ino;
	uint32_t type;
	char name[XFS_NAME + 1];
};

/** xfs_next() - the name at or after *@cursor, which moves on. Return: 0, ENOENT: no more, or errno
 */
int xfs_next(struct nacre_fs *f, const struct xfs_inode *dir, uint64_t *cursor,
	     struct xfs_entry *entry);
/** xfs_find() - the inode at @path */
int xfs_find(struct nacre_fs *f, const char *path, struct xfs_inode *inode);

#endif
