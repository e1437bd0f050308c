/* SPDX-License-Identifier: BSD-2-Clause */
/* tree.c - mounts, the walk along a path, and reading
 *
 * DOC: Theory of Operation
 *
 * A path is walked name by name from the tree's root. At each name the longest mount point that is a
 * prefix says which volume to ask. A link puts its target in front of what is left of the path: an
 * absolute one starts at the tree's root again, ".." stops there; so no path leads out. After 40 links
 * the walk gives up, as the kernel does.
 */
#include "conversion/fixup/walk.h"
#include "base/auto.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { READ_MOST = 256 << 20, NAMES_MOST = 1 << 18 };

struct nacre_tree *nacre_tree_new(const char *undo, struct nacre_error *e)
{
	NACRE_AUTO_FREE struct nacre_tree *tree = calloc(1, sizeof(*tree));

	if (!tree) {
		nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "tree", "cannot make a directory tree");
		return NULL;
	}
	if (undo) {
		tree->undo = nacre_undo_open(undo, e);
		if (!tree->undo)
			return NULL;
	}
	tree->fix = "";
	return nacre_steal(tree);
}

void nacre_tree_forget_known(struct nacre_tree *tree)
{
	for (int i = 0; i < NACRE_TREE_KNOWN; i++) {
		free(tree->known[i]);
		tree->known[i] = NULL;
	}
}

void nacre_tree_free(struct nacre_tree *tree)
{
	if (!tree)
		return;
	nacre_tree_forget_known(tree);
	nacre_undo_close(tree->undo);
	for (int i = 0; i < tree->mount_count; i++)
		free(tree->mounts[i].path);
	for (size_t i = 0; i < tree->change_count; i++) {
		free(tree->changes[i].path);
		free(tree->changes[i].before);
		free(tree->changes[i].after);
	}
	free(tree->changes);
	free(tree);
}

struct nacre_tree_mount *nacre_tree_place(struct nacre_tree *tree, const char *real, char inside[NACRE_FS_PATH])
{
	struct nacre_tree_mount *best = NULL;
	size_t longest = 0;

	for (int i = 0; i < tree->mount_count; i++) {
		struct nacre_tree_mount *m = &tree->mounts[i];
		size_t n = strlen(m->path);

		if (n == 1) /* the root */
			n = 0;
		if (!strncmp(real, m->path, n) && (real[n] == '/' || !real[n]) && (!best || n > longest)) {
			best = m;
			longest = n;
		}
	}
	if (!best || strlen(real) >= NACRE_TREE_PATH)
		return NULL;
	strcpy(inside, best->below);
	if (strcmp(real + longest, "/"))
		strcat(inside, real + longest);
	if (!*inside)
		strcpy(inside, "/");
	return best;
}

