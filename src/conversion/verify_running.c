/* SPDX-License-Identifier: BSD-2-Clause */
/* verify_running.c - a source in use is compared with its copy of an instant that is over; see verify.h
 *
 * What the tracker has not marked, when it has been read again, is as it was at the instant: its hash is the one that the copy
 * is to have. For what was written since there is only what the sink noted when it was received: then it is at least
 * still what came. Both hashes are compared with what lies on the sink's disk, read anew.
 *
 * A write that is on its way may be read before it is marked. So where the source is not what was noted, and nobody is seen to have written,
 * both are looked at again, a moment later. Only then the sink is asked: what it finds different it doubts for ever.
 */
#include "conversion/verify.h"

#include "base/auto.h"
#include "conversion/snapshot/bits.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BLOCK = NACRE_SINK_BLOCK, PART = 1 << 20, TRIES = 10, WAIT_MS = 100 };

struct verifying {
	struct nacre_snapshot *snapshot;
	struct nacre_sink *sink;
	unsigned disk;
	uint32_t grain;
	uint8_t *data;                     /* PART bytes, aligned */
	bool same[PART / BLOCK];           /* of the grains of a part */
	bool as_it_was[NACRE_SINK_HASHES]; /* of the blocks */
	uint64_t hashes[NACRE_SINK_HASHES]; /* of the source where it is the same, else what was noted */
	uint64_t noted[NACRE_SINK_HASHES];
	uint64_t compared, written_since;  /* blocks */
};

/* Grain by grain or more: what is as it was gets the source's hash, the rest what was noted. */
static void hash_part(struct verifying *v, uint64_t first, uint32_t at, uint32_t n)
{
	nacre_snapshot_read(v->snapshot, v->disk, (first + at) * BLOCK, v->data, (size_t)n * BLOCK, v->same);
	for (uint32_t i = 0; i < n; i++) {
		v->as_it_was[at + i] = v->same[(size_t)i * BLOCK / v->grain];
		v->hashes[at + i] = v->as_it_was[at + i] ? nacre_sink_hash(v->data + (size_t)i * BLOCK, BLOCK) : v->noted[at + i];
	}
}

/* Blocks that are not what was noted, though nobody is seen to have written to them: once more. Return: are there any? */
static bool look_again(struct verifying *v, uint64_t first, uint32_t count, uint64_t *where)
{
	uint32_t grain = v->grain / BLOCK;
	bool odd = false;

	for (uint32_t at = 0; at < count; at += grain) {
		uint32_t n = count - at < grain ? count - at : grain;

		if (!memcmp(v->hashes + at, v->noted + at, n * sizeof(*v->noted)))
			continue;
		hash_part(v, first, at, n);
		if (!odd && memcmp(v->hashes + at, v->noted + at, n * sizeof(*v->noted))) {
			odd = true;
			*where = first + at;
		}
	}
	return odd;
}

/* At the instant nothing had been missed. So what the kernel did not report since was written since. */
static void believe_noted(struct verifying *v, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (v->hashes[i] != v->noted[i]) {
			v->hashes[i] = v->noted[i];
			v->as_it_was[i] = false;
		}
}

static int differs(uint64_t where, struct nacre_error *e)
{
	return nacre_error_set(e, NACRE_E_FAILED, 0, "--verify",
			       "the copy differs from the source, first at byte %" PRIu64 "; the disk there does not hold what it is given",
			       where * BLOCK);
}

static int compare(struct verifying *v, uint64_t first, uint32_t count, struct nacre_error *e)
{
	uint32_t different = 0, others = 0;
	uint64_t where = 0;

	if (nacre_sink_have(v->sink, v->disk, first, count, v->noted, e))
		return -1;
	for (uint32_t at = 0; at < count; at += PART / BLOCK)
		hash_part(v, first, at, count - at < PART / BLOCK ? count - at : PART / BLOCK);
	for (int i = 0; look_again(v, first, count, &where); i++) {
		if (i == TRIES && !nacre_snapshot_lost(v->snapshot))
			return differs(where, e);
		if (i == TRIES) {
			believe_noted(v, count);
			break;
		}
		nanosleep(&(struct timespec){.tv_nsec = WAIT_MS * 1000000L}, NULL);
	}
	if (nacre_sink_verify(v->sink, v->disk, first, count, v->hashes, &different, &where, e))
		return -1;
	if (different)
		return differs(where, e);
	for (uint32_t i = 0; i < count; i++)
		others += !v->as_it_was[i];
	v->compared += count - others;
	v->written_since += others;
	return 0;
}

static int verify_disk(struct verifying *v, struct nacre_error *e)
{
	const uint64_t *used = nacre_snapshot_used(v->snapshot, v->disk, &v->grain);
	uint64_t size = nacre_snapshot_size(v->snapshot, v->disk), grains = (size + v->grain - 1) / v->grain;
	uint64_t blocks = size / BLOCK; /* one at the end that is no whole one has zeroes behind it in a larger copy */

	for (uint64_t g = bits_next(used, 0, grains, true); g < grains;) {
		uint64_t end = bits_next(used, g, grains, false);
		uint64_t block = g * (v->grain / BLOCK), stop = end * (v->grain / BLOCK);

		for (stop = stop < blocks ? stop : blocks; block < stop;) {
			uint32_t count = stop - block < NACRE_SINK_HASHES ? (uint32_t)(stop - block) : NACRE_SINK_HASHES;

			if (compare(v, block, count, e))
				return -1;
			block += count;
		}
		g = bits_next(used, end, grains, true);
	}
	return 0;
}

int nacre_verify_running(struct nacre_snapshot *s, unsigned count, struct nacre_sink *sink, uint64_t *verified,
			 uint64_t *written_since, struct nacre_error *e)
{
	NACRE_AUTO_FREE struct verifying *v = calloc(1, sizeof(*v));
	NACRE_AUTO_FREE uint8_t *data = NULL;

	if (!v || !(data = aligned_alloc(4096, PART)))
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
	v->snapshot = s;
	v->sink = sink;
	v->data = data;
	for (v->disk = 0; v->disk < count; v->disk++)
		if (verify_disk(v, e))
			return -1;
	*verified = v->compared * BLOCK;
	*written_since = v->written_since * BLOCK;
	return 0;
}
