/* SPDX-License-Identifier: BSD-2-Clause */
/* files.c - fs.h's functions on a mounted file system, below a directory that no path leads out of
 *
 * The tree is somebody else's. Every path is opened from the root of its mount with openat2(2): no symbolic
 * link is followed, neither on the way nor at the end, no magic link, no other mount is entered. What acts on
 * a name acts in its directory, which was opened like that, and never on what a link there points to.
 * Devices and pipes are looked at, never opened: the mount has no devices, and a pipe is not waited for.
 */
#include "exchange.h"

#include "base/auto.h"
#include "os/whole.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

/* A name in a directory that is open; of the root the name is ".". */
struct place {
	int directory;
	char name[NACRE_FS_NAME];
};

static int open_below(int root, const char *path, uint64_t flags)
{
	struct open_how how = {.flags = flags | O_CLOEXEC,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV};

	while (*path == '/')
		path++;
	return (int)syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof(how));
}

/* Return: 0 or errno; @p->directory is to be closed */
static int find(int root, const char *path, struct place *p)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char above[NACRE_FS_PATH];
	size_t n = slash ? (size_t)(slash - path) : 0;

	if (path[0] != '/' || n >= sizeof(above))
		return EINVAL;
	memcpy(above, path, n);
	above[n] = 0;
	if (strlen(name) >= sizeof(p->name))
		return ENAMETOOLONG;
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return EINVAL;
	if (!*name && n)
		return EINVAL; /* "/a/": no path of ours ends like that */
	strcpy(p->name, *name ? name : ".");
	p->directory = open_below(root, above, O_PATH | O_DIRECTORY);
	return p->directory < 0 ? (errno == ELOOP ? ENOTDIR : errno) : 0;
}

/* The rest of a function acts on the place @p; it returns what is wrong with it. */
#define PLACE(root, path, p)                                                                       \
	struct place p = {.directory = -1};                                                        \
	int p##_error = find(root, path, &p);                                                      \
	NACRE_AUTO_FD int p##_guard = p.directory;                                                 \
	(void)p##_guard;                                                                           \
	if (p##_error)                                                                             \
	return p##_error

static int answer_of(int status)
{
	return status < 0 ? errno : 0;
}

static int answer_stat(int root, struct kernel_exchange *x)
{
	struct stat st;
	PLACE(root, x->path, p);

	if (fstatat(p.directory, p.name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT))
		return errno;
	x->stat = (struct nacre_fs_stat){.ino = st.st_ino, .size = (uint64_t)st.st_size, .mtime = st.st_mtim.tv_sec,
					 .mtime_ns = (uint32_t)st.st_mtim.tv_nsec, .mode = st.st_mode,
					 .uid = st.st_uid, .gid = st.st_gid, .links = (uint32_t)st.st_nlink,
					 .major = major(st.st_rdev), .minor = minor(st.st_rdev)};
	return 0;
}

struct linux_dirent64 {
	uint64_t ino;
	int64_t next;
	uint16_t length;
	uint8_t type;
	char name[];
};

/* As many of the names in @buffer as there is room for. */
static void take_names(struct kernel_exchange *x, const char *buffer, long size)
{
	for (long at = 0; at < size && x->size < x->capacity;) {
		const struct linux_dirent64 *d = (const struct linux_dirent64 *)(const void *)(buffer + at);
		struct nacre_fs_entry *entry = &x->entries[x->size];

		at += d->length;
		x->offset = (uint64_t)d->next;
		if (!strcmp(d->name, ".") || !strcmp(d->name, "..") || strlen(d->name) >= sizeof(entry->name))
			continue;
		memset(entry, 0, sizeof(*entry));
		entry->ino = d->ino;
		entry->type = (uint32_t)DTTOIF(d->type);
		strcpy(entry->name, d->name);
		x->size++;
	}
}

static int answer_list(int root, struct kernel_exchange *x)
{
	NACRE_AUTO_FD int fd = open_below(root, x->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	char buffer[16384] __attribute__((aligned(8)));
	long n;

	x->size = 0;
	if (fd < 0)
		return errno == ELOOP ? ENOTDIR : errno;
	if (lseek(fd, (off_t)x->offset, SEEK_SET) < 0)
		return errno;
	do {
		n = syscall(SYS_getdents64, fd, buffer, sizeof(buffer));
		if (n < 0)
			return errno;
		take_names(x, buffer, n);
	} while (n > 0 && !x->size); /* "." and ".." alone are no answer */
	return 0;
}

static int answer_read_link(int root, struct kernel_exchange *x)
{
	PLACE(root, x->path, p);
	ssize_t n = readlinkat(p.directory, p.name, (char *)x->bytes, NACRE_FS_PATH);

	if (n < 0)
		return errno;
	if (n >= (ssize_t)x->capacity || n == NACRE_FS_PATH)
		return ERANGE;
	x->bytes[n] = 0;
	x->size = (uint32_t)n;
	return 0;
}

/* A file, and nothing else. Return: descriptor, -1 with errno */
static int open_file(int root, const char *path, uint64_t flags)
{
	int fd = open_below(root, path, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 && (errno == ELOOP || errno == ENXIO))
		errno = EINVAL;
	if (fd < 0 || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)))
		return fd;
	close(fd);
	errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	return -1;
}

