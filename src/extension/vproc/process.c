/* SPDX-License-Identifier: BSD-2-Clause */
/* process.c - virtual processes that are processes: the host's side of nacre-vproc
 *
 * The template is a running zygote, known by its control socket. Requests are sent without waiting;
 * answers are taken in when somebody settles. A socket that ends, and a message that makes no sense,
 * break the template: every virtual process of it counts as failed, and the supervisor makes another.
 */
#include "extension/vproc/vproc.h"

#include "base/auto.h"
#include "extension/channel/channel.h"
#include "extension/confine/confine.h"
#include "extension/vproc/control.h"
#include "extension/vproc/startup.h"
#include "os/spawn.h"

#include <nacre/log.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { KNOWN_MAX = 64 };

/*
 * Of the descriptors of settled virtual processes: at exit() they are closed while threads may be in
 * calls, who must not look at, or end, what has their numbers by then.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

struct nacre_template {
	char *name;
	struct nacre_fd control, life;
	bool started, ready, broken; /* its means are known; it is loaded; it is of no more use */
	bool namespaces;             /* virtual processes have pid namespaces of their own */
	char text[248]; /* why it is broken */
	struct nacre_vproc *known[KNOWN_MAX];
};

static void process_destroy(struct nacre_template *t)
{
	if (!t)
		return;
	nacre_fd_drop(&t->control);
	nacre_fd_drop(&t->life); /* the keeper ends everything */
	free(t->name);
	free(t);
}

/* The loader settings that have to be there at the start; all others are handed over later. */
static char *program_environment(void)
{
	const char *path = secure_getenv("LD_LIBRARY_PATH");
	char *entry = NULL;

	if (path && asprintf(&entry, "LD_LIBRARY_PATH=%s", path) < 0)
		entry = NULL;
	return entry;
}

static int launch(struct nacre_template *t, const struct nacre_registration *r, struct nacre_error *e)
{
	NACRE_AUTO_FD int config = nacre_startup_write(r, e);
	NACRE_AUTO_FD int control = -1;
	NACRE_AUTO_FD int life = -1;
	NACRE_AUTO_FREE char *library_path = program_environment();
	char *argv[] = {r->vproc, r->name, NULL}, *envp[] = {library_path, NULL};
	NACRE_AUTO_FD int host = (int)syscall(SYS_pidfd_open, getpid(), 0);
	int pair[2], ends[2], fds[4];

	if (config < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, r->name, "socketpair");
	t->control = nacre_fd_own(pair[0]);
	control = pair[1];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, r->name, "pipe");
	t->life = nacre_fd_own(ends[1]);
	life = ends[0];
	fds[0] = control;
	fds[1] = config;
	fds[2] = life;
	fds[3] = host;
	return nacre_spawn_detached(r->vproc, argv, envp, fds, host < 0 ? 3 : 4, e);
}

static struct nacre_template *process_prepare(const struct nacre_registration *r, struct nacre_error *e)
{
	struct nacre_template *t = calloc(1, sizeof(*t));

	if (!t) {
		nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, r->name, "preparing a template");
		return NULL;
	}
	t->control = t->life = NACRE_NO_FD;
	t->name = strdup(r->name);
	if (!t->name || launch(t, r, e) < 0) {
		process_destroy(t);
		return NULL;
	}
	return t;
}

static void template_break(struct nacre_template *t, const char *why)
{
	if (t->broken)
		return;
	t->broken = true;
	snprintf(t->text, sizeof(t->text), "%s", why);
	for (int i = 0; i < KNOWN_MAX; i++)
		if (t->known[i] && t->known[i]->pidfd.fd < 0)
			t->known[i]->failed = true;
}

static struct nacre_vproc *known_by_serial(struct nacre_template *t, uint64_t serial)
{
	for (int i = 0; i < KNOWN_MAX; i++)
		if (t->known[i] && t->known[i]->serial == serial)
			return t->known[i];
	return NULL;
}

/* How many pid namespaces deep: the number of words behind "NSpid:" in @path; 0 unknown. */
static int namespace_depth(const char *path, int *pid)
{
	NACRE_AUTO_FILE FILE *f = fopen(path, "re");
	char line[256], *word, *rest;
	int depth = 0;

	*pid = 0;
	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "Pid:", 4))
			*pid = atoi(line + 4);
		if (strncmp(line, "NSpid:", 6))
			continue;
		for (rest = line + 6; (word = strtok_r(rest, " \t\n", &rest));)
			depth++;
	}
	return depth;
}