static char **known_slot(struct nacre_tree *tree, const char *real)
{
	uint32_t hash = 2166136261u;

	for (const char *p = real; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 16777619u;
	return &tree->known[hash % NACRE_TREE_KNOWN];
}

/* lstat() of a real path. */
static int look(struct nacre_tree *tree, const char *real, struct nacre_fs_stat *st, struct nacre_error *e)
{
	char inside[NACRE_FS_PATH];
	struct nacre_tree_mount *m = nacre_tree_place(tree, real, inside);

	if (!m)
		return nacre_error_set(e, NACRE_E_ABSENT, ENOENT, real, "no volume is mounted there");
	return nacre_volume_stat(m->volume, inside, st, e);
}

/* The target of the link at a real path. */
static int link_target(struct nacre_tree *tree, const char *real, char *target, size_t capacity,
		       struct nacre_error *e)
{
	char inside[NACRE_FS_PATH];
	struct nacre_tree_mount *m = nacre_tree_place(tree, real, inside);

	if (nacre_volume_read_link(m->volume, inside, target, capacity, e) < 0)
		return -1;
	if (!target[0])
		return nacre_error_set(e, NACRE_E_INPUT, EUCLEAN, real, "the link leads nowhere");
	return 0;
}

/* Put @target in front of @rest. */
static int follow_link(const char *target, char *rest, struct nacre_error *e)
{
	char joined[NACRE_FS_PATH];

	if (snprintf(joined, sizeof(joined), "%s/%s", target, rest) >= (int)sizeof(joined))
		return nacre_error_set(e, NACRE_E_INPUT, ENAMETOOLONG, target, "cannot follow the link");
	strcpy(rest, joined);
	return 0;
}

/* Take the first name off @rest; NULL: there is none. */
static char *first_name(char *rest, char name[NACRE_FS_NAME], bool *last, struct nacre_error *e)
{
	size_t n;

	rest += strspn(rest, "/");
	n = strcspn(rest, "/");
	*last = rest[n + strspn(rest + n, "/")] == 0;
	if (n >= NACRE_FS_NAME) {
		nacre_error_set(e, NACRE_E_INPUT, ENAMETOOLONG, rest, "the name is too long");
		return NULL;
	}
	memcpy(name, rest, n);
	name[n] = 0;
	return rest + n;
}

static void up(char *real)
{
	char *slash = strrchr(real, '/');

	if (slash)
		*slash = 0;
}

/* One name further, to @w->real plus @name. */
static int step(struct nacre_tree *tree, struct nacre_walk *w, const char *name, bool stop, char *rest,
		int *links, struct nacre_error *e)
{
	size_t before = strlen(w->real);
	char target[NACRE_FS_PATH];
	struct nacre_error why = {0};
	char **known;

	if (before + strlen(name) + 2 > sizeof(w->real))
		return nacre_error_set(e, NACRE_E_INPUT, ENAMETOOLONG, name, "the path is too long");
	sprintf(w->real + before, "/%s", name);
	if (!w->exists)
		return 0;
	known = known_slot(tree, w->real);
	if (!stop && *known && !strcmp(*known, w->real)) {
		w->st = (struct nacre_fs_stat){.mode = S_IFDIR};
		return 0;
	}
	if (look(tree, w->real, &w->st, &why) < 0) {
		if (why.sys != ENOENT) {
			if (e)
				*e = why;
			return -1;
		}
		w->exists = false;
		w->there = before;
		return 0;
	}
	if (S_ISDIR(w->st.mode)) {
		free(*known);
		*known = strdup(w->real);
		return 0;
	}
	if (!S_ISLNK(w->st.mode)) {
		if (!stop)
			return nacre_error_set(e, NACRE_E_INPUT, ENOTDIR, w->real, "cannot go on from there");
		return 0;
	}
	if (stop && *links < 0)
		return 0; /* the link itself is wanted */
	if (++*links == NACRE_TREE_LINKS)
		return nacre_error_set(e, NACRE_E_INPUT, ELOOP, w->real, "too many links");
	if (link_target(tree, w->real, target, sizeof(target), e) < 0)
		return -1;
	w->real[target[0] == '/' ? 0 : before] = 0;
	return follow_link(target, rest, e);
}

int nacre_tree_walk(struct nacre_tree *tree, const char *path, bool follow, struct nacre_walk *w,
		    struct nacre_error *e)
{
	char rest[NACRE_FS_PATH], name[NACRE_FS_NAME];
	int links = 0;
	bool last;

	if (path[0] != '/' || strlen(path) >= sizeof(rest))
		return nacre_error_set(e, NACRE_E_USAGE, EINVAL, path, "this is no absolute path");
	strcpy(rest, path);
	*w = (struct nacre_walk){.exists = true};
	for (;;) {
		int wanted = -1, *count = &links;
		char *after = first_name(rest, name, &last, e);

		if (!after)
			return -1;
		memmove(rest, after, strlen(after) + 1);
		if (!name[0])
			break;
		if (!strcmp(name, "."))
			continue;
		if (!strcmp(name, "..")) {
			if (!w->exists)
				return nacre_error_set(e, NACRE_E_ABSENT, ENOENT, w->real, "it is not there");
			up(w->real);
			w->st = (struct nacre_fs_stat){.mode = S_IFDIR};
			continue;
		}
		if (last && !follow)
			count = &wanted;
		if (step(tree, w, name, last, rest, count, e) < 0)
			return -1;
	}
	if (!w->exists)
		return 0;
	if (!w->real[0])
		strcpy(w->real, "/");
	w->there = strlen(w->real);
	/* the last name was ".", ".." or known: its stat is still owed */
	if (!w->st.ino && !w->st.links)
		return look(tree, w->real, &w->st, e);
	return 0;
}

int nacre_tree_mount(struct nacre_tree *tree, const char *path, struct nacre_volume *volume,
		     struct nacre_error *e)
{
	return nacre_tree_mount_below(tree, path, volume, "", e);
}

int nacre_tree_mount_below(struct nacre_tree *tree, const char *path, struct nacre_volume *volume,
			   const char *below, struct nacre_error *e)
{
	struct nacre_tree_mount *m = &tree->mounts[tree->mount_count];
	struct nacre_walk w = {.real = "/"};

	if (tree->mount_count == NACRE_TREE_MOUNTS)
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, path, "more than %d volumes are mounted",
				       NACRE_TREE_MOUNTS);
	if (strcmp(path, "/") && (!tree->mount_count || nacre_tree_walk(tree, path, true, &w, e) < 0))
		return nacre_error_add(e, "cannot mount a volume at %s", path);
	if (strlen(below) >= sizeof(m->below))
		return nacre_error_set(e, NACRE_E_SUPPORT, ENAMETOOLONG, below, "its path is too long");
	*m = (struct nacre_tree_mount){.path = strdup(w.real), .labels = -1, .volume = volume};
	if (!m->path)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, path, "cannot mount a volume there");
	strcpy(m->below, below);
	tree->mount_count++;
	nacre_tree_forget_known(tree);
	return 0;
}

