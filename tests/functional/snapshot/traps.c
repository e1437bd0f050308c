/* SPDX-License-Identifier: BSD-2-Clause */
/* traps.c - ways in which a copy of a disk in use can be wrong, each laid out so that stepping into it shows
 *
 * All of them, and where:
 *
 *	 1  old data in the page cache                                     here: stale
 *	 2  a write marked when it begins, not when it has landed          tracker.c: completion
 *	 3  changes without a W: write-zeroes, discards, journals          tracker.c: kinds
 *	 4  events that a buffer has no room for                           tracker.c: load
 *	 4b a program that the kernel skips                                tracker.c: lost, doubt; here: lost
 *	 5  traces that a locked-down kernel refuses                       none is used: the tracker is a BPF program
 *	 6  stores through a mapping, which no watch of files sees         here: mapped
 *	 7  GETFSMAP's used records leave used groups out                  here: map
 *	 8  grains that are free in part                                   here: sizes
 *	 9  blocks that are taken and never written                        here: reserved
 *	10  what a freeze leaves on the disk: orphans, a log               live.c; root.sh, whose fix-up meets an orphan
 *	11  a root that is frozen below its tool; inner and outer          root.sh; freeze.c: order; faults.sh: killed while frozen
 *	12  volumes at different instants                                  here: instant
 *	13  changes that are never seen: DAX, passthrough, stacks          tracker.c: trust, doubt
 *	14  sectors that are larger than 512 bytes                         here: sizes
 *	15  a partition's I/O, which is the disk's                         tracker.c: partition
 *	16  more is written than can be copied                             here: fast
 *	17  a kernel that lacks something, or a user who may not           faults.sh: refused
 */
#include "copy.h"

#include "conversion/snapshot/bits.h"
#include "tap.h"

#include <linux/types.h>

#include "conversion/snapshot/tracker_shared.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* Reads of a disk at this byte fail; the linker puts this in front of the C library's. */
static _Atomic int64_t bad_from = -1, bad_to = -1;
ssize_t __real_pread64(int fd, void *data, size_t size, off_t offset);
ssize_t __wrap_pread64(int fd, void *data, size_t size, off_t offset);
ssize_t __wrap_pread64(int fd, void *data, size_t size, off_t offset)
{
	if (bad_from >= 0 && offset < bad_to && offset + (off_t)size > bad_from && (fcntl(fd, F_GETFL) & O_DIRECT)) {
		errno = EIO;
		return -1;
	}
	return __real_pread64(fd, data, size, offset);
}

static const struct nacre_snapshot_options patient = {.max_freeze_ms = COPY_LOOK_MS};

/* A disk of @size with a file system made by @make, mounted at NAME; its free space is full of what was there before. */
static struct lab_disk make(const char *name, uint64_t size, const char *how)
{
	char file[32];
	struct lab_disk disk;

	snprintf(file, sizeof(file), "%s.img", name);
	disk = lab_disk(file, size);
	mkdir(lab_path(name), 0700);
	lab_run("head -c %llu /dev/urandom >%s && sync %s", (unsigned long long)size, disk.path, disk.path);
	lab_run("mke2fs -q -F -t ext4 -E nodiscard %s %s", how, disk.path);
	if (mount(disk.path, lab_path(name), "ext4", 0, NULL)) {
		tap_ok(false, "mounted: %s", strerror(errno));
		exit(tap_done());
	}
	return disk;
}

static void unmake(struct lab_disk *disk, const char *name)
{
	umount2(lab_path(name), 0);
	lab_disk_close(disk);
	lab_run("rm -f %s.img %s", lab_path(name), lab_path("copy*"));
}

static void expect_equal(const struct copy *c, int failed, const char *what)
{
	tap_ok(!failed && c->compared > 1000 && c->different == 0, "%s (%llu grains)", what,
	       (unsigned long long)c->compared);
}

/* Trap 1: who has read the disk before sees old data in the page cache. */
static void test_stale(void)
{
	struct copy c = {.disks = {make("stale", 160 << 20, "")}, .count = 1};
	struct nacre_snapshot_result result;
	struct nacre_error e = {0};
	int cached = open(c.disks[0].path, O_RDONLY | O_CLOEXEC);
	static char data[1 << 20];
	int failed;

	c.load = load_start(lab_path("stale"), 10 << 20);
	while (read(cached, data, sizeof(data)) > 0)
		;
	failed = copy_take(&c, &patient, &result, &e);
	load_stop(c.load);
	expect_equal(&c, failed, "a disk whose old content is in the page cache is copied as it is");
	close(cached);
	unmake(&c.disks[0], "stale");
}

