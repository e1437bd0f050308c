/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_table.c - any bytes as a disk: its table is read within bounds, fitted and grown, and read again
 *
 * The input is a list of pieces: a sector number, a size and bytes, so that a small input is a large
 * sparse disk. A checksum in a GPT is made right where the first byte asks for it.
 */
#include "base/bytes.h"
#include "base/extents.h"
#include "disk/crc32.h"
#include "disk/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SECTORS = 4096, SIZE = SECTORS * 512 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t disk[SIZE];

static void mend(uint64_t sector)
{
	uint8_t *h = disk + sector * 512;
	uint64_t entries = nacre_le64(h + 72), bytes = (uint64_t)nacre_le32(h + 80) * nacre_le32(h + 84);
	uint32_t length = nacre_le32(h + 12);

	if (entries < SECTORS && bytes <= SIZE - entries * 512)
		nacre_put_le32(h + 88, nacre_crc32(disk + entries * 512, bytes));
	nacre_put_le32(h + 16, 0);
	if (length <= 512)
		nacre_put_le32(h + 16, nacre_crc32(h, length));
}

static void fill(const uint8_t *data, size_t size)
{
	bool right = size && *data & 1;

	memset(disk, 0, sizeof(disk));
	if (size)
		data++, size--;
	while (size > 3) {
		size_t at = (size_t)(nacre_le16(data) % SECTORS) * 512, length = (size_t)data[2] * 4 + 1;

		data += 3;
		size -= 3;
		if (length > size)
			length = size;
		if (length > SIZE - at)
			length = SIZE - at;
		memcpy(disk + at, data, length);
		data += length;
		size -= length;
	}
	if (right) {
		mend(1);
		mend(SECTORS - 1);
	}
}

static void check(const struct nacre_image *image, const struct nacre_table *t)
{
	if (t->count < 0 || t->count > NACRE_PARTITIONS_MAX || t->warning_count < 0 || t->warning_count > 8)
		abort();
	for (int i = 0; i < t->count; i++)
		if (t->list[i].start >= image->size || t->list[i].length > image->size - t->list[i].start ||
		    !t->list[i].length)
			abort();
	for (int i = 0; i < t->warning_count; i++)
		if (!memchr(t->warnings[i], 0, sizeof(t->warnings[i])))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct nacre_image *image;
	static int fd = -1;
	struct nacre_extents used = {.count = 0};
	struct nacre_partition grown;
	static struct nacre_table t;
	struct nacre_error e;
	char path[64];

	if (fd < 0) {
		fd = memfd_create("disk", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		if (fd < 0 || ftruncate(fd, SIZE) || !(image = nacre_image_open(path, "raw", true, &e)))
			abort();
	}
	fill(data, size);
	if (pwrite(fd, disk, SIZE, 0) != SIZE)
		abort();
	if (nacre_table_read(image, &t, &e))
		return 0;
	check(image, &t);
	if (nacre_table_extents(image, &t, &used, 1, &e))
		abort();
	nacre_extents_free(&used);
	/* What was grown is still what was there. */
	if (!nacre_table_fit(image, &e) && !nacre_table_grow_last(image, &grown, &e)) {
		if (grown.start >= SIZE || grown.length > SIZE - grown.start)
			abort();
		if (nacre_table_read(image, &t, &e))
			abort();
		check(image, &t);
	}
	return 0;
}
