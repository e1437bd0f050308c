/* SPDX-License-Identifier: BSD-2-Clause */
/* descriptors.c - hosts that close descriptors which they do not know, or may have but few */
#include "checks.h"
#include "tell.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OWN = 40 };

/** struct own - descriptors of the host: files and one side of sockets */
struct own {
	int files[OWN], sockets[OWN], far[OWN];
	ino_t file_inodes[OWN];
};

static void close_all(void)
{
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
}

static void open_own(struct own *o, const char *dir)
{
	char path[400];
	struct stat st;
	int pair[2];

	for (int i = 0; i < OWN; i++) {
		snprintf(path, sizeof(path), "%s/own%d", dir, i);
		o->files[i] = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
		fstat(o->files[i], &st);
		o->file_inodes[i] = st.st_ino;
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
			abort();
		o->sockets[i] = pair[0];
		o->far[i] = pair[1];
	}
}

/* How many of them have been closed, shut down, replaced, or written to? */
static int harmed(const struct own *o)
{
	struct stat st;
	char byte = 'x';
	int n = 0;

	for (int i = 0; i < OWN; i++) {
		n += fstat(o->files[i], &st) < 0 || st.st_ino != o->file_inodes[i] || st.st_size != 0;
		n += send(o->sockets[i], &byte, 1, MSG_NOSIGNAL) != 1 || recv(o->far[i], &byte, 1, 0) != 1;
		n += send(o->far[i], &byte, 1, MSG_NOSIGNAL) != 1 ||
		     recv(o->sockets[i], &byte, 1, MSG_DONTWAIT) != 1;
	}
	return n;
}

/* As a daemon does; what it opens next gets the numbers that were ours. */
static int closes_all(const struct victim *v, void *arg)
{
	const struct checks *c = arg;
	struct own own;
	int tries = 0;

	v->do_add(1, 1);
	v->do_misbehave("segv", 0); /* so that the log is open, too */
	v->do_add(1, 1);
	close_all();
	open_own(&own, c->place->dir);
	while (tries < 4 && v->do_add(1, 2) != 3)
		tries++;
	check(arg, tries < 4, "all descriptors closed: works after %d declared failures", tries);
	check(arg, harmed(&own) == 0, "the host's own, under the same numbers: %d are harmed", harmed(&own));
	v->do_misbehave("exit", 0);
	check(arg, harmed(&own) == 0, "after a crash: %d are harmed", harmed(&own));
	for (tries = 0; tries < 4 && v->do_add(1, 2) != 3;)
		tries++;
	v->do_misbehave("hang", 0);
	check(arg, harmed(&own) == 0 && tries < 4, "after a restart and a hang: %d are harmed", harmed(&own));
	for (int i = 0; i < OWN; i++) {
		close(own.files[i]);
		close(own.sockets[i]);
		close(own.far[i]);
	}
	return 0;
}

/* The proxy is unloaded by a host that has closed and reused everything. */
static int closes_all_and_ends(const struct victim *v, void *arg)
{
	const struct checks *c = arg;
	static struct own own;

	v->do_add(1, 1);
	close_all();
	open_own(&own, c->place->dir);
	dlclose(v->library);
	check(arg, harmed(&own) == 0, "unloaded after that: %d are harmed", harmed(&own));
	return 0;
}

/* What is open in a virtual process: of 0, 1 and 2 at most writing to what the host's stderr is. */
static int standard_error(const struct victim *v, void *arg)
{
	const struct checks *c = arg;
	char path[400], line[128];
	pid_t pids[PLACE_PIDS];
	int n, readable = 0, looked = 0;
	unsigned flags;
	FILE *f;

	snprintf(path, sizeof(path), "%s/terminal", c->place->dir); /* like one, for reading as well */
	dup2(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), 2);
	v->do_add(1, 1);
	n = place_processes(c->place, pids);
	for (int i = 0; i < n * 3; i++) {
		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)pids[i / 3], i % 3);
		f = fopen(path, "re");
		while (f && fgets(line, sizeof(line), f))
			if (sscanf(line, "flags: %o", &flags) == 1) {
				looked++;
				readable += i % 3 && (flags & O_ACCMODE) != O_WRONLY;
			}
		if (f)
			fclose(f);
	}
	check(arg, looked > 6, "standard descriptors of %d processes", n);
	check(arg, readable == 0, "%d of them could read what is typed into the host's terminal", readable);
	return 0;
}

static int fill_table(int *fds, int leave)
{
	int n = 0;

	while ((fds[n] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		n++;
	while (leave-- > 0 && n > 0)
		close(fds[--n]);
	return n;
}

static int few(const struct victim *v, void *arg)
{
	struct rlimit limit = {32, 32};
	int fds[64], n, failed = 0;
	bool works = false;

	setrlimit(RLIMIT_NOFILE, &limit);
	n = fill_table(fds, 0);
	errno = 0;
	check(arg, v->do_add(1, 2) == -1 && errno == EIO, "no descriptor left: the declared failure");
	for (int left = 1; left < 24 && n > 0 && !works; left++) {
		close(fds[--n]);
		works = v->do_add(1, 2) == 3;
		failed += !works;
	}
	check(arg, works, "one after the other becomes free: %d declared failures, then it works", failed);
	n = fill_table(fds, 0);
	check(arg, v->do_add(1, 2) == 3, "it goes on working when they run out again");
	check(arg, v->do_misbehave("segv", 0) == -1, "a crash then is the declared failure");
	while (n > 0)
		close(fds[--n]);
	check(arg, v->do_add(1, 2) == 3 || v->do_add(1, 2) == 3, "and it works with descriptors again");
	return 0;
}

int main(void)
{
	checks_run("closes-all", NULL, closes_all, 30000);
	checks_run("closes-all-and-ends", NULL, closes_all_and_ends, 30000);
	checks_run("standard-error", NULL, standard_error, 30000);
	checks_run("few", NULL, few, 60000);
	return tell_done();
}
