/* SPDX-License-Identifier: BSD-2-Clause */
/* ntfs.h - the driver for NTFS, which reads
 *
 * DOC: Theory of Operation
 *
 * Source: the Linux-NTFS project's documentation of the format (R. Russon, Y. Fledel, "NTFS
 * Documentation").
 *
 * All is a file, described by a record of the master file table, which is file 0: it says where it
 * is itself. A record has attributes; those that do not fit are in further records, and a list says
 * where. A non-resident attribute has runs: which clusters of it are where. What is in use is what
 * the file $Bitmap says; of that the runs of some files are told apart, whose content nobody needs
 * (special.c).
 *
 * Records and index blocks are protected against half a write: the last two bytes of each sector
 * are in a table, and a number stands in their place. Where that is not so, the record is refused.
 *
 * Directories are read block by block instead of down their trees, so a tree that leads in a circle
 * does not matter.
 */
#ifndef NACRE_FS_NTFS_H
#define NACRE_FS_NTFS_H

#include "fs/driver/driver.h"

enum {
	NTFS_RECORD_MOST = 4096,
	NTFS_INDEX_MOST = 65536,
	NTFS_RUNS_MOST = 1 << 20, /* of one file: 24 MiB */
	NTFS_LIST_MOST = 262144,  /* bytes of an attribute list: Windows's own limit */
	NTFS_MFT = 0,		  /* records */
	NTFS_LOGFILE = 2,
	NTFS_VOLUME = 3,
	NTFS_ROOT = 5,
	NTFS_BITMAP = 6,
	NTFS_BADCLUS = 8,
	NTFS_STANDARD = 0x10, /* attributes */
	NTFS_LIST = 0x20,
	NTFS_FILE_NAME = 0x30,
	NTFS_VOLUME_NAME = 0x60,
	NTFS_VOLUME_INFO = 0x70,
	NTFS_DATA = 0x80,
	NTFS_INDEX_ROOT = 0x90,
	NTFS_INDEX_BLOCKS = 0xa0,
	NTFS_INDEX_BITMAP = 0xb0,
	NTFS_END = -1,
	NTFS_COMPRESSED = 0x00ff, /* flags of an attribute */
	NTFS_ENCRYPTED = 0x4000,
	NTFS_REPARSE = 0x400 /* of a file */
};

/** struct ntfs_run - @count clusters; @lcn -1: a hole, zeroes */
struct ntfs_run {
	int64_t lcn;
	uint64_t vcn, count;
};

/** struct ntfs_stream - an attribute's content, from wherever its parts are; ntfs_stream_free() */
struct ntfs_stream {
	bool resident;
	uint16_t flags;
	uint64_t size, initialized, allocated; /* bytes; behind @initialized are zeroes */
	uint8_t *value;			       /* of a resident one */
	struct ntfs_run *runs;
	size_t count, room;
};

struct nacre_fs {
	struct fs_disk disk;
	bool counted;
	uint32_t sector, cluster, record, index; /* bytes */
	uint64_t sectors, clusters, mft_lcn, serial, free;
	struct ntfs_stream mft;
	uint32_t state;
	char label[NACRE_FS_NAME];
};

/** struct ntfs_file - a base record, checked; @number: without the sequence number */
struct ntfs_file {
	uint64_t number;
	bool directory;
	uint8_t raw[NTFS_RECORD_MOST];
};

/** struct ntfs_entry - a name in a directory */
struct ntfs_entry {
	uint64_t number;
	bool directory;
	char name[NACRE_FS_NAME];
};

/* record.c */
/** ntfs_fixup() - check a record's or index block's magic and its sectors' ends, put them right.
 * Return: 0 or EUCLEAN */
int ntfs_fixup(const struct nacre_fs *f, uint8_t *data, uint32_t size, const char *magic);
int ntfs_record_read(struct nacre_fs *f, uint64_t number, uint8_t *raw);
int ntfs_file_read(struct nacre_fs *f, uint64_t number, struct ntfs_file *file);
/** ntfs_attribute_next() - the attribute behind @at, or the first one: checked for its bounds.
 * NULL: no more, or damaged */
const uint8_t *ntfs_attribute_next(const struct nacre_fs *f, const uint8_t *raw, const uint8_t *at);
/** ntfs_attribute_is() - by type, and @name in ASCII, "" for none */
bool ntfs_attribute_is(const uint8_t *attribute, uint32_t type, const char *name);

/* stream.c */
/** ntfs_stream_open() - ENODATA: the file has no such attribute */
int ntfs_stream_open(struct nacre_fs *f, const struct ntfs_file *file, uint32_t type,
		     const char *name, struct ntfs_stream *s);
/** ntfs_stream_mft() - the table's own, of which f->mft is what is known until now */
int ntfs_stream_mft(struct nacre_fs *f);
void ntfs_stream_free(struct ntfs_stream *s);
/** ntfs_stream_read() - within s->size, else EUCLEAN; ENOTSUP: compressed or encrypted */
int ntfs_stream_read(struct nacre_fs *f, const struct ntfs_stream *s, uint64_t offset, void *data,
		     size_t size);

/* directory.c */
/** struct ntfs_directory - a directory that is being read; ntfs_directory_close() */
struct ntfs_directory {
	struct ntfs_stream root, blocks, bitmap;
	uint8_t *block;
	uint64_t loaded; /* which block @block has, counted from 1; 0: the root */
	bool has_block;
};

int ntfs_directory_open(struct nacre_fs *f, const struct ntfs_file *file, struct ntfs_directory *d);
void ntfs_directory_close(struct ntfs_directory *d);
/** ntfs_directory_next() - the name at or after *@cursor, which moves on. Return: 0, ENOENT: no
 * more, errno */
int ntfs_directory_next(struct nacre_fs *f, struct ntfs_directory *d, uint64_t *cursor,
			struct ntfs_entry *entry);
int ntfs_find(struct nacre_fs *f, const char *path, struct ntfs_file *file);

/* special.c */
/** ntfs_special() - tag in the disk's map what is bad or not wanted; what cannot be read there is
 * left as used */
int ntfs_special(struct nacre_fs *f);
/** ntfs_state() - set f->state from $Volume, $LogFile, hiberfil.sys */
int ntfs_state(struct nacre_fs *f);

#endif