/* Trap 8 and 14: blocks smaller than a grain, and sectors as large as one. */
static void test_sizes(void)
{
	struct copy c = {.disks = {make("small", 96 << 20, "-b 1024")}, .count = 1};
	struct nacre_snapshot_result result;
	struct nacre_error e = {0};
	char command[256];
	int failed;

	c.load = load_start(lab_path("small"), 10 << 20);
	failed = copy_take(&c, &patient, &result, &e);
	load_stop(c.load);
	expect_equal(&c, failed, "a file system with blocks of 1 KiB is copied");
	snprintf(command, sizeof(command), "mount -o loop %1$s %2$s && umount %2$s && e2fsck -fn %1$s >/dev/null 2>&1",
		 lab_path("copy0.img"), lab_path("small"));
	umount2(lab_path("small"), 0);
	tap_ok(system(command) == 0, "and clean, once it was mounted");
	unmake(&c.disks[0], "small");

	c = (struct copy){.disks = {lab_disk("large.img", 96 << 20)}, .count = 1};
	mkdir(lab_path("large"), 0700);
	if (ioctl(c.disks[0].fd, LOOP_SET_BLOCK_SIZE, 4096)) {
		tap_ok(false, "a disk with sectors of 4 KiB is made");
		return;
	}
	lab_run("mke2fs -q -F -t ext4 %s && mount %s %s", c.disks[0].path, c.disks[0].path, lab_path("large"));
	c.load = load_start(lab_path("large"), 10 << 20);
	failed = copy_take(&c, &patient, &result, &e);
	load_stop(c.load);
	expect_equal(&c, failed, "a disk with sectors of 4 KiB is copied");
	unmake(&c.disks[0], "large");
}

/* dumpe2fs's "Free blocks: 12-34, 56": their bits in @free become 1. */
static void read_free(const char *device, uint64_t *free_bits)
{
	char command[128], *line = NULL, *at;
	size_t size = 0;
	FILE *f;

	snprintf(command, sizeof(command), "dumpe2fs %s 2>/dev/null", device);
	f = popen(command, "re");
	while (f && getline(&line, &size, f) > 0) {
		if (!(at = strstr(line, "  Free blocks: ")))
			continue;
		for (at += 15; *at >= '0' && *at <= '9'; at += strspn(at, ", ")) {
			uint64_t from = strtoull(at, &at, 10), to = *at == '-' ? strtoull(at + 1, &at, 10) : from;

			bits_fill(free_bits, from, to + 1, true);
		}
	}
	free(line);
	if (f)
		pclose(f);
}

/* Trap 7: what GETFSMAP says is used is not all that is; a group that is full comes before others. */
static void test_map(void)
{
	enum { BLOCKS = 64 << 10, GRAINS = BLOCKS / 4 };
	struct lab_disk disk = make("map", 64 << 20, "-b 1024");
	static uint64_t used[GRAINS / 64], really_free[BLOCKS / 64];
	struct nacre_live_memory *memory = nacre_live_memory_new();
	struct nacre_error e = {0};
	struct nacre_lives lives;
	unsigned missing = 0, extra = 0;

	lab_run("cd %s && head -c 30M /dev/zero >full && head -c 10M /dev/zero >other && rm other && sync -f .", lab_path("map"));
	lab_sleep(50);
	lab_run("sync -f %s", lab_path("map"));
	tap_ok(nacre_live_find(&disk.device, 1, &lives, &e) == 0 && lives.count == 1 &&
		       nacre_live_used(&lives.list[0], memory, 4096, used, &e) == 0, "the kernel says what is in use");
	read_free(disk.path, really_free);
	for (uint64_t b = 0; b < BLOCKS; b++)
		missing += !bit_get(used, b / 4) && !bit_get(really_free, b);
	for (uint64_t g = 0; g < GRAINS; g++)
		extra += bit_get(used, g) && bits_next(really_free, 4 * g, 4 * g + 4, false) == 4 * g + 4;
	tap_is_number(missing, 0, "every block that the file system's own bitmap has is in use");
	tap_ok(extra < 64, "and hardly any other (%u)", extra);
	tap_ok(bits_count(really_free, BLOCKS / 64) > 10000, "of a file system that has free blocks");
	nacre_live_free(&lives);
	nacre_live_memory_free(memory);
	unmake(&disk, "map");
}

