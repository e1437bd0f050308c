/* SPDX-License-Identifier: BSD-2-Clause */
/* tracker.c - tracker [zram | DEVICE]: what the tracker sees of a disk's changes, and what it does when it cannot see them
 *
 * Of a loop device; of a zram device of the test's own; or of a device of 64 MiB that is the test's to write to.
 */
#include "conversion/snapshot/tracker.h"

#include "lab.h"
#include "tap.h"

#include <linux/types.h>

#include "conversion/snapshot/tracker_shared.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/blkpg.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { GRAIN = 4096, DISK = 64 << 20, GRAINS = DISK / GRAIN, WORDS = GRAINS / 64 };

static uint64_t bits[WORDS];

/* What the kernel says that it did not report; the linker puts this in front of libbpf's. */
static uint64_t misses;
int __real_bpf_obj_get_info_by_fd(int fd, void *info, __u32 *size);
int __wrap_bpf_obj_get_info_by_fd(int fd, void *info, __u32 *size);
int __wrap_bpf_obj_get_info_by_fd(int fd, void *info, __u32 *size)
{
	int status = __real_bpf_obj_get_info_by_fd(fd, info, size);

	((struct bpf_prog_info *)info)->recursion_misses += misses;
	misses = 0; /* of one program, where there are two */
	return status;
}

static struct nacre_tracker *track(const struct lab_disk *disk, uint64_t size)
{
	struct nacre_tracker_disk what = {.path = disk->path, .device = disk->device, .size = size, .grain = GRAIN};
	struct nacre_error e = {0};
	struct nacre_tracker *t = nacre_tracker_open(&what, &e);

	if (!t) {
		printf("# %s: %s\n", e.where, e.msg);
		tap_ok(false, "a loop device is tracked");
		exit(tap_done());
	}
	return t;
}

/* Are the marks since the last call exactly the grains [first, last]? */
static bool marked(struct nacre_tracker *t, unsigned first, unsigned last)
{
	uint64_t wanted[WORDS] = {0};

	for (unsigned g = first; g <= last; g++)
		wanted[g / 64] |= 1ULL << g % 64;
	memset(bits, 0, sizeof(bits));
	nacre_tracker_take(t, bits);
	for (unsigned g = 0; g < GRAINS; g++)
		if ((bits[g / 64] ^ wanted[g / 64]) >> g % 64 & 1)
			printf("# grain %u: %s\n", g, bits[g / 64] >> g % 64 & 1 ? "is marked" : "is not marked");
	return !memcmp(bits, wanted, sizeof(bits));
}

static bool unmarked(struct nacre_tracker *t)
{
	memset(bits, 0, sizeof(bits));
	return nacre_tracker_take(t, bits) == 0;
}

static void put(int fd, uint64_t offset, size_t size)
{
	void *data;

	if (posix_memalign(&data, 4096, size))
		abort();
	lab_random(data, size);
	if (pwrite(fd, data, size, (off_t)offset) != (ssize_t)size)
		tap_ok(false, "a test writes to its disk: %s", strerror(errno));
	free(data);
}