static int answer_read(int root, struct kernel_exchange *x)
{
	NACRE_AUTO_FD int fd = open_file(root, x->path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : nacre_read_at(fd, x->bytes, x->capacity, x->offset);

	x->size = n < 0 ? 0 : (uint32_t)n;
	return n < 0 ? errno : 0;
}

static int answer_write(int root, struct kernel_exchange *x)
{
	NACRE_AUTO_FD int fd = open_file(root, x->path, O_WRONLY);

	return fd < 0 || nacre_write_at(fd, x->bytes, x->size, x->offset) ? errno : 0;
}

static int answer_truncate(int root, struct kernel_exchange *x)
{
	NACRE_AUTO_FD int fd = open_file(root, x->path, O_WRONLY);

	return fd < 0 ? errno : answer_of(ftruncate(fd, (off_t)x->offset));
}

/* Owner first: that takes bits off the mode. */
static int dress(const struct place *p, const struct kernel_exchange *x)
{
	if (fchownat(p->directory, p->name, x->uid, x->gid, AT_SYMLINK_NOFOLLOW))
		return errno;
	return S_ISLNK(x->mode) ? 0 : answer_of(fchmodat(p->directory, p->name, x->mode & 07777, 0));
}

static int answer_create(int root, struct kernel_exchange *x)
{
	PLACE(root, x->path, p);
	int fd, result;

	if (S_ISDIR(x->mode)) {
		if (mkdirat(p.directory, p.name, 0700))
			return errno;
	} else if (S_ISREG(x->mode)) {
		fd = openat(p.directory, p.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0)
			return errno;
		close(fd);
	} else {
		return ENOTSUP;
	}
	result = dress(&p, x);
	if (result)
		unlinkat(p.directory, p.name, S_ISDIR(x->mode) ? AT_REMOVEDIR : 0);
	return result;
}

static int answer_link(int root, struct kernel_exchange *x)
{
	PLACE(root, x->path, p);

	return answer_of(symlinkat(x->other, p.directory, p.name));
}

static int answer_remove(int root, struct kernel_exchange *x)
{
	PLACE(root, x->path, p);

	if (unlinkat(p.directory, p.name, 0) == 0)
		return 0;
	return errno == EISDIR || errno == EPERM ? answer_of(unlinkat(p.directory, p.name, AT_REMOVEDIR)) : errno;
}

static int answer_rename(int root, struct kernel_exchange *x)
{
	PLACE(root, x->path, from);
	PLACE(root, x->other, to);

	return answer_of(renameat(from.directory, from.name, to.directory, to.name));
}

static int answer_owner(int root, struct kernel_exchange *x)
{
	PLACE(root, x->path, p);

	return answer_of(fchownat(p.directory, p.name, x->uid, x->gid, AT_SYMLINK_NOFOLLOW));
}

static int answer_times(int root, struct kernel_exchange *x)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = x->mtime, .tv_nsec = x->nanoseconds}};
	PLACE(root, x->path, p);

	return answer_of(utimensat(p.directory, p.name, times, AT_SYMLINK_NOFOLLOW));
}

