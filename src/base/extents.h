/* SPDX-License-Identifier: BSD-2-Clause */
/* extents.h - ordered, disjoint byte ranges, each with a tag: what is where on a disk */
#ifndef NACRE_BASE_EXTENTS_H
#define NACRE_BASE_EXTENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** struct nacre_extent - @length > 0; @tag: the owner's meaning */
struct nacre_extent {
	uint64_t start, length;
	uint32_t tag;
};

/** struct nacre_extents - zero-initialised; neighbours of one tag are one extent */
struct nacre_extents {
	struct nacre_extent *list;
	size_t count, room;
};

/** nacre_extents_add() - [start, start + length) gets @tag, whatever it had. Return: 0, -1: no memory or overflow */
int nacre_extents_add(struct nacre_extents *x, uint64_t start, uint64_t length, uint32_t tag);
/** nacre_extents_remove() - [start, start + length) belongs to none any more */
int nacre_extents_remove(struct nacre_extents *x, uint64_t start, uint64_t length);
/** nacre_extents_find() - the first extent that ends after @offset, or NULL */
const struct nacre_extent *nacre_extents_find(const struct nacre_extents *x, uint64_t offset);
/** nacre_extents_total() - bytes of @tag */
uint64_t nacre_extents_total(const struct nacre_extents *x, uint32_t tag);
/**
 * nacre_extents_widen() - every extent of @tag becomes whole granules (outward); what is then nearer to each
 * other than @gap bytes becomes one
 *
 * A granule takes what another tag had in it. A gap is only bridged where it belongs to no other tag: what
 * is to be left out stays out. Return: -1: no memory, granule 0, or beyond the largest offset; @x is as it was.
 */
int nacre_extents_widen(struct nacre_extents *x, uint32_t tag, uint32_t granule, uint64_t gap);
void nacre_extents_free(struct nacre_extents *x);

#endif