/* A walk to what has to exist. */
static int find(struct nacre_tree *tree, const char *path, bool follow, struct nacre_walk *w,
		struct nacre_error *e)
{
	if (nacre_tree_walk(tree, path, follow, w, e) < 0)
		return -1;
	return w->exists ? 0 : nacre_error_set(e, NACRE_E_ABSENT, ENOENT, path, "it is not there");
}

bool nacre_tree_exists(struct nacre_tree *tree, const char *path)
{
	struct nacre_walk w;

	return find(tree, path, true, &w, NULL) == 0;
}

int nacre_tree_stat(struct nacre_tree *tree, const char *path, bool follow, struct nacre_fs_stat *st,
		    struct nacre_error *e)
{
	struct nacre_walk w;

	if (find(tree, path, follow, &w, e) < 0)
		return -1;
	*st = w.st;
	return 0;
}

int nacre_tree_read(struct nacre_tree *tree, const char *path, char **data, size_t *size,
		    struct nacre_error *e)
{
	struct nacre_tree_mount *m;
	struct nacre_walk w;
	char inside[NACRE_FS_PATH];

	if (find(tree, path, true, &w, e) < 0)
		return -1;
	if (!S_ISREG(w.st.mode))
		return nacre_error_set(e, NACRE_E_INPUT, EINVAL, path, "this is no file");
	m = nacre_tree_place(tree, w.real, inside);
	return nacre_volume_read_file(m->volume, inside, READ_MOST, data, size, e);
}

int nacre_tree_read_part(struct nacre_tree *tree, const char *path, uint64_t offset, void *data,
			 size_t size, size_t *got, struct nacre_error *e)
{
	struct nacre_tree_mount *m;
	struct nacre_walk w;
	char inside[NACRE_FS_PATH];

	if (find(tree, path, true, &w, e) < 0)
		return -1;
	m = nacre_tree_place(tree, w.real, inside);
	for (*got = 0; *got < size;) {
		size_t left = size - *got;
		uint32_t room = left < NACRE_FS_CHUNK ? (uint32_t)left : NACRE_FS_CHUNK, length = 0;

		if (nacre_volume_read_part(m->volume, inside, offset + *got, (char *)data + *got, room, &length,
					   e) < 0)
			return -1;
		if (length > room)
			return nacre_error_set(e, NACRE_E_LOST, EIO, path, "its driver lied");
		*got += length;
		if (length < room)
			break;
	}
	return 0;
}

