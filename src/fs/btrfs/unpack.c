/* SPDX-License-Identifier: BSD-2-Clause */
/* unpack.c - compressed extents
 *
 * zlib and zstd: one stream, with zeroes behind it up to the end of the last sector. lzo has no
 * stream: a length of all of it, then pieces that were a sector each, with a length before each
 * one; no length lies across the end of a sector.
 */
#include "btrfs.h"
#include "fs/driver/bytes.h"

#include <errno.h>
#include <lzo/lzo1x.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum { ZLIB = 1, LZO, ZSTD, ZSTD_WINDOW_LOG = 17 };

static int inflate_all(const uint8_t *packed, uint32_t size, uint8_t *plain, uint32_t *plain_size)
{
	z_stream z = {.next_in = (uint8_t *)(uintptr_t)packed,
		      .avail_in = size,
		      .next_out = plain,
		      .avail_out = *plain_size};
	int result;

	if (inflateInit(&z) != Z_OK)
		return ENOMEM;
	result = inflate(&z, Z_FINISH);
	*plain_size -= z.avail_out;
	inflateEnd(&z);
	/* Z_BUF_ERROR: there is more than what it should be, which nobody wants */
	return result == Z_STREAM_END || (result == Z_BUF_ERROR && !z.avail_out) ? 0 : EUCLEAN;
}

static int unzstd(struct nacre_fs *f, const uint8_t *packed, uint32_t size, uint8_t *plain,
		  uint32_t *plain_size)
{
	ZSTD_inBuffer in = {packed, size, 0};
	ZSTD_outBuffer out = {plain, *plain_size, 0};
	size_t left = 1;

	if (!f->zstd)
		f->zstd = ZSTD_createDCtx();
	if (!f->zstd)
		return ENOMEM;
	ZSTD_DCtx_reset(f->zstd, ZSTD_reset_session_only);
	if (ZSTD_isError(ZSTD_DCtx_setParameter(f->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG)))
		return ENOMEM;
	while (left && in.pos < in.size && out.pos < out.size) {
		size_t in_before = in.pos, out_before = out.pos;

		left = ZSTD_decompressStream(f->zstd, &out, &in);
		if (ZSTD_isError(left) || (in.pos == in_before && out.pos == out_before))
			return EUCLEAN;
	}
	*plain_size = (uint32_t)out.pos;
	return left && out.pos < out.size ? EUCLEAN : 0;
}

static int unlzo(const struct nacre_fs *f, const uint8_t *packed, uint32_t size, uint8_t *plain,
		 uint32_t *plain_size)
{
	uint32_t total = size >= 4 ? le32(packed) : 0, put = 0;

	if (total < 4 || total > size || lzo_init() != LZO_E_OK)
		return EUCLEAN;
	for (uint32_t at = 4; at < total && put < *plain_size;) {
		lzo_uint length = *plain_size - put < f->sector ? *plain_size - put : f->sector;
		uint32_t piece;

		if (f->sector - at % f->sector < 4)
			at += f->sector - at % f->sector;
		if (at > total || total - at < 4)
			return EUCLEAN;
		piece = le32(packed + at);
		at += 4;
		if (piece > total - at || lzo1x_decompress_safe(packed + at, piece, plain + put,
								&length, NULL) != LZO_E_OK)
			return EUCLEAN;
		at += piece;
		put += (uint32_t)length;
	}
	*plain_size = put;
	return 0;
}

int btrfs_unpack(struct nacre_fs *f, int method, const uint8_t *packed, uint32_t size,
		 uint8_t *plain, uint32_t plain_size)
{
	uint32_t got = plain_size;
	int result = ENOTSUP;

	if (method == ZLIB)
		result = inflate_all(packed, size, plain, &got);
	else if (method == LZO)
		result = unlzo(f, packed, size, plain, &got);
	else if (method == ZSTD)
		result = unzstd(f, packed, size, plain, &got);
	if (!result)
		memset(plain + got, 0, plain_size - got);
	return result;
}

void btrfs_unpack_end(struct nacre_fs *f)
{
	ZSTD_freeDCtx(f->zstd);
}
