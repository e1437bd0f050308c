/* SPDX-License-Identifier: BSD-2-Clause */
/* files.c - files of a volume: what fs.h offers, with whole contents, checked names, errors in words */
#include "host.h"

#include "base/auto.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum {
	LIST_MOST = NACRE_FS_LIST,
	ATTRIBUTE_MOST = 65536 /* XATTR_SIZE_MAX of the kernel */
};

#define CALL(v, what, path, e, function, ...)                                                      \
	(nacre_volume_ready(v, what, path, e) < 0                                                  \
		 ? -1                                                                              \
		 : nacre_volume_answer(v, (v)->host.calls.function((v)->fs, __VA_ARGS__), what, path, e))

int nacre_volume_stat(struct nacre_volume *v, const char *path, struct nacre_fs_stat *st,
		      struct nacre_error *e)
{
	return CALL(v, "look at", path, e, stat, path, st);
}

/* A name that could be part of a path, and of no other. */
static bool is_name(const char *name)
{
	size_t size = strnlen(name, NACRE_FS_NAME);

	return size && size < NACRE_FS_NAME && !memchr(name, '/', size) && strcmp(name, ".") &&
	       strcmp(name, "..");
}

int nacre_volume_list(struct nacre_volume *v, const char *path, uint64_t *cursor,
		      struct nacre_fs_entry *entries, uint32_t capacity, uint32_t *count,
		      struct nacre_error *e)
{
	uint64_t before = *cursor;

	if (capacity > LIST_MOST)
		capacity = LIST_MOST;
	*count = 0;
	if (CALL(v, "list", path, e, list, path, cursor, entries, capacity, count))
		return -1;
	for (uint32_t i = 0; i < *count; i++)
		if (!is_name(entries[i].name))
			return nacre_volume_answer(v, EUCLEAN, "list", path, e);
	return *count && *cursor == before ? nacre_volume_answer(v, EUCLEAN, "list", path, e) : 0;
}

int nacre_volume_read_link(struct nacre_volume *v, const char *path, char *target, size_t capacity,
			   struct nacre_error *e)
{
	uint32_t room = capacity < NACRE_FS_PATH ? (uint32_t)capacity : NACRE_FS_PATH;

	return CALL(v, "read the link", path, e, read_link, path, target, room);
}

int nacre_volume_read_file(struct nacre_volume *v, const char *path, size_t most, char **data,
			   size_t *size, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *buffer = NULL;
	struct nacre_fs_stat st;
	uint64_t have = 0;
	uint32_t length;

	if (CALL(v, "read", path, e, stat, path, &st))
		return -1;
	if (!S_ISREG(st.mode))
		return nacre_volume_answer(v, S_ISDIR(st.mode) ? EISDIR : EINVAL, "read", path, e);
	if (st.size > most)
		return nacre_volume_answer(v, EFBIG, "read", path, e);
	buffer = malloc(st.size + 1);
	if (!buffer)
		return nacre_volume_answer(v, ENOMEM, "read", path, e);
	while (have < st.size) {
		uint64_t left = st.size - have;

		length = 0;
		if (CALL(v, "read", path, e, read_file, path, have, buffer + have,
			 left < NACRE_FS_CHUNK ? (uint32_t)left : NACRE_FS_CHUNK, &length))
			return -1;
		if (!length)
			return nacre_volume_answer(v, EUCLEAN, "read", path, e);
		have += length;
	}
	buffer[have] = 0;
	*data = nacre_steal(buffer);
	*size = have;
	return 0;
}

int nacre_volume_read_part(struct nacre_volume *v, const char *path, uint64_t offset, void *data,
			   uint32_t capacity, uint32_t *length, struct nacre_error *e)
{
	if (capacity > NACRE_FS_CHUNK)
		capacity = NACRE_FS_CHUNK;
	*length = 0;
	return CALL(v, "read", path, e, read_file, path, offset, data, capacity, length);
}

