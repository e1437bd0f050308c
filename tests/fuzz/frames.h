/* SPDX-License-Identifier: BSD-2-Clause */
/* frames.h - a fuzz input becomes a connection: frames whose sums and numbers hold, or just its bytes
 *
 * The input: a byte of flags; then, again and again, type, how it is sent, length of fields and of data (2 bytes
 * each), fields, data. Nobody gets sums right by chance.
 */
#ifndef NACRE_FUZZ_FRAMES_H
#define NACRE_FUZZ_FRAMES_H

#include "conversion/transfer/wire.h"
#include "input.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

enum { FRAMES_RAW = 1 };

/* A descriptor that reads as the connection, which has ended. */
static int frames_make(struct input *in)
{
	static uint8_t packed[1 << 17];
	int fd = memfd_create("frames", MFD_CLOEXEC);
	struct nacre_link link = {.in = -1, .out = fd};
	uint8_t flags = input_byte(in);

	if (fd < 0)
		abort();
	if (flags & FRAMES_RAW) {
		if (write(fd, in->at, (size_t)(in->end - in->at)) < 0)
			abort();
		in->at = in->end;
	}
	while (in->at < in->end) {
		struct nacre_outgoing f = {.type = input_byte(in)};
		bool zstd = input_byte(in) & 1;

		f.field_size = (size_t)input_word(in, 2);
		f.data_size = (size_t)input_word(in, 2);
		f.fields = input_bytes(in, &f.field_size);
		f.data = input_bytes(in, &f.data_size);
		if (zstd && f.data_size) {
			size_t n = ZSTD_compress(packed, sizeof(packed), f.data, f.data_size, 1);

			f.flags = NACRE_FRAME_ZSTD;
			f.raw = (uint32_t)f.data_size;
			f.data = packed;
			f.data_size = n;
		}
		if (nacre_link_send(&link, &f, NULL))
			abort();
	}
	if (lseek(fd, 0, SEEK_SET))
		abort();
	return fd;
}

static int frames_nowhere(void)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		abort();
	return fd;
}

#endif
