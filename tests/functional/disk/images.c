/* SPDX-License-Identifier: BSD-2-Clause */
/* images.c - the image functions for shell tests and benches
 *
 *	disk-images info IMAGE                     format and size
 *	disk-images sector IMAGE                   bytes of its logical sectors
 *	disk-images data IMAGE                     ranges that hold data
 *	disk-images copy FROM TO FORMAT [SIZE]     all data of FROM, in a new image; prints what was moved
 *	disk-images grow FROM TO FORMAT            the same, with blocks added as they are written
 *	disk-images used FROM TO FORMAT LIST       only the ranges in LIST, lines of `start length`
 *	disk-images dump IMAGE TO                  every byte read, in small odd pieces, as a raw file
 *	disk-images write IMAGE OFFSET BYTES VALUE one byte value, so many times; into an image that is there
 */
#include "base/extents.h"
#include "disk/copy.h"
#include "disk/image.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/resource.h>
#include <time.h>

static struct nacre_error e;

static int fail(void)
{
	fprintf(stderr, "%s: %s\n", e.where, e.msg);
	return e.code ? e.code : 1;
}

static int all_data(struct nacre_image *image, struct nacre_extents *x)
{
	uint64_t at = 0, start, length;

	for (; !nacre_image_data(image, at, &start, &length, &e); at = start + length) {
		if (!length)
			return 0;
		if (nacre_extents_add(x, start, length, 1))
			return -1;
	}
	return -1;
}

static int list_data(const char *path, struct nacre_extents *x)
{
	FILE *f = fopen(path, "r");
	uint64_t start, length;

	if (!f)
		return -1;
	while (fscanf(f, "%" SCNu64 " %" SCNu64, &start, &length) == 2)
		nacre_extents_add(x, start, length, 1);
	fclose(f);
	return 0;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int copy(struct nacre_image *from, char **argv, int argc, bool known)
{
	uint64_t size = argc > 2 && known ? strtoull(argv[2], NULL, 0) : from->size;
	struct nacre_disk_copied counts;
	struct nacre_extents x = {0};
	struct nacre_image *to;
	struct rusage use;
	double began = now();
	int status = 1;

	if (!strcmp(argv[-2], "used") ? list_data(argv[2], &x) : all_data(from, &x))
		return fail();
	if (!strcmp(argv[-2], "used"))
		size = from->size;
	to = nacre_image_create(argv[0], argv[1], size, known ? &x : NULL, &e);
	if (to && !nacre_disk_copy(from, to, &x, 1, NULL, NULL, &counts, &e)) {
		double copied = now();

		status = nacre_image_finish(to, &e) ? fail() : 0;
		getrusage(RUSAGE_SELF, &use);
		if (!status)
			printf("read %" PRIu64 " written %" PRIu64 " zeroes %" PRIu64
			       " seconds %.3f finish %.3f rss %ld\n", counts.read, counts.written, counts.zeroes,
			       copied - began, now() - copied, use.ru_maxrss);
	} else {
		status = fail();
	}
	nacre_image_close(to);
	nacre_extents_free(&x);
	return status;
}

static int dump(struct nacre_image *image, const char *path)
{
	static uint8_t data[100003];
	FILE *f = fopen(path, "wb");

	for (uint64_t at = 0; f && at < image->size;) {
		size_t n = image->size - at < sizeof(data) ? (size_t)(image->size - at) : sizeof(data);

		if (nacre_image_read(image, at, data, n, &e))
			return fclose(f), fail();
		fwrite(data, 1, n, f);
		at += n;
	}
	return !f || fclose(f) ? 1 : 0;
}

static int write_bytes(struct nacre_image *image, char **argv)
{
	uint64_t at = strtoull(argv[0], NULL, 0), left = strtoull(argv[1], NULL, 0);
	static uint8_t data[70001];

	memset(data, atoi(argv[2]), sizeof(data));
	while (left) {
		size_t n = left < sizeof(data) ? (size_t)left : sizeof(data);

		if (nacre_image_write(image, at, data, n, &e))
			return fail();
		at += n;
		left -= n;
	}
	return nacre_image_finish(image, &e) ? fail() : 0;
}

static int show_data(struct nacre_image *image)
{
	struct nacre_extents x = {0};

	if (all_data(image, &x))
		return fail();
	for (size_t i = 0; i < x.count; i++)
		printf("%" PRIu64 " %" PRIu64 "\n", x.list[i].start, x.list[i].length);
	nacre_extents_free(&x);
	return 0;
}

int main(int argc, char **argv)
{
	const char *format = getenv("FORMAT"), *verb = argc > 2 ? argv[1] : "";
	struct nacre_image *image;
	int status = 2;

	if (argc < 3)
		return 2;
	image = nacre_image_open(argv[2], format, !strcmp(verb, "write"), &e);
	if (!image)
		return fail();
	if (!strcmp(verb, "info"))
		status = printf("%s %" PRIu64 "\n", image->ops->name, image->size) < 0;
	else if (!strcmp(verb, "sector"))
		status = printf("%u\n", image->sector) < 0;
	else if (!strcmp(verb, "data"))
		status = show_data(image);
	else if (argc > 4 && (!strcmp(verb, "copy") || !strcmp(verb, "grow") || !strcmp(verb, "used")))
		status = copy(image, argv + 3, argc - 3, strcmp(verb, "grow") != 0);
	else if (argc > 3 && !strcmp(verb, "dump"))
		status = dump(image, argv[3]);
	else if (argc > 5 && !strcmp(verb, "write"))
		status = write_bytes(image, argv + 3);
	nacre_image_close(image);
	return status;
}
