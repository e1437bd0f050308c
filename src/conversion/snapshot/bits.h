/* SPDX-License-Identifier: BSD-2-Clause */
/* bits.h - a bit per grain of a disk */
#ifndef NACRE_CONVERSION_SNAPSHOT_BITS_H
#define NACRE_CONVERSION_SNAPSHOT_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool bit_get(const uint64_t *bits, uint64_t i)
{
	return bits[i / 64] >> i % 64 & 1;
}

/* [from, to) becomes @value. */
static inline void bits_fill(uint64_t *bits, uint64_t from, uint64_t to, bool value)
{
	while (from < to) {
		uint64_t word = from / 64, end = (word + 1) * 64 < to ? (word + 1) * 64 : to;
		uint64_t mask = ~0ULL << from % 64 & ~0ULL >> (63 - (end - 1) % 64);

		bits[word] = value ? bits[word] | mask : bits[word] & ~mask;
		from = end;
	}
}

/* The first bit at or after @from that is @value, or @end. */
static inline uint64_t bits_next(const uint64_t *bits, uint64_t from, uint64_t end, bool value)
{
	while (from < end) {
		uint64_t word = (value ? bits[from / 64] : ~bits[from / 64]) & ~0ULL << from % 64;

		if (word) {
			from = from / 64 * 64 + (uint64_t)__builtin_ctzll(word);
			return from < end ? from : end;
		}
		from = (from / 64 + 1) * 64;
	}
	return end;
}

static inline uint64_t bits_count(const uint64_t *bits, size_t words)
{
	uint64_t count = 0;

	for (size_t i = 0; i < words; i++)
		count += (uint64_t)__builtin_popcountll(bits[i]);
	return count;
}

#endif
