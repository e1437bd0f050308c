/* SPDX-License-Identifier: BSD-2-Clause */
/* look.c - the machine's files over all its volumes, read as the machine would see them
 *
 * DOC: Theory of Operation
 *
 * Each question to a volume is a call into its virtual process, and most questions are about files that
 * do not exist in directories that do. So a path is split: its directory is walked name by name, links
 * and mount points included, and what came out is remembered; its last name is one question more.
 *
 * Links are counted over the whole walk (LINKS_MAX); ".." stops at the root. So no walk leaves the
 * machine, and none is endless, whatever the links say.
 */
#include "conversion/inventory/look.h"

#include "base/auto.h"
#include "conversion/inventory/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { DIRECTORIES = 64, LINKS_MAX = 40, NAMES_MAX = 8192 };

/* Where a directory of the machine is: @real, without links, "" for the root; place -1: it is absent. */
struct directory {
	char *path, *real;
	int place;
};

struct look {
	struct nacre_inventory *inventory;
	struct directory list[DIRECTORIES];
	int count, next;
	bool complained;
};

/* A file: the place that it is on, its path there and what it is. */
struct found {
	int place;
	char path[NACRE_FS_PATH];
	struct nacre_fs_stat st;
};

struct look *look_new(struct nacre_inventory *inventory)
{
	struct look *look = calloc(1, sizeof(*look));

	if (look)
		look->inventory = inventory;
	return look;
}

void look_forget(struct look *look)
{
	for (int i = 0; i < look->count; i++) {
		free(look->list[i].path);
		free(look->list[i].real);
	}
	look->count = look->next = 0;
}

void look_free(struct look *look)
{
	if (!look)
		return;
	look_forget(look);
	free(look);
}

/* Only the first complaint is told: a volume whose driver is gone fails at every question. */
static void complain(struct look *look, const char *path, const struct nacre_error *e)
{
	if (e->sys == ENOENT || e->sys == ENOTDIR || e->sys == ELOOP || e->code == NACRE_E_ABSENT ||
	    look->complained)
		return;
	look->complained = true;
	nacre_inventory_find(look->inventory, NACRE_WARNING, "some files cannot be read", "%.60s: %.150s", path,
			     e->msg);
}

/* The volume that has @path of the machine, and the path there. Return: place, or -1 */
static int locate(const struct nacre_inventory *inventory, const char *path, char *there)
{
	int best = inventory->root;
	const char *below = best < 0 ? "" : inventory->places[best].subvolume;
	size_t most = 0;

	for (int i = 0; i < inventory->mount_count; i++) {
		const struct nacre_mount *m = &inventory->mounts[i];
		size_t n = strlen(m->path);

		if (n <= most || strncmp(path, m->path, n) || (path[n] && path[n] != '/'))
			continue;
		best = m->place;
		below = m->below;
		most = n;
	}
	if (best < 0 || !inventory->places[best].volume)
		return -1;
	if (snprintf(there, NACRE_FS_PATH, "%s%s", below, path + most) >= NACRE_FS_PATH)
		return -1;
	if (!*there)
		strcpy(there, "/");
	return best;
}

/* What stands at @path, whose directory has no links; a link at the end is not followed. Return: 0 or errno */
static int at(struct look *look, const char *path, struct found *f)
{
	struct nacre_error e = {.code = 0};

	f->place = locate(look->inventory, path, f->path);
	if (f->place < 0)
		return ENOENT;
	if (!nacre_volume_stat(look->inventory->places[f->place].volume, f->path, &f->st, &e))
		return 0;
	complain(look, path, &e);
	return e.sys ? e.sys : EIO;
}

static const struct directory *remembered(const struct look *look, const char *path)
{
	for (int i = 0; i < look->count; i++)
		if (!strcmp(look->list[i].path, path))
			return &look->list[i];
	return NULL;
}

static void remember(struct look *look, const char *path, const char *real)
{
	struct directory *d = &look->list[look->next];
	char *copy = strdup(path), *there = strdup(real ? real : "");

	if (!copy || !there) {
		free(copy);
		free(there);
		return;
	}
	if (look->count == DIRECTORIES) {
		free(d->path);
		free(d->real);
	} else {
		look->count++;
	}
	look->next = (look->next + 1) % DIRECTORIES;
	*d = (struct directory){copy, there, real ? 0 : -1};
}

/* Put the target of the link @f before what is left of the path. @real: of the link's directory */
static int follow(struct look *look, const struct found *f, char *real, char *rest)
{
	struct nacre_error e = {.code = 0};
	char target[NACRE_FS_PATH], left[NACRE_FS_PATH];

	if (nacre_volume_read_link(look->inventory->places[f->place].volume, f->path, target, sizeof(target),
				   &e)) {
		complain(look, f->path, &e);
		return e.sys ? e.sys : EIO;
	}
	strcpy(left, rest);
	if (*target == '/')
		*real = 0;
	return snprintf(rest, NACRE_FS_PATH, "%s/%s", target, left) >= NACRE_FS_PATH ? ENAMETOOLONG : 0;
}

/*
 * Walk @path. @real: the path without links, "" for the root.
 * Return: 0 and @f if it is there, else an errno
 */
