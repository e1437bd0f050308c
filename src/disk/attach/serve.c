/* SPDX-License-Identifier: BSD-2-Clause */
/* serve.c - the bytes of an image as one file of a FUSE file system
 *
 * DOC: Theory of Operation
 *
 * The file system has a root directory and one file, whose size and inode never change, so the kernel may
 * keep what it knows of them for ever. Requests run side by side in a few threads; the image allows that
 * (image.h), and a disk promises nothing to those who write and read one sector at once.
 *
 * A write that the image refuses, for want of room most likely, is EIO, as of a disk that cannot: whoever is
 * above knows what to do about that, and not about a disk that says ENOSPC. The reason is kept.
 *
 * What has to reach the image for memory to become free is written by these threads: they must not wait
 * for memory that becomes free by writing (PR_SET_IO_FLUSHER).
 */
#define FUSE_USE_VERSION 35

#include "serve.h"

#include "base/auto.h"

#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#ifndef PR_SET_IO_FLUSHER
#define PR_SET_IO_FLUSHER 57
#endif

enum { FILE_INODE = 2, THREADS_IDLE = 4 };

#define FOR_EVER 86400.0

struct nacre_server {
	struct fuse_session *session;
	bool mounted;
};

static struct nacre_served *served_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

static void fill(const struct nacre_served *s, fuse_ino_t inode, struct stat *st)
{
	*st = (struct stat){.st_ino = inode, .st_nlink = 1, .st_uid = getuid(), .st_gid = getgid(), .st_blksize = 4096};
	if (inode == FUSE_ROOT_ID) {
		st->st_mode = S_IFDIR | 0500;
		st->st_nlink = 2;
		return;
	}
	st->st_mode = S_IFREG | (s->writable ? 0600 : 0400);
	st->st_size = (off_t)s->length;
	st->st_blocks = (blkcnt_t)(s->length / 512);
}

static void serve_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param entry = {.ino = FILE_INODE, .attr_timeout = FOR_EVER, .entry_timeout = FOR_EVER};

	if (parent != FUSE_ROOT_ID || strcmp(name, NACRE_SERVED_NAME)) {
		fuse_reply_err(req, ENOENT);
		return;
	}
	fill(served_of(req), FILE_INODE, &entry.attr);
	fuse_reply_entry(req, &entry);
}

static void serve_getattr(fuse_req_t req, fuse_ino_t inode, struct fuse_file_info *fi)
{
	struct stat st;

	(void)fi;
	fill(served_of(req), inode, &st);
	fuse_reply_attr(req, &st, FOR_EVER);
}

static void serve_readdir(fuse_req_t req, fuse_ino_t inode, size_t size, off_t offset, struct fuse_file_info *fi)
{
	static const char *const names[] = {".", "..", NACRE_SERVED_NAME};
	char buffer[512];
	size_t used = 0;

	(void)fi;
	if (inode != FUSE_ROOT_ID) {
		fuse_reply_err(req, ENOTDIR);
		return;
	}
	size = size < sizeof(buffer) ? size : sizeof(buffer);
	for (off_t i = offset > 0 ? offset : 0; i < 3; i++) {
		struct stat st = {.st_ino = i < 2 ? FUSE_ROOT_ID : FILE_INODE, .st_mode = i < 2 ? S_IFDIR : S_IFREG};
		size_t n = fuse_add_direntry(req, buffer + used, size - used, names[i], &st, i + 1);

		if (n > size - used)
			break;
		used += n;
	}
	fuse_reply_buf(req, buffer, used);
}

static void serve_open(fuse_req_t req, fuse_ino_t inode, struct fuse_file_info *fi)
{
	if (inode != FILE_INODE) {
		fuse_reply_err(req, EISDIR);
		return;
	}
	if ((fi->flags & O_ACCMODE) != O_RDONLY && !served_of(req)->writable) {
		fuse_reply_err(req, EROFS);
		return;
	}
	fi->keep_cache = 1;
	fuse_reply_open(req, fi);
}

/* How much of [offset, offset + size) there is. */
static size_t within(const struct nacre_served *s, off_t offset, size_t size)
{
	if (offset < 0 || (uint64_t)offset >= s->length)
		return 0;
	return size < s->length - (uint64_t)offset ? size : (size_t)(s->length - (uint64_t)offset);
}

static void serve_read(fuse_req_t req, fuse_ino_t inode, size_t size, off_t offset, struct fuse_file_info *fi)
{
	struct nacre_served *s = served_of(req);
	NACRE_AUTO_FREE void *data = NULL;

	(void)inode, (void)fi;
	size = within(s, offset, size);
	data = malloc(size + 1);
	if (!data)
		fuse_reply_err(req, ENOMEM);
	else if (atomic_load(&s->stopped) || nacre_image_read(s->image, s->start + (uint64_t)offset, data, size, NULL))
		fuse_reply_err(req, EIO);
	else
		fuse_reply_buf(req, data, size);
}

/* Only the first refusal is kept: those after it follow from it. */
static void refuse(struct nacre_served *s, const struct nacre_error *e)
{
	if (atomic_fetch_add(&s->refused, 1) == 0)
		s->error = *e;
}

static void serve_write(fuse_req_t req, fuse_ino_t inode, const char *data, size_t size, off_t offset,
			struct fuse_file_info *fi)
{
	struct nacre_served *s = served_of(req);
	struct nacre_error e = {.code = 0};

