/* SPDX-License-Identifier: BSD-2-Clause */
/* learn_calls.c - the system calls that name a path, and what they want of it */
#include "inside.h"
#include "learn.h"

#include <string.h>
#include <sys/syscall.h>

#define CALL(name, dirfd, path, intent) { #name, SYS_##name, dirfd, path, intent }

const struct learn_call learn_calls[] = {
	CALL(openat, 0, 1, LEARN_OPEN),
	CALL(openat2, 0, 1, LEARN_OPEN),
	CALL(newfstatat, 0, 1, LEARN_LOOK),
	CALL(statx, 0, 1, LEARN_LOOK),
	CALL(statfs, -1, 0, LEARN_LOOK),
	CALL(faccessat, 0, 1, LEARN_LOOK),
	CALL(faccessat2, 0, 1, LEARN_LOOK),
	CALL(readlinkat, 0, 1, LEARN_LOOK),
	CALL(chdir, -1, 0, LEARN_LOOK),
	CALL(execve, -1, 0, LEARN_LOOK),
	CALL(execveat, 0, 1, LEARN_LOOK),
	CALL(getxattr, -1, 0, LEARN_LOOK),
	CALL(lgetxattr, -1, 0, LEARN_LOOK),
	CALL(listxattr, -1, 0, LEARN_LOOK),
	CALL(llistxattr, -1, 0, LEARN_LOOK),
	CALL(inotify_add_watch, -1, 1, LEARN_LOOK),
	CALL(truncate, -1, 0, LEARN_CHANGE),
	CALL(fchmodat, 0, 1, LEARN_CHANGE),
	CALL(fchownat, 0, 1, LEARN_CHANGE),
	CALL(utimensat, 0, 1, LEARN_CHANGE),
	CALL(setxattr, -1, 0, LEARN_CHANGE),
	CALL(lsetxattr, -1, 0, LEARN_CHANGE),
	CALL(removexattr, -1, 0, LEARN_CHANGE),
	CALL(lremovexattr, -1, 0, LEARN_CHANGE),
	CALL(mkdirat, 0, 1, LEARN_MAKE),
	CALL(mknodat, 0, 1, LEARN_MAKE),
	CALL(unlinkat, 0, 1, LEARN_MAKE),
	CALL(symlinkat, 1, 2, LEARN_MAKE),
	CALL(linkat, 0, 1, LEARN_LOOK),
	CALL(linkat, 2, 3, LEARN_MAKE),
	CALL(renameat2, 0, 1, LEARN_MAKE),
	CALL(renameat2, 2, 3, LEARN_MAKE),
#ifdef SYS_renameat
	CALL(renameat, 0, 1, LEARN_MAKE),
	CALL(renameat, 2, 3, LEARN_MAKE),
#endif
#ifdef SYS_open /* the old names, which newer architectures do not have */
	CALL(open, -1, 0, LEARN_OPEN),
	CALL(creat, -1, 0, LEARN_OPEN),
	CALL(stat, -1, 0, LEARN_LOOK),
	CALL(lstat, -1, 0, LEARN_LOOK),
	CALL(access, -1, 0, LEARN_LOOK),
	CALL(readlink, -1, 0, LEARN_LOOK),
	CALL(chmod, -1, 0, LEARN_CHANGE),
	CALL(chown, -1, 0, LEARN_CHANGE),
	CALL(lchown, -1, 0, LEARN_CHANGE),
	CALL(utime, -1, 0, LEARN_CHANGE),
	CALL(utimes, -1, 0, LEARN_CHANGE),
	CALL(futimesat, 0, 1, LEARN_CHANGE),
	CALL(mkdir, -1, 0, LEARN_MAKE),
	CALL(mknod, -1, 0, LEARN_MAKE),
	CALL(rmdir, -1, 0, LEARN_MAKE),
	CALL(unlink, -1, 0, LEARN_MAKE),
	CALL(symlink, -1, 1, LEARN_MAKE),
	CALL(link, -1, 0, LEARN_LOOK),
	CALL(link, -1, 1, LEARN_MAKE),
	CALL(rename, -1, 0, LEARN_MAKE),
	CALL(rename, -1, 1, LEARN_MAKE),
#endif
	{ NULL }
};

bool confine_learns_path(const char *name)
{
	const struct learn_call *call;

	/* Their paths are in a sockaddr. */
	if (!strcmp(name, "connect") || !strcmp(name, "bind"))
		return true;
	for (call = learn_calls; call->name; call++)
		if (!strcmp(call->name, name))
			return true;
	return false;
}
