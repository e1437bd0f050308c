/* SPDX-License-Identifier: BSD-2-Clause */
/* freeze.c - what holds still goes on again, whatever happens to who froze it */
#include "conversion/snapshot/freeze.h"

#include "conversion/snapshot/live.h"
#include "conversion/snapshot/writers.h"
#include "lab.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

/* Milliseconds that a new file on the file system takes; at most @most. */
static double time_to_write(const char *directory, unsigned most)
{
	double start = lab_now();
	char path[160];
	pid_t pid;
	int fd;

	snprintf(path, sizeof(path), "%s/try%ld", directory, (long)getpid());
	pid = fork();
	if (!pid) {
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		_exit(fd < 0 || write(fd, "x", 1) != 1);
	}
	while (waitpid(pid, NULL, WNOHANG) == 0 && (lab_now() - start) * 1000 < most)
		lab_sleep(1);
	if ((lab_now() - start) * 1000 >= most) { /* it ends when it can */
		kill(pid, SIGKILL);
		return most;
	}
	unlink(path);
	return (lab_now() - start) * 1000;
}

static struct nacre_freezer *freezer(const int *fds, int count, uint32_t most_ms, const char *const *hooks)
{
	struct nacre_freeze_what what = {.mount_count = count, .most_ms = most_ms, .hooks = hooks};
	struct nacre_error e = {0};
	struct nacre_freezer *f;

	for (int i = 0; i < count; i++) {
		what.mounts[i] = fds[i];
		what.mount_names[i] = "a mount";
	}
	f = nacre_freezer_open(&what, &e);
	if (!f) {
		tap_ok(false, "a watchdog is started: %s", e.msg);
		exit(tap_done());
	}
	return f;
}

static void test_plain(const char *directory, int fd)
{
	struct nacre_freezer *f = freezer(&fd, 1, 2000, NULL);
	struct nacre_error e = {0};
	pid_t dog = nacre_freezer_watchdog(f);

	tap_ok(nacre_freezer_prime(f, &e) == 0 && time_to_write(directory, 1000) < 1000, "freeze and thaw, once");
	tap_ok(nacre_freezer_freeze(f, &e) == 0, "a file system is frozen");
	tap_ok(time_to_write(directory, 200) >= 200, "who writes to it waits");
	tap_ok(nacre_freezer_thaw(f, &e) == 0, "it is thawed, and had held");
	tap_ok(time_to_write(directory, 1000) < 1000, "and can be written to");
	tap_ok(nacre_freezer_ms(f) >= 200 && nacre_freezer_ms(f) < 1000, "the time that it held is known (%.0f ms)",
	       nacre_freezer_ms(f));
	nacre_freezer_close(f);
	tap_ok(kill(dog, 0) < 0 && errno == ESRCH, "nothing is left of the watchdog");
}

static void test_deadline(const char *directory, int fd)
{
	struct nacre_freezer *f = freezer(&fd, 1, 150, NULL);
	struct nacre_error e = {0};
	double ms;

	tap_ok(nacre_freezer_freeze(f, &e) == 0, "frozen, and then forgotten");
	ms = time_to_write(directory, 3000);
	tap_ok(ms > 50 && ms < 2000, "the watchdog thaws when the time is over (%.0f ms for 150)", ms);
	tap_ok(nacre_freezer_thaw(f, &e) < 0 && strstr(e.msg, "150 ms"), "and whoever thaws is told that it did not hold");
	tap_ok(nacre_freezer_freeze(f, &e) == 0 && nacre_freezer_thaw(f, &e) == 0, "the next freeze holds again");
	nacre_freezer_close(f);
}

static void test_others(int fd)
{
	struct nacre_freezer *f = freezer(&fd, 1, 500, NULL);
	struct nacre_error e = {0};

	ioctl(fd, FIFREEZE, 0);
	tap_ok(nacre_freezer_freeze(f, &e) < 0 && strstr(e.msg, "somebody else"), "what somebody else froze is not taken over");
	lab_sleep(700);
	nacre_freezer_close(f);
	tap_ok(ioctl(fd, FITHAW, 0) == 0, "and not thawed");
}

