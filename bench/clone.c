/* SPDX-License-Identifier: BSD-2-Clause */
/* clone.c - the zygote's way of cloning against fork(), from the call to the child's first byte
 *
 * Both are made by the same small process, in a user namespace, as the zygote is.
 */
#include "bench.h"

#include "extension/vproc/zygote.h"

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TIMES = 2000 };

static unsigned long flags; /* 0 where there are no user namespaces */

static void take(struct series *s, bool as_zygote)
{
	int ends[2], status;
	char byte = 0;
	double start;
	pid_t pid;

	check(pipe(ends) == 0, "no pipe");
	start = now_ns();
	pid = as_zygote ? nacre_fork(flags) : fork();
	if (pid == 0)
		_exit(write(ends[1], &byte, 1) != 1);
	check(pid > 0 && read(ends[0], &byte, 1) == 1, "no child");
	series_add(s, now_ns() - start);
	close(ends[0]);
	close(ends[1]);
	check(waitpid(pid, &status, 0) == pid && status == 0, "the child failed");
}

int main(int argc, char **argv)
{
	struct series ours = {0}, theirs = {0};

	bench_begin(argc, argv, 2, "clone DIVISOR");
	flags = unshare(CLONE_NEWUSER) == 0 ? CLONE_NEWPID : 0;
	nacre_fork_init();
	for (size_t i = samples(TIMES); i; i--) {
		take(&ours, true);
		take(&theirs, false);
	}
	row_most("clone forked by the zygote, first byte", &ours, "raw fork, first byte", &theirs, 1.5);
	return 0;
}
