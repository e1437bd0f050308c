/* SPDX-License-Identifier: BSD-2-Clause */
/* namespaces.c - which namespaces a zygote gets, and who it is in them */
#include "inside.h"

#include "base/auto.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

unsigned long nacre_confine_namespaces(const struct nacre_confinement *c)
{
	unsigned long flags;

	if (!(c->means & NACRE_CONFINE_USERNS))
		return 0;
	flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS |
		CLONE_NEWCGROUP;
	if ((c->means & NACRE_CONFINE_NETNS) && !c->net && !c->learn)
		flags |= CLONE_NEWNET;
	return flags;
}

unsigned long nacre_confine_clone_flags(const struct nacre_confinement *c)
{
	return c->means & NACRE_CONFINE_USERNS ? CLONE_NEWPID : 0;
}

/* Is @pid in the caller's user namespace, so that there is nothing to map? */
static bool same_user_namespace(pid_t pid)
{
	struct stat own, other;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	return !stat("/proc/self/ns/user", &own) && !stat(path, &other) &&
	       own.st_ino == other.st_ino && own.st_dev == other.st_dev;
}

static int write_proc(pid_t pid, const char *file, const char *text, struct nacre_error *e)
{
	char path[64];
	NACRE_AUTO_FD int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, path, "cannot open");
	n = write(fd, text, strlen(text));
	if (n != (ssize_t)strlen(text))
		return nacre_error_set(e, NACRE_E_SYSTEM, n < 0 ? errno : EIO, path,
				       "cannot write \"%s\"", text);
	return 0;
}

int nacre_confine_identity(pid_t zygote, struct nacre_error *e)
{
	char uids[64], gids[64];

	if (same_user_namespace(zygote))
		return 0;
	snprintf(uids, sizeof(uids), "%u %u 1", (unsigned)geteuid(), (unsigned)geteuid());
	snprintf(gids, sizeof(gids), "%u %u 1", (unsigned)getegid(), (unsigned)getegid());
	/* Without "deny" an ordinary user may not map a group; root's zygote needs no setgroups either. */
	if (write_proc(zygote, "setgroups", "deny", e) < 0 ||
	    write_proc(zygote, "uid_map", uids, e) < 0 ||
	    write_proc(zygote, "gid_map", gids, e) < 0)
		return nacre_error_add(e, "while naming the zygote's user");
	return 0;
}
