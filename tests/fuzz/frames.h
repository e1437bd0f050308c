/* SPDX-License-Identifier: BSD-2-Clause */
/* frames.h - a fuzz input becomes a connection: frames whose sums and numbers hold, or just its bytes
 *
 * The input: a byte of flags; then, again and again, type, how it is sent, length of fields and of data (2 bytes
 * each), fields, data. Nobody gets sums right by chance.
 *
 * Who asks gets his answers one by one (frames_more()): one that is there before the question is an error.
 */
#ifndef NACRE_FUZZ_FRAMES_H
#define NACRE_FUZZ_FRAMES_H

#include "base/bytes.h"
#include "conversion/transfer/wire.h"
#include "input.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

enum { FRAMES_RAW = 1, FRAMES_EARLY = 4 };

static void frames_send(struct input *in, struct nacre_link *link)
{
	static uint8_t packed[1 << 17];
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
	if (nacre_link_send(link, &f, NULL))
		abort();
}

static void frames_raw(struct input *in, int fd)
{
	if (write(fd, in->at, (size_t)(in->end - in->at)) < 0)
		abort();
	in->at = in->end;
}

/* A descriptor that reads as the connection, which has ended. */
static inline int frames_make(struct input *in)
{
	int fd = memfd_create("frames", MFD_CLOEXEC);
	struct nacre_link link = {.in = -1, .out = fd};

	if (fd < 0)
		abort();
	if (input_byte(in) & FRAMES_RAW)
		frames_raw(in, fd);
	while (in->at < in->end)
		frames_send(in, &link);
	if (lseek(fd, 0, SEEK_SET))
		abort();
	return fd;
}

/* A connection that is still there: what comes next is put into it as it is asked for. */
struct frames {
	struct input *in;
	struct nacre_link link;
	uint8_t flags;
};

static inline void frames_end(struct frames *f)
{
	if (f->link.out >= 0)
		close(f->link.out);
	f->link.out = -1;
}

static inline int frames_open(struct frames *f, struct input *in)
{
	int fd[2];

	*f = (struct frames){.in = in, .flags = input_byte(in)};
	/* Six bytes of input become 54: that is what a pipe has to hold. */
	if (pipe2(fd, O_CLOEXEC) || fcntl(fd[1], F_SETPIPE_SZ, 1 << 20) < 0 || fcntl(fd[1], F_SETFL, O_NONBLOCK))
		abort();
	f->link.in = -1;
	f->link.out = fd[1];
	if (f->flags & FRAMES_RAW)
		frames_raw(in, fd[1]);
	return fd[0];
}

/*
 * An @answer, and what is said before it; without: one that is said unasked. Where there is no more, the connection has ended: nobody
 * waits for ever. Return: 0
 */
static inline int frames_more(struct frames *f, bool answer)
{
	while (f->in->at < f->in->end) {
		bool said = *f->in->at == NACRE_FRAME_SAYS || *f->in->at == NACRE_FRAME_TAKEN;

		if (!said && !answer && !(f->flags & FRAMES_EARLY))
			return 0;
		frames_send(f->in, &f->link);
		if (!said || !answer)
			return 0;
	}
	frames_end(f);
	return 0;
}

static int frames_nowhere(void)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		abort();
	return fd;
}

#endif
