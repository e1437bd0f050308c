/* SPDX-License-Identifier: BSD-2-Clause */
/* memory_volume.c - a volume that lives in memory: a sorted list of paths, with volume.h's functions */
#include "memory_volume.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct attribute {
	char *name, *data;
	size_t size;
	struct attribute *next;
};

struct node {
	char *path, *data;
	size_t size;
	struct nacre_fs_stat st;
	struct attribute *attributes;
};

struct nacre_volume {
	struct node *nodes;
	size_t count;
	struct nacre_fs_info info;
	bool read_only, once;
	int fail_after, calls;
	uint64_t next_ino;
	int64_t clock;
};

struct nacre_volume *memory_volume_new(void)
{
	struct nacre_volume *v = calloc(1, sizeof(*v));

	v->fail_after = -1;
	v->clock = 2000000000;
	v->info = (struct nacre_fs_info){.type = "ext4", .size = 1 << 30, .free = 1 << 29, .inodes_free = 9999};
	memory_directory(v, "/");
	return v;
}

static void free_node(struct node *n)
{
	while (n->attributes) {
		struct attribute *a = n->attributes;

		n->attributes = a->next;
		free(a->name);
		free(a->data);
		free(a);
	}
	free(n->path);
	free(n->data);
}

void memory_volume_free(struct nacre_volume *v)
{
	for (size_t i = 0; i < v->count; i++)
		free_node(&v->nodes[i]);
	free(v->nodes);
	free(v);
}

static struct node *find(struct nacre_volume *v, const char *path)
{
	for (size_t i = 0; i < v->count; i++)
		if (!strcmp(v->nodes[i].path, path))
			return &v->nodes[i];
	return NULL;
}

static int fail(struct nacre_error *e, int sys, const char *path)
{
	return nacre_error_set(e, sys == ENOENT ? NACRE_E_ABSENT : NACRE_E_SYSTEM, sys, path, "memory volume");
}

static struct node *parent_of(struct nacre_volume *v, const char *path)
{
	char parent[NACRE_FS_PATH];
	char *slash;

	snprintf(parent, sizeof(parent), "%s", path);
	slash = strrchr(parent, '/');
	slash[slash == parent] = 0;
	return find(v, parent);
}

static struct node *add(struct nacre_volume *v, const char *path, uint32_t mode)
{
	struct node *n, *parent = v->count ? parent_of(v, path) : NULL;

	if (parent)
		parent->st.mtime = ++v->clock, parent->st.mtime_ns = 0;
	v->nodes = realloc(v->nodes, (v->count + 1) * sizeof(*v->nodes));
	n = &v->nodes[v->count++];
	*n = (struct node){.path = strdup(path), .data = calloc(1, 1)};
	n->st = (struct nacre_fs_stat){.ino = ++v->next_ino, .mode = mode, .links = 1, .mtime = 1000000 + v->next_ino,
					.mtime_ns = 123 + (uint32_t)v->next_ino};
	return n;
}

void memory_directory(struct nacre_volume *v, const char *path)
{
	char part[NACRE_FS_PATH];

	snprintf(part, sizeof(part), "%s", path);
	for (char *slash = part + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = 0;
		if (!find(v, part))
			add(v, part, S_IFDIR | 0755);
		*slash = '/';
	}
	if (!find(v, path))
		add(v, path, S_IFDIR | 0755);
}

static void set(struct node *n, const void *data, size_t size)
{
	char *copy = malloc(size + 1);

	if (size)
		memcpy(copy, data, size);
	copy[size] = 0;
	free(n->data);
	n->data = copy;
	n->size = n->st.size = size;
}

static struct node *put(struct nacre_volume *v, const char *path, uint32_t mode)
{
	char parent[NACRE_FS_PATH];
	char *slash;
	struct node *n = find(v, path);

	if (n)
		return n;
	snprintf(parent, sizeof(parent), "%s", path);
	slash = strrchr(parent, '/');
	slash[slash == parent] = 0;
	memory_directory(v, parent);
	return add(v, path, mode);
}

void memory_file(struct nacre_volume *v, const char *path, const void *data, size_t size)
{
	set(put(v, path, S_IFREG | 0644), data, size);
}

void memory_text(struct nacre_volume *v, const char *path, const char *text)
{
	memory_file(v, path, text, strlen(text));
}

void memory_link(struct nacre_volume *v, const char *target, const char *path)
{
	set(put(v, path, S_IFLNK | 0777), target, strlen(target));
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct node *)a)->path, ((const struct node *)b)->path);
}

