/* SPDX-License-Identifier: BSD-2-Clause */
/* learn.c - the supervisor's side of the learning mode: answer each notification, note what it was
 *
 * DOC: Theory of Operation
 *
 * The learning filter stops a thread at each call that the built-in policy would refuse, and at each
 * call that names a path. The supervisor, outside, reads the notification, fetches the path from
 * /proc/PID/mem, makes sure that the thread still waits (else the memory was somebody else's), and
 * lets the call go on. Nothing is refused, so a learning run must not be one of hostile code.
 *
 * What is noted, beyond the policy:
 *   - a path that exists and was opened or asked for: to be read; directories only when they were
 *     opened, as a mere question would give away everything in them
 *   - a path that was opened for writing: to be written; one that was created, removed or renamed: its
 *     directory. What was made during the run in /tmp is not noted: there is a private one.
 *   - sockets of the network, new processes: allow_net, allow_fork. The zygote's clones are not meant:
 *     where they have no pid namespace to be known by, plain forks of the zygote are passed over. It
 *     is the process that the first notification comes from, as it has installed the filter.
 *   - any other call by its name
 *
 * States: until the last process with the filter is gone (POLLHUP). The profile is written whenever
 * nothing has happened for a while, and at the end.
 */
#include "inside.h"
#include "learn.h"

#include "base/auto.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#define WRITE_AFTER_MS 500

/* One learning run. */
struct learner {
	int listener;
	const struct nacre_confinement *c; /* may be NULL */
	struct seccomp_notif *request;
	struct seccomp_notif_resp *response;
	size_t request_size, response_size;
	int zygote;
	struct learn_profile profile, made; /* made: what appeared during the run, as LEARN_WRITE */
	struct nacre_error *e;
};

/* The bytes at @address of the notified thread, as many as there are up to @n. Return: how many */
static size_t fetch(const struct learner *l, uint64_t address, void *to, size_t n)
{
	char path[64];
	NACRE_AUTO_FD int fd = -1;
	size_t got = 0;

	snprintf(path, sizeof(path), "/proc/%u/mem", l->request->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && got < n) {
		/* Up to the end of a page: the next one need not be there. */
		size_t want = 4096 - (address + got) % 4096;
		ssize_t r = pread(fd, (char *)to + got, want < n - got ? want : n - got,
				  (off_t)(address + got));

		if (r <= 0)
			break;
		got += (size_t)r;
	}
	/* Still the same thread, so this was its memory. */
	if (ioctl(l->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &l->request->id) < 0)
		return 0;
	return got;
}

static bool fetch_string(const struct learner *l, uint64_t address, char *to, size_t room)
{
	size_t got = fetch(l, address, to, room);

	return got && memchr(to, '\0', got);
}

/* The directory that a relative path begins at. Return: its length, 0 when it has none */
static size_t base_directory(const struct learner *l, int dirfd, char *to, size_t room)
{
	char path[64];
	ssize_t n;

	if (dirfd == AT_FDCWD)
		snprintf(path, sizeof(path), "/proc/%u/cwd", l->request->pid);
	else
		snprintf(path, sizeof(path), "/proc/%u/fd/%d", l->request->pid, dirfd);
	n = readlink(path, to, room - 1);
	if (n <= 0 || to[0] != '/')
		return 0;
	to[n] = '\0';
	return (size_t)n;
}

/*
 * The path that argument @argument names, absolute and without "//", "." and "..": as it was named,
 * so that symbolic links on the way stay visible, except where ".." makes that wrong.
 */
static bool path_of(const struct learner *l, int dirfd, int argument, char path[PATH_MAX])
{
	const __u64 *args = l->request->data.args;
	char named[PATH_MAX], whole[PATH_MAX], *part, *rest = whole;
	size_t n = 0;
	int at = dirfd < 0 ? AT_FDCWD : (int)args[dirfd];

	if (!fetch_string(l, args[argument], named, sizeof(named)) || !named[0])
		return false;
	if (named[0] != '/')
		n = base_directory(l, at, whole, sizeof(whole));
	if ((named[0] != '/' && !n) || n + strlen(named) + 2 > sizeof(whole))
		return false;
	snprintf(whole + n, sizeof(whole) - n, "/%s", named);
	if (strstr(whole, "/../") || (strlen(whole) >= 3 && !strcmp(whole + strlen(whole) - 3, "/..")))
		return realpath(whole, path) != NULL;
	path[0] = '\0';
	n = 0;
	while ((part = strtok_r(rest, "/", &rest)) != NULL)
		if (strcmp(part, "."))
			n += (size_t)snprintf(path + n, PATH_MAX - n, "/%s", part);
	if (!n)
		memcpy(path, "/", 2);
	return true;
}

