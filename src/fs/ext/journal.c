/* SPDX-License-Identifier: BSD-2-Clause */
/* journal.c - what a jbd2 journal has newer copies of
 *
 * DOC: Theory of Operation
 *
 * Source of the format: the kernel's Documentation/filesystems/ext4/journal.rst and include/linux/jbd2.h;
 * of the rules of a replay: fs/jbd2/recovery.c.
 *
 * From s_start on there are transactions of rising numbers, each of descriptors (with the blocks that
 * they name behind them), revocations, and a commit block. The first thing that does not follow ends the
 * log; what has no commit never happened. A block that a transaction revokes is not restored from that
 * one or an older one, as it is something else by then.
 *
 * One walk collects both: where the copies of blocks are, and what is revoked. Content is not looked at
 * but for its checksum: it stays where it is, and the caller copies it or reads it from there. So a
 * journal of a GiB costs 24 bytes for each of its blocks.
 *
 * A checksum that does not hold makes the whole journal unusable: to restore a part of it would damage
 * what was whole. The exception is the last commit block, which the system may not have finished.
 */
#include "ext.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAGIC = (int)0xc03b3998,
	KIND_DESCRIPTOR = 1,
	KIND_COMMIT = 2,
	KIND_SUPER_1 = 3,
	KIND_SUPER_2 = 4,
	KIND_REVOKE = 5,
	HEADER = 12,
	SUPER = 1024,
	BLOCKS_MOST = 1 << 24,
	NO_MORE = -1,

	COMPAT_CHECKSUM = 1,
	REVOKE = 1,
	WIDE = 2,
	ASYNC_COMMIT = 4,
	CSUM_2 = 8,
	CSUM_3 = 16,
	FAST_COMMIT = 32,

	TAG_ESCAPED = 1,
	TAG_SAME_UUID = 2,
	TAG_LAST = 8,

	FAST_BLOCKS = 256, /* where the superblock says 0 */
	FAST_HEAD = 9      /* tag of the first block of a fast commit */
};

/** struct copy - of @block there is one at @from */
struct copy {
	uint64_t block, from;
	uint32_t sequence, order;
	bool escaped;
};

struct revoked {
	uint64_t block;
	uint32_t sequence;
};

struct journal {
	struct ext_io *io;
	ext2_filsys fs;
	struct ext2_inode inode;
	uint32_t size; /* of a block */
	uint32_t first, end, start, sequence, compat, incompat, seed, blocks;
	uint8_t super[SUPER];
	uint8_t *block, *data; /* the block of the log that is looked at; one behind a descriptor */
	uint64_t last_commit;  /* seconds */
	uint32_t sum;          /* of the descriptors and blocks of a transaction: COMPAT_CHECKSUM */
	struct copy *copies;
	struct revoked *revoked;
	size_t copy_count, copy_room, revoked_count, revoked_room;
	size_t whole_copies, whole_revoked; /* up to the last commit */
};

static uint32_t be16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t be32(const uint8_t *p)
{
	return be16(p) << 16 | be16(p + 2);
}

static uint64_t be64(const uint8_t *p)
{
	return (uint64_t)be32(p) << 32 | be32(p + 4);
}

static void put_be32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static bool has_csum(const struct journal *j)
{
	return j->incompat & (CSUM_2 | CSUM_3);
}

/* Does the sum of @size bytes with the one at @at taken as zero hold? */
static bool sum_holds(uint32_t seed, uint8_t *data, size_t size, size_t at)
{
	uint32_t said = be32(data + at), sum;

	put_be32(data + at, 0);
	sum = ext2fs_crc32c_le(seed, data, size);
	put_be32(data + at, said);
	return sum == said;
}

/* Where block @n of the journal is. */
static int place(struct journal *j, uint32_t n, uint64_t *at)
{
	blk64_t block = 0;
	errcode_t code;

	code = ext2fs_bmap2(j->fs, j->fs->super->s_journal_inum, &j->inode, NULL, 0, n, NULL, &block);
	if (code)
		return ext_error(j->io, code);
	if (!block || block >= ext2fs_blocks_count(j->fs->super))
		return EUCLEAN;
	*at = block;
	return 0;
}

