/* SPDX-License-Identifier: BSD-2-Clause */
/* throttle.c - limits of control groups are set, and are as before afterwards, whatever happens to who set them */
#include "conversion/snapshot/throttle.h"

#include "conversion/snapshot/cgroup.h"
#include "conversion/snapshot/freeze.h"
#include "lab.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RATE = 4 << 20 };

/* The first line of a file that begins with @start; "": none. */
static const char *line_of(const char *path, const char *start)
{
	static char line[256];
	FILE *f = fopen(path, "r");

	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, start, strlen(start))) {
			fclose(f);
			return line;
		}
	}
	if (f)
		fclose(f);
	return "";
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	close(fd);
}

/* Version 2 writes to files as we would see them; the kernel's are not needed for what stands in them. */
static void test_v2(void)
{
	char directory[128], path[200];
	const char *const directories[] = {directory, NULL};
	struct nacre_error e = {0};
	struct throttle t;
	uint64_t rate = RATE;
	bool v2 = false;

	snprintf(directory, sizeof(directory), "%s", lab_path("group"));
	snprintf(path, sizeof(path), "%s/io.max", directory);
	mkdir(directory, 0700);
	tap_ok(nacre_cgroup_throttles(directory, &v2, &e) < 0 && e.code == NACRE_E_SUPPORT && strstr(e.msg, "io.max"),
	       "version 2: without io.max it is no group that can be slowed down");
	write_file(path, "");
	tap_ok(nacre_cgroup_throttles(directory, &v2, &e) == 0 && v2, "version 2: with it, it is one");
	write_file(path, "7:30 rbps=max wbps=77 riops=max wiops=max\n7:3 rbps=100 wbps=1000 riops=max wiops=max\n");
	if (!tap_ok(throttle_open(&t, directories, (dev_t[]){makedev(7, 3), makedev(7, 4)}, 2, &e) == 0 && t.count == 2,
		    "version 2: there is a limit a disk"))
		return;
	tap_is_string(t.items[0].before, "7:3 wbps=1000", "version 2: the one of before is noted");
	tap_is_string(t.items[1].before, "7:4 wbps=max", "version 2: also that there was none");
	write_file(path, "");
	tap_ok(throttle_set(&t, &rate, &e) == 0 && rate == RATE, "version 2: limits are set");
	tap_is_string(line_of(path, "7:"), "7:4 wbps=2097152", "version 2: each has its share");
	write_file(path, "");
	throttle_restore(&t);
	tap_is_string(line_of(path, "7:"), "7:4 wbps=max0", "version 2: what was before is put back"); /* over "7:3 wbps=1000" */
	throttle_close(&t);
}

static char group[128];

static void remove_group(void)
{
	char below[160];

	snprintf(below, sizeof(below), "%s/below", group);
	rmdir(below);
	rmdir(group);
}

/* A process that has set a limit is killed: the watchdog puts it back. */
static void test_killed(const struct throttle *t, const char *file, const char *start, const char *before)
{
	int ready[2];
	pid_t pid;
	char c;

	if (pipe(ready))
		abort();
	fflush(stdout);
	pid = fork();
	if (!pid) {
		const struct nacre_freeze_what what = {.most_ms = 1000, .throttle = t};
		struct nacre_freezer *f = nacre_freezer_open(&what, NULL);
		uint64_t rate = RATE;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (f) {
			nacre_freezer_limits(f, true);
			throttle_set(t, &rate, NULL);
			if (write(ready[1], "r", 1) == 1)
				pause();
		}
		_exit(1);
	}
	close(ready[1]);
	tap_ok(read(ready[0], &c, 1) == 1 && strcmp(line_of(file, start), before), "a process has set a limit: %s", line_of(file, start));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (int i = 0; i < 200 && strcmp(line_of(file, start), before); i++)
		lab_sleep(10);
	tap_is_string(line_of(file, start), before, "it is killed, and the limit is as it was before");
	close(ready[0]);
}

static void test_v1(void)
{
	struct lab_disk disk = lab_disk("disk.img", 16 << 20);
	const char *const directories[] = {group, NULL};
	char file[200], below[200], path[300], start[32], old[64], text[64];
	struct nacre_error e = {0};
	uint64_t rate = RATE;
	struct throttle t;
	bool v2 = true;

	snprintf(group, sizeof(group), "/sys/fs/cgroup/blkio/nacre-test-%ld", (long)getpid());
	snprintf(file, sizeof(file), "%s/" NACRE_CGROUP_BLKIO, group);
	snprintf(below, sizeof(below), "%s/below", group);
	snprintf(path, sizeof(path), "%s/" NACRE_CGROUP_BLKIO, below);
	if (mkdir(group, 0700)) {
		tap_skip("version 1", "there is no control group file system of version 1 with blkio");
		return;
	}
	atexit(remove_group);
	mkdir(below, 0700);
	snprintf(start, sizeof(start), "%u:%u ", major(disk.device), minor(disk.device));
	snprintf(old, sizeof(old), "%s900000000", start);
	write_file(file, old);
	if (!tap_ok(nacre_cgroup_throttles(group, &v2, &e) == 0 && !v2 &&
			    throttle_open(&t, directories, &disk.device, 1, &e) == 0 && t.count == 2,
		    "version 1: a group, and the one below it"))
		return;
	tap_ok(throttle_set(&t, &rate, &e) == 0 && rate == RATE, "version 1: limits are set: %s", e.msg);
	snprintf(text, sizeof(text), "%s%d", start, RATE / 2);
	tap_is_string(line_of(file, start), text, "version 1: the group has its share");
	tap_is_string(line_of(path, start), text, "version 1: the one below it too");
	throttle_restore(&t);
	tap_is_string(line_of(file, start), old, "version 1: the limit that was there is back");
	tap_is_string(line_of(path, start), "", "version 1: where there was none, there is none");
	test_killed(&t, file, start, old);
	throttle_close(&t);
	lab_disk_close(&disk);
}

int main(void)
{
	if (!lab_start())
		return getenv("NACRE_MUST_WORK") ? 1 : 0;
	test_v2();
	test_v1();
	return tap_done();
}
