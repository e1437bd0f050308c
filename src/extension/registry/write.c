/* SPDX-License-Identifier: BSD-2-Clause */
/* write.c - a registration becomes a drop-in file
 *
 * What is written is parsed again before it replaces anything, so that a file that `register` made
 * can always be read, and no value can smuggle in a line of its own.
 */
#include "keys.h"

#include "base/auto.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_value(const char *key, const char *value, struct nacre_error *e)
{
	size_t size = strlen(value);

	for (size_t i = 0; i < size; i++)
		if ((unsigned char)value[i] < ' ' || value[i] == 0x7f)
			return nacre_error_set(e, NACRE_E_USAGE, 0, key,
					       "a value cannot have control characters");
	if (size && (value[0] == ' ' || value[size - 1] == ' '))
		return nacre_error_set(e, NACRE_E_USAGE, 0, key,
				       "a value cannot begin or end with a blank");
	return 0;
}

static int write_string(FILE *f, const char *key, const char *value, struct nacre_error *e)
{
	if (!value || !*value)
		return 0;
	if (check_value(key, value, e))
		return -1;
	fprintf(f, "%s = %s\n", key, value);
	return 0;
}

static int write_key(FILE *f, const struct nacre_registration *r, const struct registry_key *k,
		     struct nacre_error *e)
{
	const void *at = (const char *)r + k->offset;
	const char *profile;
	char *const *list;

	switch (k->kind) {
	case REGISTRY_NUMBER:
		fprintf(f, "%s = %u\n", k->name, *(const uint32_t *)at);
		return 0;
	case REGISTRY_PROFILE:
		profile = nacre_registry_profile_name(*(const enum nacre_profile *)at);
		return write_string(f, k->name, profile ? profile : "?", e);
	case REGISTRY_BOOL:
		if (*(const bool *)at)
			fprintf(f, "%s = yes\n", k->name);
		return 0;
	case REGISTRY_PATHS:
	case REGISTRY_SYSCALLS:
	case REGISTRY_VARIABLES:
		for (list = *(char *const *const *)at; list && *list; list++)
			if (write_string(f, k->name, *list, e))
				return -1;
		return 0;
	default:
		return write_string(f, k->name, *(char *const *)at, e);
	}
}

int nacre_registration_format(const struct nacre_registration *r, char **text, size_t *size,
			      struct nacre_error *e)
{
	NACRE_AUTO_FREE char *buffer = NULL; /* freed after f is closed */
	NACRE_AUTO_FILE FILE *f = open_memstream(&buffer, size);
	struct nacre_registration again;

	if (!f)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, r->file, "cannot write");
	fprintf(f, "# Written by `nacre register`; the keys are explained in nacre-registry(5).\n");
	for (const struct registry_key *k = nacre_registry_keys; k->name; k++)
		if (write_key(f, r, k, e))
			return -1;
	if (fclose(nacre_steal(f)))
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, r->file, "cannot write");
	if (nacre_registration_parse(&again, r->file, r->name, buffer, *size, e))
		return nacre_error_add(e, "the registration cannot be written");
	nacre_registration_clear(&again);
	*text = nacre_steal(buffer);
	return 0;
}

static int make_directories(char *path, struct nacre_error *e)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(path, 0755) && errno != EEXIST)
			return nacre_error_set(e, NACRE_E_SYSTEM, errno, path,
					       "cannot make the directory");
		*slash = '/';
	}
	return 0;
}

static int write_all(int fd, const char *text, size_t size)
{
	while (size) {
		ssize_t n = write(fd, text, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		text += n;
		size -= (size_t)n;
	}
	return 0;
}

/* The rename is on the disk when the directory is. */
static void sync_directory(char *temp)
{
	NACRE_AUTO_FD int dir = -1;

	*strrchr(temp, '/') = 0;
	dir = open(temp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir >= 0)
		fsync(dir);
}

static int replace(const char *file, char *temp, const char *text, size_t size,
		   struct nacre_error *e)
{
	NACRE_AUTO_FD int fd = mkostemp(temp, O_CLOEXEC);

	if (fd < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, file, "cannot write");
	if (write_all(fd, text, size) || fchmod(fd, 0644) || fsync(fd) || rename(temp, file)) {
		nacre_error_set(e, NACRE_E_SYSTEM, errno, file, "cannot write");
		unlink(temp);
		return -1;
	}
	sync_directory(temp);
	return 0;
}

int nacre_registration_write(const struct nacre_registration *r, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *text = NULL, *temp = NULL;
	const char *slash = r->file ? strrchr(r->file, '/') : NULL;
	size_t size = 0;

	if (!slash || r->file[0] != '/' || !r->name ||
	    !nacre_registry_name_valid(r->name, strlen(r->name)) ||
	    strncmp(slash + 1, r->name, strlen(r->name)) ||
	    strcmp(slash + 1 + strlen(r->name), REGISTRY_SUFFIX))
		return nacre_error_set(e, NACRE_E_USAGE, 0, r->file ? r->file : "registration",
				       "a registration's file is an absolute path that ends with "
				       "/NAME" REGISTRY_SUFFIX);
	if (nacre_registration_format(r, &text, &size, e))
		return -1;
	if (asprintf(&temp, "%.*s/.%s.XXXXXX", (int)(slash - r->file), r->file, slash + 1) < 0) {
		temp = NULL;
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, r->file, "cannot write");
	}
	if (make_directories(temp, e))
		return -1;
	return replace(r->file, temp, text, size, e);
}

int nacre_registration_carry(const struct nacre_registration *r, int fd, struct nacre_error *e)
{
	struct nacre_registry_trailer t = {.magic = ""};
	NACRE_AUTO_FREE char *text = NULL;
	size_t length = r->name ? strlen(r->name) : 0, size = 0;

	if (!nacre_registry_name_valid(r->name, length))
		return nacre_error_set(e, NACRE_E_USAGE, 0, r->name ? r->name : "registration",
				       "no name for a registration");
	if (nacre_registration_format(r, &text, &size, e))
		return -1;
	memcpy(t.name, r->name, length);
	for (unsigned i = 0; i < sizeof(t.size); i++)
		t.size[i] = (uint8_t)((uint64_t)size >> 8 * i);
	memcpy(t.magic, REGISTRY_TRAILER, sizeof(t.magic));
	if (lseek(fd, 0, SEEK_END) < 0 || write_all(fd, text, size) ||
	    write_all(fd, (const char *)&t, sizeof(t)))
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, r->name, "cannot write into the proxy");
	return 0;
}
