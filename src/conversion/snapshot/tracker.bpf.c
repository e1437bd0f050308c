// SPDX-License-Identifier: BSD-2-Clause
/* tracker.bpf.c - marks the grains of one disk that were written, in a bitmap that its owner has mapped
 *
 * On completion, not on issue: a write that was marked when it began, and whose mark was taken by a reader that
 * then still saw the old data, would be lost. The kernel calls this before it tells the file system that the
 * request has ended, so what a file system believes to be on the disk is marked.
 *
 * Everything but a read and a pure flush counts as a change: writes, discards, zeroes, zone commands. A failed
 * request counts too: part of it may have landed.
 *
 * A disk that is made of others, or has no hardware, may have no requests, but only bios. When one ends it does not say any more where
 * it was: drivers cut bios as they go, or send them on to another disk. So it is noted when it is handed to the disk, under its
 * address, which stays the same to its end. The pieces that it is cut into end before it does and belong to it (bi_private). One
 * that ends and was never seen had begun before, or its note found no room: then nothing can be said (TRACKER_EARLY).
 *
 * What it costs is mostly lines that wander between processors' caches. So each processor counts in a line of its own, and a bit that
 * is set already is not set again. That loses no mark (W: the change lands; D: the owner reads the grain):
 *
 *	here:       W, count, read the word: it is set
 *	the owner:  clear the word, D
 *
 * Counting is an atomic operation with a result, the owner's clearing is one as well: both are full barriers. So it cannot be that
 * neither sees the other: either the word is seen to be clear here, and is set, or W was there before D.
 *
 * The kernel's own types are looked up where the program is loaded (CO-RE); only what is used is named here.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "tracker_shared.h"

#define KERNEL_TYPE __attribute__((preserve_access_index))

struct gendisk {
	int major, first_minor;
} KERNEL_TYPE;

struct request_queue {
	struct gendisk *disk; /* since 5.15 */
} KERNEL_TYPE;

struct request {
	struct request_queue *q;
	unsigned int cmd_flags;
	__u64 __sector;
} KERNEL_TYPE;

/* enum req_op; the values are part of what tracing tools rely on. */
struct block_device {
	struct gendisk *bd_disk;
} KERNEL_TYPE;

struct bvec_iter {
	__u64 bi_sector;
	unsigned int bi_size;
} KERNEL_TYPE;

struct bio {
	struct block_device *bi_bdev; /* since 5.12 */
	unsigned int bi_opf;
	struct bvec_iter bi_iter;
	void *bi_private;
} KERNEL_TYPE;

enum { OP_MASK = 0xff, OP_READ = 0, OP_WRITE = 1, OP_FLUSH = 2, OP_ZEROES = 9, OP_DRV_IN = 34, OP_DRV_OUT = 35 };

enum { SHORT_WORDS = 64 }; /* a longer span is left to bpf_loop(), where the kernel has it */

/* enum bpf_func_id, as far as it is asked for. */
enum bpf_func_id___loop { BPF_FUNC_loop___loop = 181 };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 1); /* the owner sets it */
} dirty SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct tracker_row);
	__uint(max_entries, 1); /* the owner sets it */
} counters SEC(".maps");

/* struct piece - where bio @key was, which is on its way; @key 0: nothing is noted here */
struct piece {
	__u64 key, sector;
	__u32 bytes, op;
};

/* Notes: a hash table with a few places for each. No kernel's one: it has locks, which interrupts would wait for. */
enum { ON_THEIR_WAY = 32768, PLACES = 8, SPREAD = 0x9e3779b1 };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct piece);
	__uint(max_entries, ON_THEIR_WAY);
} begun SEC(".maps");

const volatile struct tracker_target target;

struct span {
	__u64 first, last; /* grains, both included */
};

/* Of this processor. Where there is none, what is not counted is missed by the owner. */
static __always_inline struct tracker_row *row(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&counters, &cpu);
}

/* An interrupt may count in between. Without a use of the result this were no barrier everywhere. */
static __always_inline void add(struct tracker_row *row, __u32 which, __u64 n)
{
	__u64 before = __sync_fetch_and_add(&row->cells[which], n);

	asm volatile("" : : "r"(before));
}

static __always_inline int mark_word(const struct span *span, __u64 word)
{
	__u32 key = (__u32)word;
	__u64 low = word == span->first >> 6 ? span->first & 63 : 0;
	__u64 high = word == span->last >> 6 ? span->last & 63 : 63;
	__u64 *bits = bpf_map_lookup_elem(&dirty, &key), wanted = (~0ULL << low) & (~0ULL >> (63 - high));

	if (!bits)
		return -1;
	if ((*(volatile __u64 *)bits & wanted) != wanted)
		__sync_fetch_and_or(bits, wanted);
	return 0;
}

static long mark_each(__u32 i, struct span *span)
{
	return mark_word(span, (span->first >> 6) + i) < 0;
}

static __always_inline void mark_long(struct tracker_row *row, struct span *span)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id___loop, BPF_FUNC_loop___loop))
		bpf_loop((__u32)((span->last >> 6) - (span->first >> 6) + 1), mark_each, span, 0);
	else
		add(row, TRACKER_ALL, 1);
}

