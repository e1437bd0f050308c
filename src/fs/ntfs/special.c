/* SPDX-License-Identifier: BSD-2-Clause */
/* special.c - bad clusters, files whose content is not wanted, and the state of the volume
 *
 * Which files those are: Windows's own list for backups, FilesNotToBackup in the registry: page
 * files, the hibernation file, and in "System Volume Information" what ends in the GUID of the
 * shadow copies.
 */
#include "ntfs.h"
#include "fs/driver/bytes.h"

#include <errno.h>
#include <string.h>

#define SHADOW_GUID "{3808876b-c176-4e48-b7ae-04046e6cc752}"

enum { VOLUME_DIRTY = 1, LOG_CLEAN = 2 };

static int tag_runs(struct nacre_fs *f, const struct ntfs_stream *s, uint32_t use)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct ntfs_run *r = &s->runs[i];

		if (r->lcn >= 0 && nacre_extents_add(&f->disk.map, (uint64_t)r->lcn * f->cluster,
						     r->count * f->cluster, use))
			return ENOMEM;
	}
	return 0;
}

/*
 * What is damaged or absent stays tagged as used: that is always right, only more to copy.
 */
static int tag_stream(struct nacre_fs *f, uint64_t number, const char *name, uint32_t use)
{
	struct ntfs_stream s = {0};
	struct ntfs_file file;
	int result;

	if (ntfs_file_read(f, number, &file) || ntfs_stream_open(f, &file, NTFS_DATA, name, &s))
		return 0;
	result = tag_runs(f, &s, use);
	ntfs_stream_free(&s);
	return result;
}

static int tag_path(struct nacre_fs *f, const char *path, uint32_t use)
{
	struct ntfs_file file;

	return ntfs_find(f, path, &file) ? 0 : tag_stream(f, file.number, "", use);
}

static int tag_shadows(struct nacre_fs *f)
{
	struct ntfs_directory d;
	struct ntfs_entry e;
	struct ntfs_file file;
	uint64_t cursor = 0;
	int result = 0;

	if (ntfs_find(f, "/System Volume Information", &file) || ntfs_directory_open(f, &file, &d))
		return 0;
	while (!result && ntfs_directory_next(f, &d, &cursor, &e) == 0) {
		size_t length = strlen(e.name), tail = strlen(SHADOW_GUID);

		if (length >= tail && fs_same_name(e.name + length - tail, SHADOW_GUID))
			result = tag_stream(f, e.number, "", NACRE_FS_SHADOW);
	}
	ntfs_directory_close(&d);
	return result;
}

int ntfs_special(struct nacre_fs *f)
{
	int result = tag_path(f, "/pagefile.sys", NACRE_FS_PAGE_FILE);

	if (!result)
		result = tag_path(f, "/swapfile.sys", NACRE_FS_PAGE_FILE);
	if (!result)
		result = tag_path(f, "/hiberfil.sys", NACRE_FS_HIBERNATION);
	if (!result)
		result = tag_shadows(f);
	return result ? result : tag_stream(f, NTFS_BADCLUS, "$Bad", NACRE_FS_BAD);
}

static int read_volume(struct nacre_fs *f)
{
	struct ntfs_stream s;
	struct ntfs_file file;
	int result = ntfs_file_read(f, NTFS_VOLUME, &file);

	if (result)
		return result;
	result = ntfs_stream_open(f, &file, NTFS_VOLUME_NAME, "", &s);
	if (!result && s.resident)
		fs_utf16_to_8(s.value, s.size / 2, f->label, sizeof(f->label));
	if (!result)
		ntfs_stream_free(&s);
	result = ntfs_stream_open(f, &file, NTFS_VOLUME_INFO, "", &s);
	if (!result && (!s.resident || s.size < 12))
		result = EUCLEAN;
	if (!result && le16(s.value + 10) & VOLUME_DIRTY)
		f->state |= NACRE_FS_DIRTY;
	ntfs_stream_free(&s);
	return result == ENODATA ? EUCLEAN : result;
}

/* Whole sectors of ones: as ntfs-3g leaves it. Else one of two restart pages has to say that nobody
 * has it open. */
static int read_log(struct nacre_fs *f)
{
	uint8_t page[4096];
	struct ntfs_stream s;
	struct ntfs_file file;
	int result = ntfs_file_read(f, NTFS_LOGFILE, &file);
	uint32_t area;

	if (!result)
		result = ntfs_stream_open(f, &file, NTFS_DATA, "", &s);
	if (result)
		return result == ENODATA ? EUCLEAN : result;
	if (s.size >= sizeof(page))
		result = ntfs_stream_read(f, &s, 0, page, sizeof(page));
	area = le16(page + 24);
	if (!result && s.size >= sizeof(page) && !memcmp(page, "RSTR", 4) && area >= 30 &&
	    area < 480) {
		/* Restart area: clients in use at 12, flags at 14 */
		if (le16(page + area + 12) != 0xffff && !(le16(page + area + 14) & LOG_CLEAN))
			f->state |= NACRE_FS_DIRTY;
	} else if (!result && s.size >= sizeof(page) && le32(page) != 0xffffffff) {
		f->state |= NACRE_FS_DIRTY;
	}
	ntfs_stream_free(&s);
	return result;
}

static void read_hibernation(struct nacre_fs *f)
{
	struct ntfs_stream s;
	struct ntfs_file file;
	uint8_t head[4];

	if (ntfs_find(f, "/hiberfil.sys", &file) || ntfs_stream_open(f, &file, NTFS_DATA, "", &s))
		return;
	if (s.size >= 4096 && !ntfs_stream_read(f, &s, 0, head, 4) &&
	    (!memcmp(head, "hibr", 4) || !memcmp(head, "HIBR", 4)))
		f->state |= NACRE_FS_HIBERNATED;
	ntfs_stream_free(&s);
}

int ntfs_state(struct nacre_fs *f)
{
	int result = read_volume(f);

	if (!result)
		result = read_log(f);
	if (!result)
		read_hibernation(f);
	return result;
}
