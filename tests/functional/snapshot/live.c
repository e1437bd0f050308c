/* SPDX-License-Identifier: BSD-2-Clause */
/* live.c - a file system is copied while programs write to it, and the copy is whole */
#include "copy.h"
#include "tap.h"

#include <errno.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RATE = 10 << 20 };

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
	struct nacre_snapshot_result result;
	struct nacre_error e = {0};
	struct copy c = {.disks = {lab_disk("disk.img", size)}, .count = 1};
	char mounted[128], copied[128], command[300];

	snprintf(mounted, sizeof(mounted), "%s", lab_path("mnt"));
	snprintf(copied, sizeof(copied), "%s", lab_path("copied"));
	mkdir(mounted, 0700);
	mkdir(copied, 0700);
	lab_run("%s %s", make, c.disks[0].path);
	if (!tap_ok(mount(c.disks[0].path, mounted, type, 0, NULL) == 0, "%s: a file system is made and mounted", type))
		return;
	lab_run("head -c 20000000 /dev/urandom >%s/still; sync", mounted);
	c.load = load_start(mounted, RATE);
	tap_ok(copy_take(&c, &(struct nacre_snapshot_options){.require = NACRE_CONSISTENT_FILE_SYSTEM,
							       .max_freeze_ms = COPY_LOOK_MS}, &result, &e) == 0,
	       "%s: it is copied while it is written to", type);
	tap_ok(c.compared > 5000 && c.different == 0, "%s: all %llu grains in use are equal under the freeze", type,
	       (unsigned long long)c.compared);
	tap_ok(result.volume_count == 1 && result.volumes[0].consistency == NACRE_CONSISTENT_FILE_SYSTEM,
	       "%s: the volume is said to be file-system-consistent", type);
	tap_ok(result.frozen_ms > 0 && result.frozen_ms < 2000, "%s: it was frozen for %.1f ms", type, result.frozen_ms);
	load_stop(c.load);
	tap_ok(run("cd /; cp --sparse=always %1$s %1$s.m", lab_path("copy0.img")), "%s: the copy has a copy", type);
	lab_run("cp %s/still %s", mounted, lab_path("still"));
	umount2(mounted, 0); /* btrfs and XFS do not mount the same UUID twice */
	lab_disk_close(&c.disks[0]);
	lab_run("mount -o loop %s %s", lab_path("copy0.img.m"), copied);
	tap_ok(load_check(copied, c.promised), "%s: all %llu lines that were promised before the instant are there", type,
	       (unsigned long long)c.promised);
	snprintf(command, sizeof(command), "cmp %s %s/still", lab_path("still"), copied);
	tap_ok(run("%s", command), "%s: and what nobody wrote to", type);
	umount2(copied, 0);
	tap_ok(run(check, lab_path("copy0.img.m")), "%s: mounted once, the copy is clean", type);
	lab_run("rm -f %s %s %s", lab_path("disk.img"), lab_path("copy0.img"), lab_path("copy0.img.m"));
}

/* A file system in user space: its driver in the kernel cannot freeze it. It ends with this process. */
static pid_t start_ntfs(const char *device, const char *place)
{
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execlp("ntfs-3g", "ntfs-3g", "-o", "no_detach", device, place, NULL);
		_exit(127);
	}
	for (int i = 0; i < 500; i++) {
		struct stat above, there;

		if (!stat(lab_path(""), &above) && !stat(place, &there) && above.st_dev != there.st_dev)
			return pid;
		lab_sleep(10);
	}
	return -1;
}

static void test_unfreezable(void)
{
	struct copy c = {.disks = {lab_disk("ntfs.img", 64 << 20)}, .count = 1};
	const struct nacre_snapshot_options o = {.max_freeze_ms = COPY_LOOK_MS};
	struct nacre_snapshot_result result;
	struct nacre_error e = {0};
	char place[128];
	pid_t pid;

	snprintf(place, sizeof(place), "%s", lab_path("ntfs"));
	mkdir(place, 0700);
	lab_run("mkntfs -q -F -f %s >/dev/null 2>&1", c.disks[0].path);
	pid = start_ntfs(c.disks[0].path, place);
	if (!tap_ok(pid > 0, "a file system is mounted that cannot be frozen"))
		return;
	lab_run("head -c 5M /dev/urandom >%s/still; sync", place);
	tap_ok(copy_take(&c, &o, &result, &e) == 0 && result.volume_count == 1 &&
		       result.volumes[0].consistency == NACRE_CONSISTENT_FILE_SYSTEM &&
		       strstr(result.volumes[0].why, "nothing was written"),
	       "as nothing is written to it, its copy is file-system-consistent, and it is said why");
	tap_is_number(c.different, 0, "the copy is the same");
	c.load = load_start(place, 5 << 20);
	tap_ok(copy_take(&c, &o, &result, &e) == 0 && result.volumes[0].consistency == NACRE_CONSISTENT_CRASH,
	       "as it is written to, its copy is crash-consistent");
	tap_ok(copy_take(&c, &(struct nacre_snapshot_options){.require = NACRE_CONSISTENT_FILE_SYSTEM}, &result, &e) < 0 &&
		       strstr(e.msg, "crash-consistent only"), "or an error, where more is asked for");
	load_stop(c.load);
	umount2(place, 0);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	lab_disk_close(&c.disks[0]);
}

int main(void)
{
	if (!lab_start())
		return getenv("NACRE_MUST_WORK") ? 1 : 0;
	test("ext4", "mke2fs -q -F -t ext4", "e2fsck -fn %s >/dev/null 2>&1", 200 << 20);
	test("xfs", "mkfs.xfs -q -f", "xfs_repair -n %s >/dev/null 2>&1", 310 << 20);
	test("btrfs", "mkfs.btrfs -q -f", "btrfs check %s >/dev/null 2>&1", 310 << 20);
	test_unfreezable();
	return tap_done();
}
