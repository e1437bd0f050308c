/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_receive.c - `nacre receive`: the far end of a conversion, on standard input and output
 *
 * Two processes. The child decodes what comes in and writes images; before it reads the first byte it is
 * confined to --root: Landlock for files, seccomp for system calls. The parent does what starts other programs, fix-ups
 * and the boot check, on the child's word, which it reads like a stranger's. When the child is gone nobody
 * waits for the parent any more, and it ends as well, whatever it is doing.
 */
#include "commands.h"
#include "volumes.h"

#include "base/auto.h"
#include "conversion/place.h"
#include "conversion/transfer/receive.h"
#include "conversion/transfer/stream.h"
#include "extension/confine/confine.h"
#include "os/priority.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct settings {
	const char *root;
	bool nice;
};

struct receiver {
	const char *root; /* real path; NULL: see refusal */
	struct nacre_error refusal; /* why nothing can be received */
	int host;         /* the child's end of the way to the parent */
	struct nacre_sink_values values;
};

static const struct cli_option options[] = {
	{.name = "root", .kind = CLI_TEXT, .offset = offsetof(struct settings, root), .arg = "DIR",
	 .help = "where machines go; nothing outside of it is touched [.]"},
	{.name = "nice", .kind = CLI_FLAG, .offset = offsetof(struct settings, nice),
	 .help = "work at low priority for processor and disk"},
	{.name = NULL}};

static void on_denied(int nr)
{
	const char *name = nacre_syscall_name(nr);

	if (name)
		dprintf(STDERR_FILENO, "nacre receive: the system call %s is not allowed here\n", name);
}

static int confine(const struct receiver *r, struct nacre_error *e)
{
	const char *const read[] = {"/proc/sys/kernel/random/boot_id", NULL};
	const char *const write[] = {r->root, NULL}; /* nothing, where there is no root */
	const char *const none[] = {NULL};
	const struct nacre_confinement c = {
		.means = nacre_confine_probe() & (NACRE_CONFINE_LANDLOCK | NACRE_CONFINE_SECCOMP),
		.read = read, .write = write, .closure = none, .syscalls = none};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "no_new_privs", "cannot be set");
	if (!(c.means & NACRE_CONFINE_LANDLOCK))
		cli_warn("receive", "this kernel has no Landlock: only its names are checked, not its paths");
	else if (nacre_confine_files(&c, e))
		return -1;
	if (!(c.means & NACRE_CONFINE_SECCOMP)) {
		cli_warn("receive", "this kernel has no seccomp filters: system calls are not restricted");
		return 0;
	}
	return nacre_confine_watch(on_denied, e) || nacre_confine_syscalls(&c, NULL, e) ? -1 : 0;
}

static struct nacre_sink *open_place(const struct receiver *r, const char *name, enum nacre_sink_mode mode,
				     struct nacre_error *e)
{
	NACRE_AUTO_FREE char *directory = cli_format("%s/%s", r->root, name);

	return nacre_place_open(directory, mode, e);
}

/* In the child: data goes into the place, the rest to the parent. */
static struct nacre_sink *open_split(void *arg, const char *name, enum nacre_sink_mode mode, struct nacre_error *e)
{
	struct receiver *r = arg;
	struct nacre_sink *keep;
	uint64_t room;

	if (r->refusal.code) {
		*e = r->refusal;
		return NULL;
	}
	keep = open_place(r, name, mode, e);
	if (!keep)
		return NULL;
	room = keep->values.free;
	keep->values = r->values; /* seen from outside of the confinement */
	keep->values.free = room;
	return nacre_split_open(keep, fcntl(r->host, F_DUPFD_CLOEXEC, 3), STDIN_FILENO, name, mode, e);
}

static struct nacre_sink *open_host(void *arg, const char *name, enum nacre_sink_mode mode, struct nacre_error *e)
{
	return open_place(arg, name, mode, e);
}

static int child(struct receiver *r)
{
	struct nacre_serve_options o = {.in = STDIN_FILENO, .out = STDOUT_FILENO, .open = open_split, .arg = r};
	struct nacre_error e = {0};

	if (confine(r, &e) || nacre_serve(&o, &e))
		return e.code == NACRE_E_LOST ? NACRE_E_LOST : cli_fail("receive", &e);
	return NACRE_OK;
}

static pid_t child_pid;

/* Only async-signal-safe calls: the child is looked at, and stays to be collected. */
static void on_child(int sig)
{
	siginfo_t info = {.si_pid = 0};

	(void)sig;
	if (waitid(P_PID, (id_t)child_pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child_pid)
		_exit(info.si_code == CLD_EXITED ? info.si_status : NACRE_E_LOST);
}

static int parent(struct receiver *r, int fd)
{
	struct nacre_serve_options o = {.in = fd, .out = fd, .open = open_host, .arg = r};
	struct sigaction action = {.sa_handler = on_child, .sa_flags = SA_RESTART};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	/* The connection is the child's alone: when it ends, so does that. */
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		return cli_error(NACRE_E_SYSTEM, "/dev/null", "%s", strerror(errno));
	sigaction(SIGCHLD, &action, NULL);
	on_child(SIGCHLD); /* it may be gone already */
	cli_volumes_setup();
	nacre_serve(&o, NULL);
	/* What went wrong was told to the child, which says it. */
	for (;;)
		pause();
}

static int run(void *settings, int argc, char **argv)
{
	const struct settings *s = settings;
	const char *root = s->root ? s->root : ".";
	NACRE_AUTO_FREE char *real = NULL;
	struct receiver r = {0};
	int pair[2];

	(void)argc, (void)argv;
	if ((mkdir(root, 0755) && errno != EEXIST) || !(real = realpath(root, NULL)))
		nacre_error_set(&r.refusal, NACRE_E_SYSTEM, errno, root, "cannot be made, or be used, as the place for machines");
	if (isatty(STDIN_FILENO))
		return cli_error(NACRE_E_USAGE, "standard input",
				 "is a terminal: `nacre convert` at the other computer starts this command");
	signal(SIGPIPE, SIG_IGN);
	if (s->nice && !r.refusal.code)
		nacre_priority_set(NACRE_PRIORITY_LOW, &r.refusal);
	r.root = real;
	if (real)
		nacre_place_values(real, &r.values);
	nacre_confine_probe();
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return cli_error(NACRE_E_SYSTEM, "socket", "%s", strerror(errno));
	child_pid = fork();
	if (child_pid < 0)
		return cli_error(NACRE_E_SYSTEM, "fork", "%s", strerror(errno));
	if (child_pid == 0) {
		close(pair[0]);
		r.host = pair[1];
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(child(&r));
	}
	close(pair[1]);
	return parent(&r, pair[0]);
}

const struct cli_command cli_cmd_receive = {
	.name = "receive",
	.summary = "Take a machine that another computer converts",
	.details = "`nacre convert SOURCE user@host:DIR/NAME` starts it over ssh; what it understands is in docs/transfer.md.\n",
	.options = options,
	.settings_size = sizeof(struct settings),
	.run = run};
