/* SPDX-License-Identifier: BSD-2-Clause */
/* layout.c - where the parts of nacre are, and where registrations are kept */
#include "layout.h"
#include "cli.h"

#include "base/auto.h"

#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Does this program run from the build tree? */
static bool in_build_tree(void)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	size_t size = strlen(NACRE_BUILDDIR);

	if (n <= 0)
		return false;
	exe[n] = 0;
	return !strncmp(exe, NACRE_BUILDDIR, size) && exe[size] == '/';
}

void cli_layout_find(struct cli_layout *l)
{
	l->built = in_build_tree();
	if (l->built) {
		l->vproc = cli_format("%s/src/extension/vproc/nacre-vproc", NACRE_BUILDDIR);
		l->mount = cli_format("%s/src/fs/kernel/nacre-mount", NACRE_BUILDDIR);
		l->audit = cli_format("%s/src/extension/redirect/nacre-audit.so", NACRE_BUILDDIR);
		l->generator = cli_format("%s/src/cli/nacre-generator", NACRE_BUILDDIR);
		l->include = cli_format("%s/include", NACRE_SOURCEDIR);
		l->proxy_library =
			cli_format("%s/src/extension/vproc/libnacre-proxy.a", NACRE_BUILDDIR);
		l->overlays = cli_format("%s/overlays", NACRE_SOURCEDIR);
		l->pairs = cli_format("%s/overlays", NACRE_BUILDDIR);
		l->drivers = cli_format("%s/src/fs", NACRE_BUILDDIR);
		return;
	}
	l->vproc = cli_format("%s/nacre-vproc", NACRE_LIBEXECDIR);
	l->mount = cli_format("%s/nacre-mount", NACRE_LIBEXECDIR);
	l->audit = cli_format("%s/nacre-audit.so", NACRE_LIBDIR);
	l->generator = cli_format("%s/nacre-generator", NACRE_LIBEXECDIR);
	l->include = cli_format("%s", NACRE_INCLUDEDIR);
	l->proxy_library = cli_format("%s/libnacre-proxy.a", NACRE_LIBDIR);
	l->overlays = cli_format("%s/overlays", NACRE_DATADIR);
	l->pairs = cli_format("%s/pairs", NACRE_LIBDIR);
	l->drivers = cli_format("%s/drivers", NACRE_LIBDIR);
}

void cli_layout_free(struct cli_layout *l)
{
	free(l->vproc);
	free(l->mount);
	free(l->audit);
	free(l->generator);
	free(l->include);
	free(l->proxy_library);
	free(l->overlays);
	free(l->pairs);
	free(l->drivers);
}

/* $variable, or $HOME/@below, with @behind appended; NULL where there is neither. */
static char *user_directory(const char *variable, const char *below, const char *behind)
{
	const char *own = getenv(variable), *home = getenv("HOME");

	if (own && *own == '/')
		return cli_format("%s/%s", own, behind);
	if (home && *home == '/')
		return cli_format("%s/%s/%s", home, below, behind);
	return NULL;
}

int cli_places_find(struct cli_places *p)
{
	const char *only = getenv("NACRE_REGISTRY");

	if (only && *only) {
		if (*only != '/')
			return cli_error(NACRE_E_USAGE, "NACRE_REGISTRY",
					 "must be an absolute path");
		p->conf = cli_format("%s/registry.d", only);
		p->data = cli_format("%s/data", only);
	} else if (geteuid() == 0) {
		p->conf = cli_format("/etc/nacre/registry.d");
		p->data = cli_format("/var/lib/nacre");
	} else {
		p->conf = user_directory("XDG_CONFIG_HOME", ".config", "nacre/registry.d");
		p->data = user_directory("XDG_DATA_HOME", ".local/share", "nacre");
		if (!p->conf || !p->data) {
			cli_places_free(p);
			return cli_error(NACRE_E_ABSENT, "HOME",
					 "not set, so there is no place for registrations: set it");
		}
	}
	return NACRE_OK;
}

void cli_places_free(struct cli_places *p)
{
	free(p->conf);
	free(p->data);
	p->conf = p->data = NULL;
}

char *cli_absolute(const char *path)
{
	NACRE_AUTO_FREE char *cwd = NULL;

	if (path[0] == '/')
		return cli_format("%s", path);
	cwd = getcwd(NULL, 0);
	if (!cwd)
		exit(cli_error(NACRE_E_SYSTEM, ".", "cannot find out the working directory: %s",
			       strerror(errno)));
	while (path[0] == '.' && path[1] == '/')
		for (path++; *path == '/'; path++)
			;
	return cli_format("%s/%s", cwd[1] ? cwd : "", path);
}

char *cli_canonical(const char *path)
{
	char *absolute = cli_absolute(path), *slash = strrchr(absolute, '/'), *real, *result;

	if (!slash[1] || !strcmp(slash, "/.") || !strcmp(slash, "/..")) {
		real = realpath(absolute, NULL);
		if (!real)
			return absolute;
		free(absolute);
		return real;
	}
	*slash = 0;
	real = realpath(*absolute ? absolute : "/", NULL);
	*slash = '/';
	if (!real)
		return absolute;
	result = cli_format("%s%s", real[1] ? real : "", slash);
	free(real);
	free(absolute);
	return result;
}
