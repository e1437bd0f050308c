/* SPDX-License-Identifier: BSD-2-Clause */
/* change.c - changes of a tree: remembered first, then made, then told
 *
 * DOC: Theory of Operation
 *
 * Each change is three steps: what was there goes to the undo journal, the journal goes to the disk, the
 * volume changes. A file that is there is written in place, so that it keeps its inode: owner, mode, hard
 * links and every attribute, also those that nobody here has heard of. Only a file that is removed has to be
 * remembered whole.
 */
#include "conversion/fixup/walk.h"
#include "base/auto.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	FILE_MOST = 256 << 20,
	TEXT_MOST = 256 << 10,
	KNOWN_BY = 64 /* bytes by which the old end of a file that was appended to is known again */
};

static const char selinux[] = "security.selinux";
/* Text for the report, or NULL. */
static char *as_text(const void *data, size_t size)
{
	if (!data || size > TEXT_MOST || !nacre_is_text(data, size))
		return NULL;
	return strndup(data, size);
}

static int tell(struct nacre_tree *tree, const char *path, const char *how, const void *before,
		uint64_t size_before, const void *after, uint64_t size_after, struct nacre_error *e)
{
	struct nacre_change *c;

	if (tree->change_count == tree->change_room) {
		size_t room = tree->change_room ? tree->change_room * 2 : 32;
		struct nacre_change *more = realloc(tree->changes, room * sizeof(*more));

		if (!more)
			return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, path, "cannot note the change");
		tree->changes = more;
		tree->change_room = room;
	}
	c = &tree->changes[tree->change_count];
	*c = (struct nacre_change){.path = strdup(path),
				   .how = how,
				   .before = as_text(before, size_before),
				   .after = as_text(after, size_after),
				   .size_before = size_before,
				   .size_after = size_after,
				   .fix = tree->fix};
	if (!c->path)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, path, "cannot note the change");
	tree->change_count++;
	return 0;
}

static int may_change(struct nacre_tree *tree, const char *path, struct nacre_error *e)
{
	if (tree->undo)
		return 0;
	return nacre_error_set(e, NACRE_E_USAGE, EROFS, path, "this tree is for reading");
}

static struct nacre_undo_record record_of(enum nacre_undo_kind kind, const char *path,
					  const struct nacre_fs_stat *st)
{
	return (struct nacre_undo_record){.kind = kind, .path = path, .mode = st->mode, .uid = st->uid,
					  .gid = st->gid, .mtime = st->mtime, .mtime_ns = st->mtime_ns,
					  .size = st->size};
}

/* Remember, on the disk. */
static int remember(struct nacre_tree *tree, const struct nacre_undo_record *r, struct nacre_error *e)
{
	return nacre_undo_add(tree->undo, r, e) < 0 ? -1 : nacre_undo_sync(tree->undo, e);
}

/* The directory of @real, its stat, and its time in the journal: names in it are about to change. */
static int remember_parent(struct nacre_tree *tree, const char *real, char parent[NACRE_FS_PATH],
			   struct nacre_fs_stat *st, struct nacre_error *e)
{
	struct nacre_undo_record r;
	char *slash;

	strcpy(parent, real);
	slash = strrchr(parent, '/');
	slash[slash == parent] = 0;
	if (nacre_tree_stat(tree, parent, false, st, e) < 0)
		return -1;
	r = record_of(NACRE_UNDO_TIME, parent, st);
	return nacre_undo_add(tree->undo, &r, e);
}

/* The label of the first file in @parent that has one, or of @parent itself. NULL: none. */
static char *label_near(struct nacre_tree_mount *m, const char *parent, const char *except, size_t *size)
{
	NACRE_AUTO_FREE struct nacre_fs_entry *list = calloc(64, sizeof(*list));
	char path[NACRE_FS_PATH + NACRE_FS_NAME + 1], *label = NULL;
	uint64_t cursor = 0;
	uint32_t count = 0;

	if (list && nacre_volume_list(m->volume, parent, &cursor, list, 64, &count, NULL) == 0)
		for (uint32_t i = 0; i < count && !label; i++) {
			snprintf(path, sizeof(path), "%s/%s", strcmp(parent, "/") ? parent : "", list[i].name);
			if ((list[i].type == S_IFREG || !list[i].type) && strcmp(path, except) &&
			    nacre_volume_get_attribute(m->volume, path, selinux, &label, size, NULL) < 0)
				label = NULL;
		}
	if (!label && nacre_volume_get_attribute(m->volume, parent, selinux, &label, size, NULL) < 0)
		label = NULL;
	return label;
}