static int get_block(struct journal *j, uint32_t n, uint8_t *data, uint64_t *at)
{
	int result = place(j, n, at);

	return result ? result : ext_io_get(j->io, *at * j->size, data, j->size);
}

static int check_super(struct journal *j)
{
	const uint8_t *s = j->super;
	uint32_t kind = be32(s + 4), maxlen = be32(s + 16), fast = 0;

	if (be32(s) != (uint32_t)MAGIC || (kind != KIND_SUPER_1 && kind != KIND_SUPER_2) ||
	    be32(s + 12) != j->size)
		return EUCLEAN;
	j->first = be32(s + 20);
	j->sequence = be32(s + 24);
	j->start = be32(s + 28);
	if (kind == KIND_SUPER_2) {
		j->compat = be32(s + 0x24);
		j->incompat = be32(s + 0x28);
	}
	if (j->incompat & ~(uint32_t)(REVOKE | WIDE | ASYNC_COMMIT | CSUM_2 | CSUM_3 | FAST_COMMIT))
		return ENOTSUP;
	if (has_csum(j) && (s[0x50] != 4 || !sum_holds(UINT32_MAX, j->super, SUPER, 0xfc)))
		return EUCLEAN;
	j->seed = ext2fs_crc32c_le(UINT32_MAX, s + 0x30, 16);
	if (j->incompat & FAST_COMMIT)
		fast = be32(s + 0x54) ? be32(s + 0x54) : FAST_BLOCKS;
	if (maxlen > BLOCKS_MOST || maxlen > EXT2_I_SIZE(&j->inode) / j->size || maxlen <= fast ||
	    !j->first || j->first >= maxlen - fast || j->start >= maxlen - fast ||
	    (j->start && j->start < j->first))
		return EUCLEAN;
	j->blocks = maxlen;
	j->end = maxlen - fast;
	return 0;
}

static int open_journal(struct journal *j, struct ext_io *io, ext2_filsys fs)
{
	errcode_t code;
	uint64_t at;
	int result;

	memset(j, 0, sizeof(*j));
	j->io = io;
	j->fs = fs;
	j->size = fs->blocksize;
	if (!fs->super->s_journal_inum)
		return ENOTSUP; /* on another device */
	code = ext2fs_read_inode(fs, fs->super->s_journal_inum, &j->inode);
	if (code)
		return ext_error(io, code);
	result = place(j, 0, &at);
	if (!result)
		result = ext_io_get(io, at * j->size, j->super, SUPER);
	if (!result)
		result = check_super(j);
	if (result)
		return result;
	j->block = malloc(j->size);
	j->data = malloc(j->size);
	return j->block && j->data ? 0 : ENOMEM;
}

static void close_journal(struct journal *j)
{
	free(j->block);
	free(j->data);
	free(j->copies);
	free(j->revoked);
}

/* One more element in a list that doubles; NULL without memory. */
static void *append(void **list, size_t *count, size_t *room, size_t size)
{
	void *more;

	if (*count == *room) {
		*room = *room ? *room * 2 : 256;
		more = reallocarray(*list, *room, size);
		if (!more)
			return NULL;
		*list = more;
	}
	return (char *)*list + (*count)++ * size;
}

static uint32_t following(const struct journal *j, uint32_t n)
{
	return n + 1 == j->end ? j->first : n + 1;
}

static bool tag_holds(const struct journal *j, const uint8_t *tag, uint32_t sequence)
{
	uint8_t number[4];
	uint32_t sum;

	if (!has_csum(j))
		return true;
	put_be32(number, sequence);
	sum = ext2fs_crc32c_le(j->seed, number, sizeof(number));
	sum = ext2fs_crc32c_le(sum, j->data, j->size);
	return j->incompat & CSUM_3 ? be32(tag + 12) == sum : be16(tag + 4) == (sum & 0xffff);
}

static uint32_t tag_size(const struct journal *j)
{
	if (j->incompat & CSUM_3)
		return 16;
	return (j->incompat & WIDE ? 12 : 8) + (j->incompat & CSUM_2 ? 2 : 0);
}

