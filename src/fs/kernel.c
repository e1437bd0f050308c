/* SPDX-License-Identifier: BSD-2-Clause */
/* kernel.c - a volume that this computer's kernel mounts, behind the same functions as a driver's
 *
 * DOC: Theory of Operation
 *
 * For file systems that no driver writes, where the user trusts the kernel with bytes that others wrote. The
 * bytes are served by a thread of this process as a file (disk/attach/serve.h), of the volume's range of the
 * image alone; a loop device lies on that; a process of its own, nacre-mount, has the device and the mount,
 * and answers fs.h's questions (kernel/exchange.h).
 *
 *	caller -> calls below -> socket -> nacre-mount -> the kernel's file system -> loop device -> FUSE
 *	       -> the thread here -> the image
 *
 * This thread never waits for anything above it, and whoever asks waits on a socket only, with a deadline. So
 * a kernel that hangs over a broken file system costs the volume (ESTALE), as a driver does; and however this
 * process ends, the connection ends with it, the mount with nacre-mount, which dies with its parent, and the
 * loop device with the mount.
 */
#include "kernel.h"

#include "base/auto.h"
#include "disk/attach/loop.h"
#include "disk/attach/serve.h"
#include "fs/kernel/exchange.h"
#include "os/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>

enum {
	DEADLINE_MS = 60000,
	LONG_MS = 900000, /* a log is replayed, a large tree read, all that is cached written */
	END_S = 60
};

/* -1, NULL and false: not there yet. */
struct nacre_fs {
	struct nacre_served served;
	struct nacre_server *server;
	pthread_t thread;
	bool running; /* the thread */
	struct nacre_child child;
	struct nacre_fs_info info;
	struct kernel_exchange *x;
	int socket;
	int deadline_ms;
	bool lost;
};

bool nacre_kernel_knows(const char *type)
{
	return !strcmp(type, "xfs") || !strcmp(type, "btrfs");
}

static int deadline(const struct nacre_fs *f, enum kernel_question question)
{
	bool is_long = question == KERNEL_MOUNT || question == KERNEL_UNMOUNT || question == KERNEL_SYNC ||
		       question == KERNEL_RESIZE;

	return is_long && f->deadline_ms < LONG_MS ? LONG_MS : f->deadline_ms;
}

/* Hand the question over, and wait. Return: 0 or errno; ESTALE: there is nobody any more */
static int ask(struct nacre_fs *f, enum kernel_question question)
{
	struct pollfd p = {.fd = f->socket, .events = POLLIN};
	char byte = 0;
	int result = -1;

	if (f->lost)
		return ESTALE;
	f->x->question = question;
	if (send(f->socket, &byte, 1, MSG_NOSIGNAL) == 1) {
		do
			result = poll(&p, 1, deadline(f, question));
		while (result < 0 && errno == EINTR);
	}
	if (result == 1 && recv(f->socket, &byte, 1, 0) == 1) {
		result = f->x->result;
		return result >= 0 && result < 4096 && result != ESTALE ? result : EIO;
	}
	f->lost = true;
	nacre_child_kill(&f->child);
	return ESTALE;
}

static int ask_path(struct nacre_fs *f, enum kernel_question question, const char *path, const char *other)
{
	if (snprintf(f->x->path, sizeof(f->x->path), "%s", path) >= (int)sizeof(f->x->path) ||
	    snprintf(f->x->other, sizeof(f->x->other), "%s", other ? other : "") >= (int)sizeof(f->x->other))
		return ENAMETOOLONG;
	return ask(f, question);
}

/* The same, for what brings bytes: at most @capacity of them, whatever is said. */
static int ask_bytes(struct nacre_fs *f, enum kernel_question question, const char *path, const char *other, void *data,
		     uint32_t capacity, uint32_t *length)
{
	uint32_t size;
	int result;

	*length = 0;
	f->x->capacity = capacity < NACRE_FS_CHUNK ? capacity : NACRE_FS_CHUNK;
	f->x->size = 0;
	result = ask_path(f, question, path, other);
	if (result)
		return result;
	size = __atomic_load_n(&f->x->size, __ATOMIC_RELAXED);
	if (size > capacity || size > NACRE_FS_CHUNK)
		return EIO;
	memcpy(data, f->x->bytes, size);
	*length = size;
	return 0;
}

