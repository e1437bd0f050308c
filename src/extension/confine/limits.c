/* SPDX-License-Identifier: BSD-2-Clause */
/* limits.c - resource limits, no new privileges, no descriptors left over
 *
 * PR_SET_DUMPABLE stays on, on purpose: the host lists and fetches the pages that a call changed
 * (/proc/PID/pagemap, process_vm_readv), and for a process that is not dumpable the kernel asks for
 * CAP_SYS_PTRACE in the user namespace that the program was executed in, which an ordinary host does
 * not have. What "not dumpable" would keep away is kept away otherwise: no core is written (below),
 * and other virtual processes are in Landlock domains and pid namespaces of their own.
 */
#include "inside.h"

#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LIMIT_FILES     256
#define LIMIT_PROCESSES 1024
#define LIMIT_FILE_SIZE (UINT64_C(1) << 30)
#define KEEP_MOST       64

int confine_no_new_privileges(struct nacre_error *e)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "no_new_privs", "cannot set it");
	return 0;
}

/* Lower soft and hard limit to @value; a limit that is lower already stays. */
static int lower(int resource, const char *name, rlim_t value, struct nacre_error *e)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, name, "cannot read the limit");
	if (limit.rlim_max > value)
		limit.rlim_max = value;
	if (limit.rlim_cur > limit.rlim_max)
		limit.rlim_cur = limit.rlim_max;
	if (setrlimit(resource, &limit) < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, name, "cannot lower the limit");
	return 0;
}

static int lower_all(const struct nacre_confinement *c, struct nacre_error *e)
{
	/*
	 * 1, not 0: where cores go to a program (core_pattern begins with "|"), the kernel runs it
	 * even for 0, and holds the dying process until it has read everything; 1 means no core
	 * at all, in either case.
	 */
	if (lower(RLIMIT_CORE, "RLIMIT_CORE", 1, e) < 0)
		return -1;
	/* Bounds a file in /tmp and in write paths; token files and databases stay far below it. */
	if (lower(RLIMIT_FSIZE, "RLIMIT_FSIZE", LIMIT_FILE_SIZE, e) < 0)
		return -1;
	if (lower(RLIMIT_NOFILE, "RLIMIT_NOFILE", LIMIT_FILES, e) < 0)
		return -1;
	/* Kernel memory that no other limit bounds, and time that no deadline can take back. */
	if (lower(RLIMIT_MSGQUEUE, "RLIMIT_MSGQUEUE", 0, e) < 0 ||
	    lower(RLIMIT_RTPRIO, "RLIMIT_RTPRIO", 0, e) < 0)
		return -1;
	/*
	 * Counted per user namespace, so it bounds the threads of this template's clones. Outside of
	 * one it would count all of the user's programs. The real root is exempt in either case:
	 * there it is the memory limit that ends a flood of threads.
	 */
	if ((c->means & NACRE_CONFINE_USERNS) &&
	    lower(RLIMIT_NPROC, "RLIMIT_NPROC", LIMIT_PROCESSES, e) < 0)
		return -1;
	/* A sanitizer's shadow reserves terabytes of address space. */
	if (!NACRE_SANITIZED && c->memory && lower(RLIMIT_AS, "RLIMIT_AS", c->memory, e) < 0)
		return -1;
	return 0;
}

static int compare_int(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

static int close_but(const int *keep, int keep_count, struct nacre_error *e)
{
	int sorted[KEEP_MOST], i;
	unsigned from = 0;

	if (keep_count < 0 || keep_count > KEEP_MOST)
		return nacre_error_set(e, NACRE_E_USAGE, 0, "descriptors",
				       "at most %d can be kept", KEEP_MOST);
	if (keep_count)
		memcpy(sorted, keep, (size_t)keep_count * sizeof(*keep));
	qsort(sorted, (size_t)keep_count, sizeof(*sorted), compare_int);
	for (i = 0; i < keep_count; i++) {
		if (sorted[i] < 0 || (unsigned)sorted[i] < from)
			continue; /* none, or the same twice */
		if ((unsigned)sorted[i] > from &&
		    syscall(SYS_close_range, from, (unsigned)sorted[i] - 1, 0) < 0)
			return nacre_error_set(e, NACRE_E_SYSTEM, errno, "close_range",
					       "cannot close what is open");
		from = (unsigned)sorted[i] + 1;
	}
	if (syscall(SYS_close_range, from, UINT_MAX, 0) < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "close_range",
				       "cannot close what is open");
	return 0;
}

int nacre_confine_limits(const struct nacre_confinement *c, const int *keep, int keep_count,
			 struct nacre_error *e)
{
	if (close_but(keep, keep_count, e) < 0 || lower_all(c, e) < 0)
		return -1;
	if (confine_capabilities_zygote(c->means & NACRE_CONFINE_USERNS, e) < 0)
		return -1;
	return confine_no_new_privileges(e);
}