/* A process that freezes and is killed at once; @held: a hook's program as well. */
static void be_killed(int fd, const char *const *hooks, bool freeze)
{
	pid_t pid = fork();
	struct nacre_freezer *f;
	int status;

	if (!pid) {
		f = freezer(&fd, 1, 60000, hooks);
		nacre_freezer_hooks(f, hooks != NULL);
		if (freeze && nacre_freezer_freeze(f, NULL) < 0)
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	waitpid(pid, &status, 0);
	tap_ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "who froze is killed by SIGKILL");
}

static void test_killed(const char *directory, int fd)
{
	char hook[160], called[160], command[200];
	const char *const hooks[] = {hook, NULL};
	double ms;

	snprintf(hook, sizeof(hook), "%s", lab_path("hook"));
	snprintf(called, sizeof(called), "%s", lab_path("called"));
	lab_run("printf '#!/bin/sh\\necho $1 >%s\\n' >%s; chmod 755 %s", called, hook, hook);
	be_killed(fd, hooks, true);
	ms = time_to_write(directory, 5000);
	tap_ok(ms < 2000, "the file system goes on without it (%.0f ms)", ms);
	for (int i = 0; i < 200 && access(called, F_OK); i++)
		lab_sleep(10);
	lab_sleep(50);
	snprintf(command, sizeof(command), "grep -qx thaw %s", called);
	tap_ok(system(command) == 0, "and the hooks are told to thaw");
	ioctl(fd, FIFREEZE, 0);
	be_killed(fd, NULL, false);
	lab_sleep(500);
	tap_ok(ioctl(fd, FITHAW, 0) == 0, "killed before it froze anything, it leaves what others froze alone");
}

/* A program in a control group of its own counts; -1: there is no such file system here. */
static pid_t counter(const char *group, volatile unsigned *count)
{
	char path[200];
	pid_t pid;
	FILE *f;

	if (mkdir(group, 0755) && errno != EEXIST)
		return -1;
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;; lab_sleep(1))
			++*count;
	}
	snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	f = fopen(path, "we");
	if (f) {
		fprintf(f, "%d\n", (int)pid);
		fclose(f);
	}
	return pid;
}

static void test_cgroup(const char *root, const char *what)
{
	volatile unsigned *count = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char group[128];
	struct nacre_freeze_what wanted = {.most_ms = 1000, .cgroups = {group}, .cgroup_count = 1};
	struct nacre_error e = {0};
	struct nacre_freezer *f;
	unsigned before;
	pid_t pid;

	snprintf(group, sizeof(group), "%s/nacre-test-%ld", root, (long)getpid());
	pid = counter(group, count);
	if (pid < 0)
		return;
	f = nacre_freezer_open(&wanted, &e);
	tap_ok(f && nacre_freezer_freeze(f, &e) == 0, "a control group (%s) is stopped", what);
	before = *count;
	lab_sleep(50);
	tap_ok(*count == before, "its program does nothing");
	tap_ok(f && nacre_freezer_thaw(f, &e) == 0, "it goes on");
	lab_sleep(50);
	tap_ok(*count > before, "and so does the program");
	nacre_freezer_close(f);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (int i = 0; i < 100 && rmdir(group); i++)
		lab_sleep(10);
}