	(void)inode, (void)fi;
	if (!s->writable) {
		fuse_reply_err(req, EROFS);
	} else if (within(s, offset, size) != size) {
		fuse_reply_err(req, EFBIG);
	} else if (atomic_load(&s->stopped)) {
		fuse_reply_err(req, EIO);
	} else if (nacre_image_write(s->image, s->start + (uint64_t)offset, data, size, &e)) {
		refuse(s, &e);
		fuse_reply_err(req, EIO);
	} else {
		fuse_reply_write(req, size);
	}
}

static void serve_fsync(fuse_req_t req, fuse_ino_t inode, int datasync, struct fuse_file_info *fi)
{
	struct nacre_served *s = served_of(req);
	struct nacre_error e = {.code = 0};
	int failed = 0;

	(void)inode, (void)datasync, (void)fi;
	/* An image that is still being made has no name yet, and must not get it by a flush. */
	if (s->writable && !atomic_load(&s->stopped) && !s->image->unfinished)
		failed = nacre_image_finish(s->image, &e);
	if (failed)
		refuse(s, &e);
	fuse_reply_err(req, failed ? EIO : 0);
}

static const struct fuse_lowlevel_ops ops = {
	.lookup = serve_lookup,
	.getattr = serve_getattr,
	.readdir = serve_readdir,
	.open = serve_open,
	.read = serve_read,
	.write = serve_write,
	.fsync = serve_fsync,
};

int nacre_serve_device(struct nacre_error *e)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		nacre_error_set(e, NACRE_E_SUPPORT, errno, "/dev/fuse",
				"cannot be opened; the kernel's module fuse makes it (modprobe fuse)");
	return fd;
}

static int configure(int fs, int device)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", device);
	return fsconfig(fs, FSCONFIG_SET_STRING, "source", "nacre", 0) ||
			       fsconfig(fs, FSCONFIG_SET_STRING, "fd", text, 0) ||
			       fsconfig(fs, FSCONFIG_SET_STRING, "rootmode", "40000", 0) ||
			       fsconfig(fs, FSCONFIG_SET_STRING, "user_id", "0", 0) ||
			       fsconfig(fs, FSCONFIG_SET_STRING, "group_id", "0", 0) ||
			       fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0)
		       ? -1
		       : 0;
}

int nacre_serve_mount(int device, struct nacre_error *e)
{
	NACRE_AUTO_FD int fs = fsopen("fuse", FSOPEN_CLOEXEC);
	int mount = -1;

	if (fs >= 0 && configure(fs, device) == 0)
		mount = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (mount < 0)
		nacre_error_set(e, NACRE_E_SYSTEM, errno, "FUSE",
				errno == EPERM ? "only root may have a device made; --file does without one"
					       : "its file system cannot be made");
	return mount;
}

int nacre_serve_open(int mount, bool writable, struct nacre_error *e)
{
	int fd = openat(mount, NACRE_SERVED_NAME, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);

	if (fd < 0)
		nacre_error_set(e, NACRE_E_SYSTEM, errno, "FUSE", "the disk's file cannot be opened");
	return fd;
}

/* The library would write to standard error; what fails is told by who called. */
static void say_nothing(enum fuse_log_level level, const char *fmt, va_list ap)
{
	(void)level, (void)fmt, (void)ap;
}

static int mount_session(struct nacre_server *server, int device, const char *place, struct nacre_error *e)
{
	char text[32];

	if (device >= 0) {
		snprintf(text, sizeof(text), "/dev/fd/%d", device);
		place = text;
	}
	if (fuse_session_mount(server->session, place) == 0) {
		server->mounted = device < 0;
		return 0;
	}
	return nacre_error_set(e, NACRE_E_SUPPORT, 0, "FUSE",
			       "no file system can be mounted at %.100s: that takes /dev/fuse, and without root "
			       "fusermount3 (package fuse3)", place);
}

struct nacre_server *nacre_server_new(struct nacre_served *served, int device, const char *place,
				      struct nacre_error *e)
{
	char *argv[] = {(char *)(uintptr_t)"nacre", (char *)(uintptr_t)"-osubtype=nacre,fsname=nacre", NULL};
	struct fuse_args args = FUSE_ARGS_INIT(2, argv);
	struct nacre_server *server = calloc(1, sizeof(*server));

	fuse_set_log_func(say_nothing);
	if (server)
		server->session = fuse_session_new(&args, &ops, sizeof(ops), served);
	fuse_opt_free_args(&args);
	if (!server || !server->session) {
		nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "FUSE", "cannot begin a session");
	} else if (mount_session(server, device, place, e) == 0) {
		return server;
	}
	nacre_server_free(server);
	return NULL;
}

void nacre_server_flusher(void)
{
	prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0);
}

int nacre_server_run(struct nacre_server *server, struct nacre_error *e)
{
	struct fuse_loop_config config = {.clone_fd = 0, .max_idle_threads = THREADS_IDLE};
	int result = fuse_session_loop_mt(server->session, &config);

	/* The kernel ends a connection by ENODEV, which is no error here; or so, if that comes while a request is handed out. */
	if (result == 0 || result == -ECONNABORTED)
		return 0;
	return nacre_error_set(e, NACRE_E_SYSTEM, result < 0 ? -result : 0, "FUSE", "the connection to the kernel broke");
}

void nacre_server_free(struct nacre_server *server)
{
	if (!server)
		return;
	if (server->session) {
		if (server->mounted)
			fuse_session_unmount(server->session);
		fuse_session_destroy(server->session);
	}
	free(server);
}
