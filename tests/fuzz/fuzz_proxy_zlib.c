/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_proxy_zlib.c - a host calls the generated zlib proxy; what the stub replies is the input
 *
 * Input as in fuzz_proxy.c. There is one stream: its cursors have to stay in the host's buffers, its
 * message has to be a string.
 */
#include "host.h"

#include <stdlib.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#pragma GCC diagnostic ignored "-Wcast-function-type"

/*
 * A letter per argument, or two for a pair:
 *	z	the stream			w v	number, version
 *	i	in bytes and their number	j	the same, the number behind a pointer
 *	o	out buffer and its length	d	a dictionary out, and its length
 *	u	a number that comes out
 * A letter in front: what the function returns, (n)umber or (s)tring.
 */
static const struct function {
	nacre_function f;
	const char *args;
} functions[] = {
#define F(name, args) {(nacre_function)name, args}
	F(compress, "noi"), F(compress2, "noiw"), F(compressBound, "nw"), F(uncompress, "noi"),
	F(uncompress2, "noj"), F(crc32, "nwi"), F(crc32_z, "nwi"), F(crc32_combine, "nwww"),
	F(crc32_combine_gen, "nw"), F(crc32_combine_op, "nwww"), F(adler32, "nwi"),
	F(adler32_z, "nwi"), F(adler32_combine, "nwww"), F(zlibVersion, "s"), F(zError, "sw"),
	F(zlibCompileFlags, "n"), F(deflateInit_, "nzwvw"), F(deflateInit2_, "nzwwwwwvw"),
	F(deflate, "nzw"), F(deflate, "nzw"), F(deflateEnd, "nz"), F(deflateReset, "nz"),
	F(deflateResetKeep, "nz"), F(deflateParams, "nzww"), F(deflateTune, "nzwwww"),
	F(deflateBound, "nzw"), F(deflatePending, "nzuu"), F(deflatePrime, "nzww"),
	F(deflateSetDictionary, "nzi"), F(deflateGetDictionary, "nzd"), F(inflateInit_, "nzvw"),
	F(inflateInit2_, "nzwvw"), F(inflate, "nzw"), F(inflate, "nzw"), F(inflateEnd, "nz"),
	F(inflateReset, "nz"), F(inflateReset2, "nzw"), F(inflateResetKeep, "nz"),
	F(inflateSync, "nz"), F(inflateSyncPoint, "nz"), F(inflatePrime, "nzww"),
	F(inflateMark, "nz"), F(inflateUndermine, "nzw"), F(inflateValidate, "nzw"),
	F(inflateCodesUsed, "nz"), F(inflateSetDictionary, "nzi"), F(inflateGetDictionary, "nzd"),
	F(deflateCopy, "nzz"), F(inflateBackEnd, "nz"),
#undef F
};
enum { COUNT = sizeof(functions) / sizeof(*functions) };

typedef unsigned long word;

static z_stream stream;
static const Bytef *in_end, *out_end; /* of the buffers that the stream is in */

static size_t room(void)
{
	static const uint16_t rooms[] = {0, 1, 7, 8, 9, 16, 40, 41, 255, 4096, 33000};
	uint8_t n = input_byte(&host_input);

	return n < 11 ? rooms[n] : n & 63;
}

static bool absent(void)
{
	return (input_byte(&host_input) & 7) == 7;
}

/* The stream gets new buffers for every call, as those of the last one are gone. */
static word the_stream(void)
{
	stream.avail_in = (uInt)room();
	stream.next_in = absent() ? NULL : block_make(stream.avail_in, 'i', true);
	stream.avail_out = (uInt)room();
	stream.next_out = absent() ? NULL : block_make(stream.avail_out, 'o', false);
	in_end = stream.next_in ? stream.next_in + stream.avail_in : NULL;
	out_end = stream.next_out ? stream.next_out + stream.avail_out : NULL;
	return absent() ? 0 : (word)&stream;
}

static int bytes_in(word *a, bool behind)
{
	size_t n = room();

	a[0] = absent() ? 0 : (word)block_make(n, 'i', true);
	a[1] = n;
	if (behind)
		*(uLong *)(a[1] = (word)block_make(sizeof(uLong), 0, false)) = n;
	return 2;
}

static int bytes_out(word *a)
{
	uLong n = room(), *length = absent() ? NULL : block_make(sizeof(*length), 0, false);

	if (length)
		*length = n;
	a[0] = absent() ? 0 : (word)block_make(length ? n : 0, 'o', false);
	a[1] = (word)length;
	return 2;
}

static int argument(char kind, word *a)
{
	switch (kind) {
	case 'z':
		*a = the_stream();
		return 1;
	case 'v':
		*a = absent() ? 0 : (word)ZLIB_VERSION;
		return 1;
	case 'i': case 'j':
		return bytes_in(a, kind == 'j');
	case 'o':
		return bytes_out(a);
	case 'd':
		a[0] = absent() ? 0 : (word)block_make(32768, 'o', false);
		a[1] = absent() ? 0 : (word)block_make(sizeof(uInt), 'o', false);
		return 2;
	case 'u':
		*a = absent() ? 0 : (word)block_make(sizeof(unsigned), 'o', false);
		return 1;
	default:
		*a = input_byte(&host_input);
		return 1;
	}
}

/* The cursors moved forward, as far as the numbers beside them say, and not beyond the ends. */
static void check_stream(const z_stream *was)
{
	if (!host_served() && memcmp(was, &stream, sizeof(stream)))
		abort();
	if (in_end && (stream.next_in < was->next_in || stream.next_in + stream.avail_in != in_end))
		abort();
	if (out_end && (stream.next_out < was->next_out || stream.next_out + stream.avail_out != out_end))
		abort();
	if ((!in_end && stream.next_in) || (!out_end && stream.next_out))
		abort();
	if (stream.msg && strlen(stream.msg) > 4096)
		abort();
}

static void call_one(void)
{
	const struct function *f = &functions[input_byte(&host_input) % COUNT];
	word a[12] = {0}, result;
	z_stream was;
	int n = 0;

	for (const char *arg = f->args + 1; *arg; arg++)
		n += argument(*arg, a + n);
	if (!n)
		stream.next_in = stream.next_out = NULL;
	was = stream;
	block_keep();
	host_mark();
	result = ((word(*)(word, word, word, word, word, word, word, word))f->f)(
		a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]);
	if (*f->args == 's' && (!result || strlen((const char *)result) > 4096))
		abort();
	check_stream(&was);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	host_begin(data, size);
	memset(&stream, 0, sizeof(stream));
	for (int calls = 0; calls < 8 && host_input.at < host_input.end; calls++) {
		in_end = out_end = NULL;
		stream.next_in = stream.next_out = NULL;
		call_one();
		block_check(!host_served());
		block_free();
	}
	host_end();
	return 0;
}
