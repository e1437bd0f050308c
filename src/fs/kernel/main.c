/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c - nacre-mount: the process that has a volume mounted by the kernel, for one volume and one nacre
 *
 * DOC: Theory of Operation
 *
 * Started by src/fs/kernel.c with three descriptors: the socket, the memory (exchange.h), and the loop device,
 * which goes with this process. It mounts, gives up what it does not need, answers, and unmounts when it is told
 * to, or when the socket says that nobody asks any more. It is killed when its nacre is: then the kernel
 * unmounts, as the mount is nowhere but in a descriptor.
 *
 * Why a process of its own: nacre serves the blocks below this mount. A nacre that waited in a system call for a
 * block which it has to serve itself could never be killed.
 */
#include "exchange.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The mount of this process; root -1: none. */
static struct {
	int root;
	char device[64], type[16];
} mounted = {.root = -1};

/*
 * Files of all owners are read, written and given away; attributes of "trusted" and "security", and the size of
 * the file system, are the administrator's.
 */
static int give_up(struct nacre_error *e)
{
	uint32_t keep = 1u << CAP_CHOWN | 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH | 1u << CAP_FOWNER |
			      1u << CAP_FSETID | 1u << CAP_SYS_ADMIN | 1u << CAP_SYS_RESOURCE;
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct has[2], data[2] = {{.effective = 0}};
	const struct rlimit core = {1, 1};

	if (syscall(SYS_capget, &header, has))
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "nacre-mount", "does not know its privileges");
	keep &= has[0].permitted; /* root of a container may lack some */
	data[0].effective = data[0].permitted = keep;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || setrlimit(RLIMIT_CORE, &core) ||
	    syscall(SYS_capset, &header, data))
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "nacre-mount", "cannot give up its privileges");
	umask(0);
	return 0;
}

static int answer_mount(struct kernel_exchange *x)
{
	x->error.code = 0;
	if (mounted.root >= 0)
		return EBUSY;
	snprintf(mounted.device, sizeof(mounted.device), "%.63s", x->path);
	snprintf(mounted.type, sizeof(mounted.type), "%.15s", x->other);
	mounted.root = kernel_mount(mounted.device, mounted.type, &x->error);
	if (mounted.root < 0)
		return EIO;
	if (give_up(&x->error) == 0)
		return 0;
	kernel_unmount(mounted.root, mounted.device, mounted.type);
	mounted.root = -1;
	return EIO;
}

static int unmount(void)
{
	int root = mounted.root;

	mounted.root = -1;
	return root < 0 ? 0 : kernel_unmount(root, mounted.device, mounted.type);
}

static int answer(struct kernel_exchange *x)
{
	if (x->question == KERNEL_MOUNT)
		return answer_mount(x);
	if (x->question == KERNEL_UNMOUNT)
		return unmount();
	if (mounted.root < 0)
		return EBADF;
	if (x->question == KERNEL_RESIZE)
		return kernel_resize(mounted.root, mounted.type, x->offset);
	return kernel_answer(mounted.root, x);
}

int main(void)
{
	struct kernel_exchange *x = mmap(NULL, sizeof(*x), PROT_READ | PROT_WRITE, MAP_SHARED, KERNEL_MEMORY, 0);
	char byte;

	if (x == MAP_FAILED)
		return 1;
	while (read(KERNEL_SOCKET, &byte, 1) == 1) {
		x->result = answer(x);
		if (write(KERNEL_SOCKET, &byte, 1) != 1)
			break;
	}
	return unmount() ? 1 : 0;
}
