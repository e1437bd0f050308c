/* SPDX-License-Identifier: BSD-2-Clause */
/* lab.c - disks and mounts that a test makes for itself; see lab.h */
#include "lab.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

static char work[64];

__attribute__((format(printf, 1, 2), noreturn)) static void bail(const char *format, ...)
{
	va_list ap;

	printf("Bail out! ");
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	printf(": %s\n", strerror(errno));
	exit(99);
}

static void leave(void)
{
	umount2(work, MNT_DETACH);
	rmdir(work);
}

bool lab_start(void)
{
	const char *tmp = getenv("TMPDIR");

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (geteuid() != 0) {
		if (getenv("NACRE_MUST_WORK"))
			printf("not ok 1 - this machine can run the test\n# it needs root\n1..1\n");
		else
			printf("1..0 # SKIP this needs root\n");
		return false;
	}
	snprintf(work, sizeof(work), "%s/nacre-lab.XXXXXX", tmp && strlen(tmp) < 40 ? tmp : "/tmp");
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		bail("no mounts of its own");
	if (!mkdtemp(work) || mount("nacre-lab", work, "tmpfs", 0, "size=1g"))
		bail("no work directory");
	atexit(leave);
	return true;
}

const char *lab_path(const char *name)
{
	static char buffers[8][128];
	static int next;
	char *to = buffers[next++ % 8];

	snprintf(to, sizeof(buffers[0]), "%s/%s", work, name);
	return to;
}

struct lab_disk lab_disk(const char *name, uint64_t size)
{
	struct lab_disk disk = {.fd = -1, .size = size, .guard = -1};
	struct loop_config config = {.info = {.lo_flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_PARTSCAN}};
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int file = open(lab_path(name), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct stat st;

	if (control < 0 || file < 0 || ftruncate(file, (off_t)size))
		bail("%s: no loop device", name);
	for (int tries = 0; tries < 100; tries++) { /* somebody else may take the free one */
		int number = ioctl(control, LOOP_CTL_GET_FREE);

		snprintf(disk.path, sizeof(disk.path), "/dev/loop%d", number);
		snprintf(disk.sysfs, sizeof(disk.sysfs), "/sys/block/loop%d", number);
		disk.fd = number < 0 ? -1 : open(disk.path, O_RDWR | O_CLOEXEC);
		config.fd = (unsigned)file;
		if (disk.fd >= 0 && !ioctl(disk.fd, LOOP_CONFIGURE, &config))
			break;
		close(disk.fd);
		disk.fd = -1;
		lab_sleep(20);
	}
	close(control);
	close(file);
	if (disk.fd < 0 || fstat(disk.fd, &st))
		bail("%s: no loop device", name);
	disk.device = st.st_rdev;
	return disk;
}

struct lab_disk lab_existing(const char *path)
{
	struct lab_disk disk = {.guard = -1};
	struct stat st;

	snprintf(disk.path, sizeof(disk.path), "%s", path);
	disk.fd = open(path, O_RDWR | O_CLOEXEC);
	if (disk.fd < 0 || fstat(disk.fd, &st) || ioctl(disk.fd, BLKGETSIZE64, &disk.size))
		bail("%s: cannot be opened", path);
	disk.device = st.st_rdev;
	snprintf(disk.sysfs, sizeof(disk.sysfs), "/sys/dev/block/%u:%u", major(st.st_rdev), minor(st.st_rdev));
	return disk;
}

static bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return written;
}

/* Removes it once the test has closed its end, or is gone. */
static int guard_zram(int number)
{
	char text[16], c;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) || (pid = fork()) < 0)
		bail("no guard");
	if (!pid) {
		setsid();
		signal(SIGTERM, SIG_IGN);
		signal(SIGINT, SIG_IGN);
		dup2(ends[0], 3);
		close_range(4, ~0U, 0);
		while (read(3, &c, 1) < 0 && errno == EINTR)
			;
		snprintf(text, sizeof(text), "%d", number);
		for (int i = 0; i < 500 && !write_text("/sys/class/zram-control/hot_remove", text); i++)
			lab_sleep(10); /* somebody has it open */
		_exit(0);
	}
	close(ends[0]);
	return ends[1];
}

bool lab_zram(uint64_t size, struct lab_disk *disk)
{
	FILE *f = fopen("/sys/class/zram-control/hot_add", "re");
	char path[64], text[32];
	int number, guard;

	if (!f)
		return false;
	if (fscanf(f, "%d", &number) != 1)
		number = -1;
	fclose(f);
	if (number < 0)
		return false;
	guard = guard_zram(number);
	snprintf(path, sizeof(path), "/sys/block/zram%d/disksize", number);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)size);
	if (!write_text(path, text))
		bail("%s: cannot be written", path);
	snprintf(path, sizeof(path), "/dev/zram%d", number);
	*disk = lab_existing(path);
	disk->guard = guard;
	return true;
}

void lab_disk_close(struct lab_disk *disk)
{
	if (disk->fd >= 0)
		close(disk->fd);
	if (disk->guard >= 0)
		close(disk->guard);
	disk->fd = disk->guard = -1;
}

void lab_run(const char *format, ...)
{
	char command[1024];
	va_list ap;
	int status;

	va_start(ap, format);
	vsnprintf(command, sizeof(command), format, ap);
	va_end(ap);
	fflush(stdout);
	status = system(command);
	if (status)
		bail("%s: status %d", command, status);
}

int lab_guard(int fd)
{
	int ends[2], low = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) || (pid = fork()) < 0)
		bail("no guard");
	if (!pid) {
		char c;
		ssize_t got;

		setsid();
		dup2(fcntl(ends[0], F_DUPFD, 10), 4);
		dup2(low, 3);
		fd = 3;
		ends[0] = 4;
		close_range(5, ~0U, 0); /* no disk is kept by us */
		signal(SIGTERM, SIG_IGN);
		signal(SIGINT, SIG_IGN);
		while ((got = read(ends[0], &c, 1)) < 0 && errno == EINTR)
			;
		for (int i = 0; !got && i < 50; i++) {
			ioctl(fd, FITHAW, 0);
			lab_sleep(10);
		}
		_exit(0);
	}
	close(ends[0]);
	close(low);
	return ends[1];
}

void lab_release(int guard)
{
	if (write(guard, "", 1) != 1)
		printf("# the guard is gone\n");
	close(guard);
}

void lab_random(void *data, size_t size)
{
	static uint64_t state = 88172645463325252u;
	uint8_t *to = data;

	for (size_t i = 0; i < size; i += 8) {
		uint64_t x = state;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		state = x;
		memcpy(to + i, &x, size - i < 8 ? size - i : 8);
	}
}

double lab_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void lab_sleep(unsigned ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000L};

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}
