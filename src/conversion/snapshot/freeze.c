/* SPDX-License-Identifier: BSD-2-Clause */
/* freeze.c - file systems and programs hold still for an instant; theory of operation in freeze.h */
#include "conversion/snapshot/freeze.h"

#include "conversion/snapshot/watchdog.h"
#include "os/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

struct nacre_freezer {
	struct nacre_freeze_what what;
	struct watchdog dog;
	bool unable[NACRE_FREEZE_MAX]; /* the driver cannot freeze it */
	int frozen;       /* of the mounts, the first so many */
	int stopped;      /* of the control groups */
	double began, ms; /* seconds, milliseconds */
};

/* "1" to cgroup.freeze of version 2, "FROZEN" to freezer.state of version 1. */
static int open_cgroup(struct watchdog *dog, const char *directory, struct nacre_error *e)
{
	struct watchdog_cgroup *c = &dog->cgroups[dog->cgroup_count];
	int at = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -1;

	if (at >= 0)
		fd = openat(at, "cgroup.freeze", O_RDWR | O_CLOEXEC);
	c->v2 = fd >= 0;
	if (c->v2)
		c->state = openat(at, "cgroup.events", O_RDONLY | O_CLOEXEC);
	else if (at >= 0)
		fd = openat(at, "freezer.state", O_RDWR | O_CLOEXEC);
	if (at >= 0)
		close(at);
	if (fd < 0)
		return nacre_error_set(e, NACRE_E_SUPPORT, errno, directory, "no control group that can be stopped");
	if (!c->v2)
		c->state = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	c->control = fd;
	dog->cgroup_count++;
	return 0;
}

struct nacre_freezer *nacre_freezer_open(const struct nacre_freeze_what *what, struct nacre_error *e)
{
	struct nacre_freezer *f = calloc(1, sizeof(*f));
	int failed = 0;

	if (!f) {
		nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
		return NULL;
	}
	f->what = *what;
	f->dog = (struct watchdog){.mount_count = what->mount_count, .hooks = what->hooks,
				   .throttle = what->throttle};
	memcpy(f->dog.mounts, what->mounts, sizeof(f->dog.mounts));
	for (int i = 0; !failed && i < what->cgroup_count; i++)
		failed = open_cgroup(&f->dog, what->cgroups[i], e);
	if (failed || watchdog_start(&f->dog, e) < 0) {
		nacre_freezer_close(f);
		return NULL;
	}
	return f;
}

static bool cgroup_stopped(const struct watchdog_cgroup *c)
{
	char text[128];
	ssize_t n = pread(c->state, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = 0;
	return strstr(text, c->v2 ? "frozen 1" : "FROZEN");
}

static int stop_cgroups(struct nacre_freezer *f, struct nacre_error *e)
{
	for (int i = 0; i < f->dog.cgroup_count; i++) {
		const struct watchdog_cgroup *c = &f->dog.cgroups[i];
		const char *word = c->v2 ? "1" : "FROZEN";

		f->stopped = i + 1;
		if (pwrite(c->control, word, strlen(word), 0) < 0)
			return nacre_error_set(e, NACRE_E_SYSTEM, errno, f->what.cgroups[i], "cannot be stopped");
		while (!cgroup_stopped(c)) {
			if (watchdog_fired(&f->dog))
				return nacre_error_set(e, NACRE_E_SYSTEM, 0, f->what.cgroups[i],
						       "did not stop within --max-freeze");
			nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
		}
	}
	return 0;
}

static int freeze_mount(struct nacre_freezer *f, int i, struct nacre_error *e)
{
	if (ioctl(f->what.mounts[i], FIFREEZE, 0)) {
		if (errno == EOPNOTSUPP) {
			f->unable[i] = true;
			return 0;
		}
		return nacre_error_set(e, errno == EBUSY ? NACRE_E_EXISTS : NACRE_E_SYSTEM, errno,
				       f->what.mount_names[i],
				       errno == EBUSY ? "is frozen already, by somebody else" : "cannot be frozen");
	}
	f->frozen = i + 1;
	if (watchdog_fired(&f->dog))
		return nacre_error_set(e, NACRE_E_FAILED, 0, f->what.mount_names[i],
				       "to freeze it took longer than --max-freeze (%u ms)", f->what.most_ms);
	return 0;
}

static int freeze_mounts(struct nacre_freezer *f, struct nacre_error *e)
{
	for (int i = 0; i < f->what.mount_count; i++)
		if (!f->unable[i] && freeze_mount(f, i, e) < 0)
			return -1;
	return 0;
}

int nacre_freezer_prime(struct nacre_freezer *f, struct nacre_error *e)
{
	int failed = 0;

	if (watchdog_arm(&f->dog, f->what.most_ms, e) < 0)
		return -1;
	watchdog_hurry(&f->dog, true);
	for (int i = 0; !failed && i < f->what.mount_count; i++) {
		failed = freeze_mount(f, i, e);
		if (f->frozen)
			ioctl(f->what.mounts[i], FITHAW, 0);
		f->frozen = 0;
	}
	watchdog_hurry(&f->dog, false);
	watchdog_disarm(&f->dog);
	return failed;
}

bool nacre_freezer_freezes(const struct nacre_freezer *f, int which)
{
	return !f->unable[which];
}

void nacre_freezer_hooks(struct nacre_freezer *f, bool held)
{
	watchdog_hooks(&f->dog, held);
}

void nacre_freezer_limits(struct nacre_freezer *f, bool set)
{
	watchdog_limits(&f->dog, set);
}

int nacre_freezer_freeze(struct nacre_freezer *f, struct nacre_error *e)
{
	if (watchdog_arm(&f->dog, f->what.most_ms, e) < 0)
		return -1;
	watchdog_hurry(&f->dog, true);
	f->began = nacre_now();
	if (stop_cgroups(f, e) == 0 && freeze_mounts(f, e) == 0)
		return 0;
	nacre_freezer_thaw(f, NULL);
	return -1;
}

int nacre_freezer_thaw(struct nacre_freezer *f, struct nacre_error *e)
{
	const char *lost = watchdog_fired(&f->dog) ? "something" : NULL;

	for (int i = f->frozen - 1; i >= 0; i--)
		if (!f->unable[i] && ioctl(f->what.mounts[i], FITHAW, 0))
			lost = f->what.mount_names[i];
	f->frozen = 0;
	f->ms = (nacre_now() - f->began) * 1000;
	for (int i = f->stopped - 1; i >= 0; i--)
		watchdog_continue(&f->dog.cgroups[i]);
	f->stopped = 0;
	watchdog_hurry(&f->dog, false);
	if (watchdog_disarm(&f->dog) && !lost)
		lost = "something";
	if (lost)
		return nacre_error_set(e, NACRE_E_FAILED, 0, lost,
				       "went on before the snapshot was taken (--max-freeze is %u ms)", f->what.most_ms);
	return 0;
}

double nacre_freezer_ms(const struct nacre_freezer *f)
{
	return f->ms;
}

pid_t nacre_freezer_watchdog(const struct nacre_freezer *f)
{
	return f->dog.pid;
}

void nacre_freezer_close(struct nacre_freezer *f)
{
	if (!f)
		return;
	if (f->frozen || f->stopped)
		nacre_freezer_thaw(f, NULL);
	watchdog_end(&f->dog);
	free(f);
}
