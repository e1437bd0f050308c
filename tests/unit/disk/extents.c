/* SPDX-License-Identifier: BSD-2-Clause */
/* extents.c - extents against a plain array with one tag for each byte */
#include "base/extents.h"

#include "tap.h"

enum { BYTES = 512, NONE = 0, TAGS = 3 };

static uint64_t state = 0x9e3779b97f4a7c15u;

static uint32_t below(uint32_t limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 33) % limit;
}

/* Ordered, disjoint, none empty, no neighbours of one tag, and the same bytes as in the model. */
static bool same(const struct nacre_extents *x, const uint8_t *model)
{
	uint64_t at = 0;

	for (size_t i = 0; i < x->count; i++) {
		const struct nacre_extent *extent = &x->list[i];

		if (!extent->length || extent->start < at || extent->start + extent->length > BYTES)
			return false;
		if (i && extent->start == at && x->list[i - 1].tag == extent->tag)
			return false;
		for (; at < extent->start; at++)
			if (model[at] != NONE)
				return false;
		for (; at < extent->start + extent->length; at++)
			if (model[at] != extent->tag)
				return false;
	}
	for (; at < BYTES; at++)
		if (model[at] != NONE)
			return false;
	return true;
}

static bool finds(const struct nacre_extents *x, const uint8_t *model)
{
	for (uint64_t at = 0; at < BYTES; at++) {
		const struct nacre_extent *found = nacre_extents_find(x, at);
		uint64_t next = at;

		while (next < BYTES && model[next] == NONE)
			next++;
		if (next == BYTES ? found != NULL : !found || found->tag != model[next] ||
						     found->start > next || found->start + found->length <= next)
			return false;
	}
	return true;
}

static bool totals(const struct nacre_extents *x, const uint8_t *model)
{
	for (uint32_t tag = 1; tag <= TAGS; tag++) {
		uint64_t count = 0;

		for (uint64_t at = 0; at < BYTES; at++)
			count += model[at] == tag;
		if (nacre_extents_total(x, tag) != count)
			return false;
	}
	return true;
}

/* The plain way: granules first, then every gap that is short and belongs to nobody. */
static void widen(uint8_t *model, uint8_t tag, uint32_t granule, uint64_t gap)
{
	uint64_t last = BYTES;

	for (uint64_t start = 0; start < BYTES; start += granule) {
		uint64_t end = start + granule;

		for (uint64_t at = start; at < end; at++)
			if (model[at] == tag)
				memset(model + start, tag, granule);
	}
	for (uint64_t at = 0; at < BYTES; at++) {
		bool free = true;

		if (model[at] != tag)
			continue;
		for (uint64_t between = last + 1; last < BYTES && between < at; between++)
			free &= model[between] == NONE;
		if (last < BYTES && free && at - last - 1 < gap)
			memset(model + last, tag, at - last);
		last = at;
	}
}

static void compare(void)
{
	static const char *const names[] = {"add", "remove", "widen"};
	bool held[3] = {true, true, true}, found = true, counted = true;

	for (int round = 0; round < 2000; round++) {
		struct nacre_extents x = {0};
		uint8_t model[BYTES] = {NONE};

		for (int step = 0; step < 30; step++) {
			uint32_t kind = below(10) < 7 ? 0 : 1 + below(2), tag = 1 + below(TAGS);
			uint32_t start = below(BYTES), length = below(1 + below(BYTES - start));
			uint32_t granule = 1u << below(5), gap = below(20);

			if (kind == 2 && below(4))
				continue;
			if (kind == 0)
				memset(model + start, (int)tag, length);
			else if (kind == 1)
				memset(model + start, NONE, length);
			else
				widen(model, (uint8_t)tag, granule, gap);
			if (kind == 0 ? nacre_extents_add(&x, start, length, tag) :
			    kind == 1 ? nacre_extents_remove(&x, start, length) :
					nacre_extents_widen(&x, tag, granule, gap))
				held[kind] = false;
			held[kind] &= same(&x, model);
		}
		found &= round % 10 || finds(&x, model);
		counted &= totals(&x, model);
		nacre_extents_free(&x);
	}
	for (int kind = 0; kind < 3; kind++)
		tap_ok(held[kind], "%s does what a map of single bytes does", names[kind]);
	tap_ok(found, "find gives the extent that a map of single bytes has next");
	tap_ok(counted, "total counts the bytes of one tag");
}

static void limits(void)
{
	struct nacre_extents x = {0};

	tap_ok(!nacre_extents_find(&x, 0) && !nacre_extents_remove(&x, 0, 10) && x.count == 0,
	       "an empty list finds nothing and loses nothing");
	tap_ok(nacre_extents_add(&x, UINT64_MAX - 1, 2, 1) && x.count == 0,
	       "a range beyond the largest offset is refused");
	tap_ok(!nacre_extents_add(&x, 5, 0, 1) && x.count == 0, "a range of no bytes adds nothing");
	tap_ok(!nacre_extents_add(&x, UINT64_MAX - 1, 1, 1) &&
	       nacre_extents_widen(&x, 1, 4096, 0) && x.list[0].length == 1,
	       "a granule that would pass the largest offset is refused, and nothing is changed");
	tap_ok(nacre_extents_widen(&x, 1, 0, 0), "a granule of no bytes is refused");
	nacre_extents_free(&x);
	tap_ok(!x.list && !x.count && !x.room, "a freed list can be used again");
	for (uint64_t i = 0; i < 100000; i++)
		nacre_extents_add(&x, i * 8192, 4096, 1);
	tap_ok(x.count == 100000 && !nacre_extents_widen(&x, 1, 4096, 8192) && x.count == 1 &&
	       x.list[0].length == 99999 * 8192 + 4096, "a hundred thousand ranges become one over their gaps");
	nacre_extents_free(&x);
}

int main(void)
{
	compare();
	limits();
	return tap_done();
}
