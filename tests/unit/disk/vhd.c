/* SPDX-License-Identifier: BSD-2-Clause */
/* vhd.c - footers, headers, tables and bitmaps of VHDs, and those that lie */
#include "base/extents.h"
#include "disk/vhd_format.h"

#include "scratch.h"
#include "tap.h"

#include <endian.h>
#include <fcntl.h>
#include <inttypes.h>

enum { MIB = 1 << 20 };

static struct nacre_error e;

static void geometry(void)
{
	/* From the specification's algorithm, and from what Hyper-V and qemu-img write. */
	static const struct {
		uint64_t sectors;
		unsigned c, h, s;
	} known[] = {
		{1, 0, 4, 17},
		{2048, 30, 4, 17},
		{(4ull << 30) / 512, 8322, 16, 63},
		{(32ull << 30) / 512, 16448, 16, 255},
		{65535ull * 16 * 63 - 1, 65534, 16, 63},
		{65535ull * 16 * 63, 16191, 16, 255},
		{65535ull * 16 * 255, 65535, 16, 255},
		{(2040ull << 30) / 512, 65535, 16, 255},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		struct vhd_footer f = {0};

		vhd_geometry(known[i].sectors, &f);
		if (!tap_ok(f.cylinders == known[i].c && f.heads == known[i].h && f.sectors == known[i].s,
			    "%" PRIu64 " sectors have the right geometry", known[i].sectors))
			printf("# got %u/%u/%u\n", f.cylinders, f.heads, f.sectors);
	}
}

static void footers(void)
{
	struct vhd_footer made, read;
	uint8_t bytes[VHD_FOOTER];
	bool noticed = true;

	vhd_footer_make(&made, VHD_DYNAMIC, 5 * MIB + 512);
	vhd_footer_encode(&made, bytes);
	tap_ok(!vhd_footer_decode(bytes, &read, "x", &e) && !memcmp(&made, &read, sizeof(made)),
	       "a footer is read as it was written");
	for (size_t i = 0; i < 85 * 8; i++) {
		bytes[i / 8] ^= 1 << i % 8;
		noticed &= vhd_footer_decode(bytes, &read, "x", &e) == -1;
		bytes[i / 8] ^= 1 << i % 8;
	}
	tap_ok(noticed, "a single wrong bit in it is noticed");
	tap_is_number(vhd_footer_size(&made), 5 * MIB + 512, "what we write has exactly its size");
	memcpy(made.creator, "vpc ", 4);
	tap_is_number(vhd_footer_size(&made), 512ull * made.cylinders * made.heads * made.sectors,
		      "Virtual PC means the geometry");
	made.cylinders = 65535, made.heads = 16, made.sectors = 255;
	tap_is_number(vhd_footer_size(&made), 5 * MIB + 512, "unless it is the largest");
	made.type = VHD_DIFFERENCING;
	vhd_footer_encode(&made, bytes);
	tap_ok(vhd_footer_decode(bytes, &read, "x", &e) && e.code == NACRE_E_SUPPORT && strstr(e.msg, "merge"),
	       "a differencing disk is refused, with the remedy");
}

/* A VHD of 8 MiB with data in its blocks 0 and 2. */
static void make(const char *name)
{
	static uint8_t data[4096];
	struct nacre_image *image = nacre_image_create(scratch(name), "vhd", 8 * MIB, NULL, &e);

	memset(data, 0xaa, sizeof(data));
	if (!image || nacre_image_write(image, 0, data, sizeof(data), &e) ||
	    nacre_image_write(image, 4 * MIB + 8192, data, sizeof(data), &e) || nacre_image_finish(image, &e))
		exit(99);
	nacre_image_close(image);
}

static bool holds_a_mark(const char *name)
{
	static uint8_t data[4 * MIB];
	int fd = open(scratch(name), O_RDONLY);
	ssize_t n = fd >= 0 ? read(fd, data, sizeof(data)) : -1;

	if (fd >= 0)
		close(fd);
	return n < 0 || memmem(data, (size_t)n, "conectix", 8);
}

static void unfinished(void)
{
	static const uint8_t data[8192] = {1};
	struct nacre_extents used = {0};
	struct nacre_image *image;
	uint64_t start, length;
	struct stat st;

	nacre_extents_add(&used, 0, 4096, 3);
	nacre_extents_add(&used, 5 * MIB, MIB, 7);
	nacre_extents_add(&used, 6 * MIB, MIB, 7);
	image = nacre_image_create(scratch("u.vhd"), "vhd", 8 * MIB, &used, &e);
	tap_ok(image && !nacre_image_write(image, 5 * MIB, data, sizeof(data), &e) &&
	       !holds_a_mark("u.vhd.partial"), "what is not finished has no footer and no header");
	tap_ok(!nacre_image_data(image, 0, &start, &length, &e) && start == 5 * MIB && length == 8192,
	       "a block with a place and nothing written holds no data");
	tap_ok(!nacre_image_finish(image, &e) && stat(scratch("u.vhd"), &st) == 0 && st.st_size < 5 * MIB,
	       "places behind the last block that was written are given back");
	nacre_image_close(image);
	image = nacre_image_open(scratch("u.vhd"), NULL, false, &e);
	tap_ok(image && !nacre_image_data(image, 0, &start, &length, &e) && start == 5 * MIB,
	       "what never was written is not in the table");
	nacre_image_close(image);
	nacre_extents_free(&used);
}

