/* SPDX-License-Identifier: BSD-2-Clause */
/* spool.c - a disk that is there only until it was sent; see spool.h */
#include "conversion/spool.h"

#include "base/auto.h"
#include "disk/image.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { ZEROES = 64 << 10, SLACK = 64 << 20 /* for what becomes used while it is copied; and a sixteenth */ };

struct spool {
	char *directory;
	int fd; /* the file, until it is an image */
	struct nacre_image *image;
};

static int no_memory(struct nacre_error *e)
{
	return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
}

/* What memory has, for what lies in it. */
static uint64_t memory_available(void)
{
	NACRE_AUTO_FILE FILE *f = fopen("/proc/meminfo", "re");
	char line[128];
	unsigned long long kib;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
			return (uint64_t)kib << 10;
	return 0;
}

/* Bytes that fit there: of memory a part only, as the machine goes on working. */
static uint64_t room(int directory)
{
	struct statfs fs;
	uint64_t bytes, memory;

	if (fstatfs(directory, &fs))
		return 0;
	bytes = (uint64_t)fs.f_bavail * (uint64_t)fs.f_frsize;
	if (fs.f_type != TMPFS_MAGIC)
		return bytes;
	memory = memory_available() / 4 * 3;
	return fs.f_blocks && bytes < memory ? bytes : memory;
}

/* A file without a name; where the file system has no such thing, its name is taken away at once. */
static int make_file(const char *directory)
{
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	NACRE_AUTO_FREE char *path = NULL;

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL && errno != ENOENT))
		return fd;
	if (asprintf(&path, "%s/nacre-spool.XXXXXX", directory) < 0)
		path = NULL;
	fd = path ? mkostemp(path, O_CLOEXEC) : -1;
	if (fd >= 0)
		unlink(path);
	return fd;
}

/* Return: the file, or -1 with @why it cannot be there. */
static int try_place(const char *directory, const struct nacre_lives *lives, uint64_t bytes, char *why, size_t size)
{
	NACRE_AUTO_FD int at = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct nacre_live *on;
	uint64_t have;
	int fd;

	if (at < 0) {
		snprintf(why, size, "cannot be opened");
		return -1;
	}
	on = nacre_live_of(lives, at);
	if (on) {
		snprintf(why, size, "lies in %.40s, which is converted", on->mount);
		return -1;
	}
	have = room(at);
	if (have < bytes) {
		snprintf(why, size, "has %" PRIu64 " MiB", have >> 20);
		return -1;
	}
	fd = make_file(directory);
	if (fd < 0)
		snprintf(why, size, "%s", strerror(errno));
	return fd;
}

static int find_place(struct spool *s, const char *directory, const struct nacre_lives *lives, uint64_t bytes,
		      struct nacre_error *e)
{
	const char *const usual[] = {getenv("TMPDIR"), "/tmp", "/var/tmp", "/dev/shm"};
	char why[80], all[128] = "";
	size_t n = 0;

	bytes += bytes / 16 + SLACK;
	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++) {
		const char *place = directory ? directory : usual[i];

		if (!place || *place != '/')
			continue;
		s->fd = try_place(place, lives, bytes, why, sizeof(why));
		if (s->fd >= 0)
			return (s->directory = strdup(place)) ? 0 : no_memory(e);
		if (directory)
			return nacre_error_set(e, NACRE_E_SYSTEM, 0, directory, "%s; %" PRIu64 " MiB are needed for the copy until it is sent",
					       why, bytes >> 20);
		if (n < sizeof(all))
			n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%.24s %.40s", n ? ", " : "", place, why);
	}
	return nacre_error_set(e, NACRE_E_SYSTEM, ENOSPC, "--spool",
			       "%" PRIu64 " MiB are needed for the copy until it is sent; name a place: %s", bytes >> 20, all);
}

static int spool_create(struct nacre_sink *sink, unsigned disk, const struct nacre_sink_disk *what, struct nacre_error *e)
{
	struct spool *s = sink->own;
	char path[32];

	if (disk)
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, "-", "a stream is of one disk");
	if (ftruncate(s->fd, (off_t)what->size))
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, s->directory, "takes no file of %" PRIu64 " bytes", what->size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->fd);
	s->image = nacre_image_open(path, "raw", true, e);
	if (!s->image)
		return -1;
	free(s->image->path); /* for messages */
	s->image->path = strdup(s->directory);
	return s->image->path ? 0 : no_memory(e);
}

