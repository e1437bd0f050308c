/* SPDX-License-Identifier: BSD-2-Clause */
/* volume.c - the superblock, and fs.h's functions of the volume as a whole */
#include "xfs.h"
#include "fs/driver/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	FEATURE_V2_LOG = 0x0400, /* of the version number */
	FEATURE_MORE = 0x8000,
	MORE_TYPES = 0x200, /* of features2 */
	NEW_TYPES = 1,	    /* of a version 5's incompatible features */
	NEW_REPAIR = 0x10,
	NEW_KNOWN = 0xff
};

bool xfs_check_crc(const uint8_t *data, size_t size, size_t at)
{
	uint32_t crc = fs_crc32c(0xffffffff, data, at);

	crc = fs_crc32c(crc, "\0\0\0\0", 4);
	crc = fs_crc32c(crc, data + at + 4, size - at - 4);
	return !FS_CHECKSUMS || ~crc == le32(data + at);
}

int xfs_block_offset(const struct nacre_fs *f, uint64_t fsblock, uint64_t count, uint64_t *offset)
{
	uint64_t group = fsblock >> f->ag_log, within = fsblock & ((1ULL << f->ag_log) - 1), block;

	if (group >= f->ag_count || within >= f->ag_blocks || count > f->ag_blocks - within)
		return EUCLEAN;
	block = group * f->ag_blocks + within;
	if (block > f->blocks || count > f->blocks - block)
		return EUCLEAN;
	*offset = block << f->block_log;
	return 0;
}

static bool is_log(uint32_t size, uint32_t log, uint32_t least, uint32_t most)
{
	return size >= least && size <= most && log < 32 && size == 1U << log;
}

/* Sizes, and what follows from them. */
static int geometry(struct nacre_fs *f, const uint8_t *s)
{
	uint64_t whole;

	f->block = be32(s + 4);
	f->blocks = be64(s + 8);
	f->log_start = be64(s + 48);
	f->root = be64(s + 56);
	f->ag_blocks = be32(s + 84);
	f->ag_count = be32(s + 88);
	f->log_blocks = be32(s + 96);
	f->sector = be16(s + 102);
	f->inode_size = be16(s + 104);
	f->block_log = s[120];
	f->inode_log = s[122];
	f->per_block_log = s[123];
	f->ag_log = s[124];
	if (!is_log(f->block, s[120], 512, 65536) || !is_log(f->sector, s[121], 512, 32768) ||
	    f->sector > f->block || !is_log(f->inode_size, s[122], 256, XFS_INODE_MOST) ||
	    f->inode_size > f->block || f->per_block_log != f->block_log - f->inode_log ||
	    s[192] > 16 || ((uint64_t)f->block << s[192]) > 65536)
		return EUCLEAN;
	f->dir_block = f->block << s[192];
	if (f->ag_blocks < 64 || f->ag_log < 6 || f->ag_log > 31 ||
	    f->ag_blocks > 1U << f->ag_log || f->ag_blocks <= 1U << (f->ag_log - 1) || !f->ag_count)
		return EUCLEAN;
	whole = (uint64_t)f->ag_count * f->ag_blocks;
	if (!f->blocks || f->blocks > whole || f->blocks <= whole - f->ag_blocks ||
	    f->blocks > f->disk.size >> f->block_log)
		return EUCLEAN;
	return 0;
}

static int features(struct nacre_fs *f, const uint8_t *s)
{
	uint32_t version = be16(s + 100), fresh = be32(s + 216);

	f->has_log_v2 = version & FEATURE_V2_LOG;
	if ((version & 15) == 4) {
		f->has_types = version & FEATURE_MORE && be32(s + 200) & MORE_TYPES;
		return 0;
	}
	if ((version & 15) != 5)
		return ENOTSUP;
	f->v5 = f->has_log_v2 = true;
	if (!xfs_check_crc(s, f->sector, 224))
		return EUCLEAN;
	if (fresh & ~(uint32_t)NEW_KNOWN)
		return ENOTSUP;
	f->has_types = fresh & NEW_TYPES;
	f->state |= fresh & NEW_REPAIR ? NACRE_FS_ERRORS : 0;
	return 0;
}

static int open_volume(struct nacre_fs *f)
{
	uint8_t head[512], *s;
	bool dirty = false;
	int result;

	if (f->disk.size < 65536)
		return EINVAL;
	result = fs_disk_get(&f->disk, 0, head, sizeof(head));
	if (!result && memcmp(head, "XFSB", 4))
		result = EINVAL;
	if (!result)
		result = geometry(f, head);
	if (result)
		return result;
	if (head[126])
		return EUCLEAN; /* mkfs was under way */
	f->scratch = malloc(f->block);
	f->kept = malloc(f->dir_block);
	s = malloc(f->sector);
	result = f->scratch && f->kept && s ? fs_disk_get(&f->disk, 0, s, f->sector) : ENOMEM;
	if (!result)
		result = features(f, s);
	free(s);
	if (result)
		return result;
	memcpy(f->label, head + 108, 12);
	fs_uuid(head + 32, f->uuid);
	f->inodes_free = be64(head + 136);
	f->free = be64(head + 144) < f->blocks ? be64(head + 144) : 0;
	result = xfs_log_is_dirty(f, &dirty);
	f->state |= dirty ? NACRE_FS_DIRTY : 0;
	return result;
}

FS_EXPORT int nacre_fs_describe(struct nacre_fs *f, struct nacre_fs_info *info)
{
	*info = (struct nacre_fs_info){.type = "xfs",
				       .size = f->blocks << f->block_log,
				       .free = f->free << f->block_log,
				       .inodes_free = f->inodes_free,
				       .block = f->block,
				       .state = f->state};
	memcpy(info->label, f->label, sizeof(f->label));
	memcpy(info->uuid, f->uuid, sizeof(f->uuid));
	return 0;
}

static void forget(struct nacre_fs *f)
{
	free(f->scratch);
	free(f->kept);
}

const struct fs_driver fs_driver = {
	.size = sizeof(struct nacre_fs),
	.line_size = 16384,
	.open = open_volume,
	.map = xfs_map,
	.forget = forget,
};