static void patch(const char *name, off_t at, const void *bytes, size_t size)
{
	int fd = open(scratch(name), O_WRONLY);

	if (fd < 0 || pwrite(fd, bytes, size, at) != (ssize_t)size)
		exit(99);
	close(fd);
}

static void refuse(const char *what, off_t at, const void *bytes, size_t size, const char *words)
{
	struct nacre_image *image;

	make("l.vhd");
	patch("l.vhd", at, bytes, size);
	image = nacre_image_open(scratch("l.vhd"), NULL, false, &e);
	if (!tap_ok(!image && e.code == NACRE_E_INPUT && strstr(e.msg, words), "%s is refused", what))
		printf("# %s\n", image ? "it was opened" : e.msg);
	nacre_image_close(image);
	remove(scratch("l.vhd"));
}

/* A header that is sound but for what it says. */
static void refuse_header(const char *what, struct vhd_header header, const char *words)
{
	uint8_t bytes[VHD_HEADER];

	vhd_header_encode(&header, bytes);
	refuse(what, VHD_FOOTER, bytes, sizeof(bytes), words);
}

static void lies(void)
{
	uint32_t first, same[3], other;
	struct nacre_image *image;
	int fd;

	make("l.vhd");
	fd = open(scratch("l.vhd"), O_RDONLY);
	if (pread(fd, &first, 4, 1536) != 4)
		exit(99);
	close(fd);
	image = nacre_image_open(scratch("l.vhd"), "vhd-fixed", false, &e);
	tap_ok(!image && e.code == NACRE_E_INPUT, "a dynamic VHD is not taken for a fixed one");
	remove(scratch("l.vhd"));

	same[0] = same[1] = same[2] = first;
	refuse("a table with two blocks in one place", 1536, same, 8, "lies on something else");
	other = htobe32(be32toh(first) + 1);
	refuse("a block that overlaps another", 1540, &other, 4, "lies on something else");
	other = 0;
	refuse("a block that lies on the header", 1536, &other, 4, "lies on something else");
	other = htobe32(3);
	refuse("a block that lies on the table", 1536, &other, 4, "lies on something else");
	other = htobe32(0xfffffffe);
	refuse("a block beyond the end", 1540, &other, 4, "cut short");
	refuse("a damaged header", 512 + 100, "x", 1, "checksum");
	refuse_header("a table with too few entries", (struct vhd_header){1536, 3, VHD_BLOCK}, "damaged");
	refuse_header("a table beyond the end", (struct vhd_header){1ull << 60, 4, VHD_BLOCK}, "cut short");
	refuse_header("blocks of no bytes", (struct vhd_header){1536, 4, 0}, "cannot be");
	refuse_header("blocks of an odd size", (struct vhd_header){1536, 4, 3 * MIB}, "cannot be");
}

/* The bitmap decides what is there; a write to such a block makes all of it there. */
static void bitmaps(void)
{
	static const uint8_t bits[2] = {0x55, 0x0f};
	struct nacre_image *image;
	uint8_t data[8192];
	bool right = true;
	uint32_t place;
	int fd;

	make("b.vhd");
	fd = open(scratch("b.vhd"), O_RDONLY);
	if (pread(fd, &place, 4, 1536) != 4)
		exit(99);
	close(fd);
	patch("b.vhd", (off_t)be32toh(place) * 512, bits, 1);
	image = nacre_image_open(scratch("b.vhd"), NULL, true, &e);
	right = image && !nacre_image_read(image, 0, data, sizeof(data), &e);
	for (int i = 0; i < 4096; i++)
		right &= data[i] == (i / 512 % 2 ? 0xaa : 0);
	tap_ok(right, "sectors that the bitmap does not have read as zeroes");
	right = !nacre_image_read(image, 700, data, 1000, &e);
	for (int i = 0; i < 1000; i++)
		right &= data[i] == ((700 + i) / 512 % 2 ? 0xaa : 0);
	tap_ok(right, "also from the middle of one to the middle of another");
	memset(data, 0x77, 100);
	right = !nacre_image_write(image, 1000, data, 100, &e) && !nacre_image_read(image, 0, data, 4096, &e);
	for (int i = 0; i < 4096; i++)
		right &= data[i] == (i >= 1000 && i < 1100 ? 0x77 : i / 512 % 2 ? 0xaa : 0);
	tap_ok(right, "a write changes what it wrote and nothing beside it");
	nacre_image_finish(image, &e);
	nacre_image_close(image);
	image = nacre_image_open(scratch("b.vhd"), NULL, false, &e);
	right = image && !nacre_image_read(image, 0, data, 4096, &e);
	for (int i = 0; i < 4096; i++)
		right &= data[i] == (i >= 1000 && i < 1100 ? 0x77 : i / 512 % 2 ? 0xaa : 0);
	tap_ok(right, "and it is there the next time");
	nacre_image_close(image);
}

int main(void)
{
	scratch_make();
	geometry();
	footers();
	unfinished();
	lies();
	bitmaps();
	return tap_done();
}