static int spool_make_writable(struct nacre_sink *sink, unsigned disk, struct nacre_error *e)
{
	(void)sink, (void)disk, (void)e;
	return 0;
}

static int spool_write(struct nacre_sink *sink, unsigned disk, uint64_t offset, const void *data, size_t size,
		       struct nacre_error *e)
{
	(void)disk;
	return nacre_image_write(((struct spool *)sink->own)->image, offset, data, size, e);
}

/* A hole, or zeroes where there is something and no hole can be made. */
static int spool_zero(struct nacre_sink *sink, unsigned disk, uint64_t offset, uint64_t length, struct nacre_error *e)
{
	static const uint8_t zeroes[ZEROES];
	struct nacre_image *image = ((struct spool *)sink->own)->image;
	uint64_t end = offset + length, start, n;

	(void)disk;
	if (!fallocate(image->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)length))
		return 0;
	while (offset < end) {
		if (nacre_image_data(image, offset, &start, &n, e))
			return -1;
		if (!n || start >= end)
			return 0;
		n = n < end - start ? n : end - start;
		n = n < ZEROES ? n : ZEROES;
		if (nacre_image_write(image, start, zeroes, (size_t)n, e))
			return -1;
		offset = start + n;
	}
	return 0;
}

/* It has to survive nothing. */
static int spool_sync(struct nacre_sink *sink, struct nacre_error *e)
{
	(void)sink, (void)e;
	return 0;
}

/* Asked for where the kernel lost changes, and all is read again. */
static int spool_have(struct nacre_sink *sink, unsigned disk, uint64_t first, uint32_t count, uint64_t *hashes,
		      struct nacre_error *e)
{
	struct nacre_image *image = ((struct spool *)sink->own)->image;
	uint8_t block[NACRE_SINK_BLOCK];

	(void)disk;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t at = (first + i) * sizeof(block);
		size_t n = image->size - at < sizeof(block) ? (size_t)(image->size - at) : sizeof(block);

		if (nacre_image_read(image, at, block, n, e))
			return -1;
		hashes[i] = nacre_sink_hash(block, n);
	}
	return 0;
}

static int spool_read(struct nacre_sink *sink, unsigned disk, uint64_t offset, void *data, size_t size,
		      struct nacre_error *e)
{
	(void)disk;
	return nacre_image_read(((struct spool *)sink->own)->image, offset, data, size, e);
}

static void spool_close(struct nacre_sink *sink, bool drop)
{
	struct spool *s = sink->own;

	(void)drop;
	nacre_image_close(s->image);
	if (s->fd >= 0)
		close(s->fd);
	free(s->directory);
	free(s);
}

/* Nothing else is asked of it. */
static const struct nacre_sink_ops spool_ops = {
	.name = "spool", .create = spool_create, .make_writable = spool_make_writable, .write = spool_write,
	.zero = spool_zero, .sync = spool_sync, .have = spool_have, .read = spool_read, .close = spool_close};

struct nacre_sink *nacre_spool_open(const char *directory, const struct nacre_lives *lives, uint64_t bytes,
				    struct nacre_error *e)
{
	struct nacre_sink *sink = calloc(1, sizeof(*sink));
	struct spool *s = calloc(1, sizeof(*s));

	if (!sink || !s) {
		free(sink);
		free(s);
		no_memory(e);
		return NULL;
	}
	s->fd = -1;
	sink->ops = &spool_ops;
	sink->own = s;
	if (find_place(s, directory, lives, bytes, e) == 0)
		return sink;
	nacre_sink_close(sink);
	return NULL;
}

struct nacre_image *nacre_spool_image(struct nacre_sink *spool)
{
	return ((struct spool *)spool->own)->image;
}

int nacre_spool_used(struct nacre_sink *spool, struct nacre_extents *used, uint32_t tag, struct nacre_error *e)
{
	struct nacre_image *image = nacre_spool_image(spool);
	uint64_t at = 0, start, length;

	for (;;) {
		if (nacre_image_data(image, at, &start, &length, e))
			return -1;
		if (!length)
			return 0;
		if (nacre_extents_add(used, start, length, tag))
			return no_memory(e);
		at = start + length;
	}
}
