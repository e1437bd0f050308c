/* SPDX-License-Identifier: BSD-2-Clause */
/* paths.c - the policy's paths become places: real paths, and the symbolic links on the way to them
 *
 * DOC: Theory of Operation
 *
 * A path is walked one component at a time, as the kernel would do it, because both ends matter: the
 * file that is meant (for a mount and for a Landlock rule), and every link by which it is named (a
 * loader that looks for /lib64/ld.so finds it only where /lib64 -> usr/lib64 is there again).
 * Places are sorted by path, so that a directory comes before what is in it.
 *
 * The walk happens at each start of a template, and an earlier virtual process may have had write
 * access to some of the places. So a link inside a write path is refused, and the descriptor of a
 * place is opened once more by its real path with RESOLVE_NO_SYMLINKS: it cannot be swapped for a
 * link in between.
 *
 * The list owns its strings and descriptors; confine_places_clear() frees it.
 */
#include "inside.h"

#include "base/auto.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define LINKS_MOST 40 /* as the kernel counts them */

bool confine_path_below(const char *path, const char *above)
{
	size_t n = strlen(above);

	if (n == 1)
		return path[1] != '\0'; /* "/" */
	return !strncmp(path, above, n) && path[n] == '/';
}

static int no_memory(struct nacre_error *e)
{
	return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "sandbox", "cannot list its paths");
}

static int add_link(struct confine_places *p, const char *path, const char *target)
{
	struct confine_link *grown, new;
	size_t i;

	for (i = 0; i < p->links; i++)
		if (!strcmp(p->link[i].path, path))
			return 0;
	grown = reallocarray(p->link, p->links + 1, sizeof(*grown));
	if (!grown)
		return -1;
	p->link = grown;
	new.path = strdup(path);
	new.target = strdup(target);
	if (!new.path || !new.target) {
		free(new.path);
		free(new.target);
		return -1;
	}
	p->link[p->links++] = new;
	return 0;
}

/* What is still to be walked, and the real directory reached so far ("" is the root). */
struct walk {
	char real[PATH_MAX], rest[PATH_MAX];
	int followed;
};

/* Take the first component of w->rest. Return: its length, 0 at the end, -1 when it is too long */
static int take_component(struct walk *w, char name[NAME_MAX + 1])
{
	size_t skip = strspn(w->rest, "/"), n = strcspn(w->rest + skip, "/");

	if (n > NAME_MAX)
		return -1;
	memcpy(name, w->rest + skip, n);
	name[n] = '\0';
	memmove(w->rest, w->rest + skip + n, strlen(w->rest + skip + n) + 1);
	return (int)n;
}

/* @at is a link: remember it, and go on with its target. Return: 0, or an errno */
static int follow(struct walk *w, const char *at, struct confine_places *p)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t n = readlink(at, target, sizeof(target) - 1);
	int len;

	if (n < 0)
		return errno;
	target[n] = '\0';
	if (++w->followed > LINKS_MOST)
		return ELOOP;
	if (add_link(p, at, target) < 0)
		return ENOMEM;
	len = snprintf(rest, sizeof(rest), "%s/%s", target, w->rest);
	if (len < 0 || (size_t)len >= sizeof(rest))
		return ENAMETOOLONG;
	memcpy(w->rest, rest, (size_t)len + 1);
	if (target[0] == '/')
		w->real[0] = '\0';
	return 0;
}

/* Walk @w->rest to its end. Return: 0 with w->real set, or an errno */
static int walk_on(struct walk *w, struct confine_places *p)
{
	char name[NAME_MAX + 1], at[PATH_MAX];
	struct stat st;
	int n, len, err;

	while ((n = take_component(w, name)) != 0) {
		if (n < 0)
			return ENAMETOOLONG;
		if (!strcmp(name, "."))
			continue;
		if (!strcmp(name, "..")) {
			char *slash = strrchr(w->real, '/');

			if (slash)
				*slash = '\0';
			continue;
		}
		len = snprintf(at, sizeof(at), "%s/%s", w->real, name);
		if (len < 0 || (size_t)len >= sizeof(at))
			return ENAMETOOLONG;
		if (lstat(at, &st) < 0)
			return errno;
		if (!S_ISLNK(st.st_mode))
			memcpy(w->real, at, (size_t)len + 1);
		else if ((err = follow(w, at, p)) != 0)
			return err;
	}
	if (!w->real[0])
		memcpy(w->real, "/", 2);
	return 0;
}

