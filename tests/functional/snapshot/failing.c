/* SPDX-License-Identifier: BSD-2-Clause */
/* failing.c - failing DIRECTORY FILE: FILE appears as DIRECTORY/disk, to be a loop device that fails like a real disk
 *
 * FILE.bad, while it is there, has "FROM TO TIMES": reads of these bytes fail (EIO), so many times. FILE.slow, while it is
 * there, lets every read take 150 ms. Killed, it is a disk that was pulled out.
 */
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *file;
static int fd;

/* Is this read one that fails? */
static int fails(off_t offset, size_t size)
{
	long long from, to, times;
	char name[4096];
	FILE *f;
	int got;

	snprintf(name, sizeof(name), "%s.bad", file);
	f = fopen(name, "r+e");
	if (!f)
		return 0;
	got = fscanf(f, "%lld %lld %lld", &from, &to, &times) == 3 && times > 0 && offset < to &&
	      offset + (off_t)size > from;
	if (got) {
		rewind(f);
		fprintf(f, "%lld %lld %-9lld", from, to, times - 1);
	}
	fclose(f);
	return got;
}

static int on_getattr(const char *path, struct stat *st, struct fuse_file_info *fi)
{
	(void)fi;
	if (!strcmp(path, "/disk"))
		return fstat(fd, st) ? -errno : 0;
	if (strcmp(path, "/"))
		return -ENOENT;
	st->st_mode = S_IFDIR | 0755;
	st->st_nlink = 2;
	return 0;
}

static int on_open(const char *path, struct fuse_file_info *fi)
{
	fi->direct_io = 1;
	return strcmp(path, "/disk") ? -ENOENT : 0;
}

static int on_read(const char *path, char *data, size_t size, off_t offset, struct fuse_file_info *fi)
{
	char name[4096];
	ssize_t n;

	(void)path, (void)fi;
	snprintf(name, sizeof(name), "%s.slow", file);
	if (!access(name, F_OK))
		usleep(150000);
	if (fails(offset, size))
		return -EIO;
	n = pread(fd, data, size, offset);
	return n < 0 ? -errno : (int)n;
}

static int on_write(const char *path, const char *data, size_t size, off_t offset, struct fuse_file_info *fi)
{
	ssize_t n = pwrite(fd, data, size, offset);

	(void)path, (void)fi;
	return n < 0 ? -errno : (int)n;
}

static int on_fsync(const char *path, int data, struct fuse_file_info *fi)
{
	(void)path, (void)data, (void)fi;
	return 0; /* it lies in memory */
}

static const struct fuse_operations ops = {
	.getattr = on_getattr, .open = on_open, .read = on_read, .write = on_write, .fsync = on_fsync};

int main(int argc, char **argv)
{
	char foreground[] = "-f", one[] = "-s", *arguments[] = {argv[0], argv[1], foreground, one, NULL};

	if (argc != 3)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	file = argv[2];
	fd = open(file, O_RDWR | O_CLOEXEC);
	return fd < 0 ? 1 : fuse_main(4, arguments, &ops, NULL);
}