/*
 * Is @fd the pidfd of a process that the host may end? It came from the sandbox, whose code can get
 * hold of a pidfd of the host (SO_PEERPIDFD) and hand it back. A clone lives at least one pid
 * namespace below the host; without namespaces it is at least neither the host nor its parent. What has
 * ended already (-1) cannot be ended any more: a clone whose constructor failed at once.
 */
static bool is_victim(const struct nacre_template *t, int fd)
{
	int pid, own, depth, own_depth = namespace_depth("/proc/self/status", &own);
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	depth = namespace_depth(path, &pid);
	if (t->started && pid == -1)
		return true;
	if (!t->started || pid <= 0 || pid == getpid() || pid == getppid())
		return false;
	return t->namespaces ? depth > own_depth : true;
}

/* The first message comes from nacre-vproc itself: what the sandbox is made of. */
static void take_means(struct nacre_template *t, unsigned means)
{
	static const struct {
		unsigned bit;
		const char *name;
	} all[] = {{NACRE_CONFINE_USERNS, "user namespaces"},
		   {NACRE_CONFINE_NETNS, "network namespaces"},
		   {NACRE_CONFINE_LANDLOCK, "Landlock"},
		   {NACRE_CONFINE_SECCOMP, "seccomp"}};

	t->started = true;
	t->namespaces = means & NACRE_CONFINE_USERNS;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (!(means & all[i].bit))
			nacre_log(NACRE_LOG_WARN, t->name, "the sandbox has to do without %s",
				  all[i].name);
}

/* One message of the zygote; @fds are taken out where they are kept. */
static void take_message(struct nacre_template *t, const struct nacre_control *m, int *fds)
{
	struct nacre_vproc *v = known_by_serial(t, m->serial);

	if (!t->started && m->kind == NACRE_CONTROL_MEANS) {
		take_means(t, (unsigned)m->status);
		return;
	}
	switch (m->kind) {
	case NACRE_CONTROL_READY:
		t->ready = true;
		return;
	case NACRE_CONTROL_FAILED:
		template_break(t, m->text);
		return;
	case NACRE_CONTROL_CLONED:
		if (!v || v->pidfd.fd >= 0 || !is_victim(t, fds[0]))
			break;
		v->pidfd = nacre_fd_own(nacre_steal_fd(&fds[0]));
		return;
	case NACRE_CONTROL_NOT_CLONED:
		if (v)
			v->failed = true;
		return;
	case NACRE_CONTROL_ENDED:
		if (v) {
			v->ended = true;
			v->status = m->status;
		}
		return;
	default:
		break;
	}
	template_break(t, "the zygote sent a message that makes no sense");
}

/* Take in everything that has arrived. */
static void pump(struct nacre_template *t)
{
	struct nacre_control message;
	int fds[NACRE_FDS_MAX];
	ssize_t n;

	if (!nacre_fd_ours(&t->control))
		template_break(t, "the host has closed its descriptors");
	while (!t->broken) {
		n = nacre_fds_receive(t->control.fd, &message, sizeof(message), fds, false);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0 && errno == ECONNRESET) /* it ended with our words unread; its own come next */
			continue;
		if (n == sizeof(message)) {
			message.text[sizeof(message.text) - 1] = 0;
			take_message(t, &message, fds);
		} else {
			template_break(t, n == 0 ? "the extension ended the process that loads it"
						 : "the zygote's socket failed");
		}
		for (int i = 0; i < NACRE_FDS_MAX; i++)
			if (fds[i] >= 0)
				close(fds[i]);
	}
}

static int process_settle(struct nacre_template *t, struct nacre_vproc *v, uint64_t deadline,
			  struct nacre_error *e)
{
	struct pollfd p = {.fd = t->control.fd, .events = POLLIN};
	uint64_t now;

	for (;;) {
		pump(t);
		if (v->failed || (t->broken && v->pidfd.fd < 0))
			return nacre_error_set(e, NACRE_E_LOST, 0, t->name, "%s",
					       t->broken ? t->text : "the zygote could not be cloned");
		if (v->pidfd.fd >= 0)
			return 0;
		now = nacre_clock();
		if (now >= deadline)
			return nacre_error_set(e, NACRE_E_LOST, ETIMEDOUT, t->name,
					       "no virtual process came up");
		poll(&p, 1, (int)((deadline - now) / 1000000) + 1);
	}
}