/* A program that never calls write(2). */
struct mapped {
	atomic_bool end;
	pthread_t thread;
	unsigned stores;
};

static void *store(void *user)
{
	enum { SIZE = 4 << 20, PAGE = 4096 };
	struct mapped *m = user;
	int fd = open(lab_path("mapped/file"), O_RDWR | O_CLOEXEC);
	char *at = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	close(fd);
	while (at != MAP_FAILED && !m->end) {
		char *page = at + rand() % (SIZE / PAGE) * PAGE;

		lab_random(page, 64);
		if (msync(page, PAGE, MS_SYNC))
			break;
		m->stores++;
	}
	if (at != MAP_FAILED)
		munmap(at, SIZE);
	return NULL;
}

/* Trap 6: what is stored through a mapping is a change like others. */
static void test_mapped(void)
{
	struct copy c = {.disks = {make("mapped", 64 << 20, "")}, .count = 1};
	struct nacre_snapshot_result result;
	struct nacre_error e = {0};
	struct mapped m = {.end = false};
	int failed;

	lab_run("head -c 4M /dev/urandom >%s/file; sync", lab_path("mapped"));
	pthread_create(&m.thread, NULL, store, &m);
	lab_sleep(50);
	failed = copy_take(&c, &patient, &result, &e);
	m.end = true;
	pthread_join(m.thread, NULL);
	expect_equal(&c, failed, "what is stored through a mapping is copied");
	tap_ok(m.stores > 10, "it was stored %u times", m.stores);
	unmake(&c.disks[0], "mapped");
}

