/* SPDX-License-Identifier: BSD-2-Clause */
/* blocks.c - the note beside an image is true, whenever its writer ends */
#include "conversion/transfer/blocks.h"

#include "../disk/scratch.h"
#include "tap.h"

#include <endian.h>
#include <fcntl.h>
#include <unistd.h>

enum { BLOCK = NACRE_SINK_BLOCK, BLOCKS = 700, SIZE = BLOCKS * BLOCK + 1536 };

static struct nacre_error e;
static const char *path;
static char note[600];

static struct nacre_image *take_up(bool fresh)
{
	struct nacre_blocks_head head = {.format = "vhd", .size = SIZE, .source_size = 4096};
	struct nacre_image *under = fresh ? nacre_image_create(path, "vhd", SIZE, NULL, &e)
					  : nacre_image_resume(path, "vhd", SIZE, &e);

	if (!under)
		exit(99);
	nacre_image_keep(under);
	return nacre_blocks_image(under, note, fresh ? &head : NULL, &e);
}

/* The word of a block, as it lies in the file. */
static uint64_t word(uint64_t block)
{
	uint64_t value = 0;
	int fd = open(note, O_RDONLY);

	if (fd < 0 || pread(fd, &value, 8, (off_t)(4096 + block * 8)) < 0)
		exit(99);
	close(fd);
	return value;
}

static bool true_everywhere(struct nacre_image *image)
{
	static uint64_t said[BLOCKS + 1], found[BLOCKS + 1];

	return !nacre_blocks_have(image, 0, BLOCKS + 1, said, &e) &&
	       !nacre_blocks_read(image, 0, BLOCKS + 1, found, &e) && !memcmp(said, found, sizeof(said));
}

/* The head's boot id becomes another one, and its sum follows. */
static void went_down(int fd)
{
	uint8_t head[168];
	uint64_t sum;

	if (pread(fd, head, sizeof(head), 0) != (ssize_t)sizeof(head))
		exit(99);
	memcpy(head + 40, "another", 7);
	sum = htole64(nacre_sink_hash(head, 160)); /* of what is not all zeroes it is the plain sum */
	memcpy(head + 160, &sum, 8);
	if (pwrite(fd, head, sizeof(head), 0) != (ssize_t)sizeof(head))
		exit(99);
}

int main(void)
{
	static uint8_t data[600 * BLOCK];
	struct nacre_blocks_head head, whole;
	struct nacre_image *image;
	uint64_t hash[2];
	int fd;

	scratch_make();
	path = scratch("image");
	snprintf(note, sizeof(note), "%s.blocks", path);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i / 3 + i / BLOCK);
	memset(data + 10 * BLOCK, 0, 3 * BLOCK);

	tap_ok(nacre_blocks_look(note, &head, &e) && e.code == NACRE_E_ABSENT, "at first there is no note");
	image = take_up(true);
	tap_ok(image && true_everywhere(image) && word(5) == 0, "a new image has zeroes everywhere");
	tap_ok(!nacre_image_write(image, BLOCK, data, sizeof(data), &e) && true_everywhere(image),
	       "what is written is noted");
	tap_ok(word(0) == 0 && word(1) > 1 && word(600) > 1 && word(601) == 0, "by a word for each block");
	tap_ok(word(1) == nacre_sink_hash(data, BLOCK), "which is its hash");
	tap_ok(word(11) == 0, "or 0 for zeroes");
	tap_ok(!nacre_image_write(image, 2 * BLOCK + 512, data, 512, &e) && word(2) == 1 && true_everywhere(image),
	       "of a block that is written in part it is not known, until it is read");
	tap_ok(!nacre_image_write(image, SIZE - 1536, data, 1536, &e) && word(BLOCKS) == nacre_sink_hash(data, 1536),
	       "the last block may be short");
	tap_ok(!nacre_blocks_zero(image, 3 * BLOCK + 512, 2 * BLOCK, &e) && word(3) == 1 && word(4) == 0 &&
		       word(5) == 1 && true_everywhere(image), "zeroes are noted");
	nacre_image_close(image);

	tap_ok(!nacre_blocks_look(note, &head, &e) && head.size == SIZE && head.source_size == 4096 &&
		       !strcmp(head.format, "vhd"), "the note says what was begun");
	image = take_up(false);
	tap_ok(image && true_everywhere(image), "it goes on");
	nacre_image_close(image);

	/* A writer that was killed between the data and its word, and one that the whole computer went down with. */
	image = take_up(false);
	fd = open(note, O_RDWR);
	if (fd < 0 || pwrite(fd, "\1\0\0\0\0\0\0\0", 8, 4096 + 8 * 8) != 8)
		exit(99);
	tap_ok(true_everywhere(image), "a word that was never replaced is looked up");
	nacre_image_close(image);
	if (pwrite(fd, "\2\2\2\2\2\2\2\2", 8, 4096 + 9 * 8) != 8)
		exit(99);
	image = take_up(false);
	tap_ok(!true_everywhere(image), "a wrong word is believed");
	nacre_image_close(image);
	went_down(fd);
	image = take_up(false);
	tap_ok(true_everywhere(image), "but not after the computer went down");
	whole = *nacre_blocks_head(image);
	nacre_image_close(image);

	/* What was whole before it went down is believed; what once was not, is never again. */
	whole.whole = true;
	strcpy(whole.instant, "then");
	tap_ok(whole.doubted && !nacre_blocks_mark_file(note, &whole, &e), "a doubt is kept");
	image = take_up(false);
	tap_ok(nacre_blocks_head(image)->doubted && true_everywhere(image), "also of what is whole");
	tap_ok(!nacre_blocks_look(note, &head, &e) && !head.whole && !strcmp(head.instant, "then"),
	       "which it is no more when it is taken up");
	nacre_image_close(image);
	whole.doubted = false;
	if (nacre_blocks_mark_file(note, &whole, &e))
		exit(99);
	went_down(fd);
	image = take_up(false);
	tap_ok(!nacre_blocks_head(image)->doubted, "a note that was whole is believed after the computer went down");
	nacre_image_close(image);
	if (pwrite(fd, "x", 1, 0) != 1)
		exit(99);
	close(fd);
	tap_ok(nacre_blocks_look(note, &head, &e) && e.code == NACRE_E_INPUT, "a file that is no note is refused");
	hash[0] = nacre_sink_hash(data + 10 * BLOCK, BLOCK);
	hash[1] = nacre_sink_hash(data, BLOCK);
	tap_ok(hash[0] == 0 && hash[1] > 1, "the hash of zeroes is 0, and of nothing else");
	return tap_done();
}
