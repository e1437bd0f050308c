/* SPDX-License-Identifier: BSD-2-Clause */
/* probe.c - what this machine offers for a sandbox, found out by trying
 *
 * A version number or a sysctl says little: distributions patch user namespaces away, containers
 * filter them, AppArmor lets them be made but takes their capabilities. So children go through the
 * very steps that the stages take, and report how far they came by their exit status.
 */
#include "inside.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PROBED 0x100

/* In the new namespaces: attach a tmpfs over the root, as root.c will, with the same calls. */
static bool can_mount(void)
{
	struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY };
	int fs, fd;

	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return false;
	fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return false;
	fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (fd < 0 || mount_setattr(fd, "", AT_EMPTY_PATH, &read_only, sizeof(read_only)) < 0)
		return false;
	return move_mount(fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) == 0;
}

/* A process with a pid namespace of its own can be made, as each virtual process will be. */
static bool can_clone(void)
{
	pid_t child = (pid_t)syscall(SYS_clone, CLONE_NEWPID, NULL, NULL, NULL, 0UL);

	if (child == 0)
		_exit(0);
	return child > 0 && confine_child_wait(child) == 0;
}

static bool can_filter(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = { 1, &allow };
	uint32_t trap = SECCOMP_RET_TRAP;

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &trap) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

static int try_namespaces(void)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP) < 0 ||
	    !can_mount() || !can_clone())
		return 0;
	return unshare(CLONE_NEWNET) < 0 ? NACRE_CONFINE_USERNS
					 : NACRE_CONFINE_USERNS | NACRE_CONFINE_NETNS;
}

static int try_restrictions(void)
{
	return (confine_landlock_abi() > 0 ? NACRE_CONFINE_LANDLOCK : 0) |
	       (can_filter() ? NACRE_CONFINE_SECCOMP : 0);
}

/* A surrounding sandbox may kill for one of the steps: then only that child's means are missing. */
static unsigned in_child(int (*try)(void))
{
	pid_t child = confine_child();
	int status;

	if (child == 0)
		_exit(try());
	status = child > 0 ? confine_child_wait(child) : -1;
	return status < 0 ? 0 : (unsigned)status;
}

unsigned nacre_confine_probe(void)
{
	static atomic_uint cached;
	unsigned found = atomic_load_explicit(&cached, memory_order_relaxed);

	if (!(found & PROBED)) {
		found = PROBED | in_child(try_namespaces) | in_child(try_restrictions);
		atomic_store_explicit(&cached, found, memory_order_relaxed);
	}
	return found & ~(unsigned)PROBED;
}