char *memory_picture(struct nacre_volume *v)
{
	struct nacre_text t = {0};

	qsort(v->nodes, v->count, sizeof(*v->nodes), by_path);
	for (size_t i = 0; i < v->count; i++) {
		const struct node *n = &v->nodes[i];

		nacre_text_printf(&t, "%s %o %u %u %lld.%u %zu ", n->path, n->st.mode, n->st.uid, n->st.gid,
				  (long long)n->st.mtime, n->st.mtime_ns, n->size);
		nacre_text_add(&t, n->data, n->size);
		for (const struct attribute *a = n->attributes; a; a = a->next)
			nacre_text_printf(&t, " %s=%.*s", a->name, (int)a->size, a->data);
		nacre_text_puts(&t, "\n");
	}
	for (size_t i = 0; i < t.size; i++)
		if (!t.data[i])
			t.data[i] = '~';
	return t.data;
}

void memory_fail_after(struct nacre_volume *v, int count)
{
	v->fail_after = count;
	v->once = false;
}

void memory_fail_once(struct nacre_volume *v, int count)
{
	v->fail_after = count;
	v->once = true;
}

void memory_set_writable(struct nacre_volume *v, bool writable)
{
	v->read_only = !writable;
}

int memory_calls(const struct nacre_volume *v)
{
	return v->calls;
}

struct nacre_fs_info *memory_info(struct nacre_volume *v)
{
	return &v->info;
}

/* Before every change. */
static int change(struct nacre_volume *v, const char *path, struct nacre_error *e)
{
	v->calls++;
	if (v->read_only)
		return fail(e, EROFS, path);
	if (v->fail_after == 0) {
		if (v->once)
			v->fail_after = -1;
		return fail(e, EIO, path);
	}
	if (v->fail_after > 0)
		v->fail_after--;
	v->clock++;
	return 0;
}

bool nacre_volume_writable(const struct nacre_volume *v)
{
	return !v->read_only;
}

const struct nacre_fs_info *nacre_volume_info(const struct nacre_volume *v)
{
	return &v->info;
}

int nacre_volume_sync(struct nacre_volume *v, struct nacre_error *e)
{
	(void)e;
	v->calls++;
	return 0;
}

int nacre_volume_stat(struct nacre_volume *v, const char *path, struct nacre_fs_stat *st,
		      struct nacre_error *e)
{
	struct node *n = find(v, path);

	v->calls++;
	if (!n)
		return fail(e, ENOENT, path);
	*st = n->st;
	return 0;
}

int nacre_volume_list(struct nacre_volume *v, const char *path, uint64_t *cursor,
		      struct nacre_fs_entry *entries, uint32_t capacity, uint32_t *count,
		      struct nacre_error *e)
{
	size_t n = strlen(path);

	v->calls++;
	*count = 0;
	if (!find(v, path))
		return fail(e, ENOENT, path);
	if (n == 1)
		n = 0;
	for (; *cursor < v->count && *count < capacity; (*cursor)++) {
		const struct node *node = &v->nodes[*cursor];
		const char *name = node->path + n + 1;

		if (strncmp(node->path, path, n) || node->path[n] != '/' || !*name || strchr(name, '/'))
			continue;
		entries[*count] = (struct nacre_fs_entry){.ino = node->st.ino, .type = node->st.mode & S_IFMT};
		snprintf(entries[(*count)++].name, NACRE_FS_NAME, "%s", name);
	}
	return 0;
}

int nacre_volume_read_link(struct nacre_volume *v, const char *path, char *target, size_t capacity,
			   struct nacre_error *e)
{
	struct node *n = find(v, path);

	v->calls++;
	if (!n || !S_ISLNK(n->st.mode) || n->size >= capacity)
		return fail(e, n ? EINVAL : ENOENT, path);
	memcpy(target, n->data, n->size + 1);
	return 0;
}

int nacre_volume_read_file(struct nacre_volume *v, const char *path, size_t most, char **data,
			   size_t *size, struct nacre_error *e)
{
	struct node *n = find(v, path);

	v->calls++;
	if (!n || n->size > most)
		return fail(e, n ? EFBIG : ENOENT, path);
	*data = malloc(n->size + 1);
	memcpy(*data, n->data, n->size + 1);
	*size = n->size;
	return 0;
}

int nacre_volume_read_part(struct nacre_volume *v, const char *path, uint64_t offset, void *data,
			   uint32_t capacity, uint32_t *length, struct nacre_error *e)
{
	struct node *n = find(v, path);

	v->calls++;
	if (!n)
		return fail(e, ENOENT, path);
	*length = offset >= n->size ? 0 : n->size - offset < capacity ? n->size - offset : capacity;
	memcpy(data, n->data + (*length ? offset : 0), *length);
	return 0;
}

int nacre_volume_write_file(struct nacre_volume *v, const char *path, uint64_t offset,
			    const void *data, size_t size, struct nacre_error *e)
{
	struct node *n = find(v, path);
	struct nacre_text t = {0};

	if (change(v, path, e) < 0)
		return -1;
	if (!n || !S_ISREG(n->st.mode))
		return fail(e, ENOENT, path);
	nacre_text_add(&t, n->data, n->size < offset ? n->size : offset);
	nacre_text_zeroes(&t, offset - t.size);
	nacre_text_add(&t, data, size);
	if (t.size < n->size)
		nacre_text_add(&t, n->data + t.size, n->size - t.size);
	set(n, t.data, t.size);
	n->st.mtime = v->clock;
	n->st.mtime_ns = 0;
	nacre_text_free(&t);
	return 0;
}

