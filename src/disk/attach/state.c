/* SPDX-License-Identifier: BSD-2-Clause */
/* state.c - the files that say what is attached
 *
 * "key value" lines; what is no printable character of a value, and '%', is %XX. A file gets its name when it
 * is whole and locked, so whoever reads it reads all of it. The lock is one of POSIX, of which the kernel
 * tells the owner, in the reader's own numbering of processes; so the keeper must never close another
 * descriptor of its file. Everything in it is checked all the same.
 */
#include "state.h"

#include "base/auto.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { STATE_MOST = 3 * (2 * PATH_MAX + 1024) };

#define SUFFIX ".state"

/* A directory of ours that nobody else may write to. */
static int check_own(const char *path, struct nacre_error *e)
{
	struct stat st;

	if (lstat(path, &st))
		return nacre_error_set(e, errno == ENOENT ? NACRE_E_ABSENT : NACRE_E_SYSTEM, errno, path,
				       "cannot be looked at");
	if (S_ISDIR(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 022))
		return 0;
	return nacre_error_set(e, NACRE_E_SYSTEM, 0, path,
			       "is not a directory that is yours alone: what is attached is not kept there");
}

static char *directory_path(char **above)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char *path;
	int n;

	if (geteuid() == 0)
		n = asprintf(above, "/run/nacre");
	else if (runtime && *runtime == '/')
		n = asprintf(above, "%s/nacre", runtime);
	else
		n = asprintf(above, "/tmp/nacre-%u", (unsigned)geteuid());
	if (n < 0) {
		*above = NULL;
		return NULL;
	}
	return asprintf(&path, "%s/attach", *above) < 0 ? NULL : path;
}

char *nacre_state_directory(bool make, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *above = NULL, *path = directory_path(&above);
	mode_t mode = geteuid() ? 0700 : 0755;

	if (!path) {
		nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
		return NULL;
	}
	if (make && ((mkdir(above, mode) && errno != EEXIST) || (mkdir(path, mode) && errno != EEXIST))) {
		nacre_error_set(e, NACRE_E_SYSTEM, errno, path, "cannot be made");
		return NULL;
	}
	return check_own(above, e) || check_own(path, e) ? NULL : nacre_steal(path);
}

static void put_text(FILE *f, const char *key, const char *value)
{
	fprintf(f, "%s ", key);
	for (const unsigned char *c = (const unsigned char *)value; *c; c++)
		fprintf(f, isgraph(*c) && *c != '%' ? "%c" : "%%%02x", *c);
	fputc('\n', f);
}

static int lock(int fd)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(fd, F_SETLK, &l);
}

/* Into @fd, by a copy of it that shares its lock: closing that would give the lock up, so it is not closed. */
static int put_all(int fd, const struct nacre_attachment *a)
{
	NACRE_AUTO_FREE char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return -1;
	put_text(f, "device", a->device);
	put_text(f, "image", a->image);
	put_text(f, "format", a->format);
	fprintf(f, "size %" PRIu64 "\nwritable %d\nfile %d\nsince %" PRId64 "\nbacking %" PRIu64 ":%" PRIu64 "\n", a->size,
		a->writable, a->file, a->since, a->backing_device, a->backing_inode);
	if (fclose(f))
		return -1;
	return write(fd, text, size) == (ssize_t)size ? 0 : -1;
}

int nacre_state_write(const char *directory, const struct nacre_attachment *a, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *path = NULL, *temporary = NULL;
	int fd;

	if (asprintf(&path, "%s/%s" SUFFIX, directory, a->id) < 0 ||
	    asprintf(&temporary, "%s/.%s.%d", directory, a->id, getpid()) < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, a->id, "cannot be kept");
	fd = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd >= 0 && lock(fd) == 0 && put_all(fd, a) == 0 && rename(temporary, path) == 0)
		return fd;
	nacre_error_set(e, NACRE_E_SYSTEM, errno, path, "cannot be written");
	unlink(temporary);
	if (fd >= 0)
		close(fd);
	return -1;
}

void nacre_state_end(int fd, const char *why)
{
	NACRE_AUTO_FREE char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return;
	put_text(f, "end", why);
	/* Without it the end has no reason; there is nobody to tell that to. */
	if (fclose(f) || write(fd, text, size) < 0)
		return;
}

void nacre_state_remove(const char *directory, const char *id)
{
	NACRE_AUTO_FREE char *path = NULL;

	if (asprintf(&path, "%s/%s" SUFFIX, directory, id) >= 0)
		unlink(path);
}

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Return: false where it does not fit, or is nothing that put_text() wrote */
static bool get_text(const char *from, char *to, size_t size)
{
	for (; *from; from++, to++, size--) {
		if (size < 2)
			return false;
		*to = *from;
		if (*from != '%')
			continue;
		if (hex(from[1]) < 0 || hex(from[2]) < 0)
			return false;
		*to = (char)(hex(from[1]) << 4 | hex(from[2]));
		from += 2;
	}
	*to = 0;
	return true;
}

static bool take(struct nacre_attachment *a, const char *key, const char *value)
{
	const struct {
		const char *key;
		char *to;
		size_t size;
	} texts[] = {{"device", a->device, sizeof(a->device)},
		     {"image", a->image, sizeof(a->image)},
		     {"format", a->format, sizeof(a->format)},
		     {"end", a->end, sizeof(a->end)}};
	int flag;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!strcmp(key, texts[i].key))
			return get_text(value, texts[i].to, texts[i].size);
	if (!strcmp(key, "size"))
		return sscanf(value, "%" SCNu64, &a->size) == 1;
	if (!strcmp(key, "since"))
		return sscanf(value, "%" SCNd64, &a->since) == 1;
	if (!strcmp(key, "backing"))
		return sscanf(value, "%" SCNu64 ":%" SCNu64, &a->backing_device, &a->backing_inode) == 2;
	if (sscanf(value, "%d", &flag) != 1)
		return false;
	if (!strcmp(key, "writable"))
		a->writable = flag;
	else if (!strcmp(key, "file"))
		a->file = flag;
	else
		return false;
	return true;
}

/* Who holds the lock? 0: nobody; -1: somebody who cannot be seen from here */
static pid_t holder(int fd)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (fcntl(fd, F_GETLK, &l) || l.l_type == F_UNLCK)
		return 0;
	return l.l_pid > 0 ? l.l_pid : -1;
}

int nacre_state_read(const char *directory, const char *id, struct nacre_attachment *a, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *path = NULL, *text = calloc(1, STATE_MOST + 1);
	NACRE_AUTO_FD int fd = -1;
	char *save = NULL;
	ssize_t n;

	if (!text || asprintf(&path, "%s/%s" SUFFIX, directory, id) < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, id, "cannot be read");
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return nacre_error_set(e, errno == ENOENT ? NACRE_E_ABSENT : NACRE_E_SYSTEM, errno, path, "cannot be read");
	memset(a, 0, sizeof(*a));
	if (!get_text(id, a->id, sizeof(a->id)))
		return nacre_error_set(e, NACRE_E_INPUT, 0, path, "has a name that none has");
	/* First who holds it: what was said at the end is there once nobody does. */
	a->keeper = holder(fd);
	n = read(fd, text, STATE_MOST);
	if (n < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, path, "cannot be read");
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(line, ' ');

		if (value)
			*value++ = 0;
		if (!value || !take(a, line, value))
			return nacre_error_set(e, NACRE_E_INPUT, 0, path, "is damaged; remove it");
	}
	return 0;
}