static int take_tag(struct journal *j, const uint8_t *tag, uint32_t flags, uint32_t n, uint32_t sequence)
{
	uint64_t block = be32(tag), at;
	struct copy *c;
	int result = get_block(j, n, j->data, &at);

	if (result)
		return result;
	if (j->incompat & WIDE)
		block |= (uint64_t)be32(tag + 8) << 32;
	if (block >= ext2fs_blocks_count(j->fs->super) || !tag_holds(j, tag, sequence))
		return EUCLEAN;
	if (j->compat & COMPAT_CHECKSUM)
		j->sum = ext2fs_crc32_be(j->sum, j->data, j->size);
	c = append((void **)&j->copies, &j->copy_count, &j->copy_room, sizeof(*c));
	if (!c)
		return ENOMEM;
	*c = (struct copy){.block = block,
			   .from = at,
			   .sequence = sequence,
			   .order = (uint32_t)j->copy_count,
			   .escaped = flags & TAG_ESCAPED};
	return 0;
}

/* The blocks that a descriptor names; *@n is behind them then, *@left what may still be walked. */
static int take_descriptor(struct journal *j, uint32_t *n, uint32_t *left, uint32_t sequence)
{
	uint32_t room = j->size - (has_csum(j) ? 4 : 0), size = tag_size(j), at = HEADER, flags;
	int result;

	if (has_csum(j) && !sum_holds(j->seed, j->block, j->size, j->size - 4))
		return EUCLEAN;
	if (j->compat & COMPAT_CHECKSUM)
		j->sum = ext2fs_crc32_be(j->sum, j->block, j->size);
	while (at + size <= room) {
		const uint8_t *tag = j->block + at;

		flags = j->incompat & CSUM_3 ? be32(tag + 4) : be16(tag + 6);
		if (!*left)
			return EUCLEAN;
		--*left;
		result = take_tag(j, tag, flags, *n, sequence);
		if (result)
			return result;
		*n = following(j, *n);
		at += size + (flags & TAG_SAME_UUID ? 0 : 16);
		if (flags & TAG_LAST)
			break;
	}
	return 0;
}

static int take_revoke(struct journal *j, uint32_t sequence)
{
	uint32_t used = be32(j->block + HEADER), each = j->incompat & WIDE ? 8 : 4, at = HEADER + 4;
	struct revoked *r;

	if ((has_csum(j) && !sum_holds(j->seed, j->block, j->size, j->size - 4)) ||
	    used > j->size - (has_csum(j) ? 4 : 0))
		return EUCLEAN;
	for (; at + each <= used; at += each) {
		r = append((void **)&j->revoked, &j->revoked_count, &j->revoked_room, sizeof(*r));
		if (!r)
			return ENOMEM;
		r->block = each == 8 ? be64(j->block + at) : be32(j->block + at);
		r->sequence = sequence;
	}
	return 0;
}

/* Return: 0: the transaction happened; NO_MORE: it did not, and the log ends; EUCLEAN */
static int take_commit(struct journal *j)
{
	uint64_t when = be64(j->block + 48);
	uint32_t said = be32(j->block + 16);
	const uint8_t *b = j->block;
	bool holds = true;

	if (has_csum(j))
		holds = sum_holds(j->seed, j->block, j->size, 16);
	else if (j->compat & COMPAT_CHECKSUM)
		holds = (b[12] == 1 && b[13] == 4 && said == j->sum) || (!b[12] && !b[13] && !said);
	j->sum = UINT32_MAX;
	if (!holds) /* of an older round of the log, or not finished */
		return when < j->last_commit || j->incompat & ASYNC_COMMIT ? NO_MORE : EUCLEAN;
	j->last_commit = when;
	j->whole_copies = j->copy_count;
	j->whole_revoked = j->revoked_count;
	return 0;
}