/* Trap 3: a change is not only what has a W. */
static void test_kinds(const struct lab_disk *disk)
{
	struct nacre_tracker *t = track(disk, disk->size);
	int fd = open(disk->path, O_RDWR | O_DIRECT | O_CLOEXEC);
	uint64_t range[2] = {100 * GRAIN, 3 * GRAIN};
	char sector[4096] __attribute__((aligned(4096)));
	int least = 512;

	tap_is_number(nacre_tracker_words(t), WORDS, "there is a bit for every grain");
	put(fd, 5 * GRAIN, GRAIN);
	tap_ok(marked(t, 5, 5), "a write marks its grain");
	tap_ok(unmarked(t), "and marks that were taken are gone");
	ioctl(fd, BLKSSZGET, &least);
	put(fd, 64 * GRAIN - (unsigned)least, GRAIN + 2 * (unsigned)least);
	tap_ok(marked(t, 63, 65), "a write across grains and words marks all that it touches");
	put(fd, DISK - (unsigned)least, (size_t)least);
	tap_ok(marked(t, GRAINS - 1, GRAINS - 1), "the disk's last sector is in the last grain");
	tap_ok(ioctl(fd, BLKZEROOUT, range) == 0 && marked(t, 100, 102), "write-zeroes are changes");
	tap_ok(ioctl(fd, BLKDISCARD, range) == 0 && marked(t, 100, 102), "discards are changes");
	range[0] = 0;
	range[1] = DISK;
	tap_ok(ioctl(fd, BLKDISCARD, range) == 0 && marked(t, 0, GRAINS - 1), "a discard of the whole disk marks all of it");
	tap_ok(pread(fd, sector, sizeof(sector), 0) == sizeof(sector) && unmarked(t), "a read is none");
	put(disk->fd, 7 * GRAIN, GRAIN);
	tap_ok(unmarked(t), "what is only in the page cache is not on the disk");
	tap_ok(fsync(disk->fd) == 0 && marked(t, 7, 7), "and is marked when it gets there");
	tap_ok(fsync(fd) == 0 && unmarked(t), "a flush alone is no change");
	close(fd);
	fd = open(disk->path, O_RDWR | O_DIRECT | O_DSYNC | O_CLOEXEC);
	put(fd, 9 * GRAIN, GRAIN);
	tap_ok(marked(t, 9, 9), "a write with a flush around it is a change, as those of a journal are");
	memset(bits, 0, sizeof(bits));
	bits[2] = 6;
	nacre_tracker_put_back(t, bits);
	tap_ok(marked(t, 129, 130), "marks that were not used can be put back");
	tap_ok(nacre_tracker_check(t, NULL) == 0, "nothing was missed");
	close(fd);
	nacre_tracker_close(t);
}

/* Trap 15: a partition's I/O is seen at its place on the disk. */
static void test_partition(const struct lab_disk *disk)
{
	struct nacre_tracker *t = track(disk, disk->size);
	struct blkpg_partition partition = {.start = 16 * GRAIN, .length = 16 << 20, .pno = 1};
	struct blkpg_ioctl_arg arg = {.op = BLKPG_ADD_PARTITION, .datalen = sizeof(partition), .data = &partition};
	char path[160], dev[32] = "";
	unsigned a = 0, b = 0;
	FILE *f;
	int fd;

	tap_ok(ioctl(disk->fd, BLKPG, &arg) == 0, "a partition is added");
	snprintf(path, sizeof(path), "%s/%sp1/dev", disk->sysfs, strrchr(disk->path, '/') + 1);
	f = fopen(path, "re");
	if (f) {
		if (fgets(dev, sizeof(dev), f))
			sscanf(dev, "%u:%u", &a, &b);
		fclose(f);
	}
	snprintf(path, sizeof(path), "%s", lab_path("partition"));
	mknod(path, S_IFBLK | 0600, makedev(a, b));
	fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	put(fd, 3 * GRAIN, GRAIN);
	tap_ok(marked(t, 19, 19), "a write to the partition is marked at its place on the disk");
	close(fd);
	arg.op = BLKPG_DEL_PARTITION;
	ioctl(disk->fd, BLKPG, &arg);
	nacre_tracker_close(t);
}

/* Trap 4: nothing is lost under load, and nobody else's disk is marked. */
struct load {
	pthread_t thread;
	const struct lab_disk *disk;
	unsigned part;
	uint8_t wrote[GRAINS / 4];
};

