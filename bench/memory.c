/* SPDX-License-Identifier: BSD-2-Clause */
/* memory.c - what one idle virtual process holds for itself: clone, zygote and keeper
 *
 * Private pages only: what a clone shares with its zygote is counted nowhere, what the zygote has to
 * itself is counted once, although all clones stand on it. Dirty pages are memory that somebody took.
 * Clean ones are pages of files, libraries above all, that happen to be mapped by nobody else at the
 * moment; a direct load would have mapped them too, so that is their peer.
 */
#include "bench.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { IDLE_US = 500000, LIMIT_KIB = 2048 };

/* The number behind @key in a file of /proc, summed where @key comes more than once; -1: none */
static long number(const char *path, const char *key)
{
	FILE *file = fopen(path, "re");
	char line[256];
	long sum = -1;

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)))
			sum = (sum < 0 ? 0 : sum) + atol(line + strlen(key));
	if (file)
		fclose(file);
	return sum;
}

struct amount {
	double dirty, clean;
};

static struct amount private(long pid)
{
	char path[64];
	long clean, dirty;

	snprintf(path, sizeof(path), "/proc/%ld/smaps_rollup", pid);
	clean = number(path, "Private_Clean:");
	dirty = number(path, "Private_Dirty:");
	check(clean >= 0 && dirty >= 0, "cannot read smaps_rollup of a virtual process");
	return (struct amount){(double)dirty, (double)clean};
}

static long parent(long pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld/status", pid);
	return number(path, "PPid:");
}

/* The proxy holds pidfds of its virtual processes; the one with most memory is in use, not the spare. */
static long find_clone(void)
{
	DIR *dir = opendir("/proc/self/fdinfo");
	char path[300];
	long pid, best = -1;

	check(dir != NULL, "no /proc");
	for (struct dirent *d; (d = readdir(dir));) {
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%s", d->d_name);
		pid = number(path, "Pid:");
		if (pid > 0 && (best < 0 || private(pid).dirty > private(best).dirty))
			best = pid;
	}
	closedir(dir);
	check(best > 0, "no virtual process");
	return best;
}

/* One call, so that there is a virtual process. */
static void call_something(void *handle)
{
	int (*empty_call)(int) = (int (*)(int))dlsym(handle, "empty_call");
	unsigned long (*get)(void **);
	unsigned long (**list)(void *);

	if (empty_call) {
		check(empty_call(1) == 1, "no virtual process answers");
		return;
	}
	get = (unsigned long (*)(void **))symbol(handle, "C_GetFunctionList");
	check(get((void **)&list) == 0, "no function list");
	check(list[1](NULL) == 0, "C_Initialize failed"); /* behind the version */
}

/* What a process of its own grows by when it loads @path itself. */
static double direct_load(const char *path)
{
	struct amount before, after;
	double grown = 0;
	int ends[2];

	check(pipe(ends) == 0, "no pipe");
	if (fork() == 0) {
		before = private(getpid());
		call_something(library(path));
		after = private(getpid());
		grown = after.dirty + after.clean - before.dirty - before.clean;
		_exit(write(ends[1], &grown, sizeof(grown)) != sizeof(grown));
	}
	close(ends[1]);
	check(read(ends[0], &grown, sizeof(grown)) == sizeof(grown), "the direct load failed");
	close(ends[0]);
	wait(NULL);
	return grown;
}

int main(int argc, char **argv)
{
	struct amount clone, zygote, keeper;
	double direct, all;
	char what[128];
	long pid;

	bench_begin(argc, argv, 5, "memory DIVISOR LIBRARY PROXY NAME");
	direct = direct_load(argv[2]);
	call_something(library(argv[3]));
	usleep(IDLE_US);
	pid = find_clone();
	clone = private(pid);
	zygote = private(parent(pid));
	keeper = private(parent(parent(pid)));
	snprintf(what, sizeof(what), "idle virtual process, %s: clone %.0f, zygote %.0f, keeper %.0f KiB",
		 argv[4], clone.dirty, zygote.dirty, keeper.dirty);
	all = clone.dirty + zygote.dirty + keeper.dirty;
	row_bytes(what, all, LIMIT_KIB);
	all += clone.clean + zygote.clean + keeper.clean;
	printf("the same with clean pages of files that nobody else maps\t%.0f KiB\tdirect load\t%.0f KiB\t"
	       "%.2f x\t-\t-\t1\n",
	       all, direct, all / direct);
	return 0;
}
