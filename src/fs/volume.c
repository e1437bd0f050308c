/* SPDX-License-Identifier: BSD-2-Clause */
/* volume.c - open, map and close a volume; theory of operation in volume.h */
#include "host.h"
#include "kernel.h"

#include "base/auto.h"
#include "base/extents.h"

#include <nacre/log.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAP_BATCH = 1024,
	MAP_MOST = 1 << 22, /* extents of one volume: what a driver can make this process keep */
	HOLE_LEAST = 256 << 10
};

static const struct nacre_volume_parts *parts;

void nacre_volume_setup(const struct nacre_volume_parts *p)
{
	parts = p;
}

/* Where may a driver reach? */
static bool within(const struct nacre_volume *v, uint64_t offset, uint32_t size)
{
	return offset <= v->length && size <= v->length - offset;
}

static int refused(struct nacre_volume *v)
{
	return v->io.sys > 0 && v->io.sys < 4096 ? v->io.sys : EIO;
}

/* A large piece of nothing, which a file would fill memory with pages of zeroes for. */
static bool in_hole(struct nacre_volume *v, uint64_t offset, uint32_t size)
{
	struct nacre_error none = {0};
	uint64_t start, length;

	return size >= HOLE_LEAST &&
	       nacre_image_data(v->image, v->start + offset, &start, &length, &none) == 0 &&
	       (!length || start >= v->start + offset + size);
}

static int serve_read(void *user, uint64_t offset, void *data, uint32_t size)
{
	struct nacre_volume *v = user;

	if (!within(v, offset, size))
		return EINVAL;
	if (in_hole(v, offset, size)) {
		memset(data, 0, size);
		return 0;
	}
	return nacre_image_read(v->image, v->start + offset, data, size, &v->io) ? refused(v) : 0;
}

static int serve_write(void *user, uint64_t offset, const void *data, uint32_t size)
{
	struct nacre_volume *v = user;

	if (!v->writable)
		return EROFS;
	if (!within(v, offset, size))
		return EINVAL;
	return nacre_image_write(v->image, v->start + offset, data, size, &v->io) ? refused(v) : 0;
}

static int lost(struct nacre_volume *v, struct nacre_error *e)
{
	char log[128] = "see the log";

	if (nacre_log_path(log + 4, sizeof(log) - 4) < 0)
		strcpy(log, "see the log");
	return nacre_error_set(e, NACRE_E_LOST, ESTALE, v->image->path,
			       "the %s driver ended, hung or lied, and this volume is closed: %.100s",
			       v->type, log);
}

static int code_of(int result)
{
	switch (result) {
	case ENOENT:
	case ENODATA:
		return NACRE_E_ABSENT;
	case EEXIST:
		return NACRE_E_EXISTS;
	case EINVAL:
	case EUCLEAN:
		return NACRE_E_INPUT;
	case ENOTSUP:
	case EFBIG:
		return NACRE_E_SUPPORT;
	}
	return NACRE_E_SYSTEM;
}

/* EUCLEAN has an odd text of its own. */
static int said(struct nacre_volume *v, int result, const char *what, const char *path,
		struct nacre_error *e)
{
	const char *remedy = result == EUCLEAN ? ": the file system is damaged; repair it first (fsck)" : "";

	nacre_error_set(e, (enum nacre_code)code_of(result), *remedy ? 0 : result, v->image->path,
			"%s: cannot %s %.100s%s", v->type, what, path ? path : "the volume", remedy);
	if (e)
		e->sys = result;
	return -1;
}

int nacre_volume_answer(struct nacre_volume *v, int result, const char *what, const char *path,
			struct nacre_error *e)
{
	if (!result)
		return 0;
	if (result == ESTALE) {
		v->lost = true;
		return lost(v, e);
	}
	if (!v->io.code)
		return said(v, result, what, path, e);
	if (e)
		*e = v->io;
	return nacre_error_add(e, "cannot %s %.60s", what, path ? path : "the volume");
}

