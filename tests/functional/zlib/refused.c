/* SPDX-License-Identifier: BSD-2-Clause */
/* refused.c - what the overlay does not offer fails in zlib's own words */
#include "host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A host that could not open a file and goes on all the same. */
static void files(void)
{
	gzFile none = gzopen("/nonexistent/file", "r");
	char line[10] = "";

	printf("a file that is not there: %s\n", none ? "opened" : "not opened");
	printf("none: %d %d %d %zu %d %zu\n", gzbuffer(none, 9000), gzsetparams(none, 1, 0),
	       gzread(none, line, 10), gzfread(line, 1, 10, none), gzwrite(none, line, 10),
	       gzfwrite(line, 1, 10, none));
	printf("none: %d %d %s %d %d %d\n", gzprintf(none, "%d", 5), gzputs(none, "x"),
	       gzgets(none, line, 10) ? "a line" : "no line", gzputc(none, 'x'), (gzgetc)(none),
	       gzungetc('x', none));
	printf("none: %d %ld %d %ld %ld %d %d\n", gzflush(none, 0), gzseek(none, 0, SEEK_SET),
	       gzrewind(none), gztell(none), gzoffset(none), gzeof(none), gzdirect(none));
	printf("none: %d %d %d %s\n", gzclose(none), gzclose_r(none), gzclose_w(none),
	       gzerror(none, NULL) ? "a message" : "no message");
	gzclearerr(none);
}

void show_refused(void)
{
	z_stream s = {0}, t = {0};
	gz_header head = {0};
	uint8_t window[32768];
	gzFile file;

	files();
	errno = 0;
	file = gzopen("/dev/null", "r");
	printf("an existing file: %s, %s\n", file ? "opened" : "not opened", strerror(errno));
	if (file)
		gzclose(file);
	deflateInit2(&s, 6, Z_DEFLATED, 31, 8, 0);
	printf("header: %d\n", deflateSetHeader(&s, &head));
	printf("copy: %d\n", deflateCopy(&t, &s));
	deflateEnd(&s);
	inflateInit2(&s, 31);
	printf("header: %d\n", inflateGetHeader(&s, &head));
	printf("copy: %d\n", inflateCopy(&t, &s));
	inflateEnd(&s);
	printf("back: %d", inflateBackInit(&s, 15, window));
	printf(" %d\n", inflateBackEnd(&s));
	printf("table: %s\n", get_crc_table() ? "there" : "none");
}