static void *load(void *user)
{
	struct load *l = user;
	int fd = open(l->disk->path, O_RDWR | O_DIRECT | O_CLOEXEC);
	unsigned seed = l->part + 1;
	void *data;

	if (posix_memalign(&data, 4096, GRAIN))
		abort();
	memset(data, (int)l->part, GRAIN);
	for (int i = 0; i < 10000; i++) {
		unsigned g = (unsigned)rand_r(&seed) % (GRAINS / 4);

		l->wrote[g] = pwrite(fd, data, GRAIN, (off_t)(g + l->part * (GRAINS / 4)) * GRAIN) == GRAIN;
	}
	free(data);
	close(fd);
	return NULL;
}

static void test_load(const struct lab_disk *disk, const struct lab_disk *other)
{
	static struct load loads[4];
	struct nacre_tracker *t = track(disk, disk->size), *beside = track(other, other->size);
	unsigned lost = 0, extra = 0;

	memset(bits, 0, sizeof(bits));
	for (unsigned i = 0; i < 4; i++) {
		loads[i] = (struct load){.disk = disk, .part = i};
		pthread_create(&loads[i].thread, NULL, load, &loads[i]);
	}
	for (int i = 0; i < 200; i++) { /* while it works, marks are taken */
		nacre_tracker_take(t, bits);
		lab_sleep(1);
	}
	for (unsigned i = 0; i < 4; i++)
		pthread_join(loads[i].thread, NULL);
	nacre_tracker_take(t, bits);
	for (unsigned g = 0; g < GRAINS; g++) {
		bool wrote = loads[g / (GRAINS / 4)].wrote[g % (GRAINS / 4)], is = bits[g / 64] >> g % 64 & 1;

		lost += wrote && !is;
		extra += is && !wrote;
	}
	tap_is_number(lost, 0, "of 40,000 writes none is lost while marks are taken");
	tap_is_number(extra, 0, "and nothing else is marked");
	tap_ok(nacre_tracker_events(t) >= 20000, "they were %llu requests", (unsigned long long)nacre_tracker_events(t));
	tap_ok(nacre_tracker_check(t, NULL) == 0, "the kernel skipped none");
	tap_ok(unmarked(beside), "another disk's tracker saw nothing of it");
	nacre_tracker_close(t);
	nacre_tracker_close(beside);
}

/* Others begin and end to trace the same place: the kernel then loses changes, and it is noticed. */
struct churn {
	const struct lab_disk *disk;
	atomic_bool end;
	unsigned count;
};

static void *churn(void *user)
{
	struct churn *c = user;

	for (; !c->end; c->count++)
		nacre_tracker_close(track(c->disk, c->disk->size));
	return NULL;
}

static void test_lost(const struct lab_disk *disk, const struct lab_disk *other)
{
	struct nacre_tracker *t = track(disk, disk->size);
	struct churn c = {.disk = other};
	int fd = open(disk->path, O_RDWR | O_DIRECT | O_CLOEXEC);
	unsigned silent = 0, needless = 0, losses = 0, rounds = 0;
	double start = lab_now();
	struct nacre_error e = {0};
	pthread_t thread;

	tap_ok(nacre_tracker_begin(t, &e) == 0 && !nacre_tracker_lost(t), "nothing is lost at the beginning");
	put(fd, 5 * GRAIN, 3 * GRAIN);
	tap_ok(!nacre_tracker_lost(t), "nor by a write");
	pthread_create(&thread, NULL, churn, &c);
	for (; lab_now() - start < 3; rounds++) {
		unsigned missing = 0;

		memset(bits, 0, sizeof(bits));
		for (unsigned i = 0; i < 500; i++)
			put(fd, (rounds % 4 * 500 + i) * GRAIN, GRAIN);
		nacre_tracker_take(t, bits);
		for (unsigned i = 0; i < 500; i++)
			missing += !(bits[(rounds % 4 * 500 + i) / 64] >> (rounds % 4 * 500 + i) % 64 & 1);
		if (nacre_tracker_lost(t)) {
			needless += !missing;
			losses++;
			nacre_tracker_begin(t, &e);
		} else {
			silent += missing;
		}
	}
	c.end = true;
	pthread_join(thread, NULL);
	tap_is_number(silent, 0, "while others begin and end to trace, no loss goes unnoticed");
	tap_is_number(needless, 0, "and none is noticed that is not there");
	printf("# %u losses in %u writes, while others began and ended %u times\n", losses, rounds * 500, c.count);
	close(fd);
	nacre_tracker_close(t);
}

