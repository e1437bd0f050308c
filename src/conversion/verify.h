/* SPDX-License-Identifier: BSD-2-Clause */
/* verify.h - is the copy what the source is? Both are read again and compared by hashes */
#ifndef NACRE_CONVERSION_VERIFY_H
#define NACRE_CONVERSION_VERIFY_H

#include "base/extents.h"
#include "conversion/transfer/transfer.h"

/**
 * nacre_verify() - compare all whole blocks of the extents of @tag in @map, of @from and of @sink's disk @disk
 * @verified: bytes that are the same are added
 *
 * The source may not be changing. Return: -1 also where something differs: the message names the place.
 */
int nacre_verify(struct nacre_image *from, struct nacre_sink *sink, unsigned disk, const struct nacre_extents *map, uint32_t tag,
		 uint64_t *verified, struct nacre_error *e);

#endif
