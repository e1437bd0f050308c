/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c - nacre-vproc: started by the proxy runtime, becomes keeper and zygote
 *
 * DOC: Theory of Operation
 *
 * Start-up: read the configuration, find the library closure (which runs the dynamic loader, so it
 * comes first), clone the *keeper* into new namespaces, name its user, end. The keeper is the first process of the
 * pid namespace: whatever ends it ends the zygote and every virtual process, by the kernel's hand. It
 * waits for the end of the life pipe, whose other end the host holds, for the end of the host
 * itself (its forked children inherit the pipe), and for the end of the zygote. So nothing outlives the
 * host, kill -9 included.
 *
 * Without user namespaces the keeper cannot rely on the kernel: it kills the zygote, whose clones have
 * asked for SIGKILL when their parent dies.
 */
#include "extension/vproc/zygote.h"

#include "extension/channel/channel.h"
#include "extension/vproc/control.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static void say_means(unsigned means)
{
	struct nacre_control message = {.kind = NACRE_CONTROL_MEANS, .status = (int)means};

	if (nacre_fds_send(NACRE_FD_CONTROL, &message, sizeof(message), NULL, 0) < 0)
		_exit(1);
}

static _Noreturn void fail(const struct nacre_error *e)
{
	struct nacre_control message = {.kind = NACRE_CONTROL_FAILED, .status = e->code};

	snprintf(message.text, sizeof(message.text), "%s: %s", e->where, e->msg);
	nacre_fds_send(NACRE_FD_CONTROL, &message, sizeof(message), NULL, 0);
	_exit(1);
}

static void learn(int sock, const struct nacre_zygote *z)
{
	int fds[NACRE_FDS_MAX];
	char byte;

	if (nacre_fds_receive(sock, &byte, 1, fds, true) != 1 || fds[0] < 0)
		return;
	if (fork() == 0) {
		if (write(sock, "", 1) == 1)
			nacre_learn_serve_beyond(fds[0], &z->confinement, z->startup.learn_to, NULL);
		_exit(0);
	}
	close(fds[0]);
}

/* Wait for the end of the host or of the zygote; then end everything. */
static _Noreturn void keep(pid_t zygote, int learner, const struct nacre_zygote *z)
{
	int pidfd = (int)syscall(SYS_pidfd_open, zygote, 0);
	struct pollfd p[] = {{.fd = NACRE_FD_LIFE}, /* a descriptor of -1 is passed over */
			     {.fd = pidfd, .events = POLLIN},
			     {.fd = NACRE_FD_HOST, .events = POLLIN}};

	prctl(PR_SET_NAME, "nacre-keeper");
	close(NACRE_FD_CONTROL);
	if (learner >= 0)
		learn(learner, z);
	if (fcntl(NACRE_FD_HOST, F_GETFD) < 0)
		p[2].fd = -1;
	while (poll(p, 3, -1) < 0 && errno == EINTR)
		;
	kill(zygote, SIGKILL);
	_exit(0);
}

static void confinement_from(struct nacre_zygote *z)
{
	const struct nacre_registration *r = &z->startup.r;

	z->confinement = (struct nacre_confinement){
		.means = nacre_confine_probe(),
		.read = (const char *const *)r->allow_read,
		.write = (const char *const *)r->allow_write,
		.closure = (const char *const *)z->closure,
		.syscalls = (const char *const *)r->allow_syscall,
		.net = r->allow_net,
		.fork = r->allow_fork,
		.learn = z->startup.learn_to != NULL,
		.memory = (uint64_t)r->memory_mb << 20};
	/* A learner must see the processes and their files as they are outside. */
	if (z->confinement.learn)
		z->confinement.means &= ~(unsigned)(NACRE_CONFINE_USERNS | NACRE_CONFINE_NETNS |
						    NACRE_CONFINE_LANDLOCK);
}

/* Return in a child that is the first process of new namespaces, with a name in them. */
static void enter_namespaces(unsigned long spaces, const char *name)
{
	struct nacre_error e = {0};
	int named[2];
	char byte = 0;
	pid_t pid;

	if (pipe2(named, O_CLOEXEC) < 0)
		_exit(1);
	nacre_fork_init();
	pid = nacre_fork(spaces);
	if (pid < 0) {
		nacre_error_set(&e, NACRE_E_SYSTEM, errno, name, "making namespaces");
		fail(&e);
	}
	if (pid > 0) { /* only from outside can the child's user be mapped */
		if (nacre_confine_identity(pid, &e) < 0)
			fail(&e);
		_exit(write(named[1], &byte, 1) != 1);
	}
	close(named[1]);
	if (read(named[0], &byte, 1) != 1)
		_exit(1);
	close(named[0]);
}

int main(void)
{
	char self[PATH_MAX] = "";
	const char *objects[] = {NULL, NULL, self, NULL};
	struct nacre_zygote z = {.learner = -1};
	struct nacre_error e = {0};
	int pair[2] = {-1, -1};
	unsigned long spaces;
	pid_t pid;

	prctl(PR_SET_NAME, "nacre-vproc");
	if (nacre_startup_read(NACRE_FD_CONFIG, &z.startup, &e) < 0)
		fail(&e);
	objects[0] = z.startup.r.extension;
	objects[1] = z.startup.r.stub;
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) <= 0)
		objects[2] = NULL;
	if (nacre_closure_find(objects, &z.closure, &e) < 0)
		fail(&e);
	sched_setaffinity(0, sizeof(z.startup.cpus), &z.startup.cpus);
	confinement_from(&z);
	say_means(z.confinement.means);
	spaces = nacre_confine_namespaces(&z.confinement);
	if (z.confinement.learn && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		_exit(1);
	if (spaces)
		enter_namespaces(spaces, z.startup.r.name);
	signal(SIGCHLD, SIG_IGN); /* orphans collect themselves */
	pid = fork();
	if (pid < 0)
		_exit(1);
	if (pid > 0)
		keep(pid, pair[0], &z);
	signal(SIGCHLD, SIG_DFL);
	close(NACRE_FD_LIFE);
	close(NACRE_FD_HOST);
	if (pair[0] >= 0)
		close(pair[0]);
	z.learner = pair[1];
	nacre_zygote_main(&z);
}
