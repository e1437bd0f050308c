/* SPDX-License-Identifier: BSD-2-Clause */
/* closure.c - what a library needs is found, as named and as it is */
#include "sandbox.h"
#include "tap.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned means;
static char library[PATH_MAX];

static bool has(char **list, const char *path)
{
	for (; list && *list; list++)
		if (!strcmp(*list, path))
			return true;
	return false;
}

static bool has_named(char **list, const char *name)
{
	for (; list && *list; list++) {
		const char *slash = strrchr(*list, '/');

		if (slash && !strcmp(slash + 1, name))
			return true;
	}
	return false;
}

/* A library that is not loaded here, by the path of one that is. */
static void find_library(void)
{
	struct link_map *map;
	void *handle = dlopen("libseccomp.so.2", RTLD_NOW);

	if (handle && dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0)
		snprintf(library, sizeof(library), "%s", map->l_name);
	if (handle)
		dlclose(handle);
}

static void test_find(void)
{
	const char *const objects[] = { "/proc/self/exe", library, NULL };
	char **list = NULL, **one, real[PATH_MAX];
	struct nacre_error e = { 0 };
	int missing = 0;

	if (!tap_ok(nacre_closure_find(objects, &list, &e) == 0, "a closure is found (%s)", e.msg))
		return;
	tap_ok(has(list, library), "... the object by its name");
	tap_ok(realpath(library, real) && has(list, real), "... and by its real path");
	tap_ok(has_named(list, "libc.so.6"), "... the C library");
	tap_ok(has_named(list, "libgcc_s.so.1"), "... what the C library loads by itself");
	tap_ok(access("/etc/ld.so.cache", R_OK) < 0 || has(list, "/etc/ld.so.cache"), "... the cache");
	for (one = list; *one; one++)
		if (access(*one, R_OK) < 0 || **one != '/')
			missing++;
	tap_is_number(missing, 0, "... and all of it is there");
	tap_ok(waitpid(-1, NULL, 0) == -1 && errno == ECHILD, "no process is left behind");
	nacre_closure_free(list);
	nacre_closure_free(NULL);
}

static void test_refusals(void)
{
	const char *objects[] = { "/nowhere/libx.so", NULL };
	struct nacre_error e = { 0 };
	char **list = NULL;

	tap_ok(nacre_closure_find(objects, &list, &e) == -1 && e.code == NACRE_E_ABSENT && !list,
	       "an object that is not there is an error");
	objects[0] = sandbox_file("text.so", "this is not a library\n");
	tap_ok(nacre_closure_find(objects, &list, &e) == -1 && e.code == NACRE_E_INPUT && !list,
	       "something else than a library is an error (%s)", e.msg);
	objects[0] = sandbox_scratch();
	tap_ok(nacre_closure_find(objects, &list, &e) == -1 && !list, "a directory is an error");
}

/* An object that needs @name, cut out of the library at hand by changing one byte of a name in it. */
static void test_missing_library(void)
{
	char *at, path[160], *bytes;
	const char *objects[] = { path, NULL };
	struct nacre_error e = { 0 };
	char **list = NULL;
	struct stat st;
	FILE *f = fopen(library, "re");

	if (!f || fstat(fileno(f), &st) < 0 || !(bytes = malloc((size_t)st.st_size)))
		exit(1);
	if (fread(bytes, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
		exit(1);
	fclose(f);
	at = memmem(bytes, (size_t)st.st_size, "libc.so.6", 10);
	if (!at)
		exit(1);
	at[3] = 'Q';
	snprintf(path, sizeof(path), "%s/needs.so", sandbox_scratch());
	f = fopen(path, "we");
	if (!f || fwrite(bytes, 1, (size_t)st.st_size, f) != (size_t)st.st_size || fclose(f))
		exit(1);
	free(bytes);
	tap_ok(nacre_closure_find(objects, &list, &e) == -1 && e.code == NACRE_E_ABSENT &&
	       strstr(e.msg, "libQ.so.6"),
	       "a library that is missing is named (%s)", e.msg);
}

static char **closure;

static void load_in_sandbox(struct outcome *o)
{
	void *handle = dlopen(library, RTLD_NOW);

	o->value[0] = handle != NULL;
	snprintf(o->text, sizeof(o->text), "%s", handle ? "" : dlerror());
}

/* The point of it all: an object can be loaded where there is nothing but its closure. */
static void test_load(unsigned with, const char *how)
{
	const char *const objects[] = { library, NULL };
	struct sandbox s = { .c = { .means = with }, .in_zygote = load_in_sandbox };
	struct nacre_error e = { 0 };
	struct outcome *o;
	int status;

	if (nacre_closure_find(objects, &closure, &e) < 0) {
		tap_ok(false, "%s: a closure is found (%s)", how, e.msg);
		return;
	}
	s.c.closure = (const char *const *)closure;
	o = sandbox_run(&s, &status);
	tap_ok(status == 0 && o->value[0] == 1, "%s: a library loads with nothing but its closure (%s)", how,
	       o->text);
	nacre_closure_free(closure);
}

int main(int argc, char **argv)
{
	sandbox_user(argc, argv);
	means = nacre_confine_probe();
	find_library();
	if (!library[0]) {
		tap_skip("closures", "no library at hand to ask for");
		return tap_done();
	}
	setenv("LD_PRELOAD", "/nowhere/preloaded.so", 1);
	test_find();
	unsetenv("LD_PRELOAD");
	test_refusals();
	test_missing_library();
	test_load(means, "all means");
	test_load(means & ~(unsigned)NACRE_CONFINE_USERNS, "without namespaces");
	test_load(0, "without any means");
	sandbox_clean();
	return tap_done();
}