int nacre_volume_ready(struct nacre_volume *v, const char *what, const char *path, struct nacre_error *e)
{
	v->io.code = 0;
	v->io.sys = 0;
	if (v->lost)
		return lost(v, e);
	if (path && strnlen(path, NACRE_FS_PATH) == NACRE_FS_PATH)
		return said(v, ENAMETOOLONG, what, "a path of more than 4095 bytes", e);
	return 0;
}

static int describe(struct nacre_volume *v, struct nacre_error *e)
{
	struct nacre_fs_info *i = &v->info;

	if (nacre_volume_answer(v, v->host.calls.describe(v->fs, i), "describe", NULL, e))
		return -1;
	i->type[sizeof(i->type) - 1] = 0;
	i->label[sizeof(i->label) - 1] = 0;
	i->uuid[sizeof(i->uuid) - 1] = 0;
	i->root[sizeof(i->root) - 1] = 0;
	return 0;
}

bool nacre_volume_by_kernel(const char *type)
{
	return nacre_kernel_knows(type) && parts && parts->kernel;
}

int nacre_volume_writes(const char *type, struct nacre_error *e)
{
	if (!nacre_kernel_knows(type) || nacre_volume_by_kernel(type))
		return 0;
	return nacre_error_set(e, NACRE_E_SUPPORT, 0, "volume",
			       "%s is only read by its driver; --trust-kernel-mount, as root, lets this computer's "
			       "kernel write it", type);
}

/* The driver says what it is, the kernel writes it. */
static int start_kernel(struct nacre_volume *v, struct nacre_error *e)
{
	struct nacre_volume *reader;

	if (nacre_volume_writes(v->type, e) < 0)
		return -1;
	reader = nacre_volume_open(v->image, v->start, v->length, v->type, false, e);
	if (!reader)
		return -1;
	v->info = reader->info;
	nacre_volume_close(reader, NULL);
	if (nacre_kernel_open(v->image, v->start, v->length, v->type, parts->kernel, parts->deadline_ms, &v->info,
			      &v->fs, e) < 0)
		return -1;
	v->host.calls = nacre_kernel_calls;
	v->kernel = true;
	return describe(v, e);
}

static int start(struct nacre_volume *v, struct nacre_error *e)
{
	char name[64];
	int result;

	if (v->writable && nacre_kernel_knows(v->type))
		return start_kernel(v, e);
	snprintf(name, sizeof(name), "fs-%s-%" PRIx64, v->type, v->start);
	if (nacre_fs_host_load(&v->host, parts, v->type, name, e) < 0)
		return -1;
	result = v->host.calls.open(serve_read, v->writable ? serve_write : NULL, v, v->length,
				    v->writable ? NACRE_FS_WRITABLE : 0, &v->fs);
	if (nacre_volume_answer(v, result, "open", NULL, e))
		return -1;
	if (!v->fs)
		return said(v, EINVAL, "open", NULL, e);
	return describe(v, e);
}

struct nacre_volume *nacre_volume_open(struct nacre_image *image, uint64_t from, uint64_t length,
				       const char *type, bool writable, struct nacre_error *e)
{
	struct nacre_volume *v;

	if (!parts || from > image->size || length > image->size - from || strchr(type, '/') ||
	    strlen(type) >= sizeof(v->type) || (writable && !image->writable)) {
		nacre_error_set(e, NACRE_E_USAGE, 0, image->path,
				"no volume of %.16s at byte %" PRIu64 ", %" PRIu64 " bytes long%s", type,
				from, length, writable && !image->writable ? ": opened for reading" : "");
		return NULL;
	}
	v = calloc(1, sizeof(*v));
	if (!v) {
		nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, image->path, "cannot open a volume");
		return NULL;
	}
	v->image = image;
	v->start = from;
	v->length = length;
	v->writable = writable;
	strcpy(v->type, type);
	v->host.fd = -1;
	if (start(v, e) == 0)
		return v;
	nacre_volume_close(v, NULL);
	return NULL;
}

int nacre_volume_close(struct nacre_volume *v, struct nacre_error *e)
{
	int result = 0;

	if (!v)
		return 0;
	/* A mount is ended in any case: it uses the image. */
	if (v->fs && ((result = nacre_volume_ready(v, "close", NULL, e)) == 0 || v->kernel))
		result = nacre_volume_answer(v, v->host.calls.close(v->fs), "close", NULL, e);
	if (!v->writable)
		result = 0; /* nothing is missing */
	nacre_fs_host_unload(&v->host);
	free(v);
	return result;
}