static void test_hooks(void)
{
	const char *const directories[] = {lab_path("none"), lab_path("hooks"), NULL};
	struct nacre_error e = {0};
	char command[300];
	struct writers w;
	double start;

	lab_run("mkdir %1$s && cd %1$s && for n in 20-b 10-a; do printf '#!/bin/sh\\necho %%s $1 >>%2$s\\n' $n >$n; done; "
		"printf '#!/bin/sh\\nexit 3\\n' >30-fails; printf '#!/bin/sh\\nsleep 60\\n' >40-hangs; "
		"printf '#!/bin/sh\\nexit 69\\n' >50-absent; printf '#!/bin/sh\\nexit 0\\n' >60-open; cp 10-a 10-a.dpkg-old; "
		"cp 10-a 70-plain; chmod 755 *; chmod 777 60-open; chmod 644 70-plain", lab_path("hooks"), lab_path("order"));
	tap_ok(writers_find(directories, &w, &e) == 0 && w.count == 5, "hooks are found: executable, and written by root alone");
	start = lab_now();
	tap_is_number(writers_call(&w, "freeze", 1), 2, "two of them have a problem");
	tap_ok(lab_now() - start < 10, "one that hangs is given up");
	tap_is_string(w.problems[2], "ended with status 3", "one failed");
	tap_is_string(w.problems[3], "did not end within 1 s", "one did not end");
	tap_ok(w.absent[4] && !w.problems[4][0], "one has nothing to do here");
	writers_call(&w, "thaw", 1);
	snprintf(command, sizeof(command), "printf '10-a freeze\\n20-b freeze\\n10-a thaw\\n20-b thaw\\n' | cmp - %s",
		 lab_path("order"));
	tap_ok(system(command) == 0, "they are called in the order of their names, with freeze and thaw");
	writers_free(&w);
}

/* Trap 11: what lies in another file system is frozen first. */
static void test_order(const struct lab_disk *disk, const char *outer)
{
	struct lab_disk inner = lab_disk("mnt/inner.img", 64 << 20);
	const dev_t disks[] = {disk->device};
	struct nacre_lives lives;
	struct nacre_error e = {0};
	char place[128], bound[128];

	snprintf(place, sizeof(place), "%s", lab_path("inner"));
	snprintf(bound, sizeof(bound), "%s", lab_path("bound"));
	mkdir(place, 0700);
	mkdir(bound, 0700);
	lab_run("mke2fs -q -F -t ext4 %s", inner.path);
	if (mount(inner.path, place, "ext4", 0, NULL) || mount(outer, bound, NULL, MS_BIND, NULL))
		tap_ok(false, "mounted: %s", strerror(errno));
	tap_ok(nacre_live_find(disks, 1, &lives, &e) == 0 && lives.count == 2,
	       "a file system, and one in a file of it, are found, each once");
	tap_ok(!strcmp(lives.list[0].mount, place) && lives.list[0].map == NACRE_LIVE_ELSEWHERE, "the inner one comes first");
	tap_ok(!strcmp(lives.list[1].mount, outer) && lives.list[1].map == NACRE_LIVE_FSMAP &&
		       lives.list[1].start == 0 && lives.list[1].length == disk->size, "then the outer one");
	nacre_live_free(&lives);
	umount2(bound, MNT_DETACH);
	umount2(place, MNT_DETACH);
	lab_disk_close(&inner);
	for (int i = 0; i < 100 && unlink(lab_path("mnt/inner.img")); i++)
		lab_sleep(10);
}

int main(void)
{
	struct lab_disk disk;
	char directory[128];
	int fd, guard;

	if (!lab_start())
		return getenv("NACRE_MUST_WORK") ? 1 : 0;
	disk = lab_disk("disk.img", 200 << 20);
	snprintf(directory, sizeof(directory), "%s", lab_path("mnt"));
	mkdir(directory, 0700);
	lab_run("mke2fs -q -F -t ext4 %s", disk.path);
	if (mount(disk.path, directory, "ext4", 0, NULL))
		tap_ok(false, "mounted: %s", strerror(errno));
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	guard = lab_guard(fd);
	test_plain(directory, fd);
	test_deadline(directory, fd);
	test_others(fd);
	test_killed(directory, fd);
	test_cgroup(access("/sys/fs/cgroup/cgroup.controllers", F_OK) ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup", "version 2");
	if (access("/sys/fs/cgroup/freezer", F_OK) == 0)
		test_cgroup("/sys/fs/cgroup/freezer", "version 1");
	test_hooks();
	test_order(&disk, directory);
	lab_release(guard);
	close(fd);
	umount2(directory, MNT_DETACH);
	lab_disk_close(&disk);
	return tap_done();
}
