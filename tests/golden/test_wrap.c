/* SPDX-License-Identifier: BSD-2-Clause */
/* test_wrap.c - the generator's text, and what it says about overlays with a mistake
 *
 * test_wrap text OVERLAY DIR: what is generated equals the files in DIR
 * test_wrap errors DIR EXTENSION OLDER: each overlay in DIR is refused with the sentence in its .txt
 *
 * With NACRE_UPDATE_GOLDEN set, the expected files are written instead. An overlay whose name
 * begins with "extension-" is compared with EXTENSION as well, one with "older-" with OLDER.
 */
#include <extension/wrap/wrap.h>

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "tap.h"

static char work[] = "/tmp/nacre-golden.XXXXXX";

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t room = 0;

	if (!f)
		return NULL;
	if (getdelim(&text, &room, 0, f) < 0) {
		free(text);
		text = NULL;
	}
	fclose(f);
	return text;
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	if (f) {
		fputs(text, f);
		fclose(f);
	}
}

/* The first line that differs, for the reader of a failure. */
static void show_difference(const char *got, const char *want)
{
	int line = 1;

	while (*got && *got == *want) {
		line += *got == '\n';
		got++;
		want++;
	}
	printf("# line %d: got  '%.*s'\n# line %d: want '%.*s'\n", line, (int)strcspn(got, "\n"),
	       got, line, (int)strcspn(want, "\n"), want);
}

static void compare(const char *got, const char *path, const char *what)
{
	char *want;

	if (getenv("NACRE_UPDATE_GOLDEN"))
		write_file(path, got);
	want = read_file(path);
	if (!tap_ok(want && !strcmp(got, want), "%s", what) && want)
		show_difference(got, want);
	free(want);
}

static void clean(void)
{
	static const char *const names[] = {"proxy.c", "stub.c", "audit.txt", "symbols.map", NULL};
	char path[PATH_MAX];

	for (int i = 0; names[i]; i++) {
		snprintf(path, sizeof(path), "%s/%s", work, names[i]);
		unlink(path);
	}
}

static void texts(const char *overlay, const char *dir)
{
	static const char *const names[] = {"proxy.c", "stub.c", "audit.txt", "symbols.map", NULL};
	struct nacre_wrap_options options = {.overlay = overlay, .out = work};
	struct nacre_error e = {0};
	char path[PATH_MAX], what[64];

	if (!tap_ok(nacre_wrap(&options, &e) == 0, "the overlay is wrapped"))
		printf("# %s: %s\n", e.where, e.msg);
	for (int i = 0; names[i]; i++) {
		char *got;

		snprintf(path, sizeof(path), "%s/%s", work, names[i]);
		got = read_file(path);
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		snprintf(what, sizeof(what), "%s is as expected, byte for byte", names[i]);
		compare(got ? got : "", path, what);
		tap_ok(got && !strstr(got, work) && !strstr(got, "/home") && !strstr(got, "/usr"),
		       "%s names no path of this machine", names[i]);
		free(got);
	}
}

static int is_overlay(const struct dirent *d)
{
	const char *dot = strrchr(d->d_name, '.');

	return dot && !strcmp(dot, ".h") && strcmp(d->d_name, "upstream.h");
}

static void error(const char *dir, const char *name, char *const *extensions)
{
	struct nacre_wrap_options options = {.out = work};
	char overlay[PATH_MAX], path[PATH_MAX], got[400];
	struct nacre_error e = {0};

	snprintf(overlay, sizeof(overlay), "%s/%s", dir, name);
	snprintf(path, sizeof(path), "%s/%.*s.txt", dir, (int)(strlen(name) - 2), name);
	options.overlay = overlay;
	if (!strncmp(name, "extension-", 10))
		options.extension = extensions[0];
	if (!strncmp(name, "older-", 6))
		options.extension = extensions[1];
	if (!tap_ok(nacre_wrap(&options, &e) < 0, "%s is refused", name))
		return;
	snprintf(got, sizeof(got), "%s: %s\n", e.where, e.msg);
	compare(got, path, "with file, line, and how to mend it");
}

static void errors(const char *dir, char *const *extensions)
{
	struct dirent **list;
	int count = scandir(dir, &list, is_overlay, alphasort);

	tap_ok(count > 20, "there are overlays with mistakes");
	for (int i = 0; i < count; i++) {
		error(dir, list[i]->d_name, extensions);
		free(list[i]);
	}
	if (count >= 0)
		free(list);
}

int main(int argc, char **argv)
{
	if (argc < 4 || !mkdtemp(work))
		return 2;
	if (!strcmp(argv[1], "text"))
		texts(argv[2], argv[3]);
	else
		errors(argv[2], argv + 3);
	clean();
	rmdir(work);
	return tap_done();
}