/* Give what was just made at @inside the label of its neighbourhood. */
static void label(struct nacre_tree *tree, struct nacre_tree_mount *m, const char *inside, bool directory)
{
	NACRE_AUTO_FREE char *value = NULL;
	char parent[NACRE_FS_PATH];
	size_t size = 0;
	char *slash;

	if (m->labels < 0) {
		m->labels = nacre_volume_get_attribute(m->volume, *m->below ? m->below : "/", selinux, &value, &size,
						       NULL) == 0 &&
			    value;
		free(nacre_steal(value));
	}
	if (!m->labels)
		return;
	strcpy(parent, inside);
	slash = strrchr(parent, '/');
	slash[slash == parent] = 0;
	if (!directory)
		value = label_near(m, parent, inside, &size);
	else if (nacre_volume_get_attribute(m->volume, parent, selinux, &value, &size, NULL) < 0)
		value = NULL;
	if (!value || nacre_volume_set_attribute(m->volume, inside, selinux, value, size, NULL) < 0)
		tree->unlabelled = true;
}

/* Make @real, a file or a directory, as its directory's owner has it. */
static int make(struct nacre_tree *tree, const char *real, uint32_t mode, struct nacre_error *e)
{
	struct nacre_undo_record r = {.kind = NACRE_UNDO_MADE, .path = real, .mode = mode};
	char parent[NACRE_FS_PATH];
	struct nacre_tree_mount *m;
	struct nacre_fs_stat st;
	char inside[NACRE_FS_PATH];

	if (remember_parent(tree, real, parent, &st, e) < 0 || remember(tree, &r, e) < 0)
		return -1;
	m = nacre_tree_place(tree, real, inside);
	if (nacre_volume_create(m->volume, inside, mode, st.uid, st.gid, e) < 0)
		return -1;
	label(tree, m, inside, S_ISDIR(mode));
	return 0;
}

/* Make the directories that are missing on the way to the last name of @w. */
static int make_parents(struct nacre_tree *tree, struct nacre_walk *w, struct nacre_error *e)
{
	for (char *slash = w->real + w->there; (slash = strchr(slash + 1, '/'));) {
		int result;

		*slash = 0;
		result = make(tree, w->real, S_IFDIR | 0755, e);
		if (result == 0)
			result = tell(tree, w->real, "made", NULL, 0, NULL, 0, e);
		*slash = '/';
		if (result < 0)
			return -1;
	}
	return 0;
}

/* The bytes of a file that is there, as long as they were; no byte of it is lost if this stops half way:
 * the journal has them. */
static int put(struct nacre_volume *volume, const char *inside, const void *data, size_t size,
	       uint64_t old, struct nacre_error *e)
{
	if (size && nacre_volume_write_file(volume, inside, 0, data, size, e) < 0)
		return -1;
	return old > size ? nacre_volume_truncate(volume, inside, size, e) : 0;
}

int nacre_tree_write(struct nacre_tree *tree, const char *path, const void *data, size_t size,
		     struct nacre_error *e)
{
	NACRE_AUTO_FREE char *old = NULL;
	struct nacre_undo_record r;
	struct nacre_tree_mount *m;
	size_t old_size = 0;
	char inside[NACRE_FS_PATH];
	struct nacre_walk w;

	if (may_change(tree, path, e) < 0 || nacre_tree_walk(tree, path, true, &w, e) < 0)
		return -1;
	if (!w.exists) {
		if (make_parents(tree, &w, e) < 0 || make(tree, w.real, S_IFREG | 0644, e) < 0)
			return -1;
		m = nacre_tree_place(tree, w.real, inside);
		if (put(m->volume, inside, data, size, 0, e) < 0)
			return -1;
		return tell(tree, w.real, "made", NULL, 0, data, size, e);
	}
	if (!S_ISREG(w.st.mode))
		return nacre_error_set(e, NACRE_E_INPUT, EINVAL, path, "this is no file, so it is not written");
	m = nacre_tree_place(tree, w.real, inside);
	if (nacre_volume_read_file(m->volume, inside, FILE_MOST, &old, &old_size, e) < 0)
		return -1;
	if (old_size == size && !memcmp(old, data, size))
		return 0;
	r = record_of(NACRE_UNDO_CONTENT, w.real, &w.st);
	r.data = old;
	r.length = old_size;
	if (remember(tree, &r, e) < 0 || put(m->volume, inside, data, size, old_size, e) < 0)
		return -1;
	return tell(tree, w.real, "changed", old, old_size, data, size, e);
}

