/* SPDX-License-Identifier: BSD-2-Clause */
/* limits.c - memory, threads, files and descriptors end where they were said to end */
#include "sandbox.h"
#include "tap.h"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)

static unsigned means;
static int leaked, kept;

static void use_too_much(struct outcome *o)
{
	struct rlimit limit;
	void *p;

	p = mmap(NULL, 512 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	o->value[0] = p == MAP_FAILED ? -1 : 0;
	o->error[0] = errno;
	p = mmap(NULL, 16 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	o->value[1] = p == MAP_FAILED ? -1 : 0;
	step(o, 2, fcntl(leaked, F_GETFD));
	step(o, 3, fcntl(kept, F_GETFD));
	step(o, 4, fcntl(0, F_GETFD));
	getrlimit(RLIMIT_CORE, &limit);
	o->value[5] = limit.rlim_max <= 1;
	getrlimit(RLIMIT_NOFILE, &limit);
	o->value[6] = (int)limit.rlim_max;
	limit.rlim_max++;
	step(o, 7, setrlimit(RLIMIT_NOFILE, &limit));
	signal(SIGXFSZ, SIG_IGN);
	step(o, 8, ftruncate(kept, (off_t)2 << 30));
	step(o, 9, ftruncate(kept, (off_t)1 << 20));
}

static void test_limits(void)
{
	struct sandbox s = { .c = { .means = means, .memory = 256 * MIB }, .in_clone = use_too_much };
	struct outcome *o;
	int status;

	leaked = dup(0);
	kept = fcntl(memfd_create("kept", MFD_CLOEXEC), F_DUPFD, leaked + 100);
	s.keep[0] = kept;
	s.keep[1] = kept; /* twice is as good as once */
	s.keep_count = 2;
	o = sandbox_run(&s, &status);
	tap_ok(status == 0, "the limits leave room to live");
	if (!NACRE_SANITIZED) /* a sanitizer reserves terabytes */
		tap_ok(o->value[0] == -1 && o->error[0] == ENOMEM, "memory beyond the limit is refused");
	tap_ok(o->value[1] == 0, "memory within the limit is given");
	tap_ok(o->value[2] == -1 && o->value[4] == -1, "descriptors are closed");
	tap_ok(o->value[3] >= 0, "... but not those to keep");
	tap_ok(o->value[5] == 1, "no core is written");
	tap_ok(o->value[6] <= 256 && o->value[7] == -1, "few descriptors, for good");
	tap_ok(o->value[8] == -1 && o->value[9] == 0, "files have a largest size");
	close(leaked);
	close(kept);
}

static void fill_tmp(struct outcome *o)
{
	static char block[1 << 20];
	int fd = open("/tmp/big", O_WRONLY | O_CREAT | O_CLOEXEC, 0600), i;

	for (i = 0; i < 128; i++)
		if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block))
			break;
	o->value[0] = i;
	o->error[0] = errno;
}

static void test_tmp(void)
{
	struct sandbox s = { .c = { .means = means }, .in_clone = fill_tmp };
	struct outcome *o;
	int status;

	if (!(means & NACRE_CONFINE_USERNS)) {
		tap_skip("/tmp has a size", "no user namespaces here");
		return;
	}
	o = sandbox_run(&s, &status);
	tap_ok(o->value[0] <= 64 && o->error[0] == ENOSPC, "/tmp has a size");
}

static void *wait_for_ever(void *unused)
{
	pause();
	return unused;
}

static void flood(struct outcome *o)
{
	pthread_attr_t attr;
	pthread_t thread;
	int i;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	for (i = 0; i < 5000; i++)
		if ((o->error[0] = pthread_create(&thread, &attr, wait_for_ever, NULL)) != 0)
			break;
	o->value[0] = i;
	_exit(0);
}

/* The real root is exempt from RLIMIT_NPROC; address space ends a flood for both. */
static void test_threads(void)
{
	struct sandbox s = { .c = { .means = means, .memory = 128 * MIB }, .in_clone = flood };
	struct outcome *o;
	int status;

	if (NACRE_SANITIZED)
		return;
	o = sandbox_run(&s, &status);
	tap_ok(status == 0 && o->value[0] < 5000 && o->error[0] == EAGAIN, "a flood of threads ends (%d)",
	       o->value[0]);
}

int main(int argc, char **argv)
{
	sandbox_user(argc, argv);
	means = nacre_confine_probe();
	test_limits();
	test_tmp();
	test_threads();
	return tap_done();
}
