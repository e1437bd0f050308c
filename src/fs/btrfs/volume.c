/* SPDX-License-Identifier: BSD-2-Clause */
/* volume.c - the superblock, and fs.h's functions */
#include "btrfs.h"
#include "fs/driver/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	ARRAY_AT = 811, /* of chunks in the superblock */
	ARRAY_MOST = 2048,
	FLAG_ERROR = 4,
	CHECKSUM_CRC32C = 0,
	FEATURE_METADATA_UUID = 1 << 10,
	/* of those that change the format in ways that matter here, up to raid1c34; and simple
	   quotas */
	FEATURES_KNOWN = 0xfff | 1 << 16
};

static bool power_of_two(uint32_t n)
{
	return n && !(n & (n - 1));
}

static bool is_super(const uint8_t *s, uint64_t at)
{
	return !memcmp(s + 64, "_BHRfS_M", 8) && le64(s + 48) == at &&
	       (!FS_CHECKSUMS || le16(s + 196) != CHECKSUM_CRC32C ||
		~fs_crc32c(0xffffffff, s + 32, BTRFS_SUPER - 32) == le32(s));
}

/* The first one, or if that is damaged a copy. */
static int read_super(struct nacre_fs *f, uint8_t *s)
{
	static const uint64_t places[] = {BTRFS_SUPER_AT, 64ULL << 20, 256ULL << 30};
	bool marked = false;
	int result;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (f->disk.size < places[i] + BTRFS_SUPER)
			break;
		result = fs_disk_get(&f->disk, places[i], s, BTRFS_SUPER);
		if (result)
			return result;
		if (is_super(s, places[i]))
			return 0;
		marked |= !memcmp(s + 64, "_BHRfS_M", 8);
	}
	return marked ? EUCLEAN : EINVAL;
}

static int decode(struct nacre_fs *f, const uint8_t *s)
{
	uint64_t features = le64(s + 188);
	const uint8_t *device = s + 201;

	if (le16(s + 196) != CHECKSUM_CRC32C || features & ~(uint64_t)FEATURES_KNOWN)
		return ENOTSUP;
	f->generation = le64(s + 72);
	f->root = (struct btrfs_root){le64(s + 80), s[198]};
	f->chunk_root = (struct btrfs_root){le64(s + 88), s[199]};
	f->log_root = (struct btrfs_root){le64(s + 96), s[200]};
	f->total = le64(s + 112);
	f->used = le64(s + 120);
	f->sector = le32(s + 144);
	f->node = le32(s + 148);
	f->device = le64(device);
	f->device_size = le64(device + 8);
	memcpy(f->fsid, s + 32, 16);
	memcpy(f->nodes_fsid, features & FEATURE_METADATA_UUID ? s + 571 : s + 32, 16);
	memcpy(f->label, s + 299, sizeof(f->label) - 1);
	f->state = (f->log_root.at ? NACRE_FS_DIRTY : 0) |
		   (le64(s + 56) & FLAG_ERROR ? NACRE_FS_ERRORS : 0);
	if (f->sector < 4096 || f->sector > 65536 || !power_of_two(f->sector) ||
	    f->node < f->sector || f->node > 65536 || !power_of_two(f->node) ||
	    f->device_size > f->disk.size || f->device_size < BTRFS_SUPER_AT + BTRFS_SUPER)
		return EUCLEAN;
	return 0;
}

int btrfs_super_chunks(struct nacre_fs *f, const uint8_t *s)
{
	uint32_t size = le32(s + 160), length;
	const uint8_t *p = s + ARRAY_AT;
	int result = 0;

	if (size > ARRAY_MOST)
		return EUCLEAN;
	for (uint32_t at = 0; at < size && !result; at += length) {
		if (size - at < 17 + 48 + 32 || p[at + 8] != BTRFS_CHUNK_ITEM)
			return EUCLEAN;
		length = 17 + 48 + 32 * (uint32_t)le16(p + at + 17 + 44);
		if (length > size - at)
			return EUCLEAN;
		result = btrfs_chunk_add(f, &f->chunks, le64(p + at + 9), p + at + 17, length - 17);
	}
	return result;
}

static int open_volume(struct nacre_fs *f)
{
	uint8_t *s = malloc(BTRFS_SUPER);
	int result = s ? read_super(f, s) : ENOMEM;

	if (!result)
		result = decode(f, s);
	if (!result)
		result = btrfs_super_chunks(f, s);
	free(s);
	if (result)
		return result;
	f->nodes = malloc((size_t)f->node * BTRFS_LEVELS);
	return f->nodes ? btrfs_chunks_read(f) : ENOMEM;
}

FS_EXPORT int nacre_fs_describe(struct nacre_fs *f, struct nacre_fs_info *info)
{
	*info = (struct nacre_fs_info){
		.type = "btrfs", .size = f->device_size, .block = f->sector, .state = f->state};
	info->free = f->used < f->total ? f->total - f->used : 0;
	info->free = info->free < info->size ? info->free : info->size;
	info->inodes_free = UINT32_MAX; /* there is no table that could be full */
	memcpy(info->label, f->label, sizeof(info->label));
	fs_uuid(f->fsid, info->uuid);
	/* Where that cannot be told, a search for the root goes by names. */
	if (btrfs_default_path(f, info->root, sizeof(info->root)))
		info->root[0] = 0;
	return 0;
}

static void forget(struct nacre_fs *f)
{
	free(f->chunks.list);
	free(f->nodes);
	free(f->packed);
	free(f->plain);
	btrfs_unpack_end(f);
}

const struct fs_driver fs_driver = {
	.size = sizeof(struct nacre_fs),
	.line_size = 16384,
	.open = open_volume,
	.map = btrfs_map,
	.forget = forget,
};