int nacre_tree_append(struct nacre_tree *tree, const char *path, const void *data, size_t size,
		      struct nacre_error *e)
{
	struct nacre_undo_record r;
	struct nacre_tree_mount *m;
	char inside[NACRE_FS_PATH], end[KNOWN_BY];
	struct nacre_walk w;
	uint32_t known;

	if (may_change(tree, path, e) < 0 || nacre_tree_walk(tree, path, true, &w, e) < 0)
		return -1;
	if (!w.exists || !S_ISREG(w.st.mode))
		return nacre_error_set(e, NACRE_E_ABSENT, ENOENT, path, "there is no such file to append to");
	if (!size)
		return 0;
	r = record_of(NACRE_UNDO_LENGTH, w.real, &w.st);
	r.data = end;
	m = nacre_tree_place(tree, w.real, inside);
	if (nacre_volume_read_part(m->volume, inside, w.st.size > KNOWN_BY ? w.st.size - KNOWN_BY : 0, end,
			      KNOWN_BY, &known, e) < 0)
		return -1;
	r.length = known;
	if (remember(tree, &r, e) < 0 ||
	    nacre_volume_write_file(m->volume, inside, w.st.size, data, size, e) < 0)
		return -1;
	return tell(tree, w.real, "appended", NULL, w.st.size, NULL, w.st.size + size, e);
}

static int remember_attribute(struct nacre_tree *tree, struct nacre_volume *volume, const char *inside,
			      const char *real, const char *name, struct nacre_error *e)
{
	struct nacre_undo_record r = {.kind = NACRE_UNDO_ATTRIBUTE, .path = real, .name = name};
	NACRE_AUTO_FREE char *value = NULL;

	if (nacre_volume_get_attribute(volume, inside, name, &value, &r.length, e) < 0)
		return -1;
	r.data = value;
	return value ? nacre_undo_add(tree->undo, &r, e) : 0;
}

/* The attributes of what is about to go. */
static int remember_attributes(struct nacre_tree *tree, struct nacre_volume *volume, const char *inside,
			       const char *real, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *names = NULL;
	struct nacre_error why = {0};
	size_t size;

	if (nacre_volume_list_attributes(volume, inside, &names, &size, &why) < 0) {
		if (why.sys == ENOTSUP)
			return 0;
		if (e)
			*e = why;
		return -1;
	}
	for (const char *name = names; name < names + size; name += strlen(name) + 1)
		if (remember_attribute(tree, volume, inside, real, name, e) < 0)
			return -1;
	return 0;
}

int nacre_tree_remove(struct nacre_tree *tree, const char *path, struct nacre_error *e)
{
	char parent[NACRE_FS_PATH], target[NACRE_FS_PATH];
	NACRE_AUTO_FREE char *old = NULL;
	struct nacre_undo_record r;
	struct nacre_tree_mount *m;
	struct nacre_fs_stat st;
	char inside[NACRE_FS_PATH];
	struct nacre_walk w;

	if (may_change(tree, path, e) < 0 || nacre_tree_walk(tree, path, false, &w, e) < 0)
		return -1;
	if (!w.exists)
		return 0;
	m = nacre_tree_place(tree, w.real, inside);
	if (!strcmp(w.real, m->path))
		return nacre_error_set(e, NACRE_E_USAGE, EBUSY, path, "a mount point is not removed");
	r = record_of(NACRE_UNDO_FILE, w.real, &w.st);
	if (remember_parent(tree, w.real, parent, &st, e) < 0)
		return -1;
	if (S_ISREG(w.st.mode)) {
		if (nacre_volume_read_file(m->volume, inside, FILE_MOST, &old, &r.length, e) < 0)
			return -1;
		r.data = old;
	} else if (S_ISLNK(w.st.mode)) {
		r.kind = NACRE_UNDO_LINK;
		if (nacre_tree_read_link(tree, w.real, target, sizeof(target), e) < 0)
			return -1;
		r.data = target;
		r.length = strlen(target);
	} else if (S_ISDIR(w.st.mode)) {
		r.kind = NACRE_UNDO_DIRECTORY;
	} else {
		return nacre_error_set(e, NACRE_E_SUPPORT, ENOTSUP, path, "a special file is not removed");
	}
	if (remember_attributes(tree, m->volume, inside, w.real, e) < 0 || remember(tree, &r, e) < 0 ||
	    nacre_volume_remove(m->volume, inside, e) < 0)
		return -1;
	nacre_tree_forget_known(tree);
	return tell(tree, w.real, "removed", r.data, r.length, NULL, 0, e);
}

