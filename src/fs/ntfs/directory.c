/* SPDX-License-Identifier: BSD-2-Clause */
/* directory.c - names in the index root and in the index blocks that the directory's bitmap says
 * are in use */
#include "ntfs.h"
#include "fs/driver/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	ENTRY_LAST = 2,
	NAME_DOS = 2,
	NAME_AT = 16 + 66,
	FLAGS_AT = 16 + 56,
	DIRECTORY_FLAG = 0x10000000,
	FIRST_OF_USER = 16, /* below it are the file system's own, and "." */
	OFFSET_BITS = 17 /* of a cursor: where in a block; above that the block, 0 for the root */
};

void ntfs_directory_close(struct ntfs_directory *d)
{
	ntfs_stream_free(&d->root);
	ntfs_stream_free(&d->blocks);
	ntfs_stream_free(&d->bitmap);
	free(d->block);
	d->block = NULL;
}

int ntfs_directory_open(struct nacre_fs *f, const struct ntfs_file *file, struct ntfs_directory *d)
{
	int result;

	*d = (struct ntfs_directory){0};
	if (!file->directory)
		return ENOTDIR;
	result = ntfs_stream_open(f, file, NTFS_INDEX_ROOT, "$I30", &d->root);
	if (result == ENODATA || (!result && (!d->root.resident || d->root.size < 32)))
		result = EUCLEAN;
	if (!result)
		result = ntfs_stream_open(f, file, NTFS_INDEX_BLOCKS, "$I30", &d->blocks);
	if (!result)
		result = ntfs_stream_open(f, file, NTFS_INDEX_BITMAP, "$I30", &d->bitmap);
	if (result == ENODATA)
		result = 0; /* all of it is in the root */
	d->block = result ? NULL : malloc(f->index);
	if (!result && !d->block)
		result = ENOMEM;
	if (result)
		ntfs_directory_close(d);
	return result;
}

/* Is block @number in use? */
static int is_used(struct nacre_fs *f, const struct ntfs_directory *d, uint64_t number, bool *used)
{
	uint8_t byte = 0;
	int result = number / 8 < d->bitmap.size
			     ? ntfs_stream_read(f, &d->bitmap, number / 8, &byte, 1)
			     : 0;

	*used = byte >> number % 8 & 1;
	return result;
}

/*
 * Where the entries of part @part are: *data begins with the head that says so, *size bytes.
 * ENOENT: nothing in it, or behind the last part.
 */
static int load(struct nacre_fs *f, struct ntfs_directory *d, uint64_t part, const uint8_t **data,
		uint32_t *size)
{
	bool used = false;
	int result;

	if (!part) {
		*data = d->root.value + 16;
		*size = (uint32_t)d->root.size - 16;
		return 0;
	}
	*data = d->block + 24;
	*size = f->index - 24;
	if (d->loaded == part)
		return 0;
	result = is_used(f, d, part - 1, &used);
	if (result || !used)
		return result ? result : ENOENT;
	d->loaded = 0;
	result = ntfs_stream_read(f, &d->blocks, (part - 1) * f->index, d->block, f->index);
	if (!result)
		result = ntfs_fixup(f, d->block, f->index, "INDX");
	d->loaded = result ? 0 : part;
	return result;
}

/* The entry at *@at of a part, or the first one where that is 0; ENOENT: it was the last one. */
static int entry_at(const uint8_t *data, uint32_t size, uint32_t *at, const uint8_t **entry,
		    uint32_t *length)
{
	uint32_t first = le32(data), used = le32(data + 4);

	if (used > size || first < 16 || first % 8 || first > used)
		return EUCLEAN;
	*at = *at ? *at : first;
	if (*at < first || *at > used || used - *at < 16)
		return EUCLEAN;
	*entry = data + *at;
	*length = le16(*entry + 8);
	if (*length < 16 || *length % 8 || *length > used - *at)
		return EUCLEAN;
	return le16(*entry + 12) & ENTRY_LAST ? ENOENT : 0;
}

/* Does it have a name to be listed? Not the second one that is for DOS, nor what fs.h has no room
 * for. */
static bool decode(const uint8_t *entry, uint32_t length, struct ntfs_entry *e)
{
	uint32_t units;

	if (length < NAME_AT || le16(entry + 10) < 66)
		return false;
	units = entry[16 + 64];
	if (entry[16 + 65] == NAME_DOS || NAME_AT + 2 * units > length ||
	    !fs_utf16_to_8(entry + NAME_AT, units, e->name, sizeof(e->name)))
		return false;
	e->number = le64(entry) & 0xffffffffffff;
	e->directory = le32(entry + FLAGS_AT) & DIRECTORY_FLAG;
	return e->number >= FIRST_OF_USER;
}

int ntfs_directory_next(struct nacre_fs *f, struct ntfs_directory *d, uint64_t *cursor,
			struct ntfs_entry *e)
{
	uint64_t part = *cursor >> OFFSET_BITS, parts = d->blocks.size / f->index;
	uint32_t at = *cursor & ((1U << OFFSET_BITS) - 1), size, length = 0;
	const uint8_t *data, *entry;
	int result;

	parts = parts < d->bitmap.size * 8 ? parts : d->bitmap.size * 8;
	while (part <= parts) {
		result = load(f, d, part, &data, &size);
		if (!result)
			result = entry_at(data, size, &at, &entry, &length);
		if (result && result != ENOENT)
			return result;
		if (result) {
			part++;
			at = 0;
			continue;
		}
		at += length;
		*cursor = part << OFFSET_BITS | at;
		if (decode(entry, length, e))
			return 0;
	}
	*cursor = part << OFFSET_BITS;
	return ENOENT;
}

static int find_in(struct nacre_fs *f, const struct ntfs_file *dir, const char *name,
		   uint64_t *number)
{
	struct ntfs_directory d;
	struct ntfs_entry e;
	uint64_t cursor = 0;
	bool found = false;
	int result = ntfs_directory_open(f, dir, &d);

	/* A name that differs in capitals counts only if there is none that does not. */
	while (!result && (result = ntfs_directory_next(f, &d, &cursor, &e)) == 0) {
		bool exact = !strcmp(e.name, name);

		if (exact || (!found && fs_same_name(e.name, name))) {
			*number = e.number;
			found = true;
		}
		if (exact)
			break;
	}
	ntfs_directory_close(&d);
	return result == ENOENT && found ? 0 : result;
}

int ntfs_find(struct nacre_fs *f, const char *path, struct ntfs_file *file)
{
	struct fs_walk w = {.rest = path};
	int more, result = ntfs_file_read(f, NTFS_ROOT, file);
	uint64_t number = 0;

	while (!result && (more = fs_walk_next(&w, &result)) > 0) {
		if (!file->directory)
			return ENOTDIR;
		result = find_in(f, file, w.name, &number);
		if (!result)
			result = ntfs_file_read(f, number, file);
	}
	return result;
}
