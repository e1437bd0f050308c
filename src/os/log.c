/* SPDX-License-Identifier: BSD-2-Clause */
/* log.c - where the lines of nacre/log.h go; theory of operation there */
#include <nacre/log.h>

#include "os/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LOG_LINE = 512 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct nacre_fd file = {.fd = -1};

/* The default place, with its directory made. Return: false where there is no home. */
static bool default_path(char *path, size_t size)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char *slash;

	if (geteuid() == 0 && !state)
		return snprintf(path, size, "/var/log/nacre.log") > 0;
	if (state && *state == '/')
		snprintf(path, size, "%s/nacre/log", state);
	else if (home && *home == '/')
		snprintf(path, size, "%s/.local/state/nacre/log", home);
	else
		return false;
	for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(path, 0700);
		*slash = '/';
	}
	return true;
}

int nacre_log_path(char *path, size_t size)
{
	const char *to = getenv("NACRE_LOG");

	if (to && (!strcmp(to, "none") || !strcmp(to, "stderr")))
		return -1;
	if (to && *to)
		return snprintf(path, size, "%s", to) < (int)size ? 0 : -1;
	return default_path(path, size) ? 0 : -1;
}

static int log_open(void)
{
	char path[512];

	if (nacre_log_path(path, sizeof(path)) < 0)
		return -1;
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
}

void nacre_log_close(void)
{
	if (pthread_mutex_trylock(&lock))
		return;
	nacre_fd_drop(&file);
	pthread_mutex_unlock(&lock);
}

/*
 * The file is kept open, but it is a guest in the host's table of descriptors: the host may close it and use
 * its number again. In a forked child the lock may be held for ever: then the file is opened for the line.
 */
static void write_line(const char *line, size_t size)
{
	const char *to = getenv("NACRE_LOG");
	ssize_t n; /* a failure has nowhere to be told */
	int fd;

	if (to && !strcmp(to, "stderr")) {
		n = write(STDERR_FILENO, line, size);
	} else if (pthread_mutex_trylock(&lock) == 0) {
		if (!nacre_fd_ours(&file))
			file = nacre_fd_own(log_open());
		n = write(file.fd, line, size);
		pthread_mutex_unlock(&lock);
	} else {
		fd = log_open();
		n = write(fd, line, size);
		if (fd >= 0)
			close(fd);
	}
	(void)n;
}

static enum nacre_log_level log_threshold(void)
{
	const char *level = getenv("NACRE_LOG_LEVEL");

	return level && !strcmp(level, "debug") ? NACRE_LOG_DEBUG : NACRE_LOG_INFO;
}

void nacre_log(enum nacre_log_level level, const char *subject, const char *fmt, ...)
{
	static const char *const names[] = {"error", "warning", "info", "debug"};
	char line[LOG_LINE];
	int saved = errno, n;
	struct timespec now;
	struct tm tm;
	va_list ap;

	if (level > log_threshold())
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = (int)strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%S", &tm);
	n += snprintf(line + n, sizeof(line) - n, ".%03ldZ %s nacre[%d] %s: ", now.tv_nsec / 1000000,
		      names[level], (int)getpid(), subject ? subject : "-");
	va_start(ap, fmt);
	n += vsnprintf(line + n, sizeof(line) - n, fmt, ap);
	va_end(ap);
	if (n > LOG_LINE - 2)
		n = LOG_LINE - 2;
	for (int i = 0; i < n; i++) /* a name from an extension must not forge a line */
		if ((unsigned char)line[i] < ' ')
			line[i] = '?';
	line[n++] = '\n';
	write_line(line, (size_t)n);
	errno = saved;
}
