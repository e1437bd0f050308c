/* SPDX-License-Identifier: BSD-2-Clause */
/* btrfs.h - the driver for btrfs, which says what is in use
 *
 * DOC: Theory of Operation
 *
 * Source: the on-disk format as btrfs.readthedocs.io documents it. All numbers are little endian.
 *
 * Trees, files and all else have logical addresses. Chunks map these to places on devices; they are
 * in the chunk tree, and those that this tree itself is in are in the superblock as well. What is
 * in use is in the extent tree, at logical addresses; of a chunk that has its bytes in order on a
 * device (single, dup, raid1) only that is told as used. Of chunks that are striped all of a
 * device's part is. Of a file system on several devices this is about the one at hand.
 *
 * A log of what was synced since the last commit is in trees that the extent tree does not know
 * yet: they and what they point to are in use too.
 *
 * Nodes are taken only with their checksum, address, level, and with keys that rise over a whole
 * tree: so no tree can lead in a circle. Where there is a second copy of a node, it stands in for a
 * damaged one.
 */
#ifndef NACRE_FS_BTRFS_H
#define NACRE_FS_BTRFS_H

#include "fs/driver/driver.h"

enum {
	BTRFS_SUPER = 4096,
	BTRFS_SUPER_AT = 65536,
	BTRFS_LEVELS = 8,
	BTRFS_COPIES = 2,      /* of a chunk on one device: dup */
	BTRFS_ROOT_ITEM = 132, /* types of items */
	BTRFS_EXTENT_DATA = 108,
	BTRFS_EXTENT_ITEM = 168,
	BTRFS_METADATA_ITEM = 169,
	BTRFS_DEV_EXTENT = 204,
	BTRFS_CHUNK_ITEM = 228,
	BTRFS_EXTENT_TREE = 2, /* objects */
	BTRFS_DEV_TREE = 4
};

/** struct btrfs_chunk - @at: its copies on this device; @striped: they are not in order */
struct btrfs_chunk {
	uint64_t logical, length;
	bool striped;
	uint32_t copies;
	uint64_t at[BTRFS_COPIES];
};

/** struct btrfs_chunks - by rising logical address */
struct btrfs_chunks {
	struct btrfs_chunk *list;
	size_t count, room;
};

/** struct btrfs_root - where a tree is */
struct btrfs_root {
	uint64_t at;
	uint8_t level;
};

struct nacre_fs {
	struct fs_disk disk;
	uint32_t node, sector;
	uint64_t generation, total, used, device, device_size;
	struct btrfs_root root, chunk_root, log_root; /* log_root.at 0: none */
	uint8_t fsid[16], nodes_fsid[16];
	uint32_t state;
	char label[NACRE_FS_NAME];
	struct btrfs_chunks chunks;
	uint8_t *nodes; /* one of each level */
};

struct btrfs_key {
	uint64_t object, offset;
	uint8_t type;
};

/** struct btrfs_walk - what to do on the way through a tree; a result that is not 0 ends it */
struct btrfs_walk {
	int (*item)(struct nacre_fs *f, const struct btrfs_key *key, const uint8_t *data,
		    uint32_t size, void *user);
	int (*each_node)(struct nacre_fs *f, uint64_t logical, void *user); /* or NULL */
	void *user;
	bool begun;
	struct btrfs_key last;
};

/* volume.c */
/** btrfs_super_chunks() - chunks from the superblock's own array */
int btrfs_super_chunks(struct nacre_fs *f, const uint8_t *super);

/* chunk.c */
/** btrfs_chunk_add() - decode and add a chunk item */
int btrfs_chunk_add(struct nacre_fs *f, struct btrfs_chunks *chunks, uint64_t logical,
		    const uint8_t *item, uint32_t size);
/** btrfs_chunk_find() - the chunk that [logical, logical + length) is in, or NULL */
const struct btrfs_chunk *btrfs_chunk_find(const struct nacre_fs *f, uint64_t logical,
					   uint64_t length);
/** btrfs_chunks_read() - all of the chunk tree's, in place of the superblock's */
int btrfs_chunks_read(struct nacre_fs *f);

/* tree.c */
/** btrfs_walk() - through the tree at @root, once for each @walk */
int btrfs_walk(struct nacre_fs *f, struct btrfs_root root, struct btrfs_walk *walk);

/* space.c */
/** btrfs_map() - fill the disk's map */
int btrfs_map(struct nacre_fs *f);

#endif
