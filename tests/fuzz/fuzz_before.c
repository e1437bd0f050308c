/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_before.c - any bytes as the log of what was there before: put back within the disk, or not believed; and as a note
 *
 * The input: sectors of the disk (2 bytes), flags, then the log. The flags put right what nobody gets right by chance: the
 * heads, and the sums of records as far as their lengths lead.
 */
#include "base/bytes.h"
#include "conversion/transfer/before.h"
#include "conversion/transfer/blocks.h"
#include "input.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <xxhash.h>

enum { BLOCK = 4096, HEAD = 24, RECORD = 24, NOTE_SUM = 160, FIX_HEAD = 1, FIX_SUMS = 2, FIX_NOTE = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t disk_size, written;

static int on_write(struct nacre_image *image, uint64_t offset, const void *data, size_t size, struct nacre_error *e)
{
	(void)image, (void)e;
	if (offset % BLOCK || size > BLOCK || !size || offset > disk_size || size > disk_size - offset)
		abort();
	for (size_t i = 0; i < size; i++)
		written += ((const uint8_t *)data)[i];
	return 0;
}

static const struct nacre_image_ops ops = {.name = "fuzz", .write = on_write};

static void fix(uint8_t *bytes, size_t size, uint8_t flags)
{
	if (size < HEAD)
		return;
	if (flags & FIX_NOTE && size >= NOTE_SUM + 8) {
		memcpy(bytes, "NACREBK2", 8);
		nacre_put_le64(bytes + NOTE_SUM, XXH3_64bits(bytes, NOTE_SUM));
		return;
	}
	if (flags & FIX_HEAD) {
		memcpy(bytes, "NACREBF1", 8);
		nacre_put_le64(bytes + 8, disk_size);
		nacre_put_le64(bytes + 16, XXH3_64bits(bytes, 16));
	}
	for (size_t at = HEAD; flags & FIX_SUMS && at + RECORD <= size;) {
		uint32_t length = nacre_le32(bytes + at + 8);

		length = length < size - at - RECORD ? length : (uint32_t)(size - at - RECORD);
		nacre_put_le64(bytes + at + 16,
			       XXH3_64bits_withSeed(bytes + at + RECORD, length, XXH3_64bits(bytes + at, 16)));
		at += RECORD + length;
	}
}

static char path[64];

static void remove_path(void)
{
	unlink(path);
}

/* Links are not followed, so it has a name. */
static int open_path(void)
{
	static int fd = -1;

	if (fd >= 0)
		return fd;
	snprintf(path, sizeof(path), "/tmp/nacre-fuzz-before.XXXXXX");
	fd = mkstemp(path);
	if (fd < 0)
		abort();
	atexit(remove_path);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};
	struct nacre_image image = {.ops = &ops, .path = (char *)(uintptr_t)"disk", .fd = -1, .direct = -1, .writable = true};
	static uint8_t bytes[1 << 18];
	struct nacre_blocks_head head;
	size_t length = sizeof(bytes);
	int fd = open_path();
	const uint8_t *rest;
	uint64_t good;
	uint8_t flags;

	disk_size = image.size = (input_word(&in, 2) + 1) * 512;
	flags = input_byte(&in);
	rest = input_bytes(&in, &length);
	memcpy(bytes, rest, length);
	fix(bytes, length, flags);
	if (ftruncate(fd, 0) || pwrite(fd, bytes, length, 0) != (ssize_t)length)
		abort();
	if (nacre_before_put_back(path, &image, &good, NULL) || good > length)
		abort();
	if (!nacre_blocks_look(path, &head, NULL) && (strlen(head.format) >= sizeof(head.format) ||
						      strlen(head.instant) >= sizeof(head.instant)))
		abort();
	return 0;
}
