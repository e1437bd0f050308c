/* SPDX-License-Identifier: BSD-2-Clause */
/* resume.c - an image that was begun is taken up again, in every format, and is the same in the end */
#include "base/extents.h"
#include "disk/image.h"

#include "scratch.h"
#include "tap.h"

#include <unistd.h>

enum { MIB = 1 << 20, SIZE = 23 * MIB + 512 };

static struct nacre_error e;

static void fill(uint8_t *data, size_t size, uint8_t seed)
{
	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)(i * 7 + i / 4096 + seed);
}

static bool holds(struct nacre_image *image, uint64_t at, const uint8_t *data, size_t size)
{
	static uint8_t read[3 * MIB];

	return !nacre_image_read(image, at, read, size, &e) && !memcmp(read, data, size);
}

static bool zero(struct nacre_image *image, uint64_t at, size_t size)
{
	static const uint8_t zeroes[3 * MIB];

	return holds(image, at, zeroes, size);
}

/* Written by three openings: before, between, after; the last one names it. */
static void three_times(const char *format, const struct nacre_extents *used)
{
	static uint8_t data[3 * MIB];
	char name[32];
	struct nacre_image *image;
	const char *path;

	snprintf(name, sizeof(name), "%s-%s", format, used ? "known" : "grown");
	path = scratch(name);
	fill(data, sizeof(data), 3);
	image = nacre_image_create(path, format, SIZE, used, &e);
	if (!tap_ok(image && !nacre_image_write(image, 5 * MIB + 4096, data, sizeof(data), &e), "%s is begun", name))
		return;
	nacre_image_keep(image);
	nacre_image_close(image);
	tap_ok(access(path, F_OK) != 0, "it has no name yet");
	tap_ok(!nacre_image_create(path, format, SIZE, used, &e) && e.code == NACRE_E_EXISTS, "it cannot be begun twice");
	if (strcmp(format, "vhd")) /* whose file does not tell: the note beside it does */
		tap_ok(!nacre_image_resume(path, format, SIZE * 2, &e) && e.code == NACRE_E_INPUT,
		       "nor be taken up as one of another size");

	image = nacre_image_resume(path, format, SIZE, &e);
	tap_ok(image && holds(image, 5 * MIB + 4096, data, sizeof(data)), "taken up, it holds what was written");
	tap_ok(image && zero(image, 12 * MIB, MIB) && zero(image, 0, MIB), "and zeroes elsewhere");
	tap_ok(image && !nacre_image_write(image, 20 * MIB, data, MIB, &e) &&
		       !nacre_image_write(image, SIZE - 512, data, 512, &e) &&
		       !nacre_image_write(image, 0, data, 4096, &e), "more is written");
	if (!image)
		return;
	nacre_image_close(image);

	image = nacre_image_resume(path, format, SIZE, &e);
	tap_ok(image && !nacre_image_write(image, 9 * MIB, data, 512, &e) && !nacre_image_finish(image, &e),
	       "it is taken up again, and finished");
	nacre_image_close(image);
	image = nacre_image_open(path, format, false, &e);
	tap_ok(image && image->size == SIZE && holds(image, 5 * MIB + 4096, data, sizeof(data)) &&
		       holds(image, 20 * MIB, data, MIB) && holds(image, SIZE - 512, data, 512) &&
		       holds(image, 0, data, 4096) && holds(image, 9 * MIB, data, 512) &&
		       zero(image, 9 * MIB + 512, MIB) && zero(image, 12 * MIB, MIB),
	       "all of it is there in the end");
	nacre_image_close(image);
	tap_ok(!nacre_image_resume(path, format, SIZE, &e) && e.code == NACRE_E_ABSENT, "what is whole is not taken up");
}

static void refused(void)
{
	const char *path = scratch("bad");
	char partial[600];
	FILE *f;

	snprintf(partial, sizeof(partial), "%s.partial", path);
	f = fopen(partial, "w");
	if (!f || fclose(f))
		exit(99);
	tap_ok(!nacre_image_resume(path, "vhd", SIZE, &e) && e.code == NACRE_E_INPUT, "an empty file is none that was begun");
	tap_ok(access(partial, F_OK) == 0, "and it stays");
	if (truncate(partial, 1536 + 512))
		exit(99);
	tap_ok(!nacre_image_resume(path, "vhd", SIZE, &e) && e.code == NACRE_E_INPUT,
	       "nor one whose table is zeroes, as every block would lie on the header");
	tap_ok(!nacre_image_resume(path, "qcow2", SIZE, &e) && e.code == NACRE_E_SUPPORT, "nor what is never made");
}

int main(void)
{
	static const char *const formats[] = {"raw", "vhd", "vhd-fixed"};
	struct nacre_extents used = {0};

	scratch_make();
	if (nacre_extents_add(&used, 4 * MIB, 6 * MIB, 1) || nacre_extents_add(&used, 14 * MIB, MIB, 1))
		return 99;
	for (int i = 0; i < 3; i++) {
		three_times(formats[i], &used);
		three_times(formats[i], NULL);
	}
	refused();
	nacre_extents_free(&used);
	return tap_done();
}
