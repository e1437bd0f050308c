/* SPDX-License-Identifier: BSD-2-Clause */
/* crc32c.c - the checksum of XFS and btrfs: eight bytes at a time by eight tables
 *
 * Source: M. E. Kounavis, F. L. Berry, "A Systematic Approach to Building High Performance
 * Software-based CRC Generators" (slicing by 8), with Castagnoli's polynomial 0x1edc6f41,
 * reflected.
 */
#include "driver.h"
#include "bytes.h"

static uint32_t table[8][256];

static void fill(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int bit = 0; bit < 8; bit++)
			c = c & 1 ? c >> 1 ^ 0x82f63b78 : c >> 1;
		table[0][i] = c;
	}
	for (int t = 1; t < 8; t++)
		for (uint32_t i = 0; i < 256; i++)
			table[t][i] = table[t - 1][i] >> 8 ^ table[0][table[t - 1][i] & 255];
}

uint32_t fs_crc32c(uint32_t crc, const void *data, size_t size)
{
	const uint8_t *p = data;

	if (!table[7][255])
		fill();
	for (; size >= 8; p += 8, size -= 8) {
		uint32_t a = crc ^ le32(p), b = le32(p + 4);

		crc = table[7][a & 255] ^ table[6][a >> 8 & 255] ^ table[5][a >> 16 & 255] ^
		      table[4][a >> 24] ^ table[3][b & 255] ^ table[2][b >> 8 & 255] ^
		      table[1][b >> 16 & 255] ^ table[0][b >> 24];
	}
	for (; size; size--)
		crc = crc >> 8 ^ table[0][(crc ^ *p++) & 255];
	return crc;
}
