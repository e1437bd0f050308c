/* SPDX-License-Identifier: BSD-2-Clause */
/* read.c - the registry.d directories become one list of registrations */
#include "keys.h"

#include "base/auto.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* a "/" b in new memory; NULL when there is none. */
static char *join(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	char *s = malloc(n + m + 2);

	if (s) {
		memcpy(s, a, n);
		s[n] = '/';
		memcpy(s + n + 1, b, m + 1);
	}
	return s;
}

static int unreadable(const char *file, int sys, struct nacre_error *e)
{
	char where[sizeof(e->where)];

	nacre_registry_where(where, file, 0);
	return nacre_error_set(e, NACRE_E_SYSTEM, sys, where, "cannot read this registration");
}

static int read_whole(int fd, const char *file, char **text, size_t *size, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *buffer = NULL;
	struct stat st;
	size_t have = 0;

	if (fstat(fd, &st))
		return unreadable(file, errno, e);
	if (!S_ISREG(st.st_mode))
		return unreadable(file, EINVAL, e);
	buffer = malloc(REGISTRY_FILE_MAX + 1);
	if (!buffer)
		return unreadable(file, ENOMEM, e);
	while (have <= REGISTRY_FILE_MAX) {
		ssize_t n = read(fd, buffer + have, REGISTRY_FILE_MAX + 1 - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return unreadable(file, errno, e);
		if (n == 0)
			break;
		have += (size_t)n;
	}
	*text = nacre_steal(buffer);
	*size = have;
	return 0;
}

static int read_file(struct nacre_registration *r, const char *file, const char *name,
		     struct nacre_error *e)
{
	NACRE_AUTO_FD int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	NACRE_AUTO_FREE char *text = NULL;
	size_t size = 0;

	if (fd < 0)
		return unreadable(file, errno, e);
	if (read_whole(fd, file, &text, &size, e))
		return -1;
	return nacre_registration_parse(r, file, name, text, size, e);
}

static int add_file(struct nacre_registry *registry, const char *dir, const char *entry,
		    struct nacre_error *e)
{
	NACRE_AUTO_FREE char *file = join(dir, entry);
	size_t size = strlen(entry) - strlen(REGISTRY_SUFFIX);
	char name[REGISTRY_NAME_MAX + 1];
	struct nacre_registration *list;

	if (!file)
		return unreadable(entry, ENOMEM, e);
	if (!nacre_registry_name_valid(entry, size))
		return nacre_error_set(
			e, NACRE_E_INPUT, 0, entry,
			"a registration's name has at most %d letters, digits and . _ -: "
			"rename the file in %s",
			REGISTRY_NAME_MAX, dir);
	memcpy(name, entry, size);
	name[size] = 0;
	if (nacre_registry_by_name(registry, name))
		return 0;
	list = realloc(registry->list, (registry->count + 1) * sizeof(*list));
	if (!list)
		return unreadable(entry, ENOMEM, e);
	registry->list = list;
	if (read_file(&list[registry->count], file, name, e))
		return -1;
	registry->count++;
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_names(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

/* The *.conf names in @dir, sorted. A directory that is not there has none. */
static int list_names(const char *dir, bool user, char ***names, size_t *count,
		      struct nacre_error *e)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	int saved = 0;

	*names = NULL;
	*count = 0;
	if (!d) {
		if (errno == ENOENT || errno == ENOTDIR || (user && errno == EACCES))
			return 0;
		return unreadable(dir, errno, e);
	}
	while (!saved && (entry = readdir(d))) {
		size_t n = strlen(entry->d_name), suffix = strlen(REGISTRY_SUFFIX);
		char **more;

		if (entry->d_name[0] == '.' || n <= suffix ||
		    strcmp(entry->d_name + n - suffix, REGISTRY_SUFFIX))
			continue;
		more = *count < REGISTRY_FILES_MAX ? realloc(*names, (*count + 1) * sizeof(*more))
						   : NULL;
		if (!more) {
			saved = *count < REGISTRY_FILES_MAX ? ENOMEM : EFBIG;
			break;
		}
		*names = more;
		more[*count] = strdup(entry->d_name);
		if (!more[*count])
			saved = ENOMEM;
		else
			(*count)++;
	}
	closedir(d);
	if (saved) {
		free_names(*names, *count);
		*names = NULL;
		return nacre_error_set(e, NACRE_E_SYSTEM, saved, dir,
				       "cannot list the registry (at most %d files)",
				       REGISTRY_FILES_MAX);
	}
	if (*count)
		qsort(*names, *count, sizeof(**names), by_text);
	return 0;
}

/* Reads on behind a bad file: the others are in force. *@failed keeps the first error in @e. */
static void add_directory(struct nacre_registry *registry, const char *dir, bool user, bool *failed,
			  struct nacre_error *e)
{
	struct nacre_error other;
	char **names;
	size_t count;

	if (list_names(dir, user, &names, &count, *failed ? &other : e)) {
		*failed = true;
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (add_file(registry, dir, names[i], *failed ? &other : e))
			*failed = true;
	free_names(names, count);
}

/* The user's directory, or NULL where there is no home. */
static char *user_directory(void)
{
	const char *config = secure_getenv("XDG_CONFIG_HOME"), *home = secure_getenv("HOME");

	if (config && *config == '/')
		return join(config, "nacre/registry.d");
	if (home && *home == '/')
		return join(home, ".config/nacre/registry.d");
	return NULL;
}

int nacre_registry_read(struct nacre_registry *registry, struct nacre_error *e)
{
	static const char *const system_directories[] = {"/etc/nacre/registry.d",
							 "/usr/lib/nacre/registry.d"};
	const char *only = secure_getenv("NACRE_REGISTRY");
	NACRE_AUTO_FREE char *own = NULL;
	bool failed = false;

	registry->list = NULL;
	registry->count = 0;
	if (only && *only) {
		if (*only != '/')
			return nacre_error_set(e, NACRE_E_USAGE, 0, "NACRE_REGISTRY",
					       "must be an absolute path");
		own = join(only, "registry.d");
		if (!own)
			return unreadable(only, ENOMEM, e);
		add_directory(registry, own, false, &failed, e);
		return failed ? -1 : 0;
	}
	own = user_directory();
	if (own)
		add_directory(registry, own, true, &failed, e);
	for (size_t i = 0; i < sizeof(system_directories) / sizeof(system_directories[0]); i++)
		add_directory(registry, system_directories[i], false, &failed, e);
	return failed ? -1 : 0;
}

/* What is behind the proxy at @fd, whose last byte is before @end. */
static int read_carried(struct nacre_registry *registry, int fd, off_t end, const char *path,
			const struct nacre_registry_trailer *t, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *text = NULL;
	size_t length = strnlen(t->name, sizeof(t->name));
	char name[REGISTRY_NAME_MAX + 1] = {0};
	uint64_t size = 0;

	for (unsigned i = 0; i < sizeof(t->size); i++)
		size |= (uint64_t)t->size[i] << 8 * i;
	memcpy(name, t->name, length);
	if (size > REGISTRY_FILE_MAX || (off_t)size > end || !nacre_registry_name_valid(name, length))
		return nacre_error_set(e, NACRE_E_INPUT, 0, path,
				       "the registration that this proxy carries is damaged: generate it "
				       "again with `nacre wrap`");
	text = malloc(size + 1);
	registry->list = calloc(1, sizeof(*registry->list));
	if (!text || !registry->list)
		return unreadable(path, ENOMEM, e);
	if (pread(fd, text, size, end - (off_t)size) != (ssize_t)size)
		return unreadable(path, EIO, e);
	if (nacre_registration_parse(&registry->list[0], path, name, text, size, e))
		return -1;
	registry->count = 1;
	return 1;
}

int nacre_registry_carried(struct nacre_registry *registry, const char *path, struct nacre_error *e)
{
	NACRE_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct nacre_registry_trailer t;
	struct stat st;
	int found;

	registry->list = NULL;
	registry->count = 0;
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(t) ||
	    pread(fd, &t, sizeof(t), st.st_size - (off_t)sizeof(t)) != (ssize_t)sizeof(t) ||
	    memcmp(t.magic, REGISTRY_TRAILER, sizeof(t.magic)))
		return 0;
	found = read_carried(registry, fd, st.st_size - (off_t)sizeof(t), path, &t, e);
	if (found < 0)
		nacre_registry_free(registry);
	return found;
}

void nacre_registry_free(struct nacre_registry *registry)
{
	for (size_t i = 0; i < registry->count; i++)
		nacre_registration_clear(&registry->list[i]);
	free(registry->list);
	registry->list = NULL;
	registry->count = 0;
}

const struct nacre_registration *nacre_registry_by_proxy(const struct nacre_registry *registry,
							 const char *path)
{
	struct stat wanted, st;

	if (stat(path, &wanted))
		return NULL;
	for (size_t i = 0; i < registry->count; i++)
		if (!stat(registry->list[i].proxy, &st) && st.st_dev == wanted.st_dev &&
		    st.st_ino == wanted.st_ino)
			return &registry->list[i];
	return NULL;
}

const struct nacre_registration *nacre_registry_by_name(const struct nacre_registry *registry,
							const char *name)
{
	for (size_t i = 0; i < registry->count; i++)
		if (!strcmp(registry->list[i].name, name))
			return &registry->list[i];
	return NULL;
}
