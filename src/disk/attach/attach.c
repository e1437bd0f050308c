/* SPDX-License-Identifier: BSD-2-Clause */
/* attach.c - begin an attachment, and find those that there are; theory of operation in attach.h */
#include "attach.h"

#include "base/auto.h"
#include "keeper.h"
#include "state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SUFFIX ".state"

/* Leave nothing open but @report, which becomes 3. */
static int only_report(int report)
{
	if (report != 3 && dup2(report, 3) < 0)
		return -1;
	return (int)syscall(SYS_close_range, 4, ~0u, 0);
}

/* A keeper that is nobody's child. */
static int start(const struct nacre_attach_options *o, const char *image, const char *directory, int report,
		 struct nacre_error *e)
{
	pid_t between = fork();
	int status;

	if (between == 0) {
		pid_t keeper = fork();

		if (keeper == 0 && only_report(report) == 0)
			nacre_keeper_run(o, image, directory, 3);
		_exit(keeper > 0 ? 0 : 1);
	}
	if (between > 0 && waitpid(between, &status, 0) == between && status == 0)
		return 0;
	return nacre_error_set(e, NACRE_E_SYSTEM, errno, "attach", "cannot start a process");
}

static int hear(int from, struct nacre_attachment *made, struct nacre_error *e)
{
	static struct nacre_keeper_report r;
	size_t have = 0;
	ssize_t n;

	while (have < sizeof(r) && (n = read(from, (char *)&r + have, sizeof(r) - have)) != 0) {
		if (n < 0 && errno != EINTR)
			break;
		have += n > 0 ? (size_t)n : 0;
	}
	if (have < sizeof(r))
		return nacre_error_set(e, NACRE_E_LOST, 0, "attach", "the process that would keep the disk ended");
	if (r.failed) {
		if (e)
			*e = r.error;
		return -1;
	}
	*made = r.made;
	return 0;
}

int nacre_attach(const struct nacre_attach_options *o, struct nacre_attachment *made, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *image = realpath(o->image, NULL), *directory = NULL;
	NACRE_AUTO_FD int hears = -1;
	int report[2], failed;

	if (!image)
		return nacre_error_set(e, errno == ENOENT ? NACRE_E_ABSENT : NACRE_E_SYSTEM, errno, o->image,
				       "cannot be opened");
	directory = nacre_state_directory(true, e);
	if (!directory)
		return -1;
	if (pipe2(report, O_CLOEXEC))
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "attach", "cannot start a process");
	hears = report[0];
	failed = start(o, image, directory, report[1], e);
	close(report[1]);
	return failed ? -1 : hear(hears, made, e);
}

static int is_state(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name), suffix = strlen(SUFFIX);

	return entry->d_name[0] != '.' && n > suffix && !strcmp(entry->d_name + n - suffix, SUFFIX);
}

static void free_names(struct dirent **list, int count)
{
	for (int i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

int nacre_attach_each(int (*visit)(void *arg, const struct nacre_attachment *a), void *arg, struct nacre_error *e)
{
	struct nacre_error why = {.code = 0};
	NACRE_AUTO_FREE char *directory = nacre_state_directory(false, &why);
	NACRE_AUTO_FREE struct nacre_attachment *a = malloc(sizeof(*a));
	struct dirent **list = NULL;
	int count, result = 0;

	if (!directory && why.code == NACRE_E_ABSENT)
		return 0; /* nothing was ever attached */
	if (!directory || !a) {
		if (e)
			*e = why;
		return -1;
	}
	count = scandir(directory, &list, is_state, versionsort);
	if (count < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, directory, "cannot be listed");
	for (int i = 0; i < count && !result; i++) {
		list[i]->d_name[strlen(list[i]->d_name) - strlen(SUFFIX)] = 0;
		if (nacre_state_read(directory, list[i]->d_name, a, &why) == 0) {
			result = visit(arg, a);
		} else if (why.code != NACRE_E_ABSENT) { /* gone meanwhile is no error */
			result = -1;
			if (e)
				*e = why;
		}
	}
	free_names(list, count);
	return result;
}

/* Looking for @what, which may be the image's path by any name. */
struct search {
	const char *what;
	struct stat st;
	bool exists;
	int count;
	struct nacre_attachment *found;
};

static int compare(void *arg, const struct nacre_attachment *a)
{
	struct search *s = arg;
	struct stat st;
	bool same = !strcmp(s->what, a->device) || !strcmp(s->what, a->id);

	/* A device is one thing; an image may be attached more than once. */
	if (same) {
		*s->found = *a;
		s->count = 1;
		return 1;
	}
	if (!strcmp(s->what, a->image) ||
	    (s->exists && stat(a->image, &st) == 0 && st.st_dev == s->st.st_dev && st.st_ino == s->st.st_ino)) {
		*s->found = *a;
		s->count++;
	}
	return 0;
}

int nacre_attach_find(const char *what, struct nacre_attachment *found, struct nacre_error *e)
{
	struct search s = {.what = what, .found = found};

	s.exists = stat(what, &s.st) == 0;
	if (nacre_attach_each(compare, &s, e) < 0)
		return -1;
	if (s.count == 1)
		return 0;
	if (s.count)
		return nacre_error_set(e, NACRE_E_USAGE, 0, what,
				       "is attached %d times: say which device (nacre attach --list)", s.count);
	return nacre_error_set(e, NACRE_E_ABSENT, 0, what, "is not attached (nacre attach --list)");
}
