/* SPDX-License-Identifier: BSD-2-Clause */
/* volume.c - the boot sector, $Bitmap, and fs.h's functions of the volume as a whole */
#include "ntfs.h"
#include "fs/driver/bytes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool power_of_two(uint32_t n)
{
	return n && !(n & (n - 1));
}

/* A count of clusters, or the power of two that its negative is. Return: bytes, 0: absurd */
static uint32_t size_of(const struct nacre_fs *f, uint8_t raw)
{
	if (raw < 0x80)
		return raw <= NTFS_INDEX_MOST / f->cluster ? raw * f->cluster : 0;
	return 256 - raw <= 16 ? 1U << (256 - raw) : 0;
}

static int layout(struct nacre_fs *f, const uint8_t *b)
{
	uint32_t per_cluster = b[13] > 0x80 ? (256 - b[13] <= 12 ? 1U << (256 - b[13]) : 0) : b[13];

	f->sector = le16(b + 11);
	if (memcmp(b + 3, "NTFS    ", 8) || f->sector < 256 || f->sector > 4096 ||
	    !power_of_two(f->sector) || !power_of_two(per_cluster) ||
	    (uint64_t)per_cluster * f->sector > 2 << 20)
		return EINVAL;
	f->cluster = per_cluster * f->sector;
	f->sectors = le64(b + 40);
	f->mft_lcn = le64(b + 48);
	f->serial = le64(b + 72);
	f->record = size_of(f, b[64]);
	f->index = size_of(f, b[68]);
	f->clusters = f->sectors / per_cluster;
	if (f->record < 512 || f->record > NTFS_RECORD_MOST || !power_of_two(f->record) ||
	    f->index < 512 || !power_of_two(f->index) || f->sectors > f->disk.size / f->sector ||
	    f->mft_lcn >= f->clusters ||
	    (f->record + f->cluster - 1) / f->cluster > f->clusters - f->mft_lcn)
		return EUCLEAN;
	return 0;
}

static int open_volume(struct nacre_fs *f)
{
	uint8_t b[512];
	int result;

	if (f->disk.size < 4096)
		return EINVAL;
	result = fs_disk_get(&f->disk, 0, b, sizeof(b));
	if (!result)
		result = layout(f, b);
	if (!result)
		result = ntfs_stream_mft(f);
	return result ? result : ntfs_state(f);
}

/* One byte of the bitmap after the other; @cluster: its first one's number. Bits behind the last
 * cluster are none. */
static int take_byte(struct nacre_fs *f, uint64_t cluster, uint8_t byte)
{
	uint64_t left = f->clusters - cluster;

	if (byte == 0xff && left >= 8)
		return nacre_extents_add(&f->disk.map, cluster * f->cluster, 8ULL * f->cluster,
					 NACRE_FS_USED);
	for (unsigned bit = 0; byte && bit < 8 && bit < left; bit++)
		if (byte >> bit & 1 && nacre_extents_add(&f->disk.map, (cluster + bit) * f->cluster,
							 f->cluster, NACRE_FS_USED))
			return -1;
	return 0;
}

static int read_bitmap(struct nacre_fs *f)
{
	uint64_t bytes = (f->clusters + 7) / 8;
	struct ntfs_stream s;
	struct ntfs_file file;
	uint8_t *piece;
	int result = ntfs_file_read(f, NTFS_BITMAP, &file);

	if (!result)
		result = ntfs_stream_open(f, &file, NTFS_DATA, "", &s);
	if (result)
		return result == ENODATA ? EUCLEAN : result;
	piece = malloc(65536);
	if (!piece)
		result = ENOMEM;
	for (uint64_t at = 0, n; !result && at < bytes; at += n) {
		n = bytes - at < 65536 ? bytes - at : 65536;
		result = ntfs_stream_read(f, &s, at, piece, n);
		for (uint64_t i = 0; !result && i < n; i++)
			result = take_byte(f, (at + i) * 8, piece[i]) ? ENOMEM : 0;
	}
	free(piece);
	ntfs_stream_free(&s);
	return result;
}

static int map(struct nacre_fs *f)
{
	uint64_t backup = f->sectors * f->sector;
	int result;

	result = read_bitmap(f);
	if (result)
		return result;
	f->free = f->clusters * f->cluster - nacre_extents_total(&f->disk.map, NACRE_FS_USED);
	/* Its own boot sector is in use whatever the bitmap says, and its copy is behind what that
	 * is about. */
	if (nacre_extents_add(&f->disk.map, 0, f->cluster > 8192 ? f->cluster : 8192,
			      NACRE_FS_USED))
		return ENOMEM;
	if (backup <= f->disk.size - f->sector &&
	    nacre_extents_add(&f->disk.map, backup, f->sector, NACRE_FS_USED))
		return ENOMEM;
	return ntfs_special(f);
}

FS_EXPORT int nacre_fs_describe(struct nacre_fs *f, struct nacre_fs_info *info)
{
	int result = fs_map_have(f);

	*info = (struct nacre_fs_info){.type = "ntfs",
				       .size = f->sectors * f->sector,
				       .free = f->free,
				       .block = f->cluster,
				       .state = f->state};
	info->inodes_free = f->free / f->record;
	memcpy(info->label, f->label, sizeof(info->label));
	snprintf(info->uuid, sizeof(info->uuid), "%016" PRIX64, f->serial);
	return result;
}

static void forget(struct nacre_fs *f)
{
	ntfs_stream_free(&f->mft);
}

const struct fs_driver fs_driver = {
	.size = sizeof(struct nacre_fs),
	.line_size = 16384,
	.open = open_volume,
	.map = map,
	.forget = forget,
};
