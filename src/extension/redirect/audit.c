/* SPDX-License-Identifier: BSD-2-Clause */
/* audit.c - an rtld audit module that answers a request for an extension with its proxy
 *
 * DOC: Theory of Operation
 *
 * `nacre exec` names this module in LD_AUDIT. The dynamic linker loads it before the host, in a
 * link namespace of its own with a libc of its own, and asks la_objsearch() about every object that
 * it looks for: what dlopen() or a DT_NEEDED entry says (LA_SER_ORIG), then each file that a search
 * path suggests. See rtld-audit(7).
 *
 * The registry is read once, in la_version(), before a second thread can exist; afterwards it is
 * only read. A request for an extension is recognised
 *   - with a slash in it, by being the same file (device and inode): symbolic and hard links,
 *     relative paths, /proc/self/fd/N and $ORIGIN are all followed;
 *   - as a bare name, by soname or by the file's name, if that means one registration alone. What
 * is ambiguous is left to the search, whose candidates are files. The answer is the proxy's path,
 * even when that file is missing: then the search fails with a message that names it, and the host
 * never gets the extension itself.
 *
 * Mustn't: print, exit, or fail a host that has nothing to do with an extension. A malformed
 * drop-in file is logged; the others are in force (`nacre exec` refuses to start with one).
 */
#include "extension/registry/registry.h"
#include <nacre/log.h>

#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT unsigned la_version(unsigned version);
EXPORT unsigned la_objopen(struct link_map *map, Lmid_t lmid, uintptr_t *cookie);
EXPORT char *la_objsearch(const char *name, uintptr_t *cookie, unsigned flag);

static struct nacre_registry registry;

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The one registration whose extension goes by the bare @name. */
static const struct nacre_registration *by_bare_name(const char *name)
{
	const struct nacre_registration *found = NULL;

	for (size_t i = 0; i < registry.count; i++) {
		const struct nacre_registration *r = &registry.list[i];

		if (strcmp(name, r->soname) && strcmp(name, file_name(r->extension)))
			continue;
		if (found)
			return NULL;
		found = r;
	}
	return found;
}

static const struct nacre_registration *by_file(const char *path)
{
	struct stat wanted, st;
	bool there = !stat(path, &wanted);

	for (size_t i = 0; i < registry.count; i++) {
		const struct nacre_registration *r = &registry.list[i];

		if (!strcmp(path, r->extension))
			return r;
		if (there && !stat(r->extension, &st) && st.st_dev == wanted.st_dev &&
		    st.st_ino == wanted.st_ino)
			return r;
	}
	return NULL;
}

/* The directory of the object that asks, which is what $ORIGIN means in its requests. */
static bool origin_of(const struct link_map *map, char *dir, size_t size)
{
	ssize_t n;
	char *slash;

	if (map && map->l_name && map->l_name[0] == '/') {
		n = snprintf(dir, size, "%s", map->l_name);
		if ((size_t)n >= size)
			return false;
	} else {
		n = readlink("/proc/self/exe", dir, size - 1);
		if (n <= 0)
			return false;
		dir[n] = 0;
	}
	slash = strrchr(dir, '/');
	if (!slash)
		return false;
	*slash = 0;
	return true;
}

/* by_file() for a path that begins with $ORIGIN or ${ORIGIN}, which the linker expands later. */
static const struct nacre_registration *by_origin(const char *name, const struct link_map *map)
{
	static const char *const tokens[] = {"$ORIGIN/", "${ORIGIN}/"};
	char dir[PATH_MAX], path[PATH_MAX];

	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		size_t size = strlen(tokens[i]);

		if (!strncmp(name, tokens[i], size) && origin_of(map, dir, sizeof(dir)) &&
		    snprintf(path, sizeof(path), "%s/%s", dir, name + size) < (int)sizeof(path))
			return by_file(path);
	}
	return NULL;
}

unsigned la_version(unsigned version)
{
	struct nacre_error e = {.code = NACRE_OK};

	if (nacre_registry_read(&registry, &e))
		nacre_log(NACRE_LOG_ERROR, "registry", "%s: %s", e.where, e.msg);
	return version < LAV_CURRENT ? version : LAV_CURRENT;
}

unsigned la_objopen(struct link_map *map, Lmid_t lmid, uintptr_t *cookie)
{
	(void)lmid;
	*cookie = (uintptr_t)map;
	return 0; /* no symbol binding is audited: calls cost what they always cost */
}

char *la_objsearch(const char *name, uintptr_t *cookie, unsigned flag)
{
	const struct nacre_registration *r;

	if (!name || !*name || !registry.count)
		return (char *)(uintptr_t)name;
	if (flag == LA_SER_ORIG && !strchr(name, '/'))
		r = by_bare_name(name);
	else if (name[0] == '$')
		r = by_origin(name, cookie ? (const struct link_map *)*cookie : NULL);
	else
		r = by_file(name);
	if (!r)
		return (char *)(uintptr_t)name;
	if (access(r->proxy, R_OK))
		nacre_log(NACRE_LOG_ERROR, r->name,
			  "the proxy %s cannot be read: register the extension again with --force",
			  r->proxy);
	else
		nacre_log(NACRE_LOG_DEBUG, r->name, "%s is answered with %s", name, r->proxy);
	return r->proxy;
}
