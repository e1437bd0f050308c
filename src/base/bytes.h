/* SPDX-License-Identifier: BSD-2-Clause */
/* bytes.h - numbers in the byte order of a format, at any address */
#ifndef NACRE_BASE_BYTES_H
#define NACRE_BASE_BYTES_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define NACRE_BYTES(bits)                                                                          \
	static inline uint##bits##_t nacre_le##bits(const void *p)                                 \
	{                                                                                          \
		uint##bits##_t v;                                                                  \
                                                                                                   \
		memcpy(&v, p, sizeof(v));                                                          \
		return le##bits##toh(v);                                                           \
	}                                                                                          \
	static inline uint##bits##_t nacre_be##bits(const void *p)                                 \
	{                                                                                          \
		uint##bits##_t v;                                                                  \
                                                                                                   \
		memcpy(&v, p, sizeof(v));                                                          \
		return be##bits##toh(v);                                                           \
	}                                                                                          \
	static inline void nacre_put_le##bits(void *p, uint##bits##_t v)                           \
	{                                                                                          \
		v = htole##bits(v);                                                                \
		memcpy(p, &v, sizeof(v));                                                          \
	}                                                                                          \
	static inline void nacre_put_be##bits(void *p, uint##bits##_t v)                           \
	{                                                                                          \
		v = htobe##bits(v);                                                                \
		memcpy(p, &v, sizeof(v));                                                          \
	}

NACRE_BYTES(16)
NACRE_BYTES(32)
NACRE_BYTES(64)

#undef NACRE_BYTES

#endif