/* Calls for attributes know paths only: the directory by its descriptor, the name behind it, not followed. */
static int attribute(int root, struct kernel_exchange *x, ssize_t (*call)(const char *path, struct kernel_exchange *x))
{
	PLACE(root, x->path, p);
	char path[NACRE_FS_NAME + 64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", p.directory, p.name);
	n = call(path, x);
	if (n < 0)
		return errno;
	x->size = (uint32_t)n;
	return 0;
}

static ssize_t get(const char *path, struct kernel_exchange *x)
{
	/* With room 0 it would tell the size instead of refusing. */
	return lgetxattr(path, x->other, x->bytes, x->capacity ? x->capacity : 1);
}

static ssize_t set(const char *path, struct kernel_exchange *x)
{
	return lsetxattr(path, x->other, x->bytes, x->size, 0) ? -1 : (ssize_t)x->size;
}

static ssize_t list(const char *path, struct kernel_exchange *x)
{
	return llistxattr(path, (char *)x->bytes, x->capacity ? x->capacity : 1);
}

static int answer_describe(int root, struct kernel_exchange *x)
{
	struct statvfs fs;

	if (fstatvfs(root, &fs))
		return errno;
	memset(&x->info, 0, sizeof(x->info));
	x->info.free = (uint64_t)fs.f_bavail * fs.f_frsize;
	/* One that counts none has as many as there is room for. */
	x->info.inodes_free = fs.f_files ? fs.f_favail : x->info.free / 4096;
	return 0;
}

int kernel_write_back(int root)
{
	/* The descriptor of a mount is one of its place only. */
	NACRE_AUTO_FD int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || syncfs(fd) ? errno : 0;
}

int kernel_answer(int root, struct kernel_exchange *x)
{
	x->path[sizeof(x->path) - 1] = x->other[sizeof(x->other) - 1] = 0;
	if (x->size > sizeof(x->bytes))
		return EINVAL;
	if (x->capacity > sizeof(x->bytes))
		x->capacity = sizeof(x->bytes);
	if (x->question == KERNEL_LIST && x->capacity > NACRE_FS_LIST)
		x->capacity = NACRE_FS_LIST;
	switch (x->question) {
	case KERNEL_SYNC:
		return kernel_write_back(root);
	case KERNEL_DESCRIBE:
		return answer_describe(root, x);
	case KERNEL_STAT:
		return answer_stat(root, x);
	case KERNEL_LIST:
		return answer_list(root, x);
	case KERNEL_READ_LINK:
		return answer_read_link(root, x);
	case KERNEL_READ:
		return answer_read(root, x);
	case KERNEL_CREATE:
		return answer_create(root, x);
	case KERNEL_WRITE:
		return answer_write(root, x);
	case KERNEL_TRUNCATE:
		return answer_truncate(root, x);
	case KERNEL_LINK:
		return answer_link(root, x);
	case KERNEL_REMOVE:
		return answer_remove(root, x);
	case KERNEL_RENAME:
		return answer_rename(root, x);
	case KERNEL_GET_ATTRIBUTE:
		return attribute(root, x, get);
	case KERNEL_SET_ATTRIBUTE:
		return attribute(root, x, set);
	case KERNEL_LIST_ATTRIBUTES:
		return attribute(root, x, list);
	case KERNEL_SET_OWNER:
		return answer_owner(root, x);
	case KERNEL_SET_TIMES:
		return answer_times(root, x);
	}
	return ENOTSUP;
}
