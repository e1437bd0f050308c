/* SPDX-License-Identifier: BSD-2-Clause */
/* log.c - where the lines of nacre/log.h go; theory of operation there */
#include <nacre/log.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LOG_LINE = 512 };

static int log_fd = -1; /* -1: not opened; -2: nowhere */

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

static int log_open(void)
{
	const char *to = getenv("NACRE_LOG");
	char path[512];
	int fd;

	if (to && !strcmp(to, "none"))
		return -2;
	if (to && !strcmp(to, "stderr"))
		return STDERR_FILENO;
	if (to && *to)
		snprintf(path, sizeof(path), "%s", to);
	else if (!default_path(path, sizeof(path)))
		return -2;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
	return fd < 0 ? -2 : fd;
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
	int saved = errno, fd, n;
	struct timespec now;
	struct tm tm;
	va_list ap;

	if (level > log_threshold())
		return;
	fd = __atomic_load_n(&log_fd, __ATOMIC_ACQUIRE);
	if (fd == -1) {
		int none = -1;

		fd = log_open();
		if (!__atomic_compare_exchange_n(&log_fd, &none, fd, false, __ATOMIC_ACQ_REL,
						 __ATOMIC_ACQUIRE)) {
			if (fd > STDERR_FILENO)
				close(fd);
			fd = none;
		}
	}
	if (fd >= 0) {
		clock_gettime(CLOCK_REALTIME, &now);
		gmtime_r(&now.tv_sec, &tm);
		n = (int)strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%S", &tm);
		n += snprintf(line + n, sizeof(line) - n, ".%03ldZ %s nacre[%d] %s: ",
			      now.tv_nsec / 1000000, names[level], (int)getpid(),
			      subject ? subject : "-");
		va_start(ap, fmt);
		n += vsnprintf(line + n, sizeof(line) - n, fmt, ap);
		va_end(ap);
		if (n > LOG_LINE - 2)
			n = LOG_LINE - 2;
		for (int i = 0; i < n; i++) /* a name from an extension must not forge a line */
			if ((unsigned char)line[i] < ' ')
				line[i] = '?';
		line[n++] = '\n';
		n = (int)write(fd, line, n); /* a failure has nowhere to be told */
		(void)n;
	}
	errno = saved;
}
