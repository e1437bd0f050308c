/* SPDX-License-Identifier: BSD-2-Clause */
/* remote.c - `nacre receive` on the other computer, started by ssh as rsync and git do
 *
 * ssh keeps our terminal and session, so that it can ask for a password; what it and the other
 * computer's shell have to say goes to our standard error. It gets the connection by two pipes. When we are gone
 * it reads the end of its input, and ends; so does what it started.
 */
#include "conversion/transfer/remote.h"

#include "base/auto.h"
#include "conversion/transfer/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS = 32, PIPE_SIZE = 1 << 20, PATIENCE_MS = 3000 };

extern char **environ;

struct child {
	pid_t pid;
	char program[32], host[40];
};

static int no_memory(struct nacre_error *e)
{
	return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
}

bool nacre_remote_is(const char *destination)
{
	size_t n = strcspn(destination, ":/");

	return n && destination[n] == ':';
}

int nacre_remote_parse(const char *destination, struct nacre_remote *remote, struct nacre_error *e)
{
	size_t host = strcspn(destination, ":"), length;
	const char *path = destination + host + 1, *slash;

	/* A host that begins with a hyphen would be an option of ssh's. */
	if (!host || destination[0] == '-' || !*path)
		return nacre_error_set(e, NACRE_E_USAGE, 0, destination,
				       "is no place: user@host:DIRECTORY/NAME is one");
	length = strlen(path);
	while (length > 1 && path[length - 1] == '/')
		length--;
	slash = memrchr(path, '/', length);
	remote->host = strndup(destination, host);
	remote->name = slash ? strndup(slash + 1, (size_t)(path + length - slash - 1)) : strndup(path, length);
	remote->root = !slash ? strdup(".") : slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
	if (!remote->host || !remote->name || !remote->root)
		return no_memory(e);
	if (!nacre_sink_name_good(remote->name))
		return nacre_error_set(e, NACRE_E_USAGE, 0, remote->name,
				       "is no name for a machine: letters and digits, and . _ + - in between");
	return 0;
}

void nacre_remote_free(struct nacre_remote *remote)
{
	free(remote->host);
	free(remote->root);
	free(remote->name);
	remote->host = remote->root = remote->name = NULL;
}

/* One word for the other computer's shell, whatever is in it. */
static void quote(FILE *to, const char *word)
{
	fputc('\'', to);
	for (; *word; word++)
		if (*word == '\'')
			fputs("'\\''", to);
		else
			fputc(*word, to);
	fputc('\'', to);
}

static char *remote_command(const struct nacre_remote *r)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fputs(r->nacre ? r->nacre : "nacre", f);
	fputs(" receive --root ", f);
	/* ~/ is the shell's to understand. */
	if (!strncmp(r->root, "~/", 2)) {
		fputs("~/", f);
		quote(f, r->root + 2);
	} else {
		quote(f, r->root);
	}
	if (r->nice)
		fputs(" --nice", f);
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

/* Wait for the end of the program; one that does not end is ended. */
static int collect(struct child *c)
{
	int status = 0;

	for (int waited = 0; waited < PATIENCE_MS; waited += 10) {
		if (waitpid(c->pid, &status, WNOHANG) == c->pid)
			return status;
		usleep(10000);
	}
	kill(c->pid, SIGTERM);
	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* The connection is over. If it never began, the program's end may say why. */
static void on_ended(void *arg, struct nacre_error *e)
{
	struct child *c = arg;
	int status = collect(c);

	if (e && e->code == NACRE_E_LOST && WIFEXITED(status)) {
		if (WEXITSTATUS(status) == 127)
			nacre_error_set(e, NACRE_E_ABSENT, 0, c->host,
					"there is no nacre there in PATH: install it, or say --remote-nacre PATH");
		else if (WEXITSTATUS(status))
			nacre_error_set(e, NACRE_E_LOST, 0, c->host,
					"cannot be reached, or refuses: %s ended with %d", c->program,
					WEXITSTATUS(status));
	}
	free(c);
}

static int start(struct child *c, char **argv, int in, int out, struct nacre_error *e)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults, none;
	int status;

	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawn_file_actions_adddup2(&actions, in, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	status = posix_spawnp(&c->pid, argv[0], &actions, &attributes, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	if (status)
		return nacre_error_set(e, status == ENOENT ? NACRE_E_ABSENT : NACRE_E_SYSTEM, status, argv[0],
				       "cannot be started");
	return 0;
}

/* "ssh -p 2222" and the host become words; @text is cut up. */
static int make_words(const struct nacre_remote *r, char *text, char *command, char **argv, struct nacre_error *e)
{
	static char alive[] = "-oServerAliveInterval=15", escape[] = "-oEscapeChar=none", end[] = "--";
	char *save = NULL;
	int count = 0;

	for (char *word = strtok_r(text, " \t", &save); word && count < WORDS; word = strtok_r(NULL, " \t", &save))
		argv[count++] = word;
	if (!count || count == WORDS)
		return nacre_error_set(e, NACRE_E_USAGE, 0, "--ssh", "is no program with its options");
	if (!r->ssh) {
		argv[count++] = alive;
		argv[count++] = escape;
		argv[count++] = end;
	}
	argv[count++] = r->host;
	argv[count++] = command;
	argv[count] = NULL;
	return 0;
}

struct nacre_sink *nacre_remote_open(const struct nacre_remote *r, enum nacre_sink_mode mode, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *text = strdup(r->ssh ? r->ssh : "ssh"), *command = remote_command(r);
	struct child *c = calloc(1, sizeof(*c));
	int to[2] = {-1, -1}, from[2] = {-1, -1};
	char *argv[WORDS + 6];
	struct nacre_stream_options o = {.watch = -1, .name = r->name, .mode = mode, .limit = r->limit,
					 .ended = on_ended, .arg = c};

	if (!text || !command || !c) {
		no_memory(e);
		goto undo;
	}
	if (make_words(r, text, command, argv, e))
		goto undo;
	snprintf(c->program, sizeof(c->program), "%.31s", argv[0]);
	snprintf(c->host, sizeof(c->host), "%.39s", r->host);
	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC)) {
		nacre_error_set(e, NACRE_E_SYSTEM, errno, "pipe", "cannot be made");
		goto undo;
	}
	fcntl(to[1], F_SETPIPE_SZ, PIPE_SIZE);
	if (start(c, argv, to[0], from[1], e))
		goto undo;
	close(to[0]);
	close(from[1]);
	o.in = from[0];
	o.out = to[1];
	return nacre_stream_open(&o, e);
undo:
	for (int i = 0; i < 2; i++) {
		if (to[i] >= 0)
			close(to[i]);
		if (from[i] >= 0)
			close(from[i]);
	}
	free(c);
	return NULL;
}