int nacre_tree_link(struct nacre_tree *tree, const char *target, const char *path, struct nacre_error *e)
{
	struct nacre_undo_record r = {.kind = NACRE_UNDO_MADE, .mode = S_IFLNK | 0777};
	char parent[NACRE_FS_PATH], old[NACRE_FS_PATH];
	struct nacre_tree_mount *m;
	struct nacre_fs_stat st;
	char inside[NACRE_FS_PATH];
	struct nacre_walk w;

	if (may_change(tree, path, e) < 0 || nacre_tree_walk(tree, path, false, &w, e) < 0)
		return -1;
	if (w.exists) {
		if (S_ISLNK(w.st.mode) &&
		    nacre_tree_read_link(tree, w.real, old, sizeof(old), NULL) == 0 && !strcmp(old, target))
			return 0;
		if (nacre_tree_remove(tree, path, e) < 0)
			return -1;
	}
	r.path = w.real;
	if ((!w.exists && make_parents(tree, &w, e) < 0) ||
	    remember_parent(tree, w.real, parent, &st, e) < 0 || remember(tree, &r, e) < 0)
		return -1;
	m = nacre_tree_place(tree, w.real, inside);
	if (w.exists) /* as what it takes the place of */
		st = w.st;
	if (nacre_volume_link_symbolic(m->volume, target, inside, e) < 0 ||
	    ((st.uid || st.gid) && nacre_volume_set_owner(m->volume, inside, st.uid, st.gid, e) < 0))
		return -1;
	label(tree, m, inside, false);
	nacre_tree_forget_known(tree);
	return tell(tree, w.real, "linked", NULL, 0, target, strlen(target), e);
}

/* What stands there now? 1: @st says, 0: nothing, -1: it cannot be known. */
static int now(struct nacre_volume *volume, const char *inside, struct nacre_fs_stat *st,
	       struct nacre_error *e)
{
	struct nacre_error why = {0};

	if (nacre_volume_stat(volume, inside, st, &why) == 0)
		return 1;
	if (why.sys == ENOENT || why.sys == ENOTDIR)
		return 0;
	if (e)
		*e = why;
	return -1;
}

/* A file that has its old bytes, or is made again with them. */
static int undo_file(struct nacre_volume *v, const char *inside, const struct nacre_undo_record *r,
		     struct nacre_error *e)
{
	struct nacre_fs_stat st = {0};
	int there = now(v, inside, &st, e);

	if (there < 0)
		return -1;
	if (there && !S_ISREG(st.mode)) {
		if (nacre_volume_remove(v, inside, e) < 0)
			return -1;
		there = 0;
		st.size = 0;
	}
	if (!there && nacre_volume_create(v, inside, r->mode, r->uid, r->gid, e) < 0)
		return -1;
	if (put(v, inside, r->data, r->length, st.size, e) < 0)
		return -1;
	return nacre_volume_set_times(v, inside, r->mtime, r->mtime_ns, e);
}

static int undo_made(struct nacre_volume *v, const char *inside, struct nacre_error *e)
{
	struct nacre_fs_stat st;
	int there = now(v, inside, &st, e);

	return there > 0 ? nacre_volume_remove(v, inside, e) : there;
}

static int undo_length(struct nacre_volume *v, const char *inside, const struct nacre_undo_record *r,
		       struct nacre_error *e)
{
	struct nacre_fs_stat st;
	char end[KNOWN_BY];
	uint32_t got = 0;

	if (r->length > KNOWN_BY || r->length > r->size)
		return nacre_error_set(e, NACRE_E_INPUT, 0, r->path, "the undo journal knows too much of it");
	if (nacre_volume_stat(v, inside, &st, e) < 0)
		return -1;
	if (st.size > r->size) {
		if (nacre_volume_read_part(v, inside, r->size - r->length, end, (uint32_t)r->length, &got, e) < 0)
			return -1;
		/* An initramfs that the guest has built meanwhile would not survive being cut. */
		if (got != r->length || (got && memcmp(end, r->data, got)))
			return nacre_error_set(e, NACRE_E_SUPPORT, 0, r->path, "was made anew since: it is left as it is");
		if (nacre_volume_truncate(v, inside, r->size, e) < 0)
			return -1;
	}
	return nacre_volume_set_times(v, inside, r->mtime, r->mtime_ns, e);
}

