/* SPDX-License-Identifier: BSD-2-Clause */
/* learn_profile.c - what was learned, as the lines of a registration file
 *
 * Sorted and without repetitions, so that the same run gives the same bytes. Before it is written,
 * everything is left out that something else says already: what is in a directory that may be read,
 * what may be written need not be read as well, what the confinement at hand allows anyway. Writing
 * adds to what the file says by then.
 */
#include "learn.h"
#include "inside.h"

#include "base/auto.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define LINES_MOST 4096

static const char *const keys[] = {
	[LEARN_FORK] = "allow_fork",	   [LEARN_NET] = "allow_net",	  [LEARN_READ] = "allow_read",
	[LEARN_SYSCALL] = "allow_syscall", [LEARN_WRITE] = "allow_write",
};

/* Where @value is, or would be inserted. */
static size_t place_of(const struct learn_profile *p, enum learn_kind kind, const char *value, bool *found)
{
	size_t low = 0, high = p->lines;

	*found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct learn_line *line = &p->line[middle];
		int order = line->kind != kind ? (int)line->kind - (int)kind : strcmp(line->value, value);

		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int learn_profile_add(struct learn_profile *p, enum learn_kind kind, const char *value,
		      struct nacre_error *e)
{
	struct learn_line *grown;
	char *copy;
	size_t at;
	bool found;

	at = place_of(p, kind, value, &found);
	if (found || strpbrk(value, "\r\n") || p->lines == LINES_MOST)
		return 0;
	copy = strdup(value);
	grown = copy ? reallocarray(p->line, p->lines + 1, sizeof(*grown)) : NULL;
	if (!grown) {
		free(copy);
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "profile", "cannot grow");
	}
	memmove(grown + at + 1, grown + at, (p->lines - at) * sizeof(*grown));
	grown[at] = (struct learn_line){ kind, copy };
	p->line = grown;
	p->lines++;
	p->changed = true;
	return 0;
}

static int read_line(struct learn_profile *p, char *line, struct nacre_error *e)
{
	size_t kind, n;

	line[strcspn(line, "\n")] = '\0';
	for (kind = 0; kind < sizeof(keys) / sizeof(*keys); kind++) {
		n = strlen(keys[kind]);
		if (!strncmp(line, keys[kind], n) && !strncmp(line + n, " = ", 3) && line[n + 3])
			return learn_profile_add(p, (enum learn_kind)kind, line + n + 3, e);
	}
	return 0;
}

int learn_profile_read(struct learn_profile *p, const char *file, struct nacre_error *e)
{
	NACRE_AUTO_FILE FILE *f = fopen(file, "re");
	NACRE_AUTO_FREE char *line = NULL;
	size_t room = 0;

	if (!f)
		return errno == ENOENT ? 0 : nacre_error_set(e, NACRE_E_SYSTEM, errno, file, "cannot open");
	while (getline(&line, &room, f) >= 0)
		if (read_line(p, line, e) < 0)
			return -1;
	p->changed = false;
	return 0;
}

static bool in_list(const char *value, const char *const *list, bool below)
{
	for (; list && *list; list++)
		if (!strcmp(*list, value) || (below && confine_path_below(value, *list)))
			return true;
	return false;
}

/* Is @line said by another line? Lines of one kind are sorted: a directory is before what is in it. */
static bool repeated(const struct learn_profile *p, const struct learn_line *line)
{
	size_t i;

	if (line->kind != LEARN_READ && line->kind != LEARN_WRITE)
		return false;
	for (i = 0; i < p->lines; i++) {
		const struct learn_line *other = &p->line[i];

		if (other->kind != LEARN_WRITE && other->kind != line->kind)
			continue;
		if (other != line && confine_path_below(line->value, other->value))
			return true;
		if (other->kind != line->kind && !strcmp(other->value, line->value))
			return true;
	}
	return false;
}

static bool allowed_already(const struct nacre_confinement *c, const struct learn_line *line)
{
	if (!c)
		return false;
	switch (line->kind) {
	case LEARN_FORK:
		return c->fork;
	case LEARN_NET:
		return c->net;
	case LEARN_SYSCALL:
		return in_list(line->value, c->syscalls, false);
	case LEARN_READ:
		return in_list(line->value, c->closure, true) || in_list(line->value, c->read, true) ||
		       in_list(line->value, c->write, true);
	case LEARN_WRITE:
		return in_list(line->value, c->write, true);
	}
	return false;
}

/* Another run of the same registration may write at the same time: its directory is the lock. */
static int lock_beside(const char *file)
{
	const char *slash = strrchr(file, '/');
	char dir[PATH_MAX] = ".";
	int fd;

	if (slash && (size_t)(slash - file) < sizeof(dir) - 1) {
		memcpy(dir, file, (size_t)(slash - file) + 1);
		dir[slash - file + 1] = '\0';
	}
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		(void)flock(fd, LOCK_EX); /* without it, lines of the other may be lost */
	return fd;
}

int learn_profile_write(struct learn_profile *p, const struct nacre_confinement *c, const char *file,
			struct nacre_error *e)
{
	NACRE_AUTO_FD int lock = -1;
	NACRE_AUTO_FILE FILE *f = NULL;
	char new[PATH_MAX];
	size_t i;
	int n = snprintf(new, sizeof(new), "%s.new", file);

	if (n < 0 || (size_t)n >= sizeof(new))
		return nacre_error_set(e, NACRE_E_SYSTEM, ENAMETOOLONG, file, "cannot write");
	lock = lock_beside(file);
	if (learn_profile_read(p, file, e) < 0)
		return -1;
	f = fopen(new, "we");
	if (!f)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, new, "cannot create");
	fputs("# learned by nacre: read it before you use it\n", f);
	for (i = 0; i < p->lines; i++)
		if (!repeated(p, &p->line[i]) && !allowed_already(c, &p->line[i]))
			fprintf(f, "%s = %s\n", keys[p->line[i].kind], p->line[i].value);
	if (fflush(f) || ferror(f) || rename(new, file) < 0) {
		nacre_error_set(e, NACRE_E_SYSTEM, errno, file, "cannot write");
		(void)remove(new);
		return -1;
	}
	p->changed = false;
	return 0;
}

void learn_profile_clear(struct learn_profile *p)
{
	size_t i;

	for (i = 0; i < p->lines; i++)
		free(p->line[i].value);
	free(p->line);
	memset(p, 0, sizeof(*p));
}
