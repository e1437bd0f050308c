/* SPDX-License-Identifier: BSD-2-Clause */
/* zlib.h - zlib 1.2.13: whole buffers, checksums, and streams
 *
 * Source: zlib.h, the manual of zlib. A z_stream lives in the virtual process from deflateInit or
 * inflateInit to deflateEnd or inflateEnd, at one address, as zlib checks that its state belongs to
 * it. The host's z_stream is its mirror; its `state` is a handle. Files (gz*) are refused: hosts
 * reach into a gzFile through the macro gzgetc().
 *
 * What else is refused would need memory that host and zlib share between calls: gzip headers (git
 * archive --format=tar.gz wants to set one), inflateBack() (pigz -d is made of it), and copies of a
 * stream (copy() of Python's objects), for which a second mirror is missing.
 *
 * When a stream is lost, its next call returns Z_STREAM_ERROR, as for a state that is damaged; what
 * works on whole buffers returns Z_MEM_ERROR.
 */
#ifndef NACRE_OVERLAY_ZLIB_H
#define NACRE_OVERLAY_ZLIB_H

#include <errno.h>
#include <stdarg.h>
#include <zlib.h>
#undef gzgetc
#include <nacre/overlay.h>

NACRE_INTERFACE(zlib, version("1.2.13"), on_fail(Z_STREAM_ERROR), deadline(60000));
NACRE_HANDLE(stream, stale(Z_STREAM_ERROR));

#define OWN_MEMORY nacre(ignore, waive("zlib allocates in the virtual process, by its own means"))
#define UNUSED	   nacre(ignore, waive("not read or written by the functions of this view"))

/* What all views of a stream share. */
#define REST \
	z_const char *msg nacre(out, string, interned, nullable); \
	struct internal_state FAR *state nacre(handle(stream)); \
	alloc_func zalloc OWN_MEMORY; \
	free_func zfree OWN_MEMORY; \
	voidpf opaque OWN_MEMORY; \
	int data_type; \
	uLong adler; \
	uLong reserved;

/* What deflate and inflate read and write. */
NACRE_VIEW(moving) {
	struct z_stream_s {
		z_const Bytef *next_in nacre(in, cursor, sized_by(avail_in));
		uInt avail_in;
		uLong total_in;
		Bytef *next_out nacre(out, cursor, sized_by(avail_out));
		uInt avail_out;
		uLong total_out;
		REST
	};
}

/*
 * A change of parameters first compresses what is there, with the old ones; but as long as nothing has
 * moved it does not look at the buffers, and there are hosts that have not set them yet.
 */
NACRE_VIEW(changing) {
	struct z_stream_s {
		z_const Bytef *next_in nacre(in, cursor, sized_by(avail_in),
			count(total_in || total_out ? avail_in : 0));
		uInt avail_in;
		uLong total_in;
		Bytef *next_out nacre(out, cursor, sized_by(avail_out),
			count(total_in || total_out ? avail_out : 0));
		uInt avail_out;
		uLong total_out;
		REST
	};
}

/* A search for a point to go on from reads, and writes nothing. */
NACRE_VIEW(searching) {
	struct z_stream_s {
		z_const Bytef *next_in nacre(in, cursor, sized_by(avail_in));
		uInt avail_in;
		uLong total_in;
		Bytef *next_out UNUSED;
		uInt avail_out UNUSED;
		uLong total_out;
		REST
	};
}

/* Others only look at the state, or change it. */
NACRE_VIEW(still) {
	struct z_stream_s {
		z_const Bytef *next_in UNUSED;
		uInt avail_in UNUSED;
		uLong total_in;
		Bytef *next_out UNUSED;
		uInt avail_out UNUSED;
		uLong total_out;
		REST
	};
}

#define IN(n)	nacre(in, count(n))
#define OUT(n)	nacre(out, count(n))
#define STREAM	nacre(inout, resident(stream), view(moving))
#define CHANGE	nacre(inout, resident(stream), view(changing))
#define SEARCH	nacre(inout, resident(stream), view(searching))
#define STATE	nacre(inout, resident(stream), view(still))
#define NEW	nacre(inout, resident(stream), view(still), opens)
#define OPENS	nacre(success(result == Z_OK), on_fail(Z_MEM_ERROR))
#define WHOLE	nacre(idempotent, success(result == Z_OK || result == Z_BUF_ERROR || \
			      result == Z_DATA_ERROR), on_fail(Z_MEM_ERROR))
#define PURE	nacre(idempotent, on_fail(0))
#define FILES(...) \
	nacre(refuse, on_fail(__VA_ARGS__), waive("hosts reach into a gzFile by macro"))