int nacre_tree_read_link(struct nacre_tree *tree, const char *path, char *target, size_t capacity,
			 struct nacre_error *e)
{
	struct nacre_walk w;

	if (find(tree, path, false, &w, e) < 0)
		return -1;
	return link_target(tree, w.real, target, capacity, e);
}

static int by_name(const void *a, const void *b)
{
	const struct nacre_fs_entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* All names of the directory @inside of @volume, sorted. */
static int names(struct nacre_volume *volume, const char *inside, struct nacre_fs_entry **list,
		 size_t *count, struct nacre_error *e)
{
	NACRE_AUTO_FREE struct nacre_fs_entry *all = NULL;
	size_t n = 0, room = 0;
	uint64_t cursor = 0;
	uint32_t got;

	do {
		if (room - n < 64) {
			struct nacre_fs_entry *more;

			room = room ? room * 2 : 128;
			more = realloc(all, room * sizeof(*more));
			if (!more)
				return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, inside, "cannot list it");
			all = more;
		}
		got = 0;
		if (nacre_volume_list(volume, inside, &cursor, all + n,
				      room - n < NACRE_FS_LIST ? room - n : NACRE_FS_LIST, &got, e) < 0)
			return -1;
		n += got;
		if (n > NAMES_MOST)
			return nacre_error_set(e, NACRE_E_SUPPORT, E2BIG, inside, "too many names to list");
	} while (got);
	qsort(all, n, sizeof(*all), by_name);
	*list = nacre_steal(all);
	*count = n;
	return 0;
}

int nacre_tree_each(struct nacre_tree *tree, const char *path,
		    int (*visit)(void *arg, const struct nacre_fs_entry *entry), void *arg,
		    struct nacre_error *e)
{
	NACRE_AUTO_FREE struct nacre_fs_entry *list = NULL;
	struct nacre_tree_mount *m;
	struct nacre_walk w;
	char inside[NACRE_FS_PATH];
	size_t count = 0;
	int result = 0;

	if (find(tree, path, true, &w, e) < 0)
		return -1;
	m = nacre_tree_place(tree, w.real, inside);
	if (names(m->volume, inside, &list, &count, e) < 0)
		return -1;
	for (size_t i = 0; i < count && !result; i++)
		result = visit(arg, &list[i]);
	return result;
}

struct nacre_volume *nacre_tree_volume(struct nacre_tree *tree, const char *path)
{
	struct nacre_tree_mount *m;
	struct nacre_walk w;
	char inside[NACRE_FS_PATH];

	if (nacre_tree_walk(tree, path, true, &w, NULL) < 0)
		return NULL;
	m = nacre_tree_place(tree, w.real, inside);
	return m ? m->volume : NULL;
}

uint64_t nacre_tree_free_bytes(struct nacre_tree *tree, const char *path)
{
	struct nacre_volume *volume = nacre_tree_volume(tree, path);

	return volume ? nacre_volume_info(volume)->free : 0;
}

int nacre_tree_sync(struct nacre_tree *tree, struct nacre_error *e)
{
	for (int i = 0; i < tree->mount_count; i++)
		if (nacre_volume_writable(tree->mounts[i].volume) &&
		    nacre_volume_sync(tree->mounts[i].volume, e) < 0)
			return -1;
	return 0;
}

const struct nacre_change *nacre_tree_changes(struct nacre_tree *tree, size_t *count)
{
	*count = tree->change_count;
	return tree->changes;
}

void nacre_tree_fix(struct nacre_tree *tree, const char *id)
{
	tree->fix = id;
}

bool nacre_tree_unlabelled(const struct nacre_tree *tree)
{
	return tree->unlabelled;
}