/* Open the place at @real, which has no link in it. Return: an O_PATH descriptor, or -1 */
static int open_real(const char *real)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS };

	return (int)syscall(SYS_openat2, AT_FDCWD, real, &how, sizeof(how));
}

static int add_place(struct confine_places *p, const char *real, bool write, struct nacre_error *e)
{
	struct confine_place *grown, new = { .write = write };
	NACRE_AUTO_FD int fd = open_real(real);
	struct stat st;
	size_t i;

	if (fd < 0 || fstat(fd, &st) < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, real, "cannot open");
	for (i = 0; i < p->places; i++)
		if (!strcmp(p->place[i].path, real)) {
			p->place[i].write |= write;
			return 0;
		}
	grown = reallocarray(p->place, p->places + 1, sizeof(*grown));
	if (!grown)
		return no_memory(e);
	p->place = grown;
	new.directory = S_ISDIR(st.st_mode);
	new.path = strdup(real);
	if (!new.path)
		return no_memory(e);
	new.fd = nacre_steal_fd(&fd);
	p->place[p->places++] = new;
	return 0;
}

static int add_path(struct confine_places *p, const char *path, bool write, struct nacre_error *e)
{
	struct walk w = { .followed = 0 };
	int err;

	if (path[0] != '/')
		return nacre_error_set(e, NACRE_E_USAGE, 0, path, "a path of a sandbox has to be absolute");
	err = strlen(path) < sizeof(w.rest) ? 0 : ENAMETOOLONG;
	if (!err) {
		memcpy(w.rest, path, strlen(path) + 1);
		err = walk_on(&w, p);
	}
	if (err == ENOMEM)
		return no_memory(e);
	/* What the caller cannot reach, the extension could not read either. */
	if ((err == ENOENT || err == EACCES || err == ENOTDIR) && !write)
		return 0;
	if (err == ENOENT)
		return nacre_error_set(e, NACRE_E_ABSENT, err, path, "cannot be allowed for writing");
	if (err)
		return nacre_error_set(e, NACRE_E_SYSTEM, err, path, "cannot resolve");
	return add_place(p, w.real, write, e);
}

static int add_list(struct confine_places *p, const char *const *list, bool write,
		    struct nacre_error *e)
{
	for (; list && *list; list++)
		if (add_path(p, *list, write, e) < 0)
			return -1;
	return 0;
}

static int refuse_planted_links(const struct confine_places *p, struct nacre_error *e)
{
	size_t i, k;

	for (i = 0; i < p->links; i++)
		for (k = 0; k < p->places; k++)
			if (p->place[k].write && confine_path_below(p->link[i].path, p->place[k].path))
				return nacre_error_set(e, NACRE_E_VIOLATION, 0, p->link[i].path,
						       "is a symbolic link inside the write path %.60s; "
						       "name what it means instead",
						       p->place[k].path);
	return 0;
}

static int compare_places(const void *a, const void *b)
{
	const struct confine_place *x = a, *y = b;

	return strcmp(x->path, y->path);
}

int confine_places_find(const struct nacre_confinement *c, struct confine_places *p,
			struct nacre_error *e)
{
	memset(p, 0, sizeof(*p));
	if (add_list(p, c->closure, false, e) < 0 || add_list(p, c->read, false, e) < 0 ||
	    add_list(p, c->write, true, e) < 0 || refuse_planted_links(p, e) < 0) {
		confine_places_clear(p);
		return -1;
	}
	if (p->places)
		qsort(p->place, p->places, sizeof(*p->place), compare_places);
	return 0;
}

void confine_places_clear(struct confine_places *p)
{
	size_t i;

	for (i = 0; i < p->places; i++) {
		free(p->place[i].path);
		close(p->place[i].fd);
	}
	for (i = 0; i < p->links; i++) {
		free(p->link[i].path);
		free(p->link[i].target);
	}
	free(p->place);
	free(p->link);
	memset(p, 0, sizeof(*p));
}

const struct confine_place *confine_places_cover(const struct confine_places *p, size_t i)
{
	size_t k;

	/* Sorted: of two places above it, the deeper one comes later. */
	for (k = i; k-- > 0;)
		if (p->place[k].directory && confine_path_below(p->place[i].path, p->place[k].path))
			return &p->place[k];
	return NULL;
}
