/* SPDX-License-Identifier: BSD-2-Clause */
/* keeper.c - the process that holds an attached disk; theory of operation in attach.h */
#include "keeper.h"

#include "base/auto.h"
#include "loop.h"
#include "server.h"
#include "state.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What this process keeps; -1 and NULL: not, or not yet. */
struct keeper {
	const struct nacre_attach_options *o;
	const char *image, *directory;
	struct nacre_attachment a;
	struct nacre_shared *shared;
	pid_t server;
	int device; /* the connection, until the server has it */
	char *place; /* where the file system is mounted, without a loop device */
	struct nacre_loop loop;
	int state;
};

/* Standard descriptors that lead nowhere, and signals that are waited for. */
static int leave_terminal(struct nacre_error *e)
{
	int null = open("/dev/null", O_RDWR);
	sigset_t set;

	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "/dev/null", "cannot be opened");
	if (null > 2)
		close(null);
	setsid();
	sigfillset(&set);
	if (chdir("/") || sigprocmask(SIG_SETMASK, &set, NULL))
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "/", "cannot leave the terminal");
	return 0;
}

/*
 * @ready and the connection become 3 and 4, and nothing else stays open: the server must not hold the mount,
 * whose end is its own, nor the keeper's report.
 */
static void start_server(struct keeper *k, int ready)
{
	sigset_t none;
	int high = fcntl(ready, F_DUPFD, 8), device = k->device < 0 ? -1 : fcntl(k->device, F_DUPFD, 8);

	if (high < 0 || dup3(high, 3, O_CLOEXEC) < 0 || (k->device >= 0 && dup3(device, 4, O_CLOEXEC) < 0) ||
	    syscall(SYS_close_range, k->device < 0 ? 4 : 5, ~0u, 0))
		_exit(1);
	/* Only the end of the file system ends it: signals of a terminal or a shutdown must not. */
	for (int s = 1; s < 32; s++)
		if (s != SIGCHLD)
			signal(s, s == SIGTERM || s == SIGINT || s == SIGHUP || s == SIGPIPE ? SIG_IGN : SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_NAME, "nacre-server");
	nacre_server_process(k->o, k->image, k->device < 0 ? -1 : 4, k->place, k->shared, 3);
}