static int process_clone(struct nacre_template *t, struct nacre_vproc *v, int fd, struct nacre_error *e)
{
	struct nacre_control message = {.kind = NACRE_CONTROL_CLONE, .serial = v->serial};
	int slot = 0, pair[2], fds[2], sent, sys;

	v->pidfd = v->control = NACRE_NO_FD;
	v->ended = v->failed = v->stopped = false;
	pump(t);
	while (slot < KNOWN_MAX && t->known[slot])
		slot++;
	if (t->broken || slot == KNOWN_MAX)
		return nacre_error_set(e, NACRE_E_LOST, 0, t->name, "%s",
				       t->broken ? t->text : "too many virtual processes");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, t->name, "socketpair");
	fds[0] = fd;
	fds[1] = pair[1];
	sent = nacre_fds_send(t->control.fd, &message, sizeof(message), fds, 2);
	sys = errno;
	close(pair[1]);
	if (sent < 0) {
		close(pair[0]);
		pump(t); /* it may have said why */
		return nacre_error_set(e, NACRE_E_LOST, t->broken ? 0 : sys, t->name, "%s",
				       t->broken ? t->text : "the zygote cannot be reached");
	}
	v->control = nacre_fd_own(pair[0]);
	t->known[slot] = v;
	return 0;
}

static int process_open(struct nacre_vproc *v, int fd, struct nacre_error *e)
{
	struct nacre_control message = {.kind = NACRE_CONTROL_CHANNEL, .serial = v->serial};

	if (!nacre_fd_ours(&v->control) ||
	    nacre_fds_send(v->control.fd, &message, sizeof(message), &fd, 1) < 0)
		return nacre_error_set(e, NACRE_E_LOST, errno, "channel",
				       "the virtual process cannot be reached");
	return 0;
}

static bool process_alive(const struct nacre_vproc *v)
{
	struct pollfd p = {.events = POLLIN};
	bool alive;

	pthread_mutex_lock(&lock);
	p.fd = v->pidfd.fd;
	/* A failure is a pending signal of the host's, even where there is no time to wait. */
	alive = p.fd < 0 || poll(&p, 1, 0) <= 0;
	pthread_mutex_unlock(&lock);
	return alive;
}

static void process_stop(struct nacre_vproc *v)
{
	pthread_mutex_lock(&lock);
	if (!v->stopped) {
		v->stopped = true;
		if (nacre_fd_ours(&v->pidfd))
			syscall(SYS_pidfd_send_signal, v->pidfd.fd, SIGKILL, NULL, 0);
		if (nacre_fd_ours(&v->control))
			shutdown(v->control.fd, SHUT_RDWR);
	}
	pthread_mutex_unlock(&lock);
}

static void process_leave(struct nacre_vproc *v)
{
	pthread_mutex_lock(&lock);
	nacre_fd_drop(&v->pidfd);
	nacre_fd_drop(&v->control);
	pthread_mutex_unlock(&lock);
}

static void process_forked(void)
{
	pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;

	memcpy(&lock, &fresh, sizeof(lock));
}

static void process_release(struct nacre_template *t, struct nacre_vproc *v)
{
	process_stop(v);
	for (int i = 0; t && i < KNOWN_MAX; i++)
		if (t->known[i] == v)
			t->known[i] = NULL;
	process_leave(v);
}

const struct nacre_vproc_ops nacre_vproc_process = {
	.name = "process",
	.prepare = process_prepare,
	.clone = process_clone,
	.settle = process_settle,
	.open = process_open,
	.alive = process_alive,
	.stop = process_stop,
	.leave = process_leave,
	.forked = process_forked,
	.release = process_release,
	.destroy = process_destroy,
};

static const struct nacre_vproc_ops *const backends[] = {&nacre_vproc_process, NULL};

const struct nacre_vproc_ops *nacre_vproc_backend(const char *name)
{
	for (int i = 0; backends[i]; i++)
		if (!strcmp(backends[i]->name, name))
			return backends[i];
	return NULL;
}
