/* SPDX-License-Identifier: BSD-2-Clause */
/* live.c - a file system is copied while programs write to it, and the copy is whole */
#include "conversion/snapshot/snapshot.h"

#include "conversion/snapshot/bits.h"
#include "lab.h"
#include "load.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	RATE = 10 << 20,
	LOOK_MS = 60000 /* the tests look at all of it while it is frozen */
};

/* One copy: to a file, as the sink has it. */
struct copy {
	struct nacre_snapshot *snapshot;
	struct load *load;
	struct lab_disk *disk;
	int fd;
	uint64_t promised, compared, different;
};

static int put(void *arg, unsigned disk, uint64_t offset, const void *data, size_t size, struct nacre_error *e)
{
	const struct copy *c = arg;

	(void)disk;
	if (pwrite(c->fd, data, size, (off_t)offset) != (ssize_t)size)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "the copy", "cannot be written");
	return 0;
}

static int put_zero(void *arg, unsigned disk, uint64_t offset, uint64_t length, struct nacre_error *e)
{
	const struct copy *c = arg;

	(void)disk;
	if (fallocate(c->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)length))
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "the copy", "cannot be written");
	return 0;
}

/* Everything is frozen: the copy is to be what the disk is, grain by grain. */
static void compare(void *arg)
{
	struct copy *c = arg;
	uint32_t grain;
	const uint64_t *used = nacre_snapshot_used(c->snapshot, 0, &grain);
	int disk = open(c->disk->path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	static char a[65536] __attribute__((aligned(4096))), b[65536];

	c->promised = c->load ? load_promised(c->load) : 0;
	for (uint64_t g = 0; g * grain < c->disk->size; g++) {
		ssize_t n;

		if (!bit_get(used, g))
			continue;
		n = pread(disk, a, grain, (off_t)(g * grain));
		c->compared++;
		if (n <= 0 || pread(c->fd, b, (size_t)n, (off_t)(g * grain)) != n || memcmp(a, b, (size_t)n)) {
			if (c->different++ < 5)
				printf("# grain %llu differs\n", (unsigned long long)g);
		}
	}
	close(disk);
}

static void show(const struct nacre_snapshot_result *r, const struct load *load)
{
	printf("# %.2f s, frozen %.1f ms, %d rounds, %llu KiB read, %llu KiB of them while frozen", r->seconds,
	       r->frozen_ms, r->rounds, (unsigned long long)r->read >> 10, (unsigned long long)r->last >> 10);
	if (load)
		printf("; longest write %.1f ms", load_longest(load));
	printf("\n");
	for (int i = 0; i < r->volume_count; i++)
		printf("# %s (%s): %s-consistent: %s\n", r->volumes[i].mount, r->volumes[i].type,
		       nacre_consistency_name(r->volumes[i].consistency), r->volumes[i].why);
}

/* Copy @disk to copy.img; without a reader of our own, what no driver of the kernel tells about is copied whole. */
static int take(struct copy *c, struct lab_disk *disk, const struct nacre_snapshot_options *o,
		struct nacre_snapshot_result *result, struct nacre_error *e)
{
	const char *path = disk->path;
	struct nacre_extents map = {0};
	const struct nacre_extents *maps[] = {&map};
	struct nacre_snapshot_sink sink = {put, put_zero, c};
	struct nacre_snapshot_options options = *o;
	int failed;

	unlink(lab_path("copy.img"));
	c->disk = disk;
	c->fd = open(lab_path("copy.img"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (ftruncate(c->fd, (off_t)disk->size))
		abort();
	c->snapshot = nacre_snapshot_open(&path, 1, e);
	if (!c->snapshot)
		return -1;
	nacre_extents_add(&map, 0, disk->size, 0);
	options.held = compare;
	options.held_arg = c;
	failed = nacre_snapshot_run(c->snapshot, maps, &sink, &options, result, e);
	nacre_snapshot_close(c->snapshot);
	nacre_extents_free(&map);
	fsync(c->fd);
	close(c->fd);
	return failed;
}

static bool run(const char *format, const char *what)
{
	char command[512];

	snprintf(command, sizeof(command), format, what);
	fflush(stdout);
	return system(command) == 0;
}

/* One file system under load; @check: a command that says whether the copy is whole, with its path as %s. */
static void test(const char *type, const char *make, const char *check, uint64_t size)
{
	struct lab_disk disk = lab_disk("disk.img", size);
	struct nacre_snapshot_result result;
	struct nacre_error e = {0};
	struct copy c = {0};
	char mounted[128], copied[128], command[300];

	snprintf(mounted, sizeof(mounted), "%s", lab_path("mnt"));
	snprintf(copied, sizeof(copied), "%s", lab_path("copied"));
	mkdir(mounted, 0700);
	mkdir(copied, 0700);
	lab_run("%s %s", make, disk.path);
	if (!tap_ok(mount(disk.path, mounted, type, 0, NULL) == 0, "%s: a file system is made and mounted", type))
		return;
	lab_run("head -c 20000000 /dev/urandom >%s/still; sync", mounted);
	c.load = load_start(mounted, RATE);
	if (!tap_ok(take(&c, &disk, &(struct nacre_snapshot_options){.require = NACRE_CONSISTENT_FILE_SYSTEM, .max_freeze_ms = LOOK_MS}, &result,
			 &e) == 0, "%s: it is copied while it is written to", type))
		printf("# %s: %s\n", e.where, e.msg);
	show(&result, c.load);
	tap_ok(c.compared > 5000 && c.different == 0, "%s: all %llu grains in use are equal under the freeze", type,
	       (unsigned long long)c.compared);
	tap_ok(result.volume_count == 1 && result.volumes[0].consistency == NACRE_CONSISTENT_FILE_SYSTEM,
	       "%s: the volume is said to be file-system-consistent", type);
	tap_ok(result.frozen_ms > 0 && result.frozen_ms < 2000, "%s: it was frozen for %.1f ms", type, result.frozen_ms);
	load_stop(c.load);
	tap_ok(run("cd /; cp --sparse=always %1$s %1$s.m", lab_path("copy.img")), "%s: the copy has a copy", type);
	lab_run("cp %s/still %s", mounted, lab_path("still"));
	umount2(mounted, 0); /* btrfs and XFS do not mount the same UUID twice */
	lab_disk_close(&disk);
	lab_run("mount -o loop %s %s", lab_path("copy.img.m"), copied);
	tap_ok(load_check(copied, c.promised), "%s: all %llu lines that were promised before the instant are there", type,
	       (unsigned long long)c.promised);
	snprintf(command, sizeof(command), "cmp %s %s/still", lab_path("still"), copied);
	tap_ok(run("%s", command), "%s: and what nobody wrote to", type);
	umount2(copied, 0);
	tap_ok(run(check, lab_path("copy.img.m")), "%s: mounted once, the copy is clean", type);
	lab_run("rm -f %s %s %s", lab_path("disk.img"), lab_path("copy.img"), lab_path("copy.img.m"));
}

int main(void)
{
	if (!lab_start())
		return getenv("NACRE_MUST_WORK") ? 1 : 0;
	test("ext4", "mke2fs -q -F -t ext4", "e2fsck -fn %s >/dev/null 2>&1", 200 << 20);
	test("xfs", "mkfs.xfs -q -f", "xfs_repair -n %s >/dev/null 2>&1", 310 << 20);
	test("btrfs", "mkfs.btrfs -q -f", "btrfs check %s >/dev/null 2>&1", 310 << 20);
	return tap_done();
}
