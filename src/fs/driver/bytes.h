/* SPDX-License-Identifier: BSD-2-Clause */
/* bytes.h - numbers as file systems have them on the disk: at any address, of either byte order */
#ifndef NACRE_FS_DRIVER_BYTES_H
#define NACRE_FS_DRIVER_BYTES_H

#include <stdint.h>

static inline uint16_t le16(const void *at)
{
	const uint8_t *p = at;

	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t le32(const void *at)
{
	const uint8_t *p = at;

	return le16(p) | (uint32_t)le16(p + 2) << 16;
}

static inline uint64_t le64(const void *at)
{
	const uint8_t *p = at;

	return le32(p) | (uint64_t)le32(p + 4) << 32;
}

static inline uint16_t be16(const void *at)
{
	return __builtin_bswap16(le16(at));
}

static inline uint32_t be32(const void *at)
{
	return __builtin_bswap32(le32(at));
}

static inline uint64_t be64(const void *at)
{
	return __builtin_bswap64(le64(at));
}

static inline void put_le16(void *at, uint16_t value)
{
	uint8_t *p = at;

	p[0] = (uint8_t)value;
	p[1] = (uint8_t)(value >> 8);
}

static inline void put_le32(void *at, uint32_t value)
{
	put_le16(at, (uint16_t)value);
	put_le16((uint8_t *)at + 2, (uint16_t)(value >> 16));
}

#endif
