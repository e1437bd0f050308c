/* SPDX-License-Identifier: BSD-2-Clause */
/* priority.c - a copy at low priority is at normal priority while somebody is held */
#include "copy.h"
#include "os/priority.h"
#include "tap.h"

#include <dirent.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct nacre_priority normal;

struct seen {
	int low, high, mixed; /* times that all threads were at low priority, at the one of before, or neither */
	int high_last, threads;
};

static bool has(int tid, struct nacre_priority p)
{
	return getpriority(PRIO_PROCESS, (id_t)tid) == p.nice && syscall(SYS_ioprio_get, 1, tid) == p.io;
}

static void look(struct seen *s)
{
	DIR *tasks = opendir("/proc/self/task");
	int low = 0, high = 0, all = 0;
	struct dirent *entry;

	while (tasks && (entry = readdir(tasks))) {
		if (*entry->d_name == '.')
			continue;
		all++;
		low += has(atoi(entry->d_name), NACRE_PRIORITY_LOW);
		high += has(atoi(entry->d_name), normal);
	}
	if (tasks)
		closedir(tasks);
	s->threads = all;
	s->low += low == all;
	s->high += high == all;
	s->mixed += low != all && high != all;
	s->high_last = high == all;
}

static void on_round(void *arg, int number, uint64_t bytes)
{
	(void)number, (void)bytes;
	look(arg);
}

int main(void)
{
	struct nacre_snapshot_result result;
	struct seen rounds = {0}, window = {0};
	struct nacre_error e = {0};
	struct copy c = {.count = 1, .held = (void (*)(void *))look, .held_arg = &window};
	const struct nacre_snapshot_options o = {.max_freeze_ms = COPY_LOOK_MS, .holding = &normal,
						 .says = {.round = on_round, .arg = &rounds}};
	char mounted[128];

	if (!lab_start())
		return getenv("NACRE_MUST_WORK") ? 1 : 0;
	c.disks[0] = lab_disk("disk.img", 100 << 20);
	snprintf(mounted, sizeof(mounted), "%s", lab_path("mnt"));
	mkdir(mounted, 0700);
	lab_run("mke2fs -q -F -t ext4 %s", c.disks[0].path);
	if (!tap_ok(mount(c.disks[0].path, mounted, "ext4", 0, NULL) == 0, "a file system is made and mounted"))
		return tap_done();
	lab_run("head -c 20000000 /dev/urandom >%s/still; sync", mounted);
	normal = nacre_priority_get();
	tap_ok(nacre_priority_set(NACRE_PRIORITY_LOW, &e) == 0 && has(getpid(), NACRE_PRIORITY_LOW), "we are at low priority");
	tap_ok(copy_take(&c, &o, &result, &e) == 0, "it is copied");
	tap_ok(rounds.low >= 2 && rounds.threads > 4, "in the rounds all %d threads are at low priority", rounds.threads);
	tap_ok(rounds.high == 1 && rounds.high_last && rounds.mixed == 0,
	       "but for the last one, which is short before the instant, and while hooks hold");
	tap_ok(window.high == 1 && window.low == 0 && window.mixed == 0, "in the instant they are at normal priority");
	tap_ok(has(getpid(), NACRE_PRIORITY_LOW), "afterwards low again");
	tap_ok(nacre_priority_set(normal, &e) == 0 && has(getpid(), normal), "and it can be left");
	umount2(mounted, 0);
	lab_disk_close(&c.disks[0]);
	return tap_done();
}
