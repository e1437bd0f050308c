/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_log.c - `nacre log`: the last lines of the log, or where it is */
#include "commands.h"

#include "base/auto.h"

#include <nacre/log.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct settings {
	bool path;
	uint32_t lines;
};

static const struct cli_option options[] = {{.name = "lines",
					     .letter = 'n',
					     .kind = CLI_NUMBER,
					     .offset = offsetof(struct settings, lines),
					     .arg = "N",
					     .min = 1,
					     .max = 1000000,
					     .help = "show at most that many [20]"},
					    {.name = "path",
					     .kind = CLI_FLAG,
					     .offset = offsetof(struct settings, path),
					     .help = "print the name of the log file alone"},
					    {.name = NULL}};

/* Where the runtime writes; NULL: nowhere that could be read. */
static char *log_path(void)
{
	char path[4096];

	return nacre_log_path(path, sizeof(path)) < 0 ? NULL : cli_format("%s", path);
}

/* "TIME LEVEL nacre[PID] SUBJECT: TEXT": is it about @name? */
static bool about(const char *line, const char *name)
{
	size_t size = strlen(name);
	const char *p = line;

	for (int i = 0; i < 3 && p; i++) {
		p = strchr(p, ' ');
		p = p ? p + 1 : NULL;
	}
	return p && !strncmp(p, name, size) && p[size] == ':';
}

/* Print a line with nothing in it that a terminal would obey. */
static void print_line(const char *line)
{
	for (const unsigned char *p = (const unsigned char *)line; *p; p++)
		putchar((*p < ' ' && *p != '\n') || *p == 0x7f ? '?' : *p);
}

static int print_last(FILE *f, uint32_t count, const char *name)
{
	char **ring = calloc(count, sizeof(*ring));
	NACRE_AUTO_FREE char *line = NULL;
	size_t size = 0, found = 0;

	if (!ring)
		return cli_error(NACRE_E_SYSTEM, "memory", "there is none left");
	while (getline(&line, &size, f) > 0) {
		if (name && !about(line, name))
			continue;
		free(ring[found % count]);
		ring[found++ % count] = cli_format("%s", line);
	}
	for (size_t i = found > count ? found - count : 0; i < found; i++)
		print_line(ring[i % count]);
	for (size_t i = 0; i < count; i++)
		free(ring[i]);
	free(ring);
	return NACRE_OK;
}

static int run(void *settings, int argc, char **argv)
{
	const struct settings *s = settings;
	NACRE_AUTO_FREE char *path = log_path();
	NACRE_AUTO_FD int fd = -1;
	NACRE_AUTO_FILE FILE *f = NULL;

	if (!path)
		return cli_error(NACRE_E_ABSENT, "log",
				 "not kept in a file: NACRE_LOG says so, or there is no HOME");
	if (s->path) {
		puts(path);
		return NACRE_OK;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno == ENOENT) {
		fprintf(stderr, "nacre: %s: nothing has been logged yet\n", path);
		return NACRE_OK;
	}
	f = fd < 0 ? NULL : fdopen(fd, "r");
	if (!f)
		return cli_error(NACRE_E_SYSTEM, path, "cannot read: %s", strerror(errno));
	nacre_steal_fd(&fd);
	return print_last(f, s->lines, argc ? argv[0] : NULL);
}

const struct cli_command cli_cmd_log = {
	.name = "log",
	.operands = "[NAME]",
	.summary = "Show the last lines of the log, of one registration or all",
	.options = options,
	.operands_max = 1,
	.settings_size = sizeof(struct settings),
	.defaults = &(const struct settings){.lines = 20},
	.run = run};