static void *late_write(void *user)
{
	int fd = open(((const struct lab_disk *)user)->path, O_RDWR | O_DIRECT | O_CLOEXEC);

	put(fd, 11 * GRAIN, GRAIN);
	close(fd);
	return NULL;
}

/* Trap 2: a write is marked when it has landed. It is held up by a frozen file system below the disk. */
static void test_completion(void)
{
	struct lab_disk lower = lab_disk("lower.img", 128 << 20), upper;
	struct nacre_tracker *t;
	pthread_t thread;
	char inner[128];
	int fd, guard;

	lab_run("mke2fs -q -F -t ext4 %s", lower.path);
	mkdir(lab_path("lower"), 0700);
	if (mount(lower.path, lab_path("lower"), "ext4", 0, NULL)) {
		tap_ok(false, "a file system is mounted: %s", strerror(errno));
		return;
	}
	upper = lab_disk("lower/upper.img", DISK);
	snprintf(inner, sizeof(inner), "%s", lab_path("lower"));
	t = track(&upper, upper.size);
	fd = open(inner, O_RDONLY | O_CLOEXEC);
	guard = lab_guard(fd);
	tap_ok(ioctl(fd, FIFREEZE, 0) == 0, "what is below the disk holds still");
	pthread_create(&thread, NULL, late_write, &upper);
	lab_sleep(200);
	tap_ok(unmarked(t), "a write that was begun, and has not landed, is not marked yet");
	ioctl(fd, FITHAW, 0);
	pthread_join(thread, NULL);
	tap_ok(marked(t, 11, 11), "when it has landed, it is");
	lab_release(guard);
	close(fd);
	nacre_tracker_close(t);
	lab_disk_close(&upper);
	umount2(inner, MNT_DETACH);
	lab_disk_close(&lower);
}

/* Trap 4b and 13: what was not seen is told. */
static void test_doubt(const struct lab_disk *disk)
{
	struct nacre_tracker *t = track(disk, disk->size / 2);
	struct nacre_error e = {0};
	int fd = open(disk->path, O_RDWR | O_DIRECT | O_CLOEXEC);

	put(fd, DISK / 2 - GRAIN, GRAIN);
	tap_ok(nacre_tracker_check(t, &e) == 0, "a write on the disk is well");
	put(fd, DISK / 2, GRAIN);
	tap_ok(nacre_tracker_check(t, &e) < 0 && strstr(e.msg, "resized"), "a write beyond its size is told");
	nacre_tracker_close(t);
	t = track(disk, disk->size);
	misses = 3;
	tap_ok(nacre_tracker_check(t, &e) < 0 && strstr(e.msg, "3 changes"), "so is what the kernel did not report");
	tap_ok(nacre_tracker_check(t, &e) == 0, "which is asked for each time");
	nacre_tracker_close(t);
	close(fd);
}

/* Mounted for as long as the test runs; false is told. */
static bool mount_bpf(void)
{
	mkdir(lab_path("bpf"), 0700);
	if (mount("bpf", lab_path("bpf"), "bpf", 0, NULL)) {
		tap_ok(false, "a BPF file system is mounted: %s", strerror(errno));
		return false;
	}
	return true;
}

/* No room for notes of bios on their way, in the tracker that is left in bpf/disk: "begun" of tracker.bpf.c, which begins with the
 * bio's address. Others' are not touched. */
