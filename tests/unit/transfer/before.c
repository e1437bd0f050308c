/* SPDX-License-Identifier: BSD-2-Clause */
/* before.c - what was changed can be put back, whenever whoever changed it was killed */
#include "conversion/transfer/before.h"
#include "conversion/transfer/blocks.h"

#include "../disk/scratch.h"
#include "tap.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = NACRE_SINK_BLOCK, BLOCKS = 300, SIZE = BLOCKS * BLOCK + 1024, HEAD = 24, RECORD = 24 };

static struct nacre_error e;
static const char *path;
static char note[600], before[600];
static uint8_t original[SIZE], now[SIZE];

static struct nacre_image *take_up(bool fresh)
{
	struct nacre_blocks_head head = {.format = "vhd", .size = SIZE, .source_size = SIZE};
	struct nacre_image *under = fresh ? nacre_image_create(path, "vhd", SIZE, NULL, &e)
					  : nacre_image_resume(path, "vhd", SIZE, &e);

	if (!under)
		exit(99);
	nacre_image_keep(under);
	return nacre_blocks_image(under, note, fresh ? &head : NULL, &e);
}

static bool is_original(struct nacre_image *image)
{
	return !nacre_image_read(image, 0, now, SIZE, &e) && !memcmp(now, original, SIZE);
}

static uint64_t log_size(void)
{
	struct stat st;

	return stat(before, &st) ? 0 : (uint64_t)st.st_size;
}

int main(void)
{
	struct nacre_image *image;
	uint8_t data[3 * BLOCK];
	uint64_t bytes, size;
	bool good = true;
	int fd;

	scratch_make();
	path = scratch("image");
	snprintf(note, sizeof(note), "%s.blocks", path);
	snprintf(before, sizeof(before), "%s.before", path);
	for (size_t i = 0; i < SIZE / 2; i++)
		original[i] = (uint8_t)(i / 5 + i / BLOCK);
	image = take_up(true);
	if (!image || nacre_image_write(image, 0, original, SIZE / 2, &e))
		exit(99);

	tap_ok(nacre_before_put_back(before, image, &bytes, &e) && e.code == NACRE_E_ABSENT, "at first there is no log");
	tap_ok(!nacre_blocks_log(image, before, &e) && log_size() == HEAD, "it begins");
	memset(data, 0x5a, sizeof(data));
	tap_ok(!nacre_image_write(image, 5 * BLOCK + 512, data, 512, &e) && log_size() == HEAD + RECORD + BLOCK,
	       "a block is logged before it is changed");
	tap_ok(!nacre_image_write(image, 5 * BLOCK, data, BLOCK, &e) && log_size() == HEAD + RECORD + BLOCK, "once");
	tap_ok(!nacre_image_write(image, SIZE - 1024, data, 1024, &e) && log_size() == HEAD + 2 * RECORD + BLOCK,
	       "zeroes take no room; the last block may be short");
	tap_ok(!nacre_blocks_zero(image, 8 * BLOCK + 1024, 2 * BLOCK, &e) && log_size() == HEAD + 5 * RECORD + 4 * BLOCK,
	       "what becomes zeroes is logged as well");
	tap_ok(!is_original(image), "the image is another one now");
	nacre_image_close(image);

	/* The end of a record that was just being written, by a process that was killed. */
	size = log_size();
	fd = open(before, O_WRONLY | O_APPEND);
	memset(data, 0, sizeof(data));
	data[0] = 77;
	data[9] = 0x10; /* 4096 */
	if (fd < 0 || write(fd, data, 700) != 700)
		exit(99);
	close(fd);
	image = take_up(false);
	tap_ok(!nacre_before_put_back(before, image, &bytes, &e) && bytes == size && is_original(image),
	       "it is put back, as far as the log is whole");
	tap_ok(!nacre_before_put_back(before, image, &bytes, &e) && bytes == size && is_original(image), "as often as one likes");
	if (nacre_blocks_have(image, 0, BLOCKS + 1, (uint64_t *)(void *)now, &e))
		exit(99);
	for (uint64_t i = 0; i < BLOCKS; i++)
		good &= ((uint64_t *)(void *)now)[i] == nacre_sink_hash(original + i * BLOCK, BLOCK);
	tap_ok(good, "and the note knows");

	/* Damage: each byte of the first record. */
	good = true;
	fd = open(before, O_RDWR);
	for (off_t at = HEAD; at < HEAD + RECORD + BLOCK && good; at += at < HEAD + RECORD ? 1 : 97) {
		uint8_t byte, bad;

		if (pread(fd, &byte, 1, at) != 1)
			exit(99);
		bad = byte ^ 0x41;
		if (pwrite(fd, &bad, 1, at) != 1)
			exit(99);
		good = !nacre_before_put_back(before, image, &bytes, &e) && bytes == HEAD && is_original(image);
		if (pwrite(fd, &byte, 1, at) != 1)
			exit(99);
	}
	tap_ok(good, "from a damaged record on nothing is believed");
	if (pwrite(fd, "?", 1, 9) != 1)
		exit(99);
	close(fd);
	tap_ok(!nacre_before_put_back(before, image, &bytes, &e) && bytes == 0, "nor the log of another disk");
	tap_ok(!nacre_blocks_log(image, before, &e) && log_size() == HEAD, "a new log replaces it");
	nacre_image_close(image);
	return tap_done();
}
