/* SPDX-License-Identifier: BSD-2-Clause */
/* snapshot.c - how long disks in use are frozen, what their writers feel, and what tracking costs; rows for bench/run
 *
 *	bench-snapshot [--smoke | --tracking]
 *
 * Disks are loop devices on files in memory; 256 MiB, a writer of 10 or 50 MB/s with random 4 KiB overwrites, files that come and
 * go, and a synced journal. The copy goes to a file. Needs root; freezes only what it made.
 */
#include "conversion/snapshot/snapshot.h"
#include "conversion/snapshot/tracker.h"

#include "lab.h"
#include "load.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RUNS_MAX = 32, WRITERS = 4, PAIRS_MAX = 64 };

static int runs = 7, pairs = 31;
static double slice = 0.3; /* seconds of random writes, with and without */

static int put(void *arg, unsigned disk, uint64_t offset, const void *data, size_t size, struct nacre_error *e)
{
	(void)disk;
	if (pwrite(*(int *)arg, data, size, (off_t)offset) != (ssize_t)size)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "the copy", "cannot be written");
	return 0;
}

static int put_zero(void *arg, unsigned disk, uint64_t offset, uint64_t length, struct nacre_error *e)
{
	(void)disk;
	if (fallocate(*(int *)arg, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)length))
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "the copy", "cannot be written");
	return 0;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void row(const char *what, const char *unit, double *values, int count, double wanted)
{
	qsort(values, (size_t)count, sizeof(*values), by_size);
	printf("%s\t%.1f %s (%.1f)\t-\t-\t-\t<= %.0f %s\t%s\t%d\n", what, values[count / 2], unit, values[count - 1], wanted,
	       unit, values[count / 2] <= wanted ? "yes" : "NO", count);
	fflush(stdout);
}

/* One copy of a disk that is written to. Return: whether it became one. */
static int take(const struct lab_disk *disk, double *frozen, struct nacre_error *e)
{
	const char *path = disk->path;
	struct nacre_extents map = {0};
	const struct nacre_extents *maps[] = {&map};
	int fd = open(lab_path("copy.img"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct nacre_snapshot_sink sink = {put, put_zero, &fd};
	static struct nacre_snapshot_result result;
	struct nacre_snapshot *s;
	int failed = -1;

	if (fd < 0 || ftruncate(fd, (off_t)disk->size) || nacre_extents_add(&map, 0, disk->size, 0))
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "the copy", "cannot be made");
	s = nacre_snapshot_open(&path, 1, e);
	if (s)
		failed = nacre_snapshot_run(s, maps, &sink, &(struct nacre_snapshot_options){0}, &result, e);
	*frozen = result.frozen_ms;
	nacre_snapshot_close(s);
	nacre_extents_free(&map);
	close(fd);
	return failed;
}

static int measure(const char *type, const char *make, unsigned rate, double most, double most_stall)
{
	struct lab_disk disk = lab_disk("disk.img", 320 << 20);
	double frozen[RUNS_MAX], stalls[RUNS_MAX];
	struct nacre_error e = {0};
	char what[96];
	int failed = 0;

	lab_run("%s %s && mount -t %s %s %s", make, disk.path, type, disk.path, lab_path("mnt"));
	for (int i = 0; i < runs && !failed; i++) {
		struct load *load = load_start(lab_path("mnt"), rate * 1000000ull);

		lab_sleep(300);
		failed = take(&disk, &frozen[i], &e);
		stalls[i] = load_longest(load);
		load_stop(load);
	}
	umount2(lab_path("mnt"), 0);
	lab_disk_close(&disk);
	lab_run("rm -f %s", lab_path("disk.img"));
	if (failed) {
		fprintf(stderr, "snapshot: %s: %s\n", e.where, e.msg);
		return 1;
	}
	snprintf(what, sizeof(what), "frozen, %s, a writer of %u MB/s", type, rate);
	row(what, "ms", frozen, runs, most);
	snprintf(what, sizeof(what), "longest write() of it in the whole copy");
	row(what, "ms", stalls, runs, most_stall);
	return 0;
}

struct writer {
	pthread_t thread;
	const char *path;
	atomic_bool *end;
	unsigned seed;
	uint64_t count;
};

static void *write_random(void *user)
{
	struct writer *w = user;
	int fd = open(w->path, O_RDWR | O_DIRECT | O_CLOEXEC);
	void *data;

	if (posix_memalign(&data, 4096, 4096))
		abort();
	memset(data, 1, 4096);
	while (!*w->end)
		w->count += pwrite(fd, data, 4096, (off_t)((unsigned)rand_r(&w->seed) % 16384) * 4096) == 4096;
	free(data);
	close(fd);
	return NULL;
}

/* 4 KiB random writes a second. */
static double iops(const struct lab_disk *disk)
{
	struct writer writers[WRITERS];
	atomic_bool end = false;
	double start = lab_now(), count = 0;

	for (unsigned i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){.path = disk->path, .end = &end, .seed = i + 1};
		pthread_create(&writers[i].thread, NULL, write_random, &writers[i]);
	}
	lab_sleep((unsigned)(slice * 1000));
	end = true;
	for (unsigned i = 0; i < WRITERS; i++) {
		pthread_join(writers[i].thread, NULL);
		count += (double)writers[i].count;
	}
	return count / (lab_now() - start);
}