/* Whole buffers */
int compress(Bytef *dest OUT(*destLen), uLongf *destLen nacre(inout),
	     const Bytef *source IN(sourceLen),
	     uLong sourceLen) WHOLE;
int compress2(Bytef *dest OUT(*destLen), uLongf *destLen nacre(inout),
	      const Bytef *source IN(sourceLen),
	      uLong sourceLen, int level) WHOLE;
uLong compressBound(uLong sourceLen) PURE;
int uncompress(Bytef *dest OUT(*destLen), uLongf *destLen nacre(inout),
	       const Bytef *source IN(sourceLen),
	       uLong sourceLen) WHOLE;
int uncompress2(Bytef *dest OUT(*destLen), uLongf *destLen nacre(inout),
		const Bytef *source IN(*sourceLen),
		uLong *sourceLen nacre(inout)) WHOLE;

/* Checksums; they have no way to fail, so a loss shows as a sum that does not match */
uLong crc32(uLong crc, const Bytef *buf IN(len), uInt len) PURE;
uLong crc32_z(uLong crc, const Bytef *buf IN(len), z_size_t len) PURE;
uLong crc32_combine(uLong crc1, uLong crc2, z_off_t len2) PURE;
uLong crc32_combine64(uLong crc1, uLong crc2, z_off64_t len2) PURE;
uLong crc32_combine_gen(z_off_t len2) PURE;
uLong crc32_combine_gen64(z_off64_t len2) PURE;
uLong crc32_combine_op(uLong crc1, uLong crc2, uLong op) PURE;
uLong adler32(uLong adler, const Bytef *buf IN(len), uInt len) PURE;
uLong adler32_z(uLong adler, const Bytef *buf IN(len), z_size_t len) PURE;
uLong adler32_combine(uLong adler1, uLong adler2, z_off_t len2) PURE;
uLong adler32_combine64(uLong adler1, uLong adler2, z_off64_t len2) PURE;

/* The library */
const char *zlibVersion(void) nacre(string, interned, idempotent, on_fail(ZLIB_VERSION));
const char *zError(int err) nacre(string, interned, idempotent, on_fail(""));
uLong zlibCompileFlags(void) PURE;
const z_crc_t *get_crc_table(void)
	nacre(refuse, waive("a table in the library's memory"), on_fail(NULL));

/* Deflate */
int deflateInit_(z_streamp strm NEW, int level, const char *version nacre(string),
		 int stream_size) OPENS;
int deflateInit2_(z_streamp strm NEW, int level, int method, int windowBits, int memLevel,
		  int strategy,
		  const char *version nacre(string), int stream_size) OPENS;
int deflate(z_streamp strm STREAM, int flush);
int deflateEnd(z_streamp strm STATE)
	nacre(success(result == Z_OK || result == Z_DATA_ERROR), closes(stream, strm));
int deflateReset(z_streamp strm STATE);
int deflateResetKeep(z_streamp strm STATE);
int deflateParams(z_streamp strm CHANGE, int level, int strategy);
int deflateTune(z_streamp strm STATE, int good_length, int max_lazy, int nice_length,
		int max_chain);
uLong deflateBound(z_streamp strm STATE, uLong sourceLen) nacre(on_fail(0));
int deflatePending(z_streamp strm STATE, unsigned *pending nacre(out), int *bits nacre(out));
int deflatePrime(z_streamp strm STATE, int bits, int value);
int deflateSetDictionary(z_streamp strm STATE, const Bytef *dictionary IN(dictLength),
			 uInt dictLength);
int deflateGetDictionary(z_streamp strm STATE,
			 Bytef *dictionary nacre(out, cap(32768), len(*dictLength)),
			 uInt *dictLength nacre(out)) nacre(success(result == Z_OK));
int deflateSetHeader(z_streamp strm, gz_headerp head)
	nacre(refuse, waive("zlib keeps the header until it is written"));
int deflateCopy(z_streamp dest, z_streamp source)
	nacre(refuse, on_fail(Z_MEM_ERROR), waive("would need a second mirror of pointers"));

/* Inflate */
int inflateInit_(z_streamp strm NEW, const char *version nacre(string), int stream_size) OPENS;
int inflateInit2_(z_streamp strm NEW, int windowBits, const char *version nacre(string),
		  int stream_size) OPENS;