static int kernel_sync(struct nacre_fs *f)
{
	int result = ask(f, KERNEL_SYNC);

	return result ? result : atomic_load(&f->served.refused) ? EIO : 0;
}

static int kernel_describe(struct nacre_fs *f, struct nacre_fs_info *info)
{
	int result = ask(f, KERNEL_DESCRIBE);

	*info = f->info;
	if (result)
		return result;
	info->free = f->x->info.free;
	info->inodes_free = f->x->info.inodes_free;
	return 0;
}

/* It is asked of the source, which nobody mounts. */
static int kernel_file_map(struct nacre_fs *f, const char *path, uint64_t from, struct nacre_fs_extent *extents,
			   uint32_t capacity, uint32_t *count)
{
	(void)f, (void)path, (void)from, (void)extents, (void)capacity;
	*count = 0;
	return ENOTSUP;
}

static int kernel_stat(struct nacre_fs *f, const char *path, struct nacre_fs_stat *st)
{
	int result = ask_path(f, KERNEL_STAT, path, NULL);

	if (!result)
		memcpy(st, &f->x->stat, sizeof(*st));
	return result;
}

static int kernel_list(struct nacre_fs *f, const char *path, uint64_t *cursor, struct nacre_fs_entry *entries,
		       uint32_t capacity, uint32_t *count)
{
	uint32_t size;
	int result;

	*count = 0;
	f->x->capacity = capacity < NACRE_FS_LIST ? capacity : NACRE_FS_LIST;
	f->x->size = 0;
	f->x->offset = *cursor;
	result = ask_path(f, KERNEL_LIST, path, NULL);
	if (result)
		return result;
	size = __atomic_load_n(&f->x->size, __ATOMIC_RELAXED);
	if (size > capacity || size > NACRE_FS_LIST)
		return EIO;
	memcpy(entries, f->x->entries, size * sizeof(*entries));
	*cursor = f->x->offset;
	*count = size;
	return 0;
}

static int kernel_read_link(struct nacre_fs *f, const char *path, char *target, uint32_t capacity)
{
	uint32_t length;
	int result;

	if (!capacity)
		return ERANGE;
	/* One byte stays for the 0. */
	result = ask_bytes(f, KERNEL_READ_LINK, path, NULL, target, capacity, &length);
	if (!result && length >= capacity)
		return ERANGE;
	if (!result)
		target[length] = 0;
	return result;
}

static int kernel_read_file(struct nacre_fs *f, const char *path, uint64_t offset, void *data, uint32_t capacity,
			    uint32_t *length)
{
	f->x->offset = offset;
	return ask_bytes(f, KERNEL_READ, path, NULL, data, capacity, length);
}

static int kernel_create(struct nacre_fs *f, const char *path, uint32_t mode, uint32_t uid, uint32_t gid)
{
	f->x->mode = mode;
	f->x->uid = uid;
	f->x->gid = gid;
	return ask_path(f, KERNEL_CREATE, path, NULL);
}

static int kernel_write_file(struct nacre_fs *f, const char *path, uint64_t offset, const void *data, uint32_t size)
{
	if (size > NACRE_FS_CHUNK)
		return EINVAL;
	memcpy(f->x->bytes, data, size);
	f->x->size = size;
	f->x->offset = offset;
	return ask_path(f, KERNEL_WRITE, path, NULL);
}

static int kernel_truncate(struct nacre_fs *f, const char *path, uint64_t size)
{
	f->x->offset = size;
	return ask_path(f, KERNEL_TRUNCATE, path, NULL);
}

static int kernel_link_symbolic(struct nacre_fs *f, const char *target, const char *path)
{
	return ask_path(f, KERNEL_LINK, path, target);
}

static int kernel_remove(struct nacre_fs *f, const char *path)
{
	return ask_path(f, KERNEL_REMOVE, path, NULL);
}