int nacre_volume_truncate(struct nacre_volume *v, const char *path, uint64_t size, struct nacre_error *e)
{
	struct node *n = find(v, path);
	char *copy;

	if (change(v, path, e) < 0)
		return -1;
	if (!n)
		return fail(e, ENOENT, path);
	copy = calloc(1, size + 1);
	memcpy(copy, n->data, n->size < size ? n->size : size);
	set(n, copy, size);
	free(copy);
	n->st.mtime = v->clock;
	n->st.mtime_ns = 0;
	return 0;
}

int nacre_volume_create(struct nacre_volume *v, const char *path, uint32_t mode, uint32_t uid,
			uint32_t gid, struct nacre_error *e)
{
	struct node *n;

	if (change(v, path, e) < 0)
		return -1;
	if (find(v, path))
		return fail(e, EEXIST, path);
	if (!parent_of(v, path))
		return fail(e, ENOENT, path);
	n = add(v, path, mode);
	n->st.uid = uid;
	n->st.gid = gid;
	return 0;
}

int nacre_volume_link_symbolic(struct nacre_volume *v, const char *target, const char *path,
			       struct nacre_error *e)
{
	if (change(v, path, e) < 0)
		return -1;
	if (find(v, path) || !parent_of(v, path))
		return fail(e, find(v, path) ? EEXIST : ENOENT, path);
	set(add(v, path, S_IFLNK | 0777), target, strlen(target));
	return 0;
}

int nacre_volume_remove(struct nacre_volume *v, const char *path, struct nacre_error *e)
{
	struct node *n = find(v, path), *parent = parent_of(v, path);
	size_t size = strlen(path);

	if (change(v, path, e) < 0)
		return -1;
	if (!n)
		return fail(e, ENOENT, path);
	for (size_t i = 0; i < v->count; i++)
		if (!strncmp(v->nodes[i].path, path, size) && v->nodes[i].path[size] == '/')
			return fail(e, ENOTEMPTY, path);
	parent->st.mtime = v->clock;
	parent->st.mtime_ns = 0;
	free_node(n);
	*n = v->nodes[--v->count];
	return 0;
}

int nacre_volume_get_attribute(struct nacre_volume *v, const char *path, const char *name,
			       char **data, size_t *size, struct nacre_error *e)
{
	struct node *n = find(v, path);

	v->calls++;
	*data = NULL;
	*size = 0;
	if (!n)
		return fail(e, ENOENT, path);
	for (const struct attribute *a = n->attributes; a; a = a->next)
		if (!strcmp(a->name, name)) {
			*data = malloc(a->size + 1);
			memcpy(*data, a->data, a->size);
			*size = a->size;
		}
	return 0;
}

int nacre_volume_set_attribute(struct nacre_volume *v, const char *path, const char *name,
			       const void *data, size_t size, struct nacre_error *e)
{
	struct node *n = find(v, path);
	struct attribute *a, **at;

	if (change(v, path, e) < 0)
		return -1;
	if (!n)
		return fail(e, ENOENT, path);
	for (at = &n->attributes; *at && strcmp((*at)->name, name) < 0;)
		at = &(*at)->next;
	if (!*at || strcmp((*at)->name, name)) {
		a = calloc(1, sizeof(*a));
		a->name = strdup(name);
		a->next = *at;
		*at = a;
	}
	a = *at;
	free(a->data);
	a->data = malloc(size + 1);
	a->size = size;
	memcpy(a->data, data, size);
	return 0;
}

int nacre_volume_list_attributes(struct nacre_volume *v, const char *path, char **names, size_t *size,
				 struct nacre_error *e)
{
	struct node *n = find(v, path);
	struct nacre_text t = {0};

	v->calls++;
	if (!n)
		return fail(e, ENOENT, path);
	for (const struct attribute *a = n->attributes; a; a = a->next)
		nacre_text_add(&t, a->name, strlen(a->name) + 1);
	*names = t.data;
	*size = t.size;
	return 0;
}

int nacre_volume_set_owner(struct nacre_volume *v, const char *path, uint32_t uid, uint32_t gid,
			   struct nacre_error *e)
{
	struct node *n = find(v, path);

	if (change(v, path, e) < 0)
		return -1;
	if (!n)
		return fail(e, ENOENT, path);
	n->st.uid = uid;
	n->st.gid = gid;
	return 0;
}

int nacre_volume_set_times(struct nacre_volume *v, const char *path, int64_t mtime, uint32_t nanoseconds,
			   struct nacre_error *e)
{
	struct node *n = find(v, path);

	if (change(v, path, e) < 0)
		return -1;
	if (!n)
		return fail(e, ENOENT, path);
	n->st.mtime = mtime;
	n->st.mtime_ns = nanoseconds;
	return 0;
}