/* A copy of what the server said, which is not believed yet. */
static int hear(struct keeper *k, int ready, struct nacre_error *e)
{
	static struct nacre_shared said;
	char byte;
	ssize_t n;

	do
		n = read(ready, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		return nacre_error_set(e, NACRE_E_LOST, 0, "attach", "the server of the image ended before it was ready");
	memcpy(&said, k->shared, sizeof(said));
	said.error.msg[sizeof(said.error.msg) - 1] = said.error.where[sizeof(said.error.where) - 1] = 0;
	if (said.failed) {
		if (e)
			*e = said.error;
		return -1;
	}
	said.format[sizeof(said.format) - 1] = 0;
	if (!said.size || said.size % 512 || said.size > INT64_MAX ||
	    said.partition_count > NACRE_SHARED_PARTITIONS)
		return nacre_error_set(e, NACRE_E_VIOLATION, 0, "attach", "the server of the image lied");
	memcpy(k->a.format, said.format, sizeof(k->a.format));
	k->a.size = said.size;
	return 0;
}

/* The server, ready: the image is open. */
static int serve(struct keeper *k, struct nacre_error *e)
{
	NACRE_AUTO_FD int hears = -1;
	int ready[2];

	k->shared = mmap(NULL, sizeof(*k->shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (k->shared == MAP_FAILED || pipe2(ready, O_CLOEXEC))
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "attach", "cannot start the server of the image");
	hears = ready[0];
	k->server = fork();
	if (k->server == 0)
		start_server(k, ready[1]);
	close(ready[1]);
	if (k->server < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "attach", "cannot start the server of the image");
	return hear(k, hears, e);
}

static int show_partitions(struct keeper *k, struct nacre_error *e)
{
	uint32_t count = k->shared->partition_count;

	for (uint32_t i = 0; i < count && i < NACRE_SHARED_PARTITIONS; i++) {
		uint64_t start = k->shared->partitions[i].start, length = k->shared->partitions[i].length;
		int number = k->shared->partitions[i].number;

		if (number < 1 || number > NACRE_SHARED_PARTITIONS || start % 512 || length % 512 || !start || !length ||
		    start > k->a.size || length > k->a.size - start)
			continue; /* it reaches beyond the disk: the kernel would refuse it as well */
		if (nacre_loop_add_partition(&k->loop, number, start, length, e) < 0)
			return -1;
	}
	return 0;
}

/* The loop device; the mount and the file are its own from here on. */
static int make_device(struct keeper *k, int mount, struct nacre_error *e)
{
	NACRE_AUTO_FD int file = nacre_serve_open(mount, k->a.writable, e);

	if (file < 0 || nacre_loop_make(&k->loop, file, k->a.size, k->a.writable, k->image, e) < 0)
		return -1;
	snprintf(k->a.id, sizeof(k->a.id), "loop%d", k->loop.number);
	snprintf(k->a.device, sizeof(k->a.device), "%s", k->loop.path);
	k->a.backing_device = k->loop.backing_device;
	k->a.backing_inode = k->loop.backing_inode;
	return show_partitions(k, e);
}

static int with_device(struct keeper *k, struct nacre_error *e)
{
	NACRE_AUTO_FD int mount = -1;

	k->device = nacre_serve_device(e);
	if (k->device < 0)
		return -1;
	mount = nacre_serve_mount(k->device, e);
	if (mount < 0 || serve(k, e) < 0)
		return -1;
	/* Held by the server alone, so that its end is the connection's. */
	close(nacre_steal_fd(&k->device));
	return make_device(k, mount, e);
}

static int with_file(struct keeper *k, struct nacre_error *e)
{
	struct stat st;

	snprintf(k->a.id, sizeof(k->a.id), "file-%d", getpid());
	if (asprintf(&k->place, "%s/%s", k->directory, k->a.id) < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
	snprintf(k->a.device, sizeof(k->a.device), "%s/%s", k->place, NACRE_SERVED_NAME);
	if (mkdir(k->place, 0700) && errno != EEXIST)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, k->place, "cannot be made");
	if (serve(k, e) < 0)
		return -1;
	if (stat(k->a.device, &st) == 0)
		return 0;
	return nacre_error_set(e, NACRE_E_SYSTEM, errno, k->a.device, "the disk's file is not there");
}

static int attach(struct keeper *k, struct nacre_error *e)
{
	if (leave_terminal(e) < 0)
		return -1;
	snprintf(k->a.image, sizeof(k->a.image), "%s", k->image);
	k->a.writable = k->o->writable;
	k->a.file = k->o->file;
	k->a.since = time(NULL);
	k->a.keeper = getpid();
	if (k->o->file ? with_file(k, e) < 0 : with_device(k, e) < 0)
		return -1;
	k->state = nacre_state_write(k->directory, &k->a, e);
	if (k->state < 0)
		return -1;
	return k->o->confine ? k->o->confine(NULL, false, e) : 0;
}

/* The device or the mount goes; with it, when nobody uses it any more, the server. */
static void let_go(struct keeper *k)
{
	if (k->loop.fd >= 0)
		close(nacre_steal_fd(&k->loop.fd));
}

/* @status: of the server, as waitpid(2) has it. */
static void tell_end(struct keeper *k, int status)
{
	struct nacre_error why;
	char text[256];

	if (WIFSIGNALED(status)) {
		snprintf(text, sizeof(text), "its server was ended by signal %d; what was not synchronised is lost",
			 WTERMSIG(status));
	} else if (atomic_load(&k->shared->served.refused)) {
		memcpy(&why, &k->shared->served.error, sizeof(why));
		why.msg[sizeof(why.msg) - 1] = 0;
		for (char *c = why.msg; *c; c++)
			if (!isprint((unsigned char)*c))
				*c = '?';
		snprintf(text, sizeof(text), "%u writes did not reach the image: %.160s",
			 atomic_load(&k->shared->served.refused), why.msg);
	} else if (status) {
		int reason = k->shared->error.sys;

		snprintf(text, sizeof(text), "its connection to the kernel broke (%s)",
			 reason > 0 ? strerror(reason) : "it was not said why");
	} else {
		return;
	}
	text[sizeof(k->a.end) - 1] = 0;
	nacre_state_end(k->state, text);
}

/* Until the server ends; SIGTERM asks for that. */
static void keep(struct keeper *k)
{
	int status, sig;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCHLD);
	while (waitpid(k->server, &status, WNOHANG) == 0) {
		sig = sigwaitinfo(&set, NULL);
		if (sig == SIGTERM)
			let_go(k);
	}
	let_go(k);
	tell_end(k, status);
}

static void report(struct keeper *k, int to, int failed, const struct nacre_error *e)
{
	static struct nacre_keeper_report r;
	const char *from = (const char *)&r;

	r.failed = failed;
	r.error = *e;
	r.made = k->a;
	for (size_t done = 0; done < sizeof(r);) {
		ssize_t n = write(to, from + done, sizeof(r) - done);

		if (n <= 0)
			break; /* nobody hears: it is attached all the same */
		done += (size_t)n;
	}
	close(to);
}

void nacre_keeper_run(const struct nacre_attach_options *o, const char *image, const char *directory, int to)
{
	static struct keeper k;
	struct nacre_error e = {.code = 0};
	int failed;

	k = (struct keeper){.o = o, .image = image, .directory = directory, .device = -1, .loop.fd = -1, .state = -1};
	prctl(PR_SET_NAME, "nacre-keeper");
	failed = attach(&k, &e);
	if (failed) {
		let_go(&k);
		if (k.server > 0) {
			kill(k.server, SIGKILL);
			waitpid(k.server, NULL, 0);
		}
		if (k.state >= 0)
			nacre_state_remove(directory, k.a.id);
		if (k.place)
			rmdir(k.place);
	}
	report(&k, to, failed, &e);
	if (!failed)
		keep(&k);
	_exit(failed ? 1 : 0);
}
