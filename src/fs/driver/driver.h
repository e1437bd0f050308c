/* SPDX-License-Identifier: BSD-2-Clause */
/* driver.h - what the drivers without a library share: the volume with a cache, names, checksums */
#ifndef NACRE_FS_DRIVER_DRIVER_H
#define NACRE_FS_DRIVER_DRIVER_H

#include "base/extents.h"

#include <nacre/fs.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** FS_EXPORT - of fs.h's functions, and of nothing else in a driver */
#define FS_EXPORT __attribute__((visibility("default")))

/** FS_CHECKSUMS - false in a fuzzer, which would get no further than to the first one */
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
#define FS_CHECKSUMS 0
#else
#define FS_CHECKSUMS 1
#endif

/** FS_LINES - few in a fuzzer, which takes their memory anew for every input, and has them make room for others */
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
enum { FS_LINES = 4 };
#else
enum { FS_LINES = 64 };
#endif

struct fs_line;

/** struct fs_disk - the volume through the host's functions; errors are errno numbers
 *
 * @map: what is in use, tagged with enum nacre_fs_use; complete where @mapped
 */
struct fs_disk {
	nacre_fs_reader read;
	nacre_fs_writer write; /* NULL: opened for reading */
	void *user;
	uint64_t size;
	uint32_t line_size;
	uint64_t clock;
	struct fs_line *lines, *last;
	uint8_t *memory;
	struct nacre_extents map;
	bool mapped;
};

/** struct fs_driver - what a driver says of itself to frame.c, which opens, closes and maps for it.
 * Its struct nacre_fs begins with a struct fs_disk. */
struct fs_driver {
	size_t size;	    /* of its struct nacre_fs */
	uint32_t line_size; /* of its cache */
	bool writes;	    /* else nobody opens it for writing */
	int (*open)(struct nacre_fs *f);
	/** fill the empty map of the disk */
	int (*map)(struct nacre_fs *f);
	/** free what is the driver's own, also where open() failed; NULL: nothing */
	void (*forget)(struct nacre_fs *f);
};

extern const struct fs_driver fs_driver;

/** fs_map_have() - see to it that the map is complete */
int fs_map_have(struct nacre_fs *f);

/**
 * fs_disk_open() - check the arguments of nacre_fs_open() and set up the cache
 * @line_size: what is read at once, a power of two of at least 4096
 *
 * fs_disk_close() frees it, also where this failed and @d was zero before.
 */
int fs_disk_open(struct fs_disk *d, nacre_fs_reader read, nacre_fs_writer write, void *user,
		 uint64_t size, uint32_t flags, uint32_t line_size);
/** fs_disk_close() - free the cache and the map; what was not flushed is lost */
void fs_disk_close(struct fs_disk *d);
/** fs_disk_get() - EUCLEAN outside of the volume: whoever pointed there is damaged */
int fs_disk_get(struct fs_disk *d, uint64_t offset, void *data, size_t size);
/** fs_disk_put() - kept until its line makes room or fs_disk_flush(); EROFS, EUCLEAN */
int fs_disk_put(struct fs_disk *d, uint64_t offset, const void *data, size_t size);
int fs_disk_zero(struct fs_disk *d, uint64_t offset, uint64_t size);
int fs_disk_flush(struct fs_disk *d);

/** fs_piece() - how many bytes nacre_fs_read_file() returns of a file of @size bytes */
static inline uint32_t fs_piece(uint64_t size, uint64_t offset, uint32_t capacity)
{
	uint64_t left = offset < size ? size - offset : 0;

	capacity = capacity < NACRE_FS_CHUNK ? capacity : NACRE_FS_CHUNK;
	return left < capacity ? (uint32_t)left : capacity;
}

/** struct fs_walk - goes through a path's names; "" and "." are passed over */
struct fs_walk {
	const char *rest;
	char name[NACRE_FS_NAME];
};

/** fs_walk_next() - the next name. Return: 1, 0: that was all, -1: @error says ENAMETOOLONG or
 * EINVAL ("..") */
int fs_walk_next(struct fs_walk *w, int *error);

/**
 * fs_utf16_to_8() - @count units, little endian, as UTF-8 with a 0
 *
 * A surrogate alone is encoded like any other character, so that each name can be told from all
 * others. Return: false if it does not fit, or has a 0 or a '/' in it
 */
bool fs_utf16_to_8(const uint8_t *units, size_t count, char *text, size_t capacity);
/** fs_utf8_to_16() - Return: units, -1: not UTF-8 or more than @capacity */
int fs_utf8_to_16(const char *text, uint16_t *units, size_t capacity);
/** fs_fold() - capitals to small letters: Latin, Greek, Cyrillic */
uint16_t fs_fold(uint16_t unit);
/** fs_same_name() - equal but for capitals? */
bool fs_same_name(const char *a, const char *b);

/** fs_uuid() - 16 bytes as text of 36 characters and a 0; all zero: "" */
void fs_uuid(const uint8_t *bytes, char *text);

/** fs_crc32c() - Castagnoli, reflected; @crc: 0xffffffff first; the caller inverts the result */
uint32_t fs_crc32c(uint32_t crc, const void *data, size_t size);

#endif