/* What every virtual process has of its own, see root.c. */
static bool is_furniture(const char *path)
{
	static const char *const files[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/random",
					     "/dev/urandom", "/dev/shm", "/tmp", "/dev", "/proc", "/" };
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (!strcmp(path, files[i]))
			return true;
	/* Processes have numbers, and two names for the one that asks. */
	return !strncmp(path, "/proc/self", 10) || !strncmp(path, "/proc/thread-self", 17) ||
	       (!strncmp(path, "/proc/", 6) && path[6] >= '0' && path[6] <= '9');
}

static bool was_made(const struct learner *l, const char *path)
{
	size_t i;

	for (i = 0; i < l->made.lines; i++)
		if (!strcmp(path, l->made.line[i].value) || confine_path_below(path, l->made.line[i].value))
			return true;
	return false;
}

static int note(struct learner *l, enum learn_kind kind, const char *value)
{
	return learn_profile_add(&l->profile, kind, value, l->e);
}

static int note_path(struct learner *l, bool write, const char *path)
{
	if (is_furniture(path) || was_made(l, path))
		return 0;
	return note(l, write ? LEARN_WRITE : LEARN_READ, path);
}

/* @path appears or disappears: its directory is written. */
static int note_make(struct learner *l, char *path)
{
	char *slash = strrchr(path, '/');
	struct stat st;

	if (is_furniture(path))
		return 0;
	if (lstat(path, &st) < 0 && learn_profile_add(&l->made, LEARN_WRITE, path, l->e) < 0)
		return -1;
	if (slash == path)
		return 0; /* the root: nothing can be made in it, whatever is declared */
	*slash = '\0';
	/* A directory that is not there: the call fails by itself. */
	return stat(path, &st) < 0 ? 0 : note_path(l, true, path);
}

/* The flags of an open call: the argument after the path. */
static int open_flags(const struct learner *l, const struct learn_call *call)
{
	const __u64 *args = l->request->data.args;
	struct open_how how = { 0 };

#ifdef SYS_creat
	if (call->nr == SYS_creat)
		return O_WRONLY | O_CREAT | O_TRUNC;
#endif
	if (call->nr != SYS_openat2)
		return (int)args[call->path + 1];
	(void)fetch(l, args[call->path + 1], &how, sizeof(how));
	return (int)how.flags;
}

static int note_call(struct learner *l, const struct learn_call *call)
{
	enum learn_intent intent = call->intent;
	char path[PATH_MAX];
	bool opened = false;
	struct stat st;

	if (!path_of(l, call->dirfd, call->path, path))
		return 0;
	if (intent == LEARN_OPEN) {
		int flags = open_flags(l, call), mode = flags & O_ACCMODE;

		if ((flags & O_TMPFILE) == O_TMPFILE)
			intent = LEARN_CHANGE;
		else if (flags & O_CREAT && lstat(path, &st) < 0)
			intent = LEARN_MAKE;
		else if (!(flags & O_PATH) && (mode != O_RDONLY || flags & O_TRUNC))
			intent = LEARN_CHANGE;
		opened = !(flags & O_PATH);
	}
	if (intent == LEARN_MAKE)
		return note_make(l, path);
	if (stat(path, &st) < 0)
		return 0; /* it was looked for in vain */
	if (S_ISDIR(st.st_mode) && intent == LEARN_LOOK)
		return 0;
	if (S_ISDIR(st.st_mode) && intent == LEARN_OPEN && !opened)
		return 0;
	return note_path(l, intent == LEARN_CHANGE, path);
}

/* connect and bind: the path of a socket, where it has one. */
static int note_address(struct learner *l, bool binds)
{
	const __u64 *args = l->request->data.args;
	struct sockaddr_un address = { 0 };
	size_t n = args[2] < sizeof(address) ? (size_t)args[2] : sizeof(address);
	char path[sizeof(address.sun_path) + 1];

	if (fetch(l, args[1], &address, n) < sizeof(address.sun_family) + 1 ||
	    address.sun_family != AF_UNIX || address.sun_path[0] != '/')
		return 0;
	memcpy(path, address.sun_path, sizeof(address.sun_path));
	path[sizeof(address.sun_path)] = '\0';
	if (binds)
		return note_make(l, path);
	return access(path, F_OK) < 0 ? 0 : note_path(l, false, path);
}

static bool makes_process(int nr)
{
#ifdef SYS_fork
	if (nr == SYS_fork || nr == SYS_vfork)
		return true;
#endif
	return nr == SYS_clone || nr == SYS_execve || nr == SYS_execveat;
}