int nacre_volume_write_file(struct nacre_volume *v, const char *path, uint64_t offset,
			    const void *data, size_t size, struct nacre_error *e)
{
	const char *at = data;

	while (size) {
		uint32_t n = size < NACRE_FS_CHUNK ? (uint32_t)size : NACRE_FS_CHUNK;

		if (CALL(v, "write", path, e, write_file, path, offset, at, n))
			return -1;
		offset += n;
		at += n;
		size -= n;
	}
	return 0;
}

int nacre_volume_truncate(struct nacre_volume *v, const char *path, uint64_t size,
			  struct nacre_error *e)
{
	return CALL(v, "set the size of", path, e, truncate, path, size);
}

int nacre_volume_create(struct nacre_volume *v, const char *path, uint32_t mode, uint32_t uid,
			uint32_t gid, struct nacre_error *e)
{
	return CALL(v, "create", path, e, create, path, mode, uid, gid);
}

int nacre_volume_link_symbolic(struct nacre_volume *v, const char *target, const char *path,
			       struct nacre_error *e)
{
	return CALL(v, "make the link", path, e, link_symbolic, target, path);
}

int nacre_volume_remove(struct nacre_volume *v, const char *path, struct nacre_error *e)
{
	return CALL(v, "remove", path, e, remove, path);
}

int nacre_volume_rename(struct nacre_volume *v, const char *from, const char *to,
			struct nacre_error *e)
{
	return CALL(v, "rename", from, e, rename, from, to);
}

int nacre_volume_get_attribute(struct nacre_volume *v, const char *path, const char *name,
			       char **data, size_t *size, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *buffer = malloc(ATTRIBUTE_MOST + 1);
	uint32_t length = 0;
	int result;

	*data = NULL;
	*size = 0;
	if (nacre_volume_ready(v, "read an attribute of", path, e) < 0)
		return -1;
	if (!buffer)
		return nacre_volume_answer(v, ENOMEM, "read an attribute of", path, e);
	result = v->host.calls.get_attribute(v->fs, path, name, buffer, ATTRIBUTE_MOST, &length);
	if (result == ENODATA)
		return 0;
	if (nacre_volume_answer(v, result, "read an attribute of", path, e))
		return -1;
	buffer[length] = 0;
	*data = nacre_steal(buffer);
	*size = length;
	return 0;
}

int nacre_volume_set_attribute(struct nacre_volume *v, const char *path, const char *name,
			       const void *data, size_t size, struct nacre_error *e)
{
	if (size > ATTRIBUTE_MOST)
		return nacre_volume_answer(v, E2BIG, "set an attribute of", path, e);
	return CALL(v, "set an attribute of", path, e, set_attribute, path, name, data, (uint32_t)size);
}

int nacre_volume_list_attributes(struct nacre_volume *v, const char *path, char **names, size_t *size,
				 struct nacre_error *e)
{
	NACRE_AUTO_FREE char *buffer = malloc(ATTRIBUTE_MOST);
	uint32_t length = 0;

	*names = NULL;
	*size = 0;
	if (!buffer)
		return nacre_volume_answer(v, ENOMEM, "list the attributes of", path, e);
	if (CALL(v, "list the attributes of", path, e, list_attributes, path, buffer, ATTRIBUTE_MOST, &length))
		return -1;
	if (length > ATTRIBUTE_MOST || (length && buffer[length - 1]))
		return nacre_volume_answer(v, EUCLEAN, "list the attributes of", path, e);
	*names = nacre_steal(buffer);
	*size = length;
	return 0;
}

int nacre_volume_set_owner(struct nacre_volume *v, const char *path, uint32_t uid, uint32_t gid,
			   struct nacre_error *e)
{
	return CALL(v, "set the owner of", path, e, set_owner, path, uid, gid);
}

int nacre_volume_set_times(struct nacre_volume *v, const char *path, int64_t mtime,
			   uint32_t nanoseconds, struct nacre_error *e)
{
	return CALL(v, "set the times of", path, e, set_times, path, mtime, nanoseconds);
}
