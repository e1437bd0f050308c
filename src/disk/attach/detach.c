/* SPDX-License-Identifier: BSD-2-Clause */
/* detach.c - end an attachment, and take away what one left that ended by itself
 *
 * DOC: Theory of Operation
 *
 * A device that is claimed exclusively cannot be mounted, and is not. So: claim it, see that no program has it
 * open, write back its cache, and only then ask the keeper to let go. From there on nothing is written any
 * more, and what the keeper says at its end is the last word.
 */
#include "attach.h"

#include "base/auto.h"
#include "busy.h"
#include "loop.h"
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CLAIM_TRIES = 20, CLAIM_PAUSE_MS = 50, END_MS = 120000 };

extern char **environ;

static void pause_ms(int ms)
{
	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

static int busy(const struct nacre_attachment *a, const char *who, struct nacre_error *e)
{
	return nacre_error_set(e, NACRE_E_SYSTEM, 0, a->device, "is in use: %s; end that first", who);
}

/* A look by udev or blkid is over soon. Return: descriptor, -1 */
static int claim(const struct nacre_attachment *a, struct nacre_error *e)
{
	const pid_t except[] = {a->keeper, getpid(), 0};
	char who[160] = "by something that cannot be seen from here";

	for (int i = 0; i < CLAIM_TRIES; i++) {
		int fd = open(a->device, O_RDONLY | O_EXCL | O_CLOEXEC);

		if (fd < 0 && errno != EBUSY)
			return nacre_error_set(e, NACRE_E_SYSTEM, errno, a->device, "cannot be opened");
		if (!nacre_busy_find(a->device, except, who, sizeof(who)) && fd >= 0)
			return fd;
		if (fd >= 0)
			close(fd);
		if (!strncmp(who, "mounted", 7))
			break;
		pause_ms(CLAIM_PAUSE_MS);
	}
	return busy(a, who, e);
}

static int synchronise(const struct nacre_attachment *a, int fd, struct nacre_error *e)
{
	if (fsync(fd) == 0)
		return 0;
	return nacre_error_set(e, NACRE_E_SYSTEM, errno, a->device,
			       "what was written to it did not all reach %.100s; it is still attached", a->image);
}

/* The keeper's process, and no other that has its number by now. */
static int open_keeper(const char *directory, const struct nacre_attachment *a)
{
	NACRE_AUTO_FREE struct nacre_attachment *now = malloc(sizeof(*now));
	int fd = (int)syscall(SYS_pidfd_open, a->keeper, 0);

	if (fd < 0 || !now)
		return fd;
	if (nacre_state_read(directory, a->id, now, NULL) == 0 && now->keeper == a->keeper)
		return fd;
	close(fd);
	return -1;
}

static int await_end(const char *directory, const struct nacre_attachment *a, int keeper, struct nacre_error *e)
{
	NACRE_AUTO_FREE struct nacre_attachment *last = malloc(sizeof(*last));
	struct pollfd p = {.fd = keeper, .events = POLLIN};

	if (keeper >= 0 && poll(&p, 1, END_MS) <= 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, 0, a->device,
				       "is still being let go after %d s; its process %d waits for something",
				       END_MS / 1000, a->keeper);
	if (!last || nacre_state_read(directory, a->id, last, e) < 0)
		return -1;
	nacre_state_remove(directory, a->id);
	if (!last->end[0])
		return 0;
	return nacre_error_set(e, NACRE_E_SYSTEM, 0, a->device, "is detached, but %s", last->end);
}

static int detach_device(const char *directory, const struct nacre_attachment *a, struct nacre_error *e)
{
	NACRE_AUTO_FD int keeper = -1;
	int fd = claim(a, e);

	if (fd < 0)
		return -1;
	if (a->writable && synchronise(a, fd, e) < 0) {
		close(fd);
		return -1;
	}
	keeper = open_keeper(directory, a);
	if (keeper >= 0)
		syscall(SYS_pidfd_send_signal, keeper, SIGTERM, NULL, 0);
	close(fd);
	return await_end(directory, a, keeper, e);
}

/* Unmount the FUSE file system at @place. Return: 0 or errno */
static int unmount(const char *place, bool lazy)
{
	const char *argv[] = {"fusermount3", "-q", lazy ? "-uz" : "-u", "--", place, NULL};
	int status;
	pid_t pid;

	if (geteuid() == 0)
		return umount2(place, UMOUNT_NOFOLLOW | (lazy ? MNT_DETACH : 0)) ? errno : 0;
	status = posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)(uintptr_t)argv, environ);
	if (status)
		return status;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return errno;
	return status ? EBUSY : 0;
}

static int place_of(const struct nacre_attachment *a, const char *directory, char **place)
{
	return asprintf(place, "%s/%s", directory, a->id) < 0 ? -1 : 0;
}

static int detach_file(const char *directory, const struct nacre_attachment *a, struct nacre_error *e)
{
	const pid_t except[] = {a->keeper, getpid(), 0};
	NACRE_AUTO_FREE char *place = NULL;
	NACRE_AUTO_FD int keeper = open_keeper(directory, a);
	char who[160] = "by something that cannot be seen from here";
	int fd, sys, failed;

	if (place_of(a, directory, &place) < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
	fd = open(a->device, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		failed = a->writable ? synchronise(a, fd, e) : 0;
		close(fd);
		if (failed)
			return -1;
	}
	sys = unmount(place, false);
	if (sys == EBUSY) {
		nacre_busy_find(a->device, except, who, sizeof(who));
		return busy(a, who, e);
	}
	if (sys)
		return nacre_error_set(e, NACRE_E_SYSTEM, sys, place, "cannot be unmounted");
	rmdir(place);
	return await_end(directory, a, keeper, e);
}

/* Of an attachment whose keeper is gone. */
static int clean(const char *directory, const struct nacre_attachment *a, struct nacre_error *e)
{
	const pid_t except[] = {getpid(), 0};
	NACRE_AUTO_FREE char *place = NULL;
	char who[160] = "something";
	struct stat st;
	int number;

	if (a->file) {
		if (place_of(a, directory, &place) < 0)
			return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
		unmount(place, true);
		if (rmdir(place) && errno != ENOENT && lstat(place, &st))
			return nacre_error_set(e, NACRE_E_SYSTEM, errno, place, "cannot be unmounted");
	} else if (sscanf(a->id, "loop%d", &number) == 1) {
		if (nacre_loop_release(number, a->backing_device, a->backing_inode, e) < 0)
			return -1;
		if (nacre_loop_is(number, a->backing_device, a->backing_inode)) {
			nacre_busy_find(a->device, except, who, sizeof(who));
			return nacre_error_set(e, NACRE_E_SYSTEM, 0, a->device,
					       "has lost its server and is in use: %s; it goes when that ends", who);
		}
	}
	nacre_state_remove(directory, a->id);
	return 0;
}

int nacre_detach(const struct nacre_attachment *a, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *directory = nacre_state_directory(false, e);

	if (!directory)
		return -1;
	if (a->keeper < 0)
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, a->device,
				       "was attached in another process namespace (a container), which has to detach it");
	if (!a->keeper)
		return clean(directory, a, e);
	return a->file ? detach_file(directory, a, e) : detach_device(directory, a, e);
}
