/* SPDX-License-Identifier: BSD-2-Clause */
/* copy.c - snapshots of test disks into files, looked at while everything is frozen; see copy.h */
#include "copy.h"

#include "conversion/snapshot/bits.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int put(void *arg, unsigned disk, uint64_t offset, const void *data, size_t size, struct nacre_error *e)
{
	const struct copy *c = arg;

	if (c->pause_us)
		usleep(c->pause_us);
	if (pwrite(c->fds[disk], data, size, (off_t)offset) != (ssize_t)size)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "the copy", "cannot be written");
	return 0;
}

static int put_zero(void *arg, unsigned disk, uint64_t offset, uint64_t length, struct nacre_error *e)
{
	const struct copy *c = arg;

	if (fallocate(c->fds[disk], FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)length))
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "the copy", "cannot be written");
	return 0;
}

/* Grains that are in use, and are not the same. */
static void compare(struct copy *c, unsigned disk)
{
	uint32_t grain;
	const uint64_t *used = nacre_snapshot_used(c->snapshot, disk, &grain);
	int fd = open(c->disks[disk].path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	static char a[65536] __attribute__((aligned(4096))), b[65536];

	for (uint64_t g = 0; g * grain < c->disks[disk].size; g++) {
		ssize_t n;

		if (!bit_get(used, g))
			continue;
		n = pread(fd, a, grain, (off_t)(g * grain));
		c->compared++;
		if ((n <= 0 || pread(c->fds[disk], b, (size_t)n, (off_t)(g * grain)) != n || memcmp(a, b, (size_t)n)) &&
		    c->different++ < 5)
			printf("# disk %u: grain %llu differs\n", disk, (unsigned long long)g);
	}
	close(fd);
}

static void held(void *arg)
{
	struct copy *c = arg;

	c->promised = c->load ? load_promised(c->load) : 0;
	for (unsigned i = 0; i < c->count; i++)
		compare(c, i);
	if (c->held)
		c->held(c->held_arg);
}

static void show(const struct copy *c, const struct nacre_snapshot_result *r)
{
	printf("# %.2f s, frozen %.1f ms, %d rounds, %llu KiB read, %llu KiB of them while frozen", r->seconds,
	       r->frozen_ms, r->rounds, (unsigned long long)r->read >> 10, (unsigned long long)r->last >> 10);
	if (c->load)
		printf("; longest write %.1f ms", load_longest(c->load));
	printf("\n");
	for (int i = 0; i < r->volume_count; i++)
		printf("# %s (%s): %s-consistent: %s\n", r->volumes[i].mount, r->volumes[i].type,
		       nacre_consistency_name(r->volumes[i].consistency), r->volumes[i].why);
}

int copy_take(struct copy *c, const struct nacre_snapshot_options *o, struct nacre_snapshot_result *result,
	      struct nacre_error *e)
{
	struct nacre_snapshot_sink sink = {put, put_zero, c};
	struct nacre_snapshot_options options = *o;
	struct nacre_extents maps[COPY_DISKS] = {0};
	const struct nacre_extents *pointers[COPY_DISKS];
	const char *paths[COPY_DISKS];
	int failed = -1;

	for (unsigned i = 0; i < c->count; i++) {
		char name[32];

		snprintf(name, sizeof(name), "copy%u.img", i);
		unlink(lab_path(name));
		c->fds[i] = open(lab_path(name), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (c->fds[i] < 0 || ftruncate(c->fds[i], (off_t)c->disks[i].size) ||
		    nacre_extents_add(&maps[i], 0, c->disks[i].size, 0))
			abort();
		paths[i] = c->disks[i].path;
		pointers[i] = &maps[i];
	}
	options.held = held;
	options.held_arg = c;
	c->snapshot = nacre_snapshot_open(paths, c->count, e);
	if (c->snapshot)
		failed = nacre_snapshot_run(c->snapshot, pointers, &sink, &options, result, e);
	if (c->snapshot)
		show(c, result);
	if (failed)
		printf("# %s: %s\n", e->where, e->msg);
	nacre_snapshot_close(c->snapshot);
	for (unsigned i = 0; i < c->count; i++) {
		nacre_extents_free(&maps[i]);
		fsync(c->fds[i]);
		close(c->fds[i]);
	}
	return failed;
}