/* The process of thread @tid, 0 when it is gone. */
static int process_of(unsigned tid)
{
	NACRE_AUTO_FILE FILE *f = NULL;
	char path[64], line[128];
	int process = 0;

	snprintf(path, sizeof(path), "/proc/%u/status", tid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Tgid: %d", &process) == 1)
			break;
	return process;
}

/* A fork by which the zygote makes a virtual process. */
static bool is_zygotes(const struct learner *l)
{
	return l->request->data.nr == SYS_clone && !(l->request->data.args[0] & CLONE_VFORK) &&
	       (!l->c || !(l->c->means & NACRE_CONFINE_USERNS)) &&
	       process_of(l->request->pid) == l->zygote;
}

static bool asks_for_network(const struct seccomp_data *data)
{
	return data->nr == SYS_socket &&
	       (data->args[0] == AF_INET || data->args[0] == AF_INET6 || data->args[0] == AF_NETLINK);
}

static int learn_request(struct learner *l)
{
	const struct seccomp_data *data = &l->request->data;
	const struct learn_call *call;
	bool by_path = false;
	const char *name;

	for (call = learn_calls; call->name; call++)
		if (call->nr == data->nr) {
			by_path = true;
			if (note_call(l, call) < 0)
				return -1;
		}
	if (data->nr == SYS_connect || data->nr == SYS_bind)
		return note_address(l, data->nr == SYS_bind);
	if (makes_process(data->nr))
		return is_zygotes(l) ? 0 : note(l, LEARN_FORK, "yes");
	if (asks_for_network(data))
		return note(l, LEARN_NET, "yes");
	name = nacre_syscall_name(data->nr);
	if (!name || (by_path && confine_allows(l->c, name)))
		return 0;
	return note(l, LEARN_SYSCALL, name);
}

/* Take one notification and answer it. Return: 0, or -1 when there can be no more */
static int serve_one(struct learner *l)
{
	memset(l->request, 0, l->request_size);
	memset(l->response, 0, l->response_size);
	if (ioctl(l->listener, SECCOMP_IOCTL_NOTIF_RECV, l->request) < 0) {
		if (errno == EINTR || errno == ENOENT)
			return 0; /* interrupted, or the thread is gone */
		return nacre_error_set(l->e, NACRE_E_SYSTEM, errno, "seccomp", "no notification");
	}
	if (!l->zygote)
		l->zygote = process_of(l->request->pid);
	if (learn_request(l) < 0)
		return -1;
	l->response->id = l->request->id;
	l->response->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	if (ioctl(l->listener, SECCOMP_IOCTL_NOTIF_SEND, l->response) < 0 && errno != ENOENT)
		return nacre_error_set(l->e, NACRE_E_SYSTEM, errno, "seccomp", "cannot answer");
	return 0;
}

static int serve(struct learner *l, const char *profile)
{
	struct pollfd wait = { .fd = l->listener, .events = POLLIN };

	for (;;) {
		int n = poll(&wait, 1, l->profile.changed ? WRITE_AFTER_MS : -1);

		if (n < 0 && errno != EINTR)
			return nacre_error_set(l->e, NACRE_E_SYSTEM, errno, "seccomp", "cannot wait");
		if (n == 0 && learn_profile_write(&l->profile, l->c, profile, l->e) < 0)
			return -1;
		if (n <= 0)
			continue;
		if (!(wait.revents & POLLIN))
			break; /* the last process is gone */
		if (serve_one(l) < 0)
			return -1;
	}
	return learn_profile_write(&l->profile, l->c, profile, l->e);
}

int nacre_learn_serve_beyond(int listener, const struct nacre_confinement *c, const char *profile,
			     struct nacre_error *e)
{
	NACRE_AUTO_FREE struct seccomp_notif *request = NULL;
	NACRE_AUTO_FREE struct seccomp_notif_resp *response = NULL;
	struct learner l = { .listener = listener, .c = c, .e = e };
	struct seccomp_notif_sizes sizes;
	int ret = -1;

	/* The kernel's structures may be longer than the header's. */
	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0)
		return nacre_error_set(e, NACRE_E_SUPPORT, errno, "seccomp",
				       "this kernel has no notifications");
	l.request_size = sizes.seccomp_notif > sizeof(*request) ? sizes.seccomp_notif : sizeof(*request);
	l.response_size = sizes.seccomp_notif_resp > sizeof(*response) ? sizes.seccomp_notif_resp
									: sizeof(*response);
	l.request = request = calloc(1, l.request_size);
	l.response = response = calloc(1, l.response_size);
	if (!request || !response)
		nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "seccomp", "cannot listen");
	else if (learn_profile_read(&l.profile, profile, e) == 0)
		ret = serve(&l, profile);
	learn_profile_clear(&l.profile);
	learn_profile_clear(&l.made);
	return ret < 0 ? nacre_error_add(e, "while learning") : 0;
}

int nacre_learn_serve(int listener, const char *profile, struct nacre_error *e)
{
	return nacre_learn_serve_beyond(listener, NULL, profile, e);
}
