/* SPDX-License-Identifier: BSD-2-Clause */
/* btrfs.h - the driver for btrfs, which reads
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
 * "/" is the top of the first file tree, whatever a plain mount shows: so all subvolumes can be
 * reached, by the names that they have there. What a plain mount shows is told (subvolume.c). A
 * subvolume that a snapshot has taken along is an empty directory in it. Files may be compressed;
 * their checksums are not looked at. What only a log has is not seen.
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
	BTRFS_COPIES = 2,	 /* of a chunk on one device: dup */
	BTRFS_UNPACKED = 131072, /* the most that one compressed extent is, packed or not */
	BTRFS_INODE_ITEM = 1,	 /* types of items */
	BTRFS_INODE_REF = 12,
	BTRFS_XATTR_ITEM = 24,
	BTRFS_DIR_ITEM = 84,
	BTRFS_DIR_INDEX = 96,
	BTRFS_EXTENT_DATA = 108,
	BTRFS_ROOT_ITEM = 132,
	BTRFS_ROOT_BACKREF = 144,
	BTRFS_ROOT_REF = 156,
	BTRFS_EXTENT_ITEM = 168,
	BTRFS_METADATA_ITEM = 169,
	BTRFS_DEV_EXTENT = 204,
	BTRFS_CHUNK_ITEM = 228,
	BTRFS_EXTENT_TREE = 2, /* objects */
	BTRFS_DEV_TREE = 4,
	BTRFS_FILE_TREE = 5, /* the first of them */
	BTRFS_TREE_DIRECTORY = 6,
	BTRFS_FIRST = 256,	/* of those that are numbered by need, in each tree */
	BTRFS_NO_CHECKSUMS = 1, /* flag of an inode */
	BTRFS_STUB = 2,		/* inode of the empty directory in place of a subvolume */
	BTRFS_TREES = 16	/* that are remembered */
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

/** struct btrfs_tree - a tree of files: a subvolume. @top: the inode of its root directory */
struct btrfs_tree {
	uint64_t id, top;
	struct btrfs_root root;
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
	uint8_t *nodes;			/* one of each level */
	uint64_t node_at[BTRFS_LEVELS]; /* which: address + 1, 0: none */
	struct btrfs_tree trees[BTRFS_TREES];
	size_t next_tree;
	uint8_t *packed, *plain; /* a compressed extent, and what was in it */
	uint64_t plain_at;	 /* its address, 0: none */
	uint32_t plain_size;
	void *zstd;
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

/** struct btrfs_item - an item in its leaf: there until the next one is looked for */
struct btrfs_item {
	struct btrfs_key key;
	const uint8_t *data;
	uint32_t size;
};

/** struct btrfs_name - what a name leads to, or an attribute */
struct btrfs_name {
	struct btrfs_key location;
	uint8_t type;
	uint32_t length, value_size;
	const uint8_t *text, *value;
};

/** struct btrfs_inode - @stub: the empty directory in place of another subvolume */
struct btrfs_inode {
	struct btrfs_tree tree;
	uint64_t number, size, device;
	int64_t mtime;
	uint32_t mtime_ns, mode, uid, gid, links;
	uint64_t flags;
	bool stub;
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
/** btrfs_at_most() - the last item with at most this key. Return: 0, ENOENT or errno */
int btrfs_at_most(struct nacre_fs *f, struct btrfs_root root, const struct btrfs_key *key,
		  struct btrfs_item *item);
/** btrfs_at_least() - the first item with at least this key. Return: 0, ENOENT or errno */
int btrfs_at_least(struct nacre_fs *f, struct btrfs_root root, const struct btrfs_key *key,
		   struct btrfs_item *item);
/** btrfs_first_of() - the first item of @key's object and type from its offset on, likewise */
int btrfs_first_of(struct nacre_fs *f, struct btrfs_root root, const struct btrfs_key *key,
		   struct btrfs_item *item);

/* subvolume.c */
/** btrfs_root_of() - where the tree of a root item is */
struct btrfs_root btrfs_root_of(const uint8_t *item);
int btrfs_tree_open(struct nacre_fs *f, uint64_t id, struct btrfs_tree *tree);
/** btrfs_is_below() - is subvolume @id in directory @number of @tree? Return: 0, ENOENT or errno */
int btrfs_is_below(struct nacre_fs *f, const struct btrfs_tree *tree, uint64_t number, uint64_t id);
/** btrfs_default_path() - of the subvolume that a plain mount shows; "" where that is the first */
int btrfs_default_path(struct nacre_fs *f, char *path, size_t capacity);

/* inode.c */
/** btrfs_name_next() - the name at *@at in @item, which moves behind it; false with @at at the
 * item's size: no more, else it is damaged */
bool btrfs_name_next(const struct btrfs_item *item, uint32_t *at, struct btrfs_name *name);
/** btrfs_name_find() - a name in a directory, an attribute of a file. Return: 0, ENOENT or errno */
int btrfs_name_find(struct nacre_fs *f, const struct btrfs_inode *i, uint8_t type, const char *name,
		    struct btrfs_name *found);
/** btrfs_name_ok() - can it be one of a directory's? */
bool btrfs_name_ok(const struct btrfs_name *name);
/** btrfs_find() - the inode at @path */
int btrfs_find(struct nacre_fs *f, const char *path, struct btrfs_inode *i);

/* content.c */
/** btrfs_content() - @size bytes of a file or link from @offset on, which are within its size */
int btrfs_content(struct nacre_fs *f, const struct btrfs_inode *i, uint64_t offset, uint8_t *data,
		  uint32_t size);

/** btrfs_place() - where the byte at @offset of a file is, and as many as follow it there; ENOTSUP
 */
int btrfs_place(struct nacre_fs *f, const struct btrfs_inode *i, uint64_t offset,
		struct nacre_fs_extent *place);

/* unpack.c */
/** btrfs_unpack() - decompress; what is not there is zero. @method: 1 zlib, 2 lzo, 3 zstd */
int btrfs_unpack(struct nacre_fs *f, int method, const uint8_t *packed, uint32_t size,
		 uint8_t *plain, uint32_t plain_size);
void btrfs_unpack_end(struct nacre_fs *f);

/* space.c */
/** btrfs_map() - fill the disk's map */
int btrfs_map(struct nacre_fs *f);

#endif