static __always_inline void mark(struct tracker_row *row, __u64 sector, __u64 bytes)
{
	struct span span;
	__u64 word;

	span.first = sector >> target.shift;
	span.last = (sector + (bytes - 1) / 512) >> target.shift;
	if (span.last < span.first || span.last >= target.grains) {
		add(row, TRACKER_OUTSIDE, 1);
		return;
	}
	add(row, TRACKER_EVENTS, 1);
	word = span.first >> 6;
	if ((span.last >> 6) - word >= SHORT_WORDS) {
		mark_long(row, &span);
		return;
	}
	/* Not as a loop: older kernels (6.1 of Debian 12) take none whose last step falls through to its first. */
#pragma clang loop unroll(full)
	for (int i = 0; i < SHORT_WORDS; i++, word++)
		if (word > span.last >> 6 || mark_word(&span, word) < 0)
			break;
}

static __always_inline int is_target(const struct gendisk *disk)
{
	return disk && (__u32)disk->major == target.major && (__u32)disk->first_minor == target.minor;
}

SEC("tp_btf/block_rq_complete")
int BPF_PROG(on_request, struct request *rq, int error, unsigned int bytes)
{
	unsigned int op = rq->cmd_flags & OP_MASK;
	struct tracker_row *mine;

	if (op == OP_READ || op == OP_FLUSH || op == OP_DRV_IN || !is_target(rq->q->disk))
		return 0;
	mine = row();
	if (!mine)
		return 0;
	if (op == OP_DRV_OUT)
		add(mine, TRACKER_UNKNOWN, 1);
	else if (bytes) {
		add(mine, TRACKER_SECTORS, bytes / 512);
		mark(mine, rq->__sector, bytes);
	}
	return 0;
}

/* Its @i-th place. The kernel takes no sums of addresses, but lets half of one be copied. */
static __always_inline struct piece *place(__u64 key, int i)
{
	__u32 low, at;

	asm volatile("%0 = %1" : "=w"(low) : "w"((__u32)key));
	at = (((low >> 6) * SPREAD >> 8) + (__u32)i) % ON_THEIR_WAY;
	return bpf_map_lookup_elem(&begun, &at);
}

/* The note of @key, or NULL. Nobody else has to do with that bio now. */
static __always_inline struct piece *find(__u64 key)
{
#pragma clang loop unroll(full)
	for (int i = 0; i < PLACES; i++) {
		struct piece *p = place(key, i);

		if (p && *(volatile __u64 *)&p->key == key)
			return p;
	}
	return 0;
}

static __always_inline struct piece *claim(__u64 key)
{
#pragma clang loop unroll(full)
	for (int i = 0; i < PLACES; i++) {
		struct piece *p = place(key, i);

		if (p && !__sync_val_compare_and_swap(&p->key, 0, key))
			return p;
	}
	return 0;
}

static __always_inline bool is_noted(const void *bio)
{
	return bio && find((__u64)bio);
}

/* What a piece was cut from; of what is none, something else. */
static __always_inline void *whole_of(const void *piece)
{
	return BPF_CORE_READ((const struct bio *)piece, bi_private);
}

/* Is it a piece of one that was noted? Pieces are cut again, by the limits of the disk, and by its driver. */
static __always_inline bool is_piece(const struct bio *bio)
{
	const void *once = bio->bi_private, *twice, *thrice;

	if (is_noted(once))
		return true;
	twice = whole_of(once);
	if (is_noted(twice))
		return true;
	thrice = whole_of(twice);
	return is_noted(thrice);
}

/* Also a flush, of no bytes. A note of the same address is of one whose end was not told. */
SEC("tp_btf/block_bio_queue")
int BPF_PROG(on_bio_queue, struct bio *bio)
{
	__u32 op = bio->bi_opf & OP_MASK;
	struct piece *piece;

	if (op == OP_READ || !is_target(bio->bi_bdev->bd_disk))
		return 0;
	piece = find((__u64)bio);
	if (!piece)
		piece = claim((__u64)bio);
	if (!piece)
		return 0;
	piece->sector = bio->bi_iter.bi_sector;
	piece->bytes = bio->bi_iter.bi_size;
	piece->op = op;
	return 0;
}

SEC("tp_btf/block_bio_complete")
int BPF_PROG(on_bio_complete, struct request_queue *q, struct bio *bio)
{
	struct piece *piece = find((__u64)bio);
	struct tracker_row *mine = row();
	unsigned int op = bio->bi_opf & OP_MASK;

	if (!mine)
		return 0;
	if (piece) {
		if (piece->op == OP_WRITE)
			add(mine, TRACKER_SECTORS, piece->bytes / 512);
		else if (piece->op == OP_ZEROES)
			add(mine, TRACKER_ZEROES, piece->bytes / 512);
		if (piece->bytes)
			mark(mine, piece->sector, piece->bytes);
		*(volatile __u64 *)&piece->key = 0;
	} else if (op != OP_READ && op != OP_FLUSH && is_target(bio->bi_bdev->bd_disk) && !is_piece(bio)) {
		add(mine, TRACKER_EARLY, 1);
	}
	return 0;
}

char licence[] SEC("license") = "Dual BSD/GPL";