static unsigned fill_notes(void)
{
	struct {
		__u64 key, rest[2];
	} taken = {.key = 1};
	__u32 ids[16], size;
	struct bpf_prog_info program = {.nr_map_ids = 16, .map_ids = (__u64)(uintptr_t)ids};
	int fd = bpf_obj_get(lab_path("bpf/disk/program"));
	unsigned filled = 0;

	size = sizeof(program);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &program, &size))
		return 0;
	close(fd);
	for (__u32 k = 0; k < program.nr_map_ids && k < 16; k++) {
		struct bpf_map_info info = {0};

		size = sizeof(info);
		fd = bpf_map_get_fd_by_id(ids[k]);
		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &size) && !strcmp(info.name, "begun") &&
		    info.value_size == sizeof(taken))
			for (__u32 i = 0; i < info.max_entries; i++)
				filled += !bpf_map_update_elem(fd, &i, &taken, 0);
		if (fd >= 0)
			close(fd);
	}
	return filled;
}

/* What has no requests: drivers cut bios to pieces. */
static void test_bios(const struct lab_disk *disk)
{
	struct nacre_tracker *t = track(disk, disk->size);
	struct nacre_error e = {0};
	char place[128];
	int fd = open(disk->path, O_RDWR | O_DIRECT | O_CLOEXEC);

	tap_ok(nacre_tracker_begin(t, &e) == 0, "it is begun with in a moment's pause");
	put(fd, 0, 8 << 20);
	tap_ok(marked(t, 0, (8 << 20) / GRAIN - 1), "a write that is cut to pieces on its way marks all of them");
	e.code = 0;
	tap_ok(nacre_tracker_check(t, &e) == 0, "and nothing was missed");
	if (e.code)
		printf("# %s\n", e.msg);
	tap_ok(!nacre_tracker_lost(t), "which agrees with the disk's statistics");
	snprintf(place, sizeof(place), "%s", lab_path("bpf/disk"));
	if (mount_bpf())
		tap_ok(nacre_tracker_leave(t, place, &e) == 0, "it can be found by others");
	tap_ok(fill_notes() > 0, "there is no room for notes of what is on its way");
	put(fd, 0, GRAIN);
	tap_ok(nacre_tracker_check(t, &e) < 0 && strstr(e.msg, "more were on their way"), "so it is told that something was missed");
	nacre_tracker_forget(place);
	umount2(lab_path("bpf"), MNT_DETACH);
	close(fd);
	nacre_tracker_close(t);
}

static void test_left(const struct lab_disk *disk, const struct lab_disk *other)
{
	struct nacre_tracker_disk what = {.path = disk->path, .device = disk->device, .size = disk->size, .grain = GRAIN};
	struct nacre_tracker *t = track(disk, disk->size);
	struct nacre_error e = {0};
	int fd = open(disk->path, O_RDWR | O_DIRECT | O_CLOEXEC), counters;
	struct tracker_row one = {.cells[TRACKER_UNKNOWN] = 1};
	__u32 key = 0;
	char place[128];

	if (!mount_bpf())
		return;
	snprintf(place, sizeof(place), "%s", lab_path("bpf/disk"));
	tap_ok(!nacre_tracker_find(&what, place, &e) && e.code == NACRE_E_ABSENT, "where nothing was left nothing is found");
	tap_ok(nacre_tracker_leave(t, place, &e) == 0, "tracking is left behind");
	tap_ok(nacre_tracker_leave(t, place, &e) < 0 && e.code == NACRE_E_EXISTS, "not twice");
	nacre_tracker_close(t);
	put(fd, 21 * GRAIN, GRAIN);
	t = nacre_tracker_find(&what, place, &e);
	tap_ok(t && marked(t, 21, 21), "it went on without us");
	counters = bpf_obj_get(lab_path("bpf/disk/counters"));
	bpf_map_update_elem(counters, &key, &one, 0);
	close(counters);
	tap_ok(nacre_tracker_check(t, &e) < 0 && strstr(e.msg, "passthrough"), "commands past the block layer are told");
	nacre_tracker_close(t);
	what.device = other->device;
	tap_ok(!nacre_tracker_find(&what, place, &e) && e.code == NACRE_E_ABSENT, "it is not taken for another disk's");
	what.device = disk->device;
	what.size -= 1 << 20;
	tap_ok(!nacre_tracker_find(&what, place, &e), "nor for a disk of another size");
	nacre_tracker_forget(place);
	tap_ok(access(place, F_OK) != 0, "and it can be ended");
	umount2(lab_path("bpf"), MNT_DETACH);
	close(fd);
}