static int kernel_rename(struct nacre_fs *f, const char *from, const char *to)
{
	return ask_path(f, KERNEL_RENAME, from, to);
}

static int kernel_get_attribute(struct nacre_fs *f, const char *path, const char *name, void *data, uint32_t capacity,
				uint32_t *length)
{
	return ask_bytes(f, KERNEL_GET_ATTRIBUTE, path, name, data, capacity, length);
}

static int kernel_set_attribute(struct nacre_fs *f, const char *path, const char *name, const void *data, uint32_t size)
{
	if (size > NACRE_FS_CHUNK)
		return E2BIG;
	memcpy(f->x->bytes, data, size);
	f->x->size = size;
	return ask_path(f, KERNEL_SET_ATTRIBUTE, path, name);
}

static int kernel_list_attributes(struct nacre_fs *f, const char *path, char *names, uint32_t capacity, uint32_t *length)
{
	return ask_bytes(f, KERNEL_LIST_ATTRIBUTES, path, NULL, names, capacity, length);
}

static int kernel_set_owner(struct nacre_fs *f, const char *path, uint32_t uid, uint32_t gid)
{
	f->x->uid = uid;
	f->x->gid = gid;
	return ask_path(f, KERNEL_SET_OWNER, path, NULL);
}

static int kernel_set_times(struct nacre_fs *f, const char *path, int64_t mtime, uint32_t nanoseconds)
{
	f->x->mtime = mtime;
	f->x->nanoseconds = nanoseconds;
	return ask_path(f, KERNEL_SET_TIMES, path, NULL);
}

static int kernel_resize_to(struct nacre_fs *f, uint64_t size)
{
	int result;

	/* The device cannot become larger under a mount of its own. */
	if (size > f->served.length)
		return ENOTSUP;
	f->x->offset = size;
	result = ask(f, KERNEL_RESIZE);
	if (!result)
		f->info.size = size;
	return result;
}

static int kernel_map(struct nacre_fs *f, uint64_t from, struct nacre_fs_extent *extents, uint32_t capacity,
		      uint32_t *count)
{
	(void)f, (void)from, (void)extents, (void)capacity;
	*count = 0;
	return ENOTSUP;
}

/* The thread ends when the loop device is gone, which is when nacre-mount is. */
static bool join(struct nacre_fs *f)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += END_S;
	return pthread_timedjoin_np(f->thread, NULL, &until) == 0;
}

static int kernel_close(struct nacre_fs *f)
{
	int result = f->x ? ask(f, KERNEL_UNMOUNT) : 0;

	if (f->socket >= 0)
		close(f->socket);
	nacre_child_ended(&f->child, result ? 0 : DEADLINE_MS);
	nacre_child_kill(&f->child);
	/* Somebody else holds the device. The thread needs its memory, but the image is its caller's again. */
	if (f->running && !join(f)) {
		atomic_store(&f->served.stopped, true);
		return EBUSY;
	}
	if (!result && atomic_load(&f->served.refused))
		result = EIO;
	nacre_server_free(f->server);
	if (f->x)
		munmap(f->x, sizeof(*f->x));
	free(f);
	return result;
}

const struct nacre_fs_calls nacre_kernel_calls = {
	.close = kernel_close,
	.sync = kernel_sync,
	.describe = kernel_describe,
	.map = kernel_map,
	.file_map = kernel_file_map,
	.stat = kernel_stat,
	.list = kernel_list,
	.read_link = kernel_read_link,
	.read_file = kernel_read_file,
	.create = kernel_create,
	.write_file = kernel_write_file,
	.truncate = kernel_truncate,
	.link_symbolic = kernel_link_symbolic,
	.remove = kernel_remove,
	.rename = kernel_rename,
	.get_attribute = kernel_get_attribute,
	.set_attribute = kernel_set_attribute,
	.list_attributes = kernel_list_attributes,
	.set_owner = kernel_set_owner,
	.set_times = kernel_set_times,
	.resize = kernel_resize_to,
};

static void *serve(void *arg)
{
	struct nacre_fs *f = arg;

	nacre_server_flusher();
	nacre_server_run(f->server, NULL);
	return NULL;
}

