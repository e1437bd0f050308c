/* SPDX-License-Identifier: BSD-2-Clause */
/* writers.c - hooks that make programs flush and hold still; see writers.h */
#include "conversion/snapshot/writers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { UNAVAILABLE = 69 };

/* As run-parts has it: no backups, no leftovers of packages; and nobody but root may have written it. */
static int is_hook(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return *entry->d_name != '.' && entry->d_name[strlen(entry->d_name) - 1] != '~' &&
	       !(dot && (!strcmp(dot, ".rpmnew") || !strcmp(dot, ".rpmsave") || !strncmp(dot, ".dpkg-", 6) ||
			 !strcmp(dot, ".sample") || !strcmp(dot, ".bak")));
}

static bool may_run(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0 && !(st.st_mode & 022) &&
	       (st.st_uid == 0 || st.st_uid == geteuid());
}

static int take_directory(struct writers *w, const char *directory, struct nacre_error *e)
{
	struct dirent **list = NULL;
	int n = scandir(directory, &list, is_hook, alphasort), failed = 0;

	for (int i = 0; i < n; i++) {
		char *path = NULL;

		if (failed || asprintf(&path, "%s/%s", directory, list[i]->d_name) < 0 || !may_run(path))
			free(path);
		else if (w->count == WRITERS_MAX)
			failed = nacre_error_set(e, NACRE_E_SUPPORT, 0, directory, "has more than %d hooks", WRITERS_MAX);
		else
			w->paths[w->count++] = path;
		free(list[i]);
	}
	free(list);
	return failed;
}

int writers_find(const char *const *directories, struct writers *w, struct nacre_error *e)
{
	memset(w, 0, sizeof(*w));
	for (int i = 0; directories && directories[i]; i++)
		if (take_directory(w, directories[i], e) < 0)
			return -1;
	return 0;
}

const char *writers_name(const struct writers *w, int which)
{
	return strrchr(w->paths[which], '/') + 1;
}

/* A group of its own: what it started goes with it when it takes too long. Its output is nobody's. */
static pid_t start(const char *path, const char *word)
{
	char *argv[] = {(char *)(uintptr_t)path, (char *)(uintptr_t)word, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, defaults;
	pid_t pid = -1;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addclosefrom_np(&files, 3);
	posix_spawnattr_init(&attr);
	sigemptyset(&none);
	sigfillset(&defaults);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	if (posix_spawn(&pid, path, &files, &attr, argv, environ))
		pid = -1;
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return pid;
}

static void call(struct writers *w, int which, const char *word, uint32_t timeout_s)
{
	char *problem = w->problems[which];
	size_t size = sizeof(w->problems[which]);
	pid_t pid = start(w->paths[which], word);
	int status = 0, pidfd = pid < 0 ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd ended = {.fd = pidfd, .events = POLLIN};
	int ready = 0;

	*problem = 0;
	if (pid < 0) {
		snprintf(problem, size, "cannot be started");
		return;
	}
	while (pidfd >= 0 && (ready = poll(&ended, 1, (int)timeout_s * 1000)) < 0 && errno == EINTR)
		;
	if (ready <= 0) {
		snprintf(problem, size, "did not end within %u s", timeout_s);
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pidfd >= 0)
		close(pidfd);
	w->absent[which] = WIFEXITED(status) && WEXITSTATUS(status) == UNAVAILABLE;
	if (*problem || status == 0 || w->absent[which])
		return;
	if (WIFEXITED(status))
		snprintf(problem, size, "ended with status %d", WEXITSTATUS(status));
	else
		snprintf(problem, size, "ended by signal %d", WTERMSIG(status));
}

int writers_call(struct writers *w, const char *word, uint32_t timeout_s)
{
	int problems = 0;

	for (int i = 0; i < w->count; i++) {
		call(w, i, word, timeout_s);
		problems += w->problems[i][0] != 0;
	}
	return problems;
}

void writers_free(struct writers *w)
{
	for (int i = 0; i < w->count; i++)
		free(w->paths[i]);
	w->count = 0;
}
