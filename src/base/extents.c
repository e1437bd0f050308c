/* SPDX-License-Identifier: BSD-2-Clause */
/* extents.c - a sorted array of disjoint ranges; adding at the end is cheap, in the middle a memmove */
#include "base/extents.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t end_of(const struct nacre_extent *extent)
{
	return extent->start + extent->length;
}

/* Index of the first extent whose end is at or after @offset, or after it where !@touching. */
static size_t first_at(const struct nacre_extents *x, uint64_t offset, bool touching)
{
	size_t low = 0, high = x->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		uint64_t end = end_of(&x->list[middle]);

		if (end > offset || (touching && end == offset))
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static int make_room(struct nacre_extents *x, size_t count)
{
	struct nacre_extent *list;
	size_t room = x->room < 16 ? 16 : x->room;

	if (count <= x->room)
		return 0;
	while (room < count)
		room += room / 2;
	list = reallocarray(x->list, room, sizeof(*list));
	if (!list)
		return -1;
	x->list = list;
	x->room = room;
	return 0;
}

/* Put a range behind those that are in @parts; what touches and has the same tag becomes one. */
static size_t append(struct nacre_extent *parts, size_t count, uint64_t start, uint64_t end,
		     uint32_t tag)
{
	if (start >= end)
		return count;
	if (count && parts[count - 1].tag == tag && end_of(&parts[count - 1]) == start) {
		parts[count - 1].length = end - parts[count - 1].start;
		return count;
	}
	parts[count] = (struct nacre_extent){.start = start, .length = end - start, .tag = tag};
	return count + 1;
}

/* [start, end) gets @tag, or none if !@tag. What it cuts or touches is replaced by up to three parts. */
static int replace(struct nacre_extents *x, uint64_t start, uint64_t end, const uint32_t *tag)
{
	struct nacre_extent parts[3];
	size_t first = first_at(x, start, true), last = first, count = 0;

	while (last < x->count && x->list[last].start <= end)
		last++;
	if (last > first) {
		const struct nacre_extent *left = &x->list[first], *right = &x->list[last - 1];
		uint64_t left_end = end_of(left) < start ? end_of(left) : start;
		uint64_t right_start = right->start > end ? right->start : end;

		count = append(parts, count, left->start, left_end, left->tag);
		if (tag)
			count = append(parts, count, start, end, *tag);
		count = append(parts, count, right_start, end_of(right), right->tag);
	} else if (tag) {
		count = append(parts, count, start, end, *tag);
	}
	if (make_room(x, x->count - (last - first) + count))
		return -1;
	if (x->count)
		memmove(x->list + first + count, x->list + last, (x->count - last) * sizeof(*x->list));
	if (count)
		memcpy(x->list + first, parts, count * sizeof(*parts));
	x->count = x->count - (last - first) + count;
	return 0;
}

int nacre_extents_add(struct nacre_extents *x, uint64_t start, uint64_t length, uint32_t tag)
{
	uint64_t end;

	if (__builtin_add_overflow(start, length, &end))
		return -1;
	return length ? replace(x, start, end, &tag) : 0;
}

int nacre_extents_remove(struct nacre_extents *x, uint64_t start, uint64_t length)
{
	uint64_t end;

	if (__builtin_add_overflow(start, length, &end))
		return -1;
	return length ? replace(x, start, end, NULL) : 0;
}

const struct nacre_extent *nacre_extents_find(const struct nacre_extents *x, uint64_t offset)
{
	size_t i = first_at(x, offset, false);

	return i < x->count ? &x->list[i] : NULL;
}

uint64_t nacre_extents_total(const struct nacre_extents *x, uint32_t tag)
{
	uint64_t total = 0;

	for (size_t i = 0; i < x->count; i++)
		total += x->list[i].tag == tag ? x->list[i].length : 0;
	return total;
}

/* Whole granules of all extents of @tag, in order, in @wide, which has room for all of them. */
static int whole_granules(const struct nacre_extents *x, uint32_t tag, uint32_t granule,
			  struct nacre_extents *wide)
{
	for (size_t i = 0; i < x->count; i++) {
		const struct nacre_extent *extent = &x->list[i];
		uint64_t start = extent->start - extent->start % granule, end = end_of(extent);

		if (extent->tag != tag)
			continue;
		if (end % granule && __builtin_add_overflow(end, granule - end % granule, &end))
			return -1;
		if (wide->count && end_of(&wide->list[wide->count - 1]) > start)
			start = end_of(&wide->list[wide->count - 1]);
		wide->count = append(wide->list, wide->count, start, end, tag);
	}
	return 0;
}

/* Join what is nearer than @gap, unless something of another tag lies between. */
static void bridge(const struct nacre_extents *x, struct nacre_extents *wide, uint64_t gap)
{
	size_t kept = 0;

	for (size_t i = 1; i < wide->count; i++) {
		struct nacre_extent *left = &wide->list[kept], *right = &wide->list[i];
		const struct nacre_extent *between = nacre_extents_find(x, end_of(left));
		uint64_t end = end_of(right);

		if (right->start - end_of(left) < gap &&
		    (!between || between->tag == right->tag || between->start >= right->start))
			left->length = end - left->start;
		else
			wide->list[++kept] = *right;
	}
	wide->count = wide->count ? kept + 1 : 0;
}

/* All of @wide, and of @x what is of another tag and not covered by it. */
static void overlay(const struct nacre_extents *x, const struct nacre_extents *wide, uint32_t tag,
		    struct nacre_extents *result)
{
	uint64_t done = 0;
	size_t w = 0;

	for (size_t i = 0; i < x->count; i++) {
		const struct nacre_extent *extent = &x->list[i];
		uint64_t at = extent->start > done ? extent->start : done, end = end_of(extent);

		if (extent->tag == tag)
			continue;
		for (; w < wide->count && wide->list[w].start < end; w++) {
			const struct nacre_extent *over = &wide->list[w];

			result->count = append(result->list, result->count, at, over->start, extent->tag);
			result->count = append(result->list, result->count, over->start, end_of(over), tag);
			done = end_of(over);
			at = at > done ? at : done;
		}
		result->count = append(result->list, result->count, at, end, extent->tag);
	}
	for (; w < wide->count; w++)
		result->count = append(result->list, result->count, wide->list[w].start,
				       end_of(&wide->list[w]), tag);
}

int nacre_extents_widen(struct nacre_extents *x, uint32_t tag, uint32_t granule, uint64_t gap)
{
	struct nacre_extents wide = {0}, result = {0};
	int status = -1;

	/* A range of another tag is cut by at most one more of @tag than there are ranges of it. */
	if (!granule || make_room(&wide, x->count) || make_room(&result, 2 * x->count + 1) ||
	    whole_granules(x, tag, granule, &wide))
		goto undo;
	bridge(x, &wide, gap);
	overlay(x, &wide, tag, &result);
	free(x->list);
	*x = result;
	result.list = NULL;
	status = 0;
undo:
	free(result.list);
	free(wide.list);
	return status;
}

void nacre_extents_free(struct nacre_extents *x)
{
	free(x->list);
	*x = (struct nacre_extents){0};
}
