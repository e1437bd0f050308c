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
 * The kernel's own types are looked up where the program is loaded (CO-RE); only what is used is named here.
 */
#include <linux/bpf.h>
#include <linux/types.h>

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
enum { OP_MASK = 0xff, OP_READ = 0, OP_FLUSH = 2, OP_DRV_IN = 34, OP_DRV_OUT = 35 };

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
	__type(value, __u64);
	__uint(max_entries, TRACKER_COUNTERS);
} counters SEC(".maps");

const volatile struct tracker_target target;

struct span {
	__u64 first, last; /* grains, both included */
};

static __always_inline void add(__u32 which, __u64 n)
{
	__u64 *cell = bpf_map_lookup_elem(&counters, &which);

	if (cell)
		__sync_fetch_and_add(cell, n);
}

static __always_inline void count(__u32 which)
{
	add(which, 1);
}

static __always_inline int mark_word(const struct span *span, __u64 word)
{
	__u32 key = (__u32)word;
	__u64 low = word == span->first >> 6 ? span->first & 63 : 0;
	__u64 high = word == span->last >> 6 ? span->last & 63 : 63;
	__u64 *bits = bpf_map_lookup_elem(&dirty, &key);

	if (!bits)
		return -1;
	__sync_fetch_and_or(bits, (~0ULL << low) & (~0ULL >> (63 - high)));
	return 0;
}

static long mark_each(__u32 i, struct span *span)
{
	return mark_word(span, (span->first >> 6) + i) < 0;
}

static __always_inline void mark_long(struct span *span)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id___loop, BPF_FUNC_loop___loop))
		bpf_loop((__u32)((span->last >> 6) - (span->first >> 6) + 1), mark_each, span, 0);
	else
		count(TRACKER_ALL);
}

static __always_inline void mark(__u64 sector, __u64 bytes)
{
	struct span span;
	__u64 word;

	if (!bytes)
		return;
	add(TRACKER_SECTORS, bytes / 512);
	span.first = sector >> target.shift;
	span.last = (sector + (bytes - 1) / 512) >> target.shift;
	if (span.last < span.first || span.last >= target.grains) {
		count(TRACKER_OUTSIDE);
		return;
	}
	count(TRACKER_EVENTS);
	word = span.first >> 6;
	if ((span.last >> 6) - word >= SHORT_WORDS) {
		mark_long(&span);
		return;
	}
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

	if (op == OP_READ || op == OP_FLUSH || op == OP_DRV_IN || !is_target(rq->q->disk))
		return 0;
	if (op == OP_DRV_OUT)
		count(TRACKER_UNKNOWN);
	else
		mark(rq->__sector, bytes);
	return 0;
}

char licence[] SEC("license") = "Dual BSD/GPL";