static int walk(struct look *look, const char *path, char *real, struct found *f)
{
	char rest[NACRE_FS_PATH], next[NACRE_FS_PATH];
	int links = 0, result;

	if (snprintf(rest, sizeof(rest), "%s", path) >= (int)sizeof(rest))
		return ENAMETOOLONG;
	*real = 0;
	for (char *s = rest; *s;) {
		size_t n = strcspn(s, "/");
		char name[NACRE_FS_NAME];

		if (n >= sizeof(name))
			return ENAMETOOLONG;
		memcpy(name, s, n);
		name[n] = 0;
		s += n + (s[n] == '/');
		if (!n || !strcmp(name, "."))
			continue;
		if (!strcmp(name, "..")) {
			if (strrchr(real, '/'))
				*strrchr(real, '/') = 0;
			continue;
		}
		if (snprintf(next, sizeof(next), "%s/%s", real, name) >= (int)sizeof(next))
			return ENAMETOOLONG;
		result = at(look, next, f);
		if (result)
			return result;
		if (S_ISLNK(f->st.mode)) {
			memmove(rest, s, strlen(s) + 1);
			s = rest;
			if (++links > LINKS_MAX)
				return ELOOP;
			result = follow(look, f, real, rest);
			if (result)
				return result;
			continue;
		}
		strcpy(real, next);
		if (*s && !S_ISDIR(f->st.mode))
			return ENOTDIR;
	}
	return at(look, *real ? real : "/", f);
}

/* Where is @path? Through the directories that are remembered. Return: 0 or errno */
static int find(struct look *look, const char *path, struct found *f)
{
	char directory[NACRE_FS_PATH], real[NACRE_FS_PATH], next[NACRE_FS_PATH];
	const char *name = strrchr(path, '/');
	const struct directory *d;
	int result;

	if (!name || !name[1] || !strcmp(name, "/..") || !strcmp(name, "/.") ||
	    snprintf(directory, sizeof(directory), "%.*s", (int)(name - path), path) >= (int)sizeof(directory))
		return walk(look, path, real, f);
	d = remembered(look, directory);
	if (!d) {
		result = walk(look, directory, real, f);
		remember(look, directory, result || !S_ISDIR(f->st.mode) ? NULL : real);
		d = remembered(look, directory);
	}
	if (!d || d->place < 0)
		return ENOENT;
	if (snprintf(next, sizeof(next), "%s%s", d->real, name) >= (int)sizeof(next))
		return ENAMETOOLONG;
	result = at(look, next, f);
	if (result || !S_ISLNK(f->st.mode))
		return result;
	return walk(look, next, real, f);
}

bool look_exists(struct look *look, const char *path)
{
	struct found f;

	return !find(look, path, &f);
}

int look_place(struct look *look, const char *path, char *there, size_t size)
{
	struct found f;

	if (find(look, path, &f) || !S_ISREG(f.st.mode) || snprintf(there, size, "%s", f.path) >= (int)size)
		return -1;
	return f.place;
}

bool look_directory(struct look *look, const char *path)
{
	struct found f;

	return !find(look, path, &f) && S_ISDIR(f.st.mode);
}

char *look_read(struct look *look, const char *path, size_t most)
{
	struct nacre_error e = {.code = 0};
	struct found f;
	char *data = NULL;
	size_t size;

	if (find(look, path, &f) || !S_ISREG(f.st.mode))
		return NULL;
	if (nacre_volume_read_file(look->inventory->places[f.place].volume, f.path, most, &data, &size, &e)) {
		complain(look, path, &e);
		return NULL;
	}
	text_clean(data, size);
	return data;
}

size_t look_bytes(struct look *look, const char *path, void *data, size_t size)
{
	struct nacre_error e = {.code = 0};
	struct found f;
	uint32_t length;

	if (find(look, path, &f) || !S_ISREG(f.st.mode))
		return 0;
	if (nacre_volume_read_part(look->inventory->places[f.place].volume, f.path, 0, data,
				   (uint32_t)size, &length, &e)) {
		complain(look, path, &e);
		return 0;
	}
	return length;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct look_name *)a)->name, ((const struct look_name *)b)->name);
}

void look_list(struct look *look, const char *path, struct look_names *names)
{
	enum { BATCH = 128 };
	NACRE_AUTO_FREE struct nacre_fs_entry *entries = calloc(BATCH, sizeof(*entries));
	struct nacre_error e = {.code = 0};
	uint64_t cursor = 0;
	struct found f;
	uint32_t count;

	*names = (struct look_names){.list = NULL};
	if (!entries || find(look, path, &f) || !S_ISDIR(f.st.mode))
		return;
	do {
		struct look_name *list;

		count = 0;
		if (nacre_volume_list(look->inventory->places[f.place].volume, f.path, &cursor, entries, BATCH,
				      &count, &e)) {
			complain(look, path, &e);
			break;
		}
		list = realloc(names->list, (names->count + count + 1) * sizeof(*list));
		if (!list || count > BATCH)
			break;
		names->list = list;
		for (uint32_t i = 0; i < count; i++) {
			struct look_name *to = &list[names->count];

			entries[i].name[NACRE_FS_NAME - 1] = 0;
			if (!entries[i].name[0] || strchr(entries[i].name, '/'))
				continue;
			strcpy(to->name, entries[i].name);
			to->type = entries[i].type;
			names->count++;
		}
	} while (count && names->count < NAMES_MAX);
	if (names->count)
		qsort(names->list, names->count, sizeof(*names->list), by_name);
}

bool look_has(const struct look_names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (!strcmp(names->list[i].name, name))
			return true;
	return false;
}
