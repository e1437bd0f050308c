/* SPDX-License-Identifier: BSD-2-Clause */
/* hostile.c - a driver that misbehaves; how is what the first bytes of its volume say */
#include <nacre/fs.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

struct nacre_fs {
	nacre_fs_reader read;
	nacre_fs_writer write;
	void *user;
	uint64_t size;
	char how[32];
};

static bool is(const struct nacre_fs *f, const char *how)
{
	return !strcmp(f->how, how);
}

/* What can be done in any call: "crash stat", "hang list", .. */
static void misbehave(const struct nacre_fs *f, const char *call)
{
	char how[32];

	snprintf(how, sizeof(how), "crash %s", call);
	if (is(f, how))
		abort();
	snprintf(how, sizeof(how), "exit %s", call);
	if (is(f, how))
		_exit(0);
	snprintf(how, sizeof(how), "hang %s", call);
	while (is(f, how))
		;
}

/* Everything that a driver must not reach; the label says what it got. */
static void reach(struct nacre_fs *f, char *label)
{
	static char buffer[NACRE_FS_CHUNK];
	int before = f->read(f->user, UINT64_MAX, buffer, 1);
	int beyond = f->read(f->user, f->size, buffer, 1);
	int across = f->read(f->user, f->size - 1, buffer, 2);
	int in = f->read(f->user, f->size - 1, buffer, 1);
	int write = f->write ? f->write(f->user, f->size - 1, buffer, 2) : 0;
	int file = open("/etc/passwd", O_RDONLY) < 0 ? errno : 0;
	int made = open("/tmp/nacre-hostile", O_CREAT | O_WRONLY, 0600); /* in a /tmp of its own, if at all */
	int net = socket(AF_INET, SOCK_STREAM, 0) < 0 ? errno : 0;
	char *much = malloc((size_t)1 << 30);

	(void)made;
	snprintf(label, NACRE_FS_NAME, "%d %d %d %d %d %s %s %s", before, beyond, across, in, write,
		 file ? "no-file" : "file", net ? "no-net" : "net",
		 much ? "memory" : "no-memory");
}

EXPORT int nacre_fs_open(nacre_fs_reader reader, nacre_fs_writer writer, void *user, uint64_t size,
			 uint32_t flags, struct nacre_fs **fs)
{
	struct nacre_fs *f = calloc(1, sizeof(*f));

	(void)flags;
	*f = (struct nacre_fs){.read = reader, .write = writer, .user = user, .size = size};
	reader(user, 0, f->how, sizeof(f->how) - 1);
	misbehave(f, "open");
	if (is(f, "no handle"))
		return 0;
	if (is(f, "large read"))
		return reader(user, 0, malloc(2 * NACRE_FS_CHUNK), 2 * NACRE_FS_CHUNK);
	if (is(f, "wild user"))
		return reader((char *)user + 8, 0, f->how, 8);
	*fs = f;
	return is(f, "odd result") ? 123456 : is(f, "negative result") ? -1 : 0;
}

EXPORT int nacre_fs_close(struct nacre_fs *f)
{
	misbehave(f, "close");
	return is(f, "close fails") ? EIO : 0;
}

EXPORT int nacre_fs_describe(struct nacre_fs *f, struct nacre_fs_info *info)
{
	misbehave(f, "describe");
	memset(info, is(f, "endless info") ? 'x' : 0, sizeof(*info));
	if (is(f, "reach"))
		reach(f, info->label);
	return 0;
}

EXPORT int nacre_fs_map(struct nacre_fs *f, uint64_t from, struct nacre_fs_extent *x, uint32_t capacity,
			uint32_t *count)
{
	misbehave(f, "map");
	*count = from ? 0 : 1;
	x[0] = (struct nacre_fs_extent){.start = 4096, .length = 4096};
	if (is(f, "map outside"))
		x[0].length = f->size;
	if (is(f, "map far outside"))
		x[0].start = UINT64_MAX - 100;
	if (is(f, "map nothing"))
		x[0].length = 0;
	if (is(f, "map odd use"))
		x[0].use = 77;
	if (is(f, "map forever"))
		*count = 1;
	if (is(f, "map too many"))
		*count = capacity + 1;
	if (is(f, "map overlap")) {
		x[1] = x[0];
		*count = 2;
	}
	return 0;
}

EXPORT int nacre_fs_list(struct nacre_fs *f, const char *path, uint64_t *cursor, struct nacre_fs_entry *entries,
			 uint32_t capacity, uint32_t *count)
{
	static const char *const names[] = {"slash/in", ".", "..", ""};

	(void)path;
	(void)capacity;
	misbehave(f, "list");
	*count = *cursor ? 0 : 1;
	memset(entries, 0, sizeof(*entries));
	if (!is(f, "list forever"))
		*cursor = 1;
	strcpy(entries->name, "fine");
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(f->how, "name ", 5) && atoi(f->how + 5) == (int)i)
			strcpy(entries->name, names[i]);
	if (is(f, "name endless"))
		memset(entries->name, 'x', sizeof(entries->name));
	return 0;
}

EXPORT int nacre_fs_stat(struct nacre_fs *f, const char *path, struct nacre_fs_stat *st)
{
	(void)path;
	misbehave(f, "stat");
	memset(st, 0, sizeof(*st));
	st->mode = 0100644;
	st->size = is(f, "large file") ? UINT64_MAX : 100;
	return 0;
}

EXPORT int nacre_fs_read_file(struct nacre_fs *f, const char *path, uint64_t offset, void *data,
			      uint32_t capacity, uint32_t *length)
{
	(void)path;
	(void)offset;
	misbehave(f, "read");
	memset(data, 'd', capacity);
	*length = is(f, "long read") ? capacity + 1 : is(f, "no read") ? 0 : capacity;
	return 0;
}

EXPORT int nacre_fs_read_link(struct nacre_fs *f, const char *path, char *target, uint32_t capacity)
{
	(void)path;
	misbehave(f, "link");
	memset(target, 'x', capacity);
	return 0;
}
