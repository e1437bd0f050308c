/* SPDX-License-Identifier: BSD-2-Clause */
/* crc32.h - CRC-32 of IEEE 802.3 (reflected, 0xEDB88320), as GPT has it */
#ifndef NACRE_DISK_CRC32_H
#define NACRE_DISK_CRC32_H

#include <stddef.h>
#include <stdint.h>

/** nacre_crc32() - of @size bytes; any thread */
uint32_t nacre_crc32(const void *data, size_t size);

#endif
