/* SPDX-License-Identifier: BSD-2-Clause */
/* record.c - records of the master file table, and the attributes in them */
#include "ntfs.h"
#include "fs/driver/bytes.h"

#include <errno.h>
#include <string.h>

enum { STEP = 512 }; /* what is protected at once, whatever a sector is */

int ntfs_fixup(const struct nacre_fs *f, uint8_t *data, uint32_t size, const char *magic)
{
	uint32_t table = le16(data + 4), count = le16(data + 6);

	(void)f;
	if (memcmp(data, magic, 4) || count != size / STEP + 1 || table % 2 || table < 8 ||
	    table + 2 * count > STEP - 2)
		return EUCLEAN;
	for (uint32_t i = 1; i < count; i++) {
		uint8_t *end = data + i * STEP - 2;

		if (memcmp(end, data + table, 2))
			return EUCLEAN;
		memcpy(end, data + table + 2 * (size_t)i, 2);
	}
	return 0;
}

int ntfs_record_read(struct nacre_fs *f, uint64_t number, uint8_t *raw)
{
	int result;

	if (number > UINT32_MAX)
		return EUCLEAN;
	result = ntfs_stream_read(f, &f->mft, number * f->record, raw, f->record);
	return result ? result : ntfs_fixup(f, raw, f->record, "FILE");
}

int ntfs_file_read(struct nacre_fs *f, uint64_t number, struct ntfs_file *file)
{
	int result = ntfs_record_read(f, number, file->raw);

	if (result)
		return result;
	/* In use, and not the continuation of another */
	if (!(le16(file->raw + 22) & 1) || le64(file->raw + 32))
		return EUCLEAN;
	file->number = number;
	file->directory = le16(file->raw + 22) & 2;
	return 0;
}

const uint8_t *ntfs_attribute_next(const struct nacre_fs *f, const uint8_t *raw, const uint8_t *at)
{
	uint32_t used = le32(raw + 24),
		 from = at ? (uint32_t)(at - raw) + le32(at + 4) : le16(raw + 20), length;
	const uint8_t *a = raw + from;

	if (used > f->record || from < 42 || from % 4 || from > used || used - from < 24 ||
	    le32(a) == 0xffffffff)
		return NULL;
	length = le32(a + 4);
	if (length < 24 || length % 4 || length > used - from)
		return NULL;
	if (le16(a + 10) + 2 * (uint32_t)a[9] > length)
		return NULL;
	if (!a[8] && (uint64_t)le16(a + 20) + le32(a + 16) > length)
		return NULL;
	if (a[8] && (length < 64 || le16(a + 32) > length))
		return NULL;
	return a;
}

bool ntfs_attribute_is(const uint8_t *a, uint32_t type, const char *name)
{
	const uint8_t *units = a + le16(a + 10);

	if (le32(a) != type || a[9] != strlen(name))
		return false;
	for (size_t i = 0; name[i]; i++)
		if (le16(units + 2 * i) != (uint8_t)name[i])
			return false;
	return true;
}
