/* SPDX-License-Identifier: BSD-2-Clause */
/* verify.h - is the copy what the source is? Both are read again and compared by hashes */
#ifndef NACRE_CONVERSION_VERIFY_H
#define NACRE_CONVERSION_VERIFY_H

#include "base/extents.h"
#include "conversion/snapshot/snapshot.h"
#include "conversion/transfer/transfer.h"

/**
 * nacre_verify() - compare all whole blocks of the extents of @tag in @map, of @from and of @sink's disk @disk
 * @verified: bytes that are the same are added
 *
 * The source may not be changing. Return: -1 also where something differs: the message names the place.
 */
int nacre_verify(struct nacre_image *from, struct nacre_sink *sink, unsigned disk, const struct nacre_extents *map, uint32_t tag,
		 uint64_t *verified, struct nacre_error *e);
/**
 * nacre_verify_running() - the same of all that was in use at the instant of @s, of @count disks, while tracking goes on
 * @verified: bytes that are what the source has and had; @written_since: bytes that the source has no more as they were: they are
 *            what was noted when they were received
 */
int nacre_verify_running(struct nacre_snapshot *s, unsigned count, struct nacre_sink *sink, uint64_t *verified,
			 uint64_t *written_since, struct nacre_error *e);

#endif