/* Signals are for whoever runs the conversion. */
static int start_thread(struct nacre_fs *f, struct nacre_error *e)
{
	sigset_t all, before;
	int sys;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	sys = pthread_create(&f->thread, NULL, serve, f);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (sys)
		return nacre_error_set(e, NACRE_E_SYSTEM, sys, "thread", "cannot be started");
	f->running = true;
	return 0;
}

/* The device on the served bytes. From here on the thread ends when it is gone, and not before. */
static int make_device(struct nacre_fs *f, struct nacre_loop *loop, struct nacre_error *e)
{
	NACRE_AUTO_FD int device = nacre_serve_device(e), mount = -1, file = -1;

	if (device < 0)
		return -1;
	mount = nacre_serve_mount(device, e);
	if (mount < 0)
		return -1;
	f->server = nacre_server_new(&f->served, device, NULL, e);
	if (!f->server)
		return -1;
	nacre_steal_fd(&device);
	if (start_thread(f, e) < 0)
		return -1;
	file = nacre_serve_open(mount, true, e);
	return file < 0 ? -1 : nacre_loop_make(loop, file, f->served.length, true, f->served.image->path, e);
}

static int start_program(struct nacre_fs *f, const char *program, int device, struct nacre_error *e)
{
	NACRE_AUTO_FD int memory = memfd_create("nacre-mount", MFD_CLOEXEC), null = -1, theirs = -1;
	char *argv[] = {(char *)(uintptr_t)"nacre-mount", NULL};
	int pair[2];

	if (memory < 0 || ftruncate(memory, sizeof(*f->x)) || (null = open("/dev/null", O_RDWR | O_CLOEXEC)) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, program, "cannot be spoken to");
	f->socket = pair[0];
	theirs = pair[1];
	f->x = mmap(NULL, sizeof(*f->x), PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	if (f->x == MAP_FAILED) {
		f->x = NULL;
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, program, "cannot be spoken to");
	}
	return nacre_child_start(&f->child, program, argv, (const int[]){theirs, memory, device}, 3, null, e);
}

static int mount_it(struct nacre_fs *f, const char *device, const char *type, struct nacre_error *e)
{
	struct nacre_error why;
	int result = ask_path(f, KERNEL_MOUNT, device, type);

	if (!result)
		return 0;
	if (result == ESTALE)
		return nacre_error_set(e, NACRE_E_LOST, ESTALE, type, "nacre-mount ended, or the kernel hangs over it");
	memcpy(&why, &f->x->error, sizeof(why));
	why.msg[sizeof(why.msg) - 1] = why.where[sizeof(why.where) - 1] = 0;
	if (!why.code)
		return nacre_error_set(e, NACRE_E_SYSTEM, result, type, "cannot be mounted");
	if (e)
		*e = why;
	return -1;
}

int nacre_kernel_open(struct nacre_image *image, uint64_t start, uint64_t length, const char *type,
		      const char *program, uint32_t deadline_ms, const struct nacre_fs_info *info,
		      struct nacre_fs **fs, struct nacre_error *e)
{
	struct nacre_fs *f = calloc(1, sizeof(*f));
	struct nacre_loop loop = {.fd = -1};
	int failed;

	if (!f)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, type, "cannot be mounted");
	f->socket = -1;
	f->child = NACRE_NO_CHILD;
	f->deadline_ms = deadline_ms ? (int)deadline_ms : DEADLINE_MS;
	f->info = *info;
	f->info.state &= ~(uint32_t)NACRE_FS_DIRTY; /* a mount replays the log */
	f->served = (struct nacre_served){.image = image, .start = start, .length = length, .writable = true};
	failed = make_device(f, &loop, e) < 0 || start_program(f, program, loop.fd, e) < 0;
	/* nacre-mount has it now, alone: nothing of this process may hold what it serves itself. */
	if (loop.fd >= 0)
		close(loop.fd);
	if (!failed && mount_it(f, loop.path, type, e) == 0) {
		*fs = f;
		return 0;
	}
	kernel_close(f);
	return -1;
}