static void fake(const char *name, const char *file, const char *content)
{
	char place[128], path[256];
	FILE *f;

	snprintf(place, sizeof(place), "%s", lab_path(name));
	lab_run("mkdir -p %s/queue", place);
	snprintf(path, sizeof(path), "%s/%s", place, file);
	if (!content) {
		mkdir(path, 0700);
	} else if ((f = fopen(path, "we"))) {
		fputs(content, f);
		fclose(f);
	}
}

static void refuses(const char *name, const char *file, const char *content, const char *word, const char *what)
{
	struct nacre_error e = {0};

	fake(name, file, content);
	tap_ok(nacre_tracker_judge(lab_path(name), name, &e) < 0 && e.code == NACRE_E_SUPPORT &&
		       strstr(e.msg, word), "%s", what);
}

/* Trap 13: where changes cannot be told, nothing is tracked. */
static void test_trust(void)
{
	struct nacre_error e = {0};

	fake("pmem0", "mq", NULL);
	refuses("pmem0", "queue/dax", "1\n", "DAX", "a disk that the processor stores into is refused");
	refuses("bcache0", "bcache", NULL, "other disks", "so is a disk with a cache");
	fake("dm-0", "dm", NULL);
	refuses("dm-0", "mq", NULL, "queue_mode bio", "and requests that are handed on to other disks");
	fake("md0", "md", NULL);
	refuses("md0", "queue/iostats", "0\n", "statistics", "and an array that keeps no statistics");
	fake("sdz", "mq", NULL);
	refuses("sdz", "queue/zoned", "host-managed\n", "zoned", "and a zoned disk");
	refuses("drbd0", "queue/dax", "0\n", "no requests", "and a driver without requests");
	fake("sdy", "mq", NULL);
	refuses("sdy", "queue/iostats", "0\n", "statistics", "and a disk that keeps no statistics");
	tap_ok(nacre_tracker_judge(lab_path("nothing"), "nothing", &e) < 0, "what is no disk is refused");
}

static bool make_disk(const char *which, struct lab_disk *disk)
{
	if (which && strcmp(which, "zram")) {
		*disk = lab_existing(which);
		return true;
	}
	if (which)
		return lab_zram(DISK, disk);
	*disk = lab_disk("disk.img", DISK);
	return true;
}

int main(int argc, char **argv)
{
	const char *which = argc > 1 ? argv[1] : NULL;
	struct lab_disk disk, other;
	struct nacre_error e = {0};

	if (!lab_start())
		return getenv("NACRE_MUST_WORK") ? 1 : 0;
	if (!make_disk(which, &disk)) {
		/* Not every kernel has them: no failure, where all has to work. */
		printf("1..0 # SKIP this kernel has no zram devices\n");
		return 0;
	}
	other = lab_disk("other.img", DISK);
	tap_ok(!nacre_tracker_judge(disk.sysfs, disk.path, &e), "%s is tracked", which ? which : "a loop device");
	if (e.code)
		printf("# %s: %s\n", e.where, e.msg);
	test_kinds(&disk);
	test_load(&disk, &other);
	test_lost(&disk, &other);
	if (which) {
		test_bios(&disk);
	} else {
		test_trust();
		test_partition(&disk);
		test_completion();
	}
	test_doubt(&disk);
	test_left(&disk, &other);
	lab_disk_close(&disk);
	lab_disk_close(&other);
	return tap_done();
}
