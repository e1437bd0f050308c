/* SPDX-License-Identifier: BSD-2-Clause */
/* child.c - a short-lived child that its parent's SIGCHLD handling never hears of */
#include "inside.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * An exit signal of 0 means: no SIGCHLD, and the child can be waited for only with __WALL, so that
 * neither a handler nor a wait(-1) of the surrounding program sees it.
 */
pid_t confine_child(void)
{
	return (pid_t)syscall(SYS_clone, 0UL, NULL, NULL, NULL, 0UL);
}

int confine_child_wait(pid_t child)
{
	int status;

	while (waitpid(child, &status, __WALL) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
