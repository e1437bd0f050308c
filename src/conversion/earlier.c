/* SPDX-License-Identifier: BSD-2-Clause */
/* earlier.c - a machine that was made before is brought up to date; theory of operation in earlier.h */
#include "conversion/earlier.h"

#include "base/auto.h"
#include "conversion/transfer/before.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int no_memory(struct nacre_error *e)
{
	return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
}

static bool same_file(const char *path, const struct nacre_blocks_file *was)
{
	struct stat st;

	return !lstat(path, &st) && S_ISREG(st.st_mode) && (uint64_t)st.st_size == was->size &&
	       (uint64_t)st.st_mtim.tv_sec == was->seconds && (uint64_t)st.st_mtim.tv_nsec == was->nanoseconds &&
	       (uint64_t)st.st_ino == was->inode;
}

/* Who runs a machine has locks on its disk, as QEMU does. */
static bool in_use(const char *path)
{
	NACRE_AUTO_FD int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fd >= 0 && !fcntl(fd, F_OFD_GETLK, &lock) && lock.l_type != F_UNLCK;
}

static int check_disk(const char *path, const struct nacre_blocks_head *head, struct nacre_error *e)
{
	if (!head->whole || !same_file(path, &head->file))
		return nacre_error_set(e, NACRE_E_EXISTS, 0, path,
				       "was changed since it was converted (was the machine started?), and would lose that: "
				       "convert to another name, or remove this machine and begin anew");
	if (in_use(path))
		return nacre_error_set(e, NACRE_E_EXISTS, 0, path, "is in use: shut the machine down first");
	return 0;
}

/* Every disk that has a note. Return: how many; -1 */
static int check_disks(const char *directory, struct nacre_error *e)
{
	static const char *const kinds[] = {"vhd", "raw"};
	int found = 0;

	for (int i = 0; i < NACRE_SINK_DISKS * 2; i++) {
		NACRE_AUTO_FREE char *disk = NULL, *blocks = NULL;
		struct nacre_blocks_head head;
		struct nacre_error absent;

		if (asprintf(&disk, "%s/disk%d.%s", directory, i / 2, kinds[i % 2]) < 0) {
			disk = NULL;
			return no_memory(e);
		}
		if (asprintf(&blocks, "%s.blocks", disk) < 0) {
			blocks = NULL;
			return no_memory(e);
		}
		if (nacre_blocks_look(blocks, &head, &absent) == 0) {
			if (check_disk(disk, &head, e))
				return -1;
			found++;
		} else if (absent.code != NACRE_E_ABSENT) {
			*e = absent;
			return -1;
		}
	}
	return found;
}

static int sync_above(const char *directory, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *above = NULL;
	NACRE_AUTO_FD int fd = -1;

	if (asprintf(&above, "%s/..", directory) < 0) {
		above = NULL;
		return no_memory(e);
	}
	fd = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || (fsync(fd) && errno != EINVAL))
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, directory, "its name did not reach the disk");
	return 0;
}

int nacre_earlier_take(const char *directory, const char *partial, int *lock, struct nacre_error *e)
{
	NACRE_AUTO_FD int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct nacre_error own;
	int found;

	e = e ? e : &own;
	*lock = -1;
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return nacre_error_set(e, errno == ENOTDIR || errno == ELOOP ? NACRE_E_EXISTS : NACRE_E_SYSTEM, errno, directory,
				       "is no machine's directory");
	if (flock(fd, LOCK_EX | LOCK_NB))
		return nacre_error_set(e, NACRE_E_EXISTS, errno, directory, "another run is at work with it just now");
	found = check_disks(directory, e);
	if (found < 0)
		return -1;
	if (!found)
		return nacre_error_set(e, NACRE_E_EXISTS, 0, directory,
				       "is there already, and was not made with --again, so that it could be brought up to date: "
				       "convert to another name, or remove it");
	rmdir(partial); /* an empty one is of nothing */
	if (renameat2(AT_FDCWD, directory, AT_FDCWD, partial, RENAME_NOREPLACE) &&
	    ((errno != EINVAL && errno != ENOSYS) || !access(partial, F_OK) || rename(directory, partial)))
		return nacre_error_set(e, errno == EEXIST ? NACRE_E_EXISTS : NACRE_E_SYSTEM, errno, partial,
				       "is of another run, which was cut short: remove it");
	*lock = nacre_steal_fd(&fd);
	return sync_above(partial, e);
}

static unsigned find_known(const struct nacre_blocks_head *head, const struct nacre_sink_disk *what)
{
	if (!*head->instant || head->doubted)
		return 0;
	for (unsigned i = 0; i < NACRE_SINK_KNOWN; i++)
		if (!strcmp(head->instant, what->known[i]))
			return i + 1;
	return 0;
}

int nacre_earlier_restore(struct nacre_image *image, const struct nacre_earlier_disk *d, const struct nacre_blocks_head *was,
			  const struct nacre_sink_disk *what, unsigned *known, struct nacre_error *e)
{
	struct nacre_blocks_head head = *nacre_blocks_head(image);
	struct nacre_error absent;
	bool same = !was->whole || same_file(d->disk, &was->file);
	uint64_t bytes = 0;

	if (nacre_before_put_back(d->before, image, &bytes, &absent) && absent.code != NACRE_E_ABSENT) {
		*e = absent;
		return -1;
	}
	/* One that was whole has a log of a length that is known. */
	if (was->whole && (bytes != was->before || !same))
		head.doubted = true;
	*known = find_known(&head, what);
	if (!*known)
		*head.instant = 0;
	head.file = (struct nacre_blocks_file){0};
	head.before = 0;
	/* None of this need reach the disk in this order: after a crash nothing of it is believed, as the note is not whole. */
	if (nacre_blocks_mark(image, &head, e))
		return -1;
	if (unlink(d->before) && errno != ENOENT)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, d->before, "cannot be removed");
	return 0;
}

int nacre_earlier_keep(const struct nacre_earlier_disk *d, const char *instant, struct nacre_error *e)
{
	struct nacre_blocks_head head;
	struct stat st;

	if (nacre_blocks_look(d->blocks, &head, e) || nacre_before_last(d->before, &head.before, e))
		return -1;
	if (lstat(d->disk, &st))
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, d->disk, "is gone");
	head.whole = true;
	snprintf(head.instant, sizeof(head.instant), "%s", instant);
	head.file = (struct nacre_blocks_file){(uint64_t)st.st_size, (uint64_t)st.st_mtim.tv_sec,
					       (uint64_t)st.st_mtim.tv_nsec, (uint64_t)st.st_ino};
	return nacre_blocks_mark_file(d->blocks, &head, e);
}
