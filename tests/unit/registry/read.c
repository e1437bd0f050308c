/* SPDX-License-Identifier: BSD-2-Clause */
/* read.c - the registry.d directories become one list */
#include "extension/registry/registry.h"

#include "tap.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/nacre-registry.XXXXXX";

static void put(const char *name, const char *text)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	for (char *slash = strchr(path + strlen(root) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(path, 0700);
		*slash = '/';
	}
	f = fopen(path, "w");
	if (!f || fputs(text, f) < 0 || fclose(f))
		exit(99);
}

static void put_registration(const char *name, const char *proxy)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "extension = /lib/x.so\ninterface = x\nproxy = %s/%s\nstub = /s\nvproc = /v\n",
		 root, proxy);
	put(name, text);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void absent_directory_is_an_empty_registry(void)
{
	struct nacre_registry registry;

	tap_ok(nacre_registry_read(&registry, NULL) == 0 && registry.count == 0,
	       "a directory that is not there holds no registration");
	nacre_registry_free(&registry);
}

static void only_conf_files_count(void)
{
	struct nacre_registry registry;
	struct nacre_error e;

	put_registration("registry.d/b.conf", "p1");
	put_registration("registry.d/a.conf", "p2");
	put("registry.d/c.conf~", "rubbish");
	put("registry.d/.d.conf", "rubbish");
	put("registry.d/README", "rubbish");
	if (tap_ok(nacre_registry_read(&registry, &e) == 0 && registry.count == 2,
		   "files with other names than NAME.conf are left alone"))
		tap_is_string(registry.list[0].name, "a", "registrations come sorted by name");
	else
		printf("# %s: %s\n", e.where, e.msg);
	tap_ok(nacre_registry_by_name(&registry, "b") == &registry.list[1], "one is found by name");
	tap_ok(!nacre_registry_by_name(&registry, "z"), "a name that is not there is not found");
	nacre_registry_free(&registry);
}

static void proxy_is_found_by_file(void)
{
	struct nacre_registry registry;
	char proxy[512], link[512];

	put("p1", "proxy of b");
	snprintf(proxy, sizeof(proxy), "%s/p1", root);
	snprintf(link, sizeof(link), "%s/link", root);
	if (symlink(proxy, link))
		exit(99);
	nacre_registry_read(&registry, NULL);
	tap_ok(nacre_registry_by_proxy(&registry, proxy) == &registry.list[1],
	       "a registration is found by its proxy");
	tap_ok(nacre_registry_by_proxy(&registry, link) == &registry.list[1],
	       "and by another name of the same file");
	tap_ok(!nacre_registry_by_proxy(&registry, "/bin/sh"), "another file is nobody's proxy");
	tap_ok(!nacre_registry_by_proxy(&registry, "/nonexistent"), "nor is a missing file");
	nacre_registry_free(&registry);
}

static void bad_file_leaves_the_others_in_force(void)
{
	struct nacre_registry registry;
	struct nacre_error e = {.code = NACRE_OK};

	put("registry.d/aa.conf", "colour = red\n");
	tap_ok(nacre_registry_read(&registry, &e) < 0 && e.code == NACRE_E_INPUT &&
		       strstr(e.where, "aa.conf:1"),
	       "a malformed file is an error that names file and line");
	tap_ok(registry.count == 2 && nacre_registry_by_name(&registry, "b"),
	       "the other registrations are read all the same");
	nacre_registry_free(&registry);
	put_registration("registry.d/aa.conf", "p3");
	put("registry.d/b d.conf", "");
	tap_ok(nacre_registry_read(&registry, &e) < 0 && strstr(e.msg, "rename"),
	       "a file whose name cannot be a registration's is an error");
	nacre_registry_free(&registry);
}

static void users_registration_comes_first(void)
{
	struct nacre_registry registry;
	char config[512];

	snprintf(config, sizeof(config), "%s/config", root);
	unsetenv("NACRE_REGISTRY");
	setenv("XDG_CONFIG_HOME", config, 1);
	put_registration("config/nacre/registry.d/nacre-test-own.conf", "p1");
	nacre_registry_read(&registry, NULL);
	tap_ok(nacre_registry_by_name(&registry, "nacre-test-own") == &registry.list[0],
	       "$XDG_CONFIG_HOME is read, before the system's directories");
	nacre_registry_free(&registry);
	unsetenv("XDG_CONFIG_HOME");
	snprintf(config, sizeof(config), "%s/home", root);
	setenv("HOME", config, 1);
	put_registration("home/.config/nacre/registry.d/nacre-test-home.conf", "p1");
	nacre_registry_read(&registry, NULL);
	tap_ok(nacre_registry_by_name(&registry, "nacre-test-home") != NULL,
	       "without it, ~/.config is read");
	nacre_registry_free(&registry);
}

static void override_must_be_absolute(void)
{
	struct nacre_registry registry;

	setenv("NACRE_REGISTRY", "relative", 1);
	tap_ok(nacre_registry_read(&registry, NULL) < 0, "a relative $NACRE_REGISTRY is refused");
	nacre_registry_free(&registry);
}

int main(void)
{
	if (!mkdtemp(root))
		return 99;
	setenv("NACRE_REGISTRY", root, 1);
	absent_directory_is_an_empty_registry();
	only_conf_files_count();
	proxy_is_found_by_file();
	bad_file_leaves_the_others_in_force();
	users_registration_comes_first();
	override_must_be_absolute();
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return tap_done();
}
