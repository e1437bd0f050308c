/* SPDX-License-Identifier: BSD-2-Clause */
/* verify.c - source and copy are read again and compared; see verify.h */
#include "conversion/verify.h"

#include "base/auto.h"
#include "disk/image.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum { BLOCK = NACRE_SINK_BLOCK, PART = 1 << 20 };

/* Hashes of @count blocks of the source from @first on. */
static int hash_source(struct nacre_image *from, uint64_t first, uint32_t count, uint8_t *buffer, uint64_t *hashes,
		       struct nacre_error *e)
{
	for (uint32_t done = 0; done < count;) {
		uint32_t n = count - done < PART / BLOCK ? count - done : PART / BLOCK;

		if (nacre_image_read(from, (first + done) * BLOCK, buffer, (size_t)n * BLOCK, e))
			return -1;
		for (uint32_t i = 0; i < n; i++)
			hashes[done + i] = nacre_sink_hash(buffer + (size_t)i * BLOCK, BLOCK);
		done += n;
	}
	return 0;
}

static int compare(struct nacre_image *from, struct nacre_sink *sink, unsigned disk, uint64_t first, uint64_t end, uint8_t *buffer,
		   uint64_t *hashes, struct nacre_error *e)
{
	while (first < end) {
		uint32_t count = end - first < NACRE_SINK_HASHES ? (uint32_t)(end - first) : NACRE_SINK_HASHES;
		uint32_t different;
		uint64_t where;

		if (hash_source(from, first, count, buffer, hashes, e) ||
		    nacre_sink_verify(sink, disk, first, count, hashes, &different, &where, e))
			return -1;
		if (different)
			return nacre_error_set(e, NACRE_E_FAILED, 0, "--verify",
					       "%u blocks of the copy differ from the source, the first at byte %" PRIu64
					       "; the disk there does not hold what it is given", different, where * BLOCK);
		first += count;
	}
	return 0;
}

int nacre_verify(struct nacre_image *from, struct nacre_sink *sink, unsigned disk, const struct nacre_extents *map, uint32_t tag,
		 uint64_t *verified, struct nacre_error *e)
{
	NACRE_AUTO_FREE uint64_t *hashes = malloc(NACRE_SINK_HASHES * sizeof(*hashes));
	NACRE_AUTO_FREE uint8_t *buffer = malloc(PART);

	if (!hashes || !buffer)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
	for (size_t i = 0; i < map->count; i++) {
		uint64_t end = map->list[i].start + map->list[i].length, first;

		if (map->list[i].tag != tag)
			continue;
		/* A block at an edge has bytes of what was not copied. */
		end = (end < from->size ? end : from->size) / BLOCK;
		first = (map->list[i].start + BLOCK - 1) / BLOCK;
		if (first >= end)
			continue;
		if (compare(from, sink, disk, first, end, buffer, hashes, e))
			return -1;
		*verified += (end - first) * BLOCK;
	}
	return 0;
}
