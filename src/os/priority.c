/* SPDX-License-Identifier: BSD-2-Clause */
/* priority.c - how much of processor and disk this process takes; both are properties of threads, for Linux */
#include "os/priority.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/ioprio.h, which older headers do not have */
enum { WHO_PROCESS = 1, CLASS_BEST_EFFORT = 2, CLASS_SHIFT = 13, LOWEST_LEVEL = 7 };

const struct nacre_priority NACRE_PRIORITY_LOW = {.nice = 19, .io = CLASS_BEST_EFFORT << CLASS_SHIFT | LOWEST_LEVEL};

struct nacre_priority nacre_priority_get(void)
{
	return (struct nacre_priority){.nice = getpriority(PRIO_PROCESS, 0),
				       .io = (int)syscall(SYS_ioprio_get, WHO_PROCESS, 0)};
}

static int set(id_t thread, struct nacre_priority p)
{
	/* A kernel without I/O priorities has nothing to be changed. */
	if (setpriority(PRIO_PROCESS, thread, p.nice) ||
	    (p.io >= 0 && syscall(SYS_ioprio_set, WHO_PROCESS, thread, p.io) && errno != ENOSYS))
		return errno == ESRCH ? 0 : -1;
	return 0;
}

int nacre_priority_set(struct nacre_priority p, struct nacre_error *e)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *entry;
	int failed = 0, error = 0;

	if (!tasks) /* without /proc: the calling thread, and what it starts */
		failed = set(0, p) ? (error = errno) : 0;
	while (tasks && !failed && (entry = readdir(tasks)))
		if (*entry->d_name != '.' && set((id_t)atoi(entry->d_name), p))
			failed = error = errno;
	if (tasks)
		closedir(tasks);
	return failed ? nacre_error_set(e, NACRE_E_SYSTEM, error, "priority", "cannot be changed") : 0;
}