static int undo_link(struct nacre_volume *v, const char *inside, const struct nacre_undo_record *r,
		     struct nacre_error *e)
{
	NACRE_AUTO_FREE char *target = strndup(r->data, r->length);

	if (!target)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, r->path, "cannot put it back");
	if (undo_made(v, inside, e) < 0 || nacre_volume_link_symbolic(v, target, inside, e) < 0 ||
	    ((r->uid || r->gid) && nacre_volume_set_owner(v, inside, r->uid, r->gid, e) < 0))
		return -1;
	nacre_volume_set_times(v, inside, r->mtime, r->mtime_ns, NULL); /* not every driver can for a link */
	return 0;
}

/* A directory that was removed, or whose time changed. One that an earlier record made may be gone by now. */
static int undo_directory(struct nacre_volume *v, const char *inside, const struct nacre_undo_record *r,
			  struct nacre_error *e)
{
	struct nacre_fs_stat st;
	int there = now(v, inside, &st, e);

	if (there < 0 || (!there && r->kind == NACRE_UNDO_TIME))
		return there;
	if (!there && nacre_volume_create(v, inside, r->mode, r->uid, r->gid, e) < 0)
		return -1;
	return nacre_volume_set_times(v, inside, r->mtime, r->mtime_ns, e);
}

/* One record. Each is harmless where the change never happened or was undone already. */
static int undo_one(struct nacre_tree *tree, const struct nacre_undo_record *r, struct nacre_error *e)
{
	char inside[NACRE_FS_PATH];
	struct nacre_tree_mount *m = nacre_tree_place(tree, r->path, inside);

	if (!m)
		return nacre_error_set(e, NACRE_E_ABSENT, 0, r->path, "its volume is not mounted");
	switch (r->kind) {
	case NACRE_UNDO_CONTENT:
	case NACRE_UNDO_FILE:
		return undo_file(m->volume, inside, r, e);
	case NACRE_UNDO_LENGTH:
		return undo_length(m->volume, inside, r, e);
	case NACRE_UNDO_MADE:
		return undo_made(m->volume, inside, e);
	case NACRE_UNDO_LINK:
		return undo_link(m->volume, inside, r, e);
	case NACRE_UNDO_DIRECTORY:
	case NACRE_UNDO_TIME:
		return undo_directory(m->volume, inside, r, e);
	case NACRE_UNDO_ATTRIBUTE:
		return nacre_volume_set_attribute(m->volume, inside, r->name, r->data, r->length, e);
	case NACRE_UNDO_KINDS:
		break;
	}
	return nacre_error_set(e, NACRE_E_INPUT, 0, r->path, "the undo journal asks for what nobody knows");
}

int nacre_tree_undo(struct nacre_tree *tree, const char *undo, struct nacre_error *e)
{
	struct nacre_undo_list list = {0};
	struct nacre_error first = {0};
	uint64_t from = 0;
	bool own = tree->undo && (!undo || !strcmp(undo, nacre_undo_path(tree->undo)));
	int result = 0;

	if (!undo) {
		if (!tree->undo)
			return may_change(tree, "undo", e);
		undo = nacre_undo_path(tree->undo);
		from = nacre_undo_start(tree->undo);
	}
	if (nacre_undo_load(undo, from, &list, e) < 0)
		return -1;
	for (size_t i = list.count; i--;) {
		struct nacre_error why = {0};

		if (undo_one(tree, &list.list[i], &why) < 0 && result == 0) {
			first = why;
			result = -1;
		}
	}
	nacre_undo_list_free(&list);
	nacre_tree_forget_known(tree);
	if (result < 0) {
		if (e)
			*e = first;
		return nacre_error_add(e, "not everything could be put back; the journal is kept");
	}
	if (nacre_tree_sync(tree, e) < 0 || nacre_undo_forget(undo, from, e) < 0)
		return -1;
	if (own) { /* nothing to go on with: a new tree starts a new journal */
		nacre_undo_close(tree->undo);
		tree->undo = NULL;
	}
	return 0;
}