static void *reserve_later(void *arg)
{
	int fd = open(lab_path("reserve/reserved"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	lab_sleep(50);
	*(bool *)arg = posix_fallocate(fd, 0, 24 << 20) == 0 && fsync(fd) == 0;
	close(fd);
	return NULL;
}

/* Trap 9: space that is taken and never written is in use; what was on the disk there is in the copy. */
static void test_reserved(void)
{
	struct copy c = {.disks = {make("reserve", 160 << 20, "")}, .count = 1, .pause_us = 2000};
	struct nacre_snapshot_result result;
	struct nacre_error e = {0};
	pthread_t thread;
	bool done = false;
	int failed;

	c.load = load_start(lab_path("reserve"), 5 << 20);
	pthread_create(&thread, NULL, reserve_later, &done);
	failed = copy_take(&c, &patient, &result, &e);
	pthread_join(thread, NULL);
	load_stop(c.load);
	tap_ok(done, "24 MiB are reserved while a disk is copied");
	expect_equal(&c, failed, "what is in use and was never written is copied as well");
	tap_ok(c.compared > (24 << 20) / 4096, "and counts as in use");
	unmake(&c.disks[0], "reserve");
}

/* Numbers are written to one disk, and then to another: a copy that has a number on the second has it on the first. */
struct pair {
	atomic_bool end;
	pthread_t thread;
};

static void *write_pair(void *user)
{
	struct pair *p = user;
	int first = open(lab_path("first/n"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int second = open(lab_path("second/n"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	while (!p->end)
		if (write(first, "x", 1) != 1 || fdatasync(first) || write(second, "x", 1) != 1 || fdatasync(second))
			break;
	close(first);
	close(second);
	return NULL;
}

static long long size_in_copy(const char *image)
{
	char path[200];
	struct stat st = {0};

	snprintf(path, sizeof(path), "%s/n", lab_path("first"));
	lab_run("mount -o loop %s %s", lab_path(image), lab_path("first"));
	stat(path, &st);
	umount2(lab_path("first"), 0);
	return (long long)st.st_size;
}

/* Trap 12: all volumes at one instant, not one after the other. */
static void test_instant(void)
{
	struct copy c = {.disks = {make("first", 64 << 20, ""), make("second", 64 << 20, "")}, .count = 2};
	struct nacre_snapshot_result result;
	struct nacre_error e = {0};
	struct pair p = {.end = false};
	long long first, second;
	int failed;

	pthread_create(&p.thread, NULL, write_pair, &p);
	lab_sleep(100);
	failed = copy_take(&c, &patient, &result, &e);
	p.end = true;
	pthread_join(p.thread, NULL);
	expect_equal(&c, failed, "two disks are copied at one instant");
	tap_is_number(result.volume_count, 2, "both volumes are told");
	umount2(lab_path("first"), 0);
	umount2(lab_path("second"), 0);
	first = size_in_copy("copy0.img");
	second = size_in_copy("copy1.img");
	tap_ok(second > 0 && first >= second && first - second <= 1,
	       "what was written to one and then to the other is in both: %lld, %lld", first, second);
	unmake(&c.disks[0], "first");
	unmake(&c.disks[1], "second");
}

/* One write of this process's tracker was not reported: its sum is too low. */
static void lose(void *arg, int number, uint64_t bytes)
{
	(void)arg, (void)bytes;
	for (int fd = 3; number == 1 && fd < 256; fd++) {
		struct bpf_map_info info = {0};
		__u32 size = sizeof(info), key = 0;
		struct tracker_row row;

		if (bpf_obj_get_info_by_fd(fd, &info, &size) || strcmp(info.name, "counters") ||
		    bpf_map_lookup_elem(fd, &key, &row))
			continue;
		row.cells[TRACKER_SECTORS] -= 8;
		bpf_map_update_elem(fd, &key, &row, 0);
	}
}

/* Trap 4b: what the kernel did not report may be anywhere. All is copied again. */
static void test_lost(void)
{
	struct copy c = {.disks = {make("lost", 96 << 20, "")}, .count = 1};
	struct nacre_snapshot_options options = patient;
	struct nacre_snapshot_result result;
	struct nacre_error e = {0};
	int failed;

	options.says.round = lose;
	c.load = load_start(lab_path("lost"), 5 << 20);
	failed = copy_take(&c, &options, &result, &e);
	load_stop(c.load);
	expect_equal(&c, failed, "a disk of which not all changes were reported is copied");
	tap_is_number(result.restarts, 1, "a second time, as is told");
	unmake(&c.disks[0], "lost");
}

static bool writable(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/still", lab_path(name));
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void dawdle(void *arg)
{
	(void)arg;
	lab_sleep(400);
}

/* Trap 16: what is written faster than it can be copied is told, and goes on. So does what took too long. */
static void test_fast(void)
{
	struct copy c = {.disks = {make("fast", 220 << 20, "")}, .count = 1, .pause_us = 500};
	struct nacre_snapshot_result result;
	struct nacre_error e = {0};
	int failed;

	c.load = load_start(lab_path("fast"), 2000ull << 20);
	failed = copy_take(&c, &(struct nacre_snapshot_options){.max_freeze_ms = 50}, &result, &e);
	tap_ok(failed && strstr(e.msg, "--max-freeze"), "a disk that is written faster than it is copied is an error");
	load_stop(c.load);
	tap_ok(writable("fast"), "after which it can be written to");
	c.load = NULL;
	c.pause_us = 0;
	c.held = dawdle;
	failed = copy_take(&c, &(struct nacre_snapshot_options){.max_freeze_ms = 200}, &result, &e);
	tap_ok(failed && strstr(e.msg, "went on"), "a freeze that did not hold is an error");
	tap_ok(writable("fast"), "after which it can be written to, too");
	unmake(&c.disks[0], "fast");
}

static void test_unreadable(void)
{
	struct copy c = {.disks = {make("bad", 64 << 20, "")}, .count = 1};
	struct nacre_snapshot_options options = patient;
	struct nacre_snapshot_result result;
	struct nacre_error e = {0};
	int failed;

	lab_run("head -c 20M /dev/urandom >%s/data; sync", lab_path("bad"));
	bad_from = 40960; /* group descriptors and what follows: always in use */
	bad_to = bad_from + 512;
	failed = copy_take(&c, &options, &result, &e);
	tap_ok(failed && strstr(e.msg, "cannot be read at byte"), "a disk that cannot be read is an error that says where");
	tap_ok(writable("bad"), "and it goes on");
	options.zero_bad = true;
	failed = copy_take(&c, &options, &result, &e);
	tap_ok(!failed && result.bad == 1 && result.first_bad == 40960, "or one grain becomes zeroes, and is told: %llu at %llu",
	       (unsigned long long)result.bad, (unsigned long long)result.first_bad);
	tap_is_number(c.different, 1, "and only that one differs");
	bad_from = bad_to = -1;
	unmake(&c.disks[0], "bad");
}

int main(void)
{
	if (!lab_start())
		return getenv("NACRE_MUST_WORK") ? 1 : 0;
	test_stale();
	test_sizes();
	test_mapped();
	test_map();
	test_reserved();
	test_instant();
	test_lost();
	test_fast();
	test_unreadable();
	return tap_done();
}