/* The newest program of that name: to be asked for right after it was loaded, as others track as well. */
static int newest_program(void)
{
	int newest = -1;
	__u32 id = 0;

	while (!bpf_prog_get_next_id(id, &id)) {
		int fd = bpf_prog_get_fd_by_id(id);
		struct bpf_prog_info info = {0};
		__u32 size = sizeof(info);

		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &size) && !strcmp(info.name, "on_request")) {
			int older = newest;

			newest = fd;
			fd = older;
		}
		if (fd >= 0)
			close(fd);
	}
	return newest;
}

/* In turn, so that other work on the machine meets both: each pair has its own ratio. Both have just begun to track. */
static int compare_tracking(const struct lab_disk *disk, const struct nacre_tracker_disk *what, struct nacre_error *e)
{
	double with[PAIRS_MAX], without[PAIRS_MAX], ratio[PAIRS_MAX];

	for (int i = 0; i < pairs; i++) {
		struct nacre_tracker *t = nacre_tracker_open(what, e);

		if (!t)
			return -1;
		nacre_tracker_close(t);
		without[i] = iops(disk);
		t = nacre_tracker_open(what, e);
		if (!t)
			return -1;
		with[i] = iops(disk);
		ratio[i] = with[i] / without[i];
		nacre_tracker_close(t);
	}
	qsort(with, (size_t)pairs, sizeof(*with), by_size);
	qsort(without, (size_t)pairs, sizeof(*without), by_size);
	qsort(ratio, (size_t)pairs, sizeof(*ratio), by_size);
	printf("4 KiB random writes a second, tracked\t%.0f\tnot tracked\t%.0f\t%.3f x\t>= 0.98 x\t%s\t%d\n", with[pairs / 2],
	       without[pairs / 2], ratio[pairs / 2], ratio[pairs / 2] >= 0.98 ? "yes" : "NO", pairs);
	return 0;
}

/* What of it is the program itself; the kernel's clock is in it. The least is what other work did not disturb. */
static int time_tracking(const struct lab_disk *disk, const struct nacre_tracker_disk *what, struct nacre_error *e)
{
	int stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	struct nacre_tracker *t = nacre_tracker_open(what, e);
	int program = t ? newest_program() : -1;
	double ns[PAIRS_MAX];

	if (!t)
		return -1;
	for (int i = 0; i < pairs; i++) {
		struct bpf_prog_info before = {0}, after = {0};
		__u32 size = sizeof(before);

		bpf_obj_get_info_by_fd(program, &before, &size);
		iops(disk);
		bpf_obj_get_info_by_fd(program, &after, &size);
		if (after.run_cnt <= before.run_cnt)
			return nacre_error_set(e, NACRE_E_SUPPORT, 0, what->path, "the kernel does not tell a program's time");
		ns[i] = (double)(after.run_time_ns - before.run_time_ns) / (double)(after.run_cnt - before.run_cnt);
	}
	nacre_tracker_close(t);
	if (program >= 0)
		close(program);
	if (stats >= 0)
		close(stats);
	qsort(ns, (size_t)pairs, sizeof(*ns), by_size);
	printf("in the program that tracks, for a write\t%.0f ns (least %.0f)\t-\t-\t-\t-\t-\t%d\n", ns[pairs / 2], ns[0], pairs);
	return 0;
}

static int measure_tracking(void)
{
	struct lab_disk disk = lab_disk("random.img", 64 << 20);
	struct nacre_tracker_disk what = {.path = disk.path, .device = disk.device, .size = disk.size, .grain = 4096};
	struct nacre_error e = {0};
	int failed;

	iops(&disk);
	failed = compare_tracking(&disk, &what, &e) || time_tracking(&disk, &what, &e);
	lab_disk_close(&disk);
	if (failed)
		fprintf(stderr, "snapshot: %s: %s\n", e.where, e.msg);
	return failed;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--smoke")) {
		runs = pairs = 1;
		slice = 0.1;
	}
	if (geteuid() != 0) {
		fprintf(stderr, "snapshot: to freeze a file system needs root\n");
		return 1;
	}
	if (!lab_start())
		return 1;
	if (argc > 1 && !strcmp(argv[1], "--tracking"))
		return measure_tracking();
	mkdir(lab_path("mnt"), 0700);
	return measure("ext4", "mke2fs -q -F -t ext4", 10, 5, 40) || measure("ext4", "mke2fs -q -F -t ext4", 50, 50, 100) ||
	       measure("xfs", "mkfs.xfs -q -f", 10, 5, 40) || measure("xfs", "mkfs.xfs -q -f", 50, 50, 100) ||
	       measure_tracking();
}
