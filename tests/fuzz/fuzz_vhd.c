/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_vhd.c - any bytes as a VHD: refused, or read and written without leaving the image
 *
 * The input: how many sectors the file has (4 bytes), a byte of flags, then its beginning. The flags put right
 * what nobody gets right by chance: checksums of footer and header, and the footer at the end.
 */
#include "disk/vhd_format.h"
#include "input.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SECTORS_MOST = 1 << 14, SUM_FOOTER = 1, SUM_HEADER = 2, TAIL = 4, WRITE = 8, FIXED = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_sum(uint8_t *bytes, size_t size, size_t field)
{
	uint32_t sum = 0;

	memset(bytes + field, 0, 4);
	for (size_t i = 0; i < size; i++)
		sum += bytes[i];
	for (int i = 0; i < 4; i++)
		bytes[field + (size_t)i] = (uint8_t)(~sum >> (24 - 8 * i));
}

static int make_file(struct input *in, uint8_t *flags)
{
	static uint8_t bytes[1 << 20];
	uint32_t sectors = (uint32_t)input_word(in, 4) % SECTORS_MOST + 1;
	size_t length = sizeof(bytes);
	int fd = memfd_create("vhd", MFD_CLOEXEC);
	const uint8_t *rest;

	*flags = input_byte(in);
	rest = input_bytes(in, &length);
	if (length > sectors * 512ull)
		length = sectors * 512ull;
	memset(bytes, 0, 2048);
	memcpy(bytes, rest, length);
	if (*flags & SUM_FOOTER)
		put_sum(bytes, 512, 64);
	if (*flags & SUM_HEADER)
		put_sum(bytes + 512, 1024, 36);
	if (length < 1536)
		length = 1536;
	if (fd < 0 || pwrite(fd, bytes, length, 0) < 0 || ftruncate(fd, sectors * 512ll))
		abort();
	if (*flags & TAIL && pwrite(fd, bytes, 512, sectors * 512ll - 512) != 512)
		abort();
	return fd;
}

static void read_all(struct nacre_image *image)
{
	static uint8_t data[70000];
	uint64_t at = 0, start, length;

	for (int i = 0; i < 64; i++, at = start + length) {
		if (nacre_image_data(image, at, &start, &length, NULL) || !length)
			break;
		if (start < at || start + length > image->size)
			abort();
		if (nacre_image_read(image, start, data, length < sizeof(data) ? (size_t)length : sizeof(data), NULL))
			abort();
	}
	if (image->size > 3)
		nacre_image_read(image, image->size - 3, data, 3, NULL);
}

/* What is written is there, also the next time, and the image is as sound as it was. */
static void write_some(struct nacre_image *image, struct input *in, const char *path)
{
	uint64_t size = image->size, at = input_word(in, 8) % size;
	uint8_t data[3000], read[3000];
	size_t n = size - at < sizeof(data) ? (size_t)(size - at) : sizeof(data);
	struct nacre_image *again;

	memset(data, 0xa5, sizeof(data));
	if (nacre_image_write(image, at, data, n, NULL))
		return;
	if (nacre_image_read(image, at, read, n, NULL) || memcmp(data, read, n) ||
	    nacre_image_finish(image, NULL))
		abort();
	again = nacre_image_open(path, image->ops->name, false, NULL);
	if (!again || again->size != size || nacre_image_read(again, at, read, n, NULL) ||
	    memcmp(data, read, n))
		abort();
	nacre_image_close(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size}, again = in;
	struct nacre_error e = {.code = NACRE_OK};
	struct nacre_image *image;
	uint8_t flags;
	int fd = make_file(&in, &flags);
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	image = nacre_image_open(path, flags & FIXED ? "vhd-fixed" : "vhd", flags & WRITE, &e);
	if (!image && (e.code == NACRE_OK || !memchr(e.msg, 0, sizeof(e.msg))))
		abort();
	if (image) {
		read_all(image);
		if (flags & WRITE)
			write_some(image, &again, path);
	}
	nacre_image_close(image);
	close(fd);
	return 0;
}
