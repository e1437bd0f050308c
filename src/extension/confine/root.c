/* SPDX-License-Identifier: BSD-2-Clause */
/* root.c - an empty root of the template's own, with nothing but the declared paths in it
 *
 * DOC: Theory of Operation
 *
 * A small tmpfs is mounted over "/". Who is inside still sees the old root under every path name, as
 * name resolution begins below that mount; the new one is reached by its descriptor. So sources are
 * opened by their usual names while targets are made relative to the descriptor:
 *
 *   1. /tmp (a tmpfs with a size), /proc (of the zygote's pid namespace), /dev (five harmless devices)
 *   2. every declared place, parents first; a place inside another one with the same rights is there
 *      already, with other rights it is mounted on top: the deepest declaration counts
 *   3. the symbolic links by which the places are named
 *   4. the tmpfs is made read-only, pivot_root() makes it the root, the old root is detached
 *
 * Mount flags that the source has (nosuid, nodev, noatime) are locked in a user namespace: a remount
 * that leaves one out is refused. mount_setattr() only adds flags, and reaches the mounts below a
 * directory too.
 *
 * Everything goes away with the mount namespace, that is, with the zygote and its clones.
 */
#include "inside.h"

#include "base/auto.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static const char *const devices[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/random",
				       "/dev/urandom" };

static int failed(struct nacre_error *e, const char *where, const char *what)
{
	return nacre_error_set(e, NACRE_E_SYSTEM, errno, where, "%s", what);
}

/* mkdir -p below @root. Return: -1 with errno */
static int make_directories(int root, const char *path)
{
	char part[PATH_MAX];
	size_t n;

	for (n = 1; path[n]; n++) {
		n += strcspn(path + n, "/");
		if (n >= sizeof(part)) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(part, path, n);
		part[n] = '\0';
		if (mkdirat(root, part + 1, 0755) < 0 && errno != EEXIST)
			return -1;
		if (!path[n])
			break;
	}
	return 0;
}

static int make_parents(int root, const char *path)
{
	char parent[PATH_MAX];
	const char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return 0;
	if ((size_t)(slash - path) >= sizeof(parent)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(parent, path, (size_t)(slash - path));
	parent[slash - path] = '\0';
	return make_directories(root, parent);
}

/* Make the mount point @path below @root, and open it. Return: an O_PATH descriptor or -1, errno */
static int make_target(int root, const char *path, bool directory)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC,
				.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH };
	const char *below = path[1] ? path + 1 : ".";

	if (make_parents(root, path) < 0)
		return -1;
	if (directory) {
		if (path[1] && mkdirat(root, below, 0755) < 0 && errno != EEXIST)
			return -1;
	} else if (mknodat(root, below, S_IFREG | 0444, 0) < 0 && errno != EEXIST) {
		return -1;
	}
	return (int)syscall(SYS_openat2, root, below, &how, sizeof(how));
}

/* Attach the detached mount @mount at @path below @root. */
static int attach(int mount, int root, const char *path, bool directory, struct nacre_error *e)
{
	NACRE_AUTO_FD int target = make_target(root, path, directory);

	if (target < 0)
		return failed(e, path, "cannot make the mount point");
	if (move_mount(mount, "", target, "",
		       MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return failed(e, path, "cannot mount");
	return 0;
}

/* A detached copy of what is at @fd, with @add set on it and on all mounts below it. */
static int bind_tree(int fd, uint64_t add)
{
	struct mount_attr attr = { .attr_set = add };
	NACRE_AUTO_FD int tree =
		open_tree(fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);

	if (tree < 0 ||
	    mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0)
		return -1;
	return nacre_steal_fd(&tree);
}

/**
 * new_fs() - a detached mount of a new file system
 * @options: name, value, name, value, ..., NULL
 */
static int new_fs(const char *type, const char *const *options, uint64_t attributes)
{
	NACRE_AUTO_FD int fs = fsopen(type, FSOPEN_CLOEXEC);

	if (fs < 0)
		return -1;
	for (; *options; options += 2)
		if (fsconfig(fs, FSCONFIG_SET_STRING, options[0], options[1], 0) < 0)
			return -1;
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	return fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)attributes);
}