bool nacre_volume_writable(const struct nacre_volume *v)
{
	return v->writable;
}

const struct nacre_fs_info *nacre_volume_info(const struct nacre_volume *v)
{
	return &v->info;
}

int nacre_volume_sync(struct nacre_volume *v, struct nacre_error *e)
{
	if (nacre_volume_ready(v, "sync", NULL, e) < 0)
		return -1;
	return nacre_volume_answer(v, v->host.calls.sync(v->fs), "write", NULL, e);
}

int nacre_volume_resize(struct nacre_volume *v, uint64_t size, struct nacre_error *e)
{
	if (nacre_volume_ready(v, "enlarge", NULL, e) < 0)
		return -1;
	if (v->writable && size > v->image->size - v->start)
		return said(v, ENOSPC, "enlarge", NULL, e);
	if (v->writable && size > v->length)
		v->length = size;
	if (nacre_volume_answer(v, v->host.calls.resize(v->fs, size), "enlarge", NULL, e))
		return -1;
	return describe(v, e);
}

/* One batch of a map, which has to come in order and to stay inside. */
static int take(struct nacre_volume *v, const struct nacre_fs_extent *list, uint32_t count, uint64_t *from,
		struct nacre_extents *used, struct nacre_error *e)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct nacre_fs_extent *x = &list[i];

		if (!x->length || x->start > v->length || x->length > v->length - x->start ||
		    x->start + x->length <= *from || (i && x->start < *from) || x->use > NACRE_FS_SWAP)
			return said(v, EUCLEAN, "list the used space of", NULL, e);
		*from = x->start + x->length;
		if (nacre_extents_add(used, v->start + x->start, x->length, x->use))
			return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, v->image->path,
					       "cannot keep the map of a volume");
	}
	return 0;
}

int nacre_volume_map(struct nacre_volume *v, struct nacre_extents *used, struct nacre_error *e)
{
	NACRE_AUTO_FREE struct nacre_fs_extent *list = calloc(MAP_BATCH, sizeof(*list));
	uint64_t from = 0, total = 0;
	uint32_t count;

	if (nacre_volume_ready(v, "list", NULL, e) < 0)
		return -1;
	if (!list)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, v->image->path,
				       "cannot keep the map of a volume");
	do {
		count = 0;
		if (nacre_volume_answer(v, v->host.calls.map(v->fs, from, list, MAP_BATCH, &count),
					"list the used space of", NULL, e))
			return -1;
		total += count;
		if (total > MAP_MOST)
			return nacre_error_set(e, NACRE_E_SUPPORT, E2BIG, v->image->path,
					       "the used space of this volume is in more than %d pieces: it "
					       "is copied whole", MAP_MOST);
		if (take(v, list, count, &from, used, e) < 0)
			return -1;
	} while (count);
	return 0;
}

int nacre_volume_file_map(struct nacre_volume *v, const char *path, uint64_t from, uint32_t use,
			  struct nacre_extents *map, struct nacre_error *e)
{
	NACRE_AUTO_FREE struct nacre_fs_extent *list = calloc(MAP_BATCH, sizeof(*list));
	uint64_t total = 0;
	uint32_t count;

	if (nacre_volume_ready(v, "map", path, e) < 0)
		return -1;
	if (!list)
		return said(v, ENOMEM, "map", path, e);
	do {
		count = 0;
		if (nacre_volume_answer(v, v->host.calls.file_map(v->fs, path, from, list, MAP_BATCH, &count),
					"map", path, e))
			return -1;
		total += count;
		for (uint32_t i = 0; i < count; i++) {
			if (!list[i].length || list[i].start > v->length ||
			    list[i].length > v->length - list[i].start || total > MAP_MOST)
				return said(v, EUCLEAN, "map", path, e);
			if (nacre_extents_add(map, v->start + list[i].start, list[i].length, use))
				return said(v, ENOMEM, "map", path, e);
			from += list[i].length;
		}
	} while (count);
	return 0;
}
