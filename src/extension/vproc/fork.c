/* SPDX-License-Identifier: BSD-2-Clause */
/* fork.c - clone the zygote as the first process of a pid namespace of its own
 *
 * Each virtual process has its own pid namespace, so that ending its first process ends everything in
 * it, and so that the system call filter can tell the zygote's clones (CLONE_NEWPID, which takes a
 * capability) from a fork of the extension, which it refuses. fork(3) cannot do that, and unshare(2)
 * works only once per process. So this is the raw system call plus what glibc's fork does for a
 * single-threaded caller: the thread id that glibc keeps is set by the kernel (CLONE_CHILD_SETTID
 * at the address that glibc registered for its clearing), and the robust list is registered again.
 * Handlers of pthread_atfork(3) do not run: a clone starts before any call was made, and its pid
 * differs from the zygote's, which is what random number generators look at.
 */
#include "extension/vproc/zygote.h"

#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int *tid_address;
static struct robust_list_head *robust_head;
static size_t robust_size;

void nacre_fork_init(void)
{
	if (prctl(PR_GET_TID_ADDRESS, &tid_address) < 0)
		tid_address = NULL;
	if (syscall(SYS_get_robust_list, 0, &robust_head, &robust_size) < 0)
		robust_head = NULL;
}

pid_t nacre_fork(unsigned long flags)
{
	unsigned long all = flags | SIGCHLD;
	pid_t pid;

	if (!flags)
		return fork();
	if (tid_address)
		all |= CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
#if defined(__x86_64__)
	pid = (pid_t)syscall(SYS_clone, all, NULL, NULL, tid_address, 0);
#else
	pid = (pid_t)syscall(SYS_clone, all, NULL, NULL, 0, tid_address);
#endif
	if (pid == 0 && robust_head)
		syscall(SYS_set_robust_list, robust_head, robust_size);
	return pid;
}