/* The new root, attached over "/". Return: its descriptor or -1 */
static int mount_root(struct nacre_error *e)
{
	static const char *const options[] = { "size", "1m", "mode", "0755", NULL };
	NACRE_AUTO_FD int root = -1;

	/* Nothing that follows may travel to other mount namespaces, nor theirs to this one. */
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return failed(e, "/", "cannot make the mounts private");
	root = new_fs("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	if (root < 0 || move_mount(root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return failed(e, "/", "cannot mount a new root");
	return nacre_steal_fd(&root);
}

static int mount_tmp(int root, struct nacre_error *e)
{
	static const char *const options[] = { "size",	    CONFINE_TMP_SIZE, "nr_inodes",
					       "16384",	    "mode",	      "1777",
					       NULL };
	NACRE_AUTO_FD int tmp =
		new_fs("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);

	if (tmp < 0)
		return failed(e, "/tmp", "cannot make a private one");
	return attach(tmp, root, "/tmp", true, e);
}

static bool declares_proc(const char *const *list)
{
	for (; list && *list; list++)
		if (!strcmp(*list, "/proc") || confine_path_below(*list, "/proc"))
			return true;
	return false;
}

/*
 * Best effort: where parts of /proc are covered (containers), the kernel refuses a fresh one, and
 * extensions rarely miss it. The clones of a template are in it side by side, and with the same user;
 * only Landlock keeps one from opening /proc/PID/fd of another, so there is no /proc without it.
 */
static void mount_proc(const struct nacre_confinement *c, int root)
{
	const uint64_t attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
				    MOUNT_ATTR_NOEXEC;
	static const char *const full[] = { "hidepid", "ptraceable", NULL };
	static const char *const only_processes[] = { "hidepid", "ptraceable", "subset", "pid", NULL };
	bool declared = declares_proc(c->read) || declares_proc(c->write);
	NACRE_AUTO_FD int proc = -1;

	if (!(c->means & NACRE_CONFINE_LANDLOCK))
		return;
	proc = new_fs("proc", declared ? full : only_processes, attributes);
	if (proc >= 0)
		(void)attach(proc, root, "/proc", true, NULL);
}

static int bind_devices(int root, struct nacre_error *e)
{
	size_t i;

	for (i = 0; i < sizeof(devices) / sizeof(*devices); i++) {
		NACRE_AUTO_FD int fd = open(devices[i], O_PATH | O_CLOEXEC | O_NOFOLLOW);
		NACRE_AUTO_FD int tree = -1;

		if (fd < 0)
			continue;
		/* Read-only keeps their mode and owner; a device can be written to all the same. */
		tree = bind_tree(fd, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
		if (tree < 0)
			return failed(e, devices[i], "cannot bind");
		if (attach(tree, root, devices[i], false, e) < 0)
			return -1;
	}
	/* shm_open() and sem_open() have this directory built in. */
	if (symlinkat("/tmp", root, "dev/shm") < 0)
		return failed(e, "/dev/shm", "cannot link");
	return 0;
}

static int bind_places(const struct confine_places *p, int root, struct nacre_error *e)
{
	size_t i;

	for (i = 0; i < p->places; i++) {
		const struct confine_place *place = &p->place[i], *cover = confine_places_cover(p, i);
		uint64_t add = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
		NACRE_AUTO_FD int tree = -1;

		if (cover && cover->write == place->write)
			continue;
		/* /proc is the zygote's own, whole when something in it was declared. */
		if (!strcmp(place->path, "/proc") || confine_path_below(place->path, "/proc"))
			continue;
		/* A device that was declared is meant to be used. */
		if (!place->directory || !strcmp(place->path, "/dev") ||
		    confine_path_below(place->path, "/dev"))
			add &= ~(uint64_t)MOUNT_ATTR_NODEV;
		tree = bind_tree(place->fd, place->write ? add : add | MOUNT_ATTR_RDONLY);
		if (tree < 0)
			return failed(e, place->path, "cannot bind");
		if (attach(tree, root, place->path, place->directory, e) < 0)
			return -1;
	}
	return 0;
}

static int make_links(const struct confine_places *p, int root, struct nacre_error *e)
{
	size_t i;

	for (i = 0; i < p->links; i++) {
		const struct confine_link *link = &p->link[i];

		if (make_parents(root, link->path) < 0 ||
		    symlinkat(link->target, root, link->path + 1) < 0)
			/* Inside a bound directory it is there already. */
			if (errno != EEXIST && errno != EROFS && errno != EACCES)
				return failed(e, link->path, "cannot link");
	}
	return 0;
}

/* Step into @root for good; the present root is gone when this returns. */
static int pivot(int root, struct nacre_error *e)
{
	struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY };

	if (mount_setattr(root, "", AT_EMPTY_PATH, &read_only, sizeof(read_only)) < 0)
		return failed(e, "/", "cannot make the new root read-only");
	if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		return failed(e, "/", "cannot change the root");
	/* Both are stacked now, the old one on top of ".". */
	if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return failed(e, "/", "cannot detach the old root");
	return 0;
}

int nacre_confine_root(const struct nacre_confinement *c, struct nacre_error *e)
{
	struct confine_places p;
	NACRE_AUTO_FD int root = -1;
	char cwd[PATH_MAX];
	bool have_cwd;
	int ret = -1;

	if (!(c->means & NACRE_CONFINE_USERNS) || c->learn)
		return 0;
	have_cwd = getcwd(cwd, sizeof(cwd)) && cwd[0] == '/';
	if (confine_places_find(c, &p, e) < 0)
		return nacre_error_add(e, "while collecting the files of the sandbox");
	root = mount_root(e);
	if (root < 0 || mount_tmp(root, e) < 0)
		goto undo;
	mount_proc(c, root);
	if (bind_devices(root, e) < 0 || bind_places(&p, root, e) < 0 || make_links(&p, root, e) < 0)
		goto undo;
	/* The directory that the host works in exists, empty where nothing in it was declared. */
	if (have_cwd)
		(void)make_directories(root, cwd);
	ret = pivot(root, e);
	if (!ret && have_cwd)
		(void)(chdir(cwd) < 0);
undo:
	confine_places_clear(&p);
	return ret < 0 ? nacre_error_add(e, "while building the sandbox's root") : 0;
}