int inflate(z_streamp strm STREAM, int flush);
int inflateEnd(z_streamp strm STATE) nacre(success(result == Z_OK), closes(stream, strm));
int inflateReset(z_streamp strm STATE);
int inflateReset2(z_streamp strm STATE, int windowBits);
int inflateResetKeep(z_streamp strm STATE);
int inflateSync(z_streamp strm SEARCH);
int inflateSyncPoint(z_streamp strm STATE);
int inflatePrime(z_streamp strm STATE, int bits, int value);
long inflateMark(z_streamp strm STATE);
int inflateUndermine(z_streamp strm STATE, int subvert);
int inflateValidate(z_streamp strm STATE, int check);
unsigned long inflateCodesUsed(z_streamp strm STATE) nacre(on_fail(0));
int inflateSetDictionary(z_streamp strm STATE, const Bytef *dictionary IN(dictLength),
			 uInt dictLength);
int inflateGetDictionary(z_streamp strm STATE,
			 Bytef *dictionary nacre(out, cap(32768), len(*dictLength)),
			 uInt *dictLength nacre(out)) nacre(success(result == Z_OK));
int inflateGetHeader(z_streamp strm, gz_headerp head)
	nacre(refuse, waive("zlib keeps the header and fills it during later calls"));
int inflateCopy(z_streamp dest, z_streamp source)
	nacre(refuse, on_fail(Z_MEM_ERROR), waive("would need a second mirror of pointers"));
int inflateBackInit_(z_streamp strm, int windowBits, unsigned char FAR *window, const char *version,
		     int stream_size)
	nacre(refuse, waive("zlib keeps the window, which is the host's memory"));
int inflateBack(z_streamp strm, in_func in, void FAR *in_desc, out_func out, void FAR *out_desc)
	nacre(refuse, waive("works in a window that is the host's memory"));
int inflateBackEnd(z_streamp strm) nacre(refuse, waive("there is no inflateBack() to end"));

/* Files: none can be opened, and all else says what it says of a file that is not open */
gzFile gzopen(const char *path, const char *mode) FILES(NULL, errno = ENOSYS);
gzFile gzopen64(const char *path, const char *mode) FILES(NULL, errno = ENOSYS);
gzFile gzdopen(int fd, const char *mode) FILES(NULL, errno = ENOSYS);
int gzbuffer(gzFile file, unsigned size) FILES(-1);
int gzsetparams(gzFile file, int level, int strategy) FILES(Z_STREAM_ERROR);
int gzread(gzFile file, voidp buf, unsigned len) FILES(-1);
z_size_t gzfread(voidp buf, z_size_t size, z_size_t nitems, gzFile file) FILES(0);
int gzwrite(gzFile file, voidpc buf, unsigned len) FILES(0);
z_size_t gzfwrite(voidpc buf, z_size_t size, z_size_t nitems, gzFile file) FILES(0);
int gzprintf(gzFile file, const char *format, ...) FILES(Z_STREAM_ERROR);
int gzvprintf(gzFile file, const char *format, va_list va) FILES(Z_STREAM_ERROR);
int gzputs(gzFile file, const char *s) FILES(-1);
char *gzgets(gzFile file, char *buf, int len) FILES(NULL);
int gzputc(gzFile file, int c) FILES(-1);
int gzgetc(gzFile file) FILES(-1);
int gzgetc_(gzFile file) FILES(-1);
int gzungetc(int c, gzFile file) FILES(-1);
int gzflush(gzFile file, int flush) FILES(Z_STREAM_ERROR);
z_off_t gzseek(gzFile file, z_off_t offset, int whence) FILES(-1);
z_off64_t gzseek64(gzFile file, z_off64_t offset, int whence) FILES(-1);
int gzrewind(gzFile file) FILES(-1);
z_off_t gztell(gzFile file) FILES(-1);
z_off64_t gztell64(gzFile file) FILES(-1);
z_off_t gzoffset(gzFile file) FILES(-1);
z_off64_t gzoffset64(gzFile file) FILES(-1);
int gzeof(gzFile file) FILES(0);
int gzdirect(gzFile file) FILES(0);
int gzclose(gzFile file) FILES(Z_STREAM_ERROR);
int gzclose_r(gzFile file) FILES(Z_STREAM_ERROR);
int gzclose_w(gzFile file) FILES(Z_STREAM_ERROR);
const char *gzerror(gzFile file, int *errnum) FILES(NULL);
void gzclearerr(gzFile file)
	nacre(refuse, waive("hosts reach into a gzFile by macro"));

#undef OWN_MEMORY
#undef UNUSED
#undef REST
#undef IN
#undef OUT
#undef STREAM
#undef CHANGE
#undef SEARCH
#undef STATE
#undef NEW
#undef OPENS
#undef WHOLE
#undef PURE
#undef FILES

#endif