/* Every transaction that happened. *@next: the number after the last one. */
static int walk(struct journal *j, uint32_t *next)
{
	uint32_t n = j->start, sequence = j->sequence, left = j->blocks;
	uint64_t at;
	int result = 0;

	j->sum = UINT32_MAX;
	for (; !result && left; left--) {
		result = get_block(j, n, j->block, &at);
		if (result || be32(j->block) != (uint32_t)MAGIC || be32(j->block + 8) != sequence)
			break;
		n = following(j, n);
		switch (be32(j->block + 4)) {
		case KIND_DESCRIPTOR:
			result = take_descriptor(j, &n, &left, sequence);
			left += !left; /* the loop takes one */
			break;
		case KIND_REVOKE:
			result = take_revoke(j, sequence);
			break;
		case KIND_COMMIT:
			result = take_commit(j);
			sequence += !result;
			break;
		default:
			left = 1;
		}
	}
	*next = sequence;
	return result == NO_MORE ? 0 : result;
}

static uint32_t le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Is there a fast commit that follows the last transaction? Its own log is not read here. */
static int check_fast(struct journal *j, uint32_t next)
{
	uint64_t at;
	int result;

	if (!(j->incompat & FAST_COMMIT))
		return 0;
	for (uint32_t n = j->end; n <= j->end + 1 && n < j->blocks; n++) { /* the kernel leaves one out */
		result = get_block(j, n, j->block, &at);
		if (result)
			return result;
		if (le32(j->block) == (FAST_HEAD | 8 << 16) && le32(j->block + 8) == next)
			return ENOTSUP;
	}
	return 0;
}

static int by_block(const void *a, const void *b)
{
	const struct copy *x = a, *y = b;

	if (x->block != y->block)
		return x->block < y->block ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* Numbers go round: later is less than half of them away. */
static bool later(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

static int by_number(const void *a, const void *b)
{
	const struct revoked *x = a, *y = b;

	if (x->block != y->block)
		return x->block < y->block ? -1 : 1;
	return later(x->sequence, y->sequence) ? 1 : later(y->sequence, x->sequence) ? -1 : 0;
}

/* The last copy of each block, unless the block was revoked then or later. */
static int choose(struct journal *j, struct ext_moved **moved, size_t *count)
{
	size_t copies = j->whole_copies, revoked = j->whole_revoked, r = 0;
	struct ext_moved *list = calloc(copies + 1, sizeof(*list));

	*count = 0;
	*moved = list;
	if (!list)
		return ENOMEM;
	if (copies)
		qsort(j->copies, copies, sizeof(*j->copies), by_block);
	if (revoked)
		qsort(j->revoked, revoked, sizeof(*j->revoked), by_number);
	for (size_t i = 0; i < copies; i++) {
		const struct copy *c = &j->copies[i];

		if (i + 1 < copies && c[1].block == c->block)
			continue;
		while (r < revoked && (j->revoked[r].block < c->block ||
				       (r + 1 < revoked && j->revoked[r + 1].block == j->revoked[r].block)))
			r++;
		if (r < revoked && j->revoked[r].block == c->block &&
		    !later(c->sequence, j->revoked[r].sequence))
			continue;
		list[(*count)++] = (struct ext_moved){c->block, c->from, c->escaped};
	}
	return 0;
}

int ext_journal_read(struct ext_io *io, ext2_filsys fs, struct ext_moved **moved, size_t *count,
		     uint32_t *next)
{
	struct journal j;
	int result = open_journal(&j, io, fs);

	*moved = NULL;
	*count = 0;
	*next = j.sequence;
	if (!result && j.start)
		result = walk(&j, next);
	if (!result)
		result = check_fast(&j, *next);
	if (!result)
		result = choose(&j, moved, count);
	close_journal(&j);
	return result;
}

int ext_journal_reset(struct ext_io *io, ext2_filsys fs, uint32_t next)
{
	struct journal j;
	uint64_t at;
	int result = open_journal(&j, io, fs);

	if (!result)
		result = place(&j, 0, &at);
	if (!result) {
		put_be32(j.super + 24, next + 1);
		put_be32(j.super + 28, 0);
		if (has_csum(&j)) {
			put_be32(j.super + 0xfc, 0);
			put_be32(j.super + 0xfc, ext2fs_crc32c_le(UINT32_MAX, j.super, SUPER));
		}
		result = ext_io_put(io, at * j.size, j.super, SUPER);
	}
	close_journal(&j);
	return result;
}
