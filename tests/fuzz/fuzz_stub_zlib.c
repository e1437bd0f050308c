/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_stub_zlib.c - the generated zlib stub decodes requests; streams that live in it, with cursors
 *
 * The extension is none that compresses: it uses all that it is given, and moves the cursors as the input
 * says, also to where they should not be.
 */
#include "lane.h"

#include <stdlib.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern const struct nacre_stub nacre_stub;

enum { STREAMS_MAX = 64, STREAM_KIND = 0 };

static z_streamp streams[STREAMS_MAX];
static int stream_count;

static int result(void)
{
	static const int results[] = {Z_OK, Z_OK, Z_STREAM_END, Z_BUF_ERROR, Z_DATA_ERROR, Z_ERRNO};

	return results[input_byte(&lane_input) % 6];
}

static int opened(z_streamp strm, const char *version)
{
	if (version)
		lane_read(version, strlen(version));
	if (strm)
		strm->msg = (char *)(input_byte(&lane_input) & 1 ? "opened" : NULL);
	if (result() != Z_OK || stream_count == STREAMS_MAX)
		return Z_MEM_ERROR;
	if (strm)
		streams[stream_count++] = strm;
	return Z_OK;
}

static int closed(z_streamp strm)
{
	if (result() != Z_OK)
		return Z_STREAM_ERROR;
	for (int i = 0; i < stream_count; i++)
		if (streams[i] == strm)
			streams[i] = streams[--stream_count];
	return Z_OK;
}

static int moved(z_streamp strm)
{
	uInt in, out;

	if (!strm)
		return Z_STREAM_ERROR;
	lane_read(strm->next_in, strm->avail_in);
	if (strm->next_out)
		memset(strm->next_out, 'x', strm->avail_out);
	in = (uInt)input_word(&lane_input, 2);
	out = (uInt)input_word(&lane_input, 2);
	if (input_byte(&lane_input) & 7) {
		in %= (uint64_t)strm->avail_in + 1;
		out %= (uint64_t)strm->avail_out + 1;
	}
	if (strm->next_in)
		strm->next_in += in;
	if (strm->next_out)
		strm->next_out += out;
	strm->avail_in -= in;
	strm->avail_out -= out;
	strm->msg = (char *)(in & 1 ? "moved" : NULL);
	return result();
}

int deflateInit_(z_streamp strm, int level, const char *version, int stream_size)
{
	return level == 77 && stream_size == 77 ? Z_VERSION_ERROR : opened(strm, version);
}

int inflateInit_(z_streamp strm, const char *version, int stream_size)
{
	return stream_size == 77 ? Z_VERSION_ERROR : opened(strm, version);
}

int deflate(z_streamp strm, int flush)
{
	return flush == 77 ? Z_STREAM_ERROR : moved(strm);
}

int inflate(z_streamp strm, int flush)
{
	return flush == 77 ? Z_STREAM_ERROR : moved(strm);
}

int deflateEnd(z_streamp strm)
{
	return closed(strm);
}

int inflateEnd(z_streamp strm)
{
	return closed(strm);
}

int inflateReset(z_streamp strm)
{
	if (strm)
		strm->total_in = strm->total_out = 0;
	return result();
}

int deflatePending(z_streamp strm, unsigned *pending, int *bits)
{
	if (pending)
		*pending = strm ? strm->avail_in : 0;
	if (bits)
		*bits = input_byte(&lane_input);
	return result();
}

int deflateSetDictionary(z_streamp strm, const Bytef *dictionary, uInt length)
{
	lane_read(dictionary, length);
	return strm ? result() : Z_STREAM_ERROR;
}

int inflateGetDictionary(z_streamp strm, Bytef *dictionary, uInt *length)
{
	if (dictionary)
		memset(dictionary, 'x', 32768);
	if (length)
		*length = (uInt)input_word(&lane_input, 4);
	return strm ? result() : Z_STREAM_ERROR;
}

static int whole(Bytef *dest, uLongf *dest_length)
{
	if (dest && dest_length)
		memset(dest, 'x', *dest_length);
	if (dest_length && (input_byte(&lane_input) & 1))
		*dest_length = input_word(&lane_input, 8);
	return result();
}

int compress(Bytef *dest, uLongf *dest_length, const Bytef *source, uLong length)
{
	lane_read(source, length);
	return whole(dest, dest_length);
}

int uncompress2(Bytef *dest, uLongf *dest_length, const Bytef *source, uLong *length)
{
	if (length)
		lane_read(source, *length);
	if (length)
		*length = input_byte(&lane_input);
	return whole(dest, dest_length);
}

uLong adler32(uLong adler, const Bytef *buf, uInt length)
{
	lane_read(buf, length);
	return adler + length;
}

const char *zError(int error)
{
	static char text[5000];

	memset(text, 'e', sizeof(text) - 1);
	return error & 1 ? NULL : error & 2 ? text : "error";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	lane_run(&nacre_stub, data, size);
	while (stream_count) {
		z_streamp strm = streams[--stream_count];

		nacre_object_remove(STREAM_KIND, nacre_object_id(STREAM_KIND, strm));
		free(strm);
	}
	return 0;
}
