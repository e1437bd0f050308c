/* SPDX-License-Identifier: BSD-2-Clause */
/* volume.c - a file system's map of used space: by its driver in a virtual process against the same one in here
 *
 * bench-volume DIVISOR VPROC PAIR DRIVERS TYPE IMAGE
 *
 * The first is all that a conversion does: load a proxy, start a virtual process, open, list, end it.
 */
#include "bench.h"

#include "base/extents.h"
#include "fs/volume.h"

#include <stdio.h>
#include <stdlib.h>

enum { TIMES = 40, BATCH = 1024 };

static struct nacre_image *image;
static struct nacre_error error;

static uint64_t in_virtual_process(const char *type)
{
	struct nacre_volume *v = nacre_volume_open(image, 0, image->size, type, false, &error);
	struct nacre_extents used = {0};
	uint64_t total;

	check(v && !nacre_volume_map(v, &used, &error) && !nacre_volume_close(v, &error), error.msg);
	total = nacre_extents_total(&used, NACRE_FS_USED);
	nacre_extents_free(&used);
	return total;
}

static int read_image(void *user, uint64_t offset, void *data, uint32_t size)
{
	return nacre_image_read(user, offset, data, size, &error) ? 5 : 0;
}

static uint64_t in_here(void *driver)
{
	__typeof__(nacre_fs_open) *open_fs = (__typeof__(nacre_fs_open) *)symbol(driver, "nacre_fs_open");
	__typeof__(nacre_fs_map) *map = (__typeof__(nacre_fs_map) *)symbol(driver, "nacre_fs_map");
	__typeof__(nacre_fs_close) *close_fs = (__typeof__(nacre_fs_close) *)symbol(driver, "nacre_fs_close");
	static struct nacre_fs_extent list[BATCH];
	struct nacre_fs *fs;
	uint64_t from = 0, total = 0;
	uint32_t count;

	check(!open_fs(read_image, NULL, image, image->size, 0, &fs), "cannot open it in here");
	while (!map(fs, from, list, BATCH, &count) && count) {
		from = list[count - 1].start + list[count - 1].length;
		for (uint32_t i = 0; i < count; i++)
			total += list[i].length;
	}
	close_fs(fs);
	return total;
}

int main(int argc, char **argv)
{
	struct series ours = {0}, theirs = {0};
	struct nacre_volume_parts parts;
	uint64_t a, b;
	char path[4096];
	void *driver;
	double t;

	bench_begin(argc, argv, 7, "bench-volume DIVISOR VPROC PAIR DRIVERS TYPE IMAGE");
	parts = (struct nacre_volume_parts){.vproc = argv[2], .pair = argv[3], .drivers = argv[4]};
	nacre_volume_setup(&parts);
	image = nacre_image_open(argv[6], "raw", false, &error);
	check(image != NULL, error.msg);
	snprintf(path, sizeof(path), "%s/%s.so", argv[4], argv[5]);
	driver = library(path);
	for (size_t n = samples(TIMES); n; n--) {
		t = now_ns();
		a = in_virtual_process(argv[5]);
		series_add(&ours, now_ns() - t);
		t = now_ns();
		b = in_here(driver);
		series_add(&theirs, now_ns() - t);
		check(a == b && a, "they do not say the same");
	}
	row_limit("used space of a 4 GiB ext4, virtual process and all", &ours, 50e6);
	row_limit("the same, driver in the host", &theirs, 50e6);
	nacre_image_close(image);
	return 0;
}
