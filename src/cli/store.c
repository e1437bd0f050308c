/* SPDX-License-Identifier: BSD-2-Clause */
/* store.c - the data directory of a registration: its own copies of proxy and stub */
#include "store.h"
#include "cli.h"

#include "base/auto.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

static int failed(struct nacre_error *e, const char *path, const char *what)
{
	int sys = errno;

	return nacre_error_set(e, NACRE_E_SYSTEM, sys, "data directory", "%s %s", what, path);
}

int store_make_directories(const char *dir, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *path = cli_format("%s/", dir);

	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(path, 0755) && errno != EEXIST)
			return failed(e, path, "cannot make");
		*slash = '/';
	}
	return 0;
}

int store_begin(struct store *s, const char *data, const char *name, struct nacre_error *e)
{
	s->swapped = false;
	s->final = cli_format("%s/%s", data, name);
	s->temp = cli_format("%s/.%s.XXXXXX", data, name);
	if (store_make_directories(data, e) == 0) {
		if (mkdtemp(s->temp)) {
			if (chmod(s->temp, 0755) == 0)
				return 0;
			rmdir(s->temp);
		}
		failed(e, data, "cannot write in");
	}
	free(s->final);
	free(s->temp);
	s->final = s->temp = NULL;
	return -1;
}

static int copy_bytes(int from, int to)
{
	for (;;) {
		ssize_t n = sendfile(to, from, NULL, 1 << 24);

		if (n == 0)
			return fsync(to);
		if (n < 0 && errno != EINTR)
			return -1;
	}
}

static int note(struct store *s, const char *name, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *path = cli_format("%s/%s", s->temp, STORE_MANIFEST);
	NACRE_AUTO_FILE FILE *f = fopen(path, "ae");

	if (!f || fprintf(f, "%s\n", name) < 0 || fclose(nacre_steal(f)))
		return failed(e, path, "cannot write");
	return 0;
}

int store_copy(struct store *s, const char *from, const char *name, bool program,
	       struct nacre_error *e)
{
	NACRE_AUTO_FREE char *path = cli_format("%s/%s", s->temp, name);
	NACRE_AUTO_FD int in = open(from, O_RDONLY | O_CLOEXEC), out = -1;
	mode_t mode = program ? 0755 : 0644;

	if (in < 0)
		return failed(e, from, "cannot read");
	out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (out < 0 || fchmod(out, mode) || copy_bytes(in, out))
		return failed(e, path, "cannot write");
	return note(s, name, e);
}

int store_commit(struct store *s, struct nacre_error *e)
{
	if (!renameat2(AT_FDCWD, s->temp, AT_FDCWD, s->final, RENAME_NOREPLACE))
		return 0;
	if (errno == EEXIST && !renameat2(AT_FDCWD, s->temp, AT_FDCWD, s->final, RENAME_EXCHANGE)) {
		s->swapped = true;
		return 0;
	}
	return failed(e, s->final, "cannot replace");
}

void store_revert(struct store *s)
{
	int done = s->swapped ? renameat2(AT_FDCWD, s->temp, AT_FDCWD, s->final, RENAME_EXCHANGE)
			      : rename(s->final, s->temp);

	if (done)
		cli_warn(s->final, "cannot be put back: %s", strerror(errno));
	s->swapped = false;
}

void store_end(struct store *s)
{
	struct nacre_error e;

	if (!s->temp)
		return;
	if (s->swapped && store_remove(s->temp, &e))
		cli_warn(s->temp, "the earlier data directory is left: %s", e.msg);
	else if (!s->swapped)
		store_remove_tree(s->temp);
	free(s->final);
	free(s->temp);
	s->final = s->temp = NULL;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	return type == FTW_DP ? rmdir(path) : unlink(path);
}

void store_remove_tree(const char *dir)
{
	if (!access(dir, F_OK) && nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT))
		cli_warn(dir, "cannot be removed: %s", strerror(errno));
}

/* Remove @dir/@name where @name is a plain file name. */
static int remove_file(const char *dir, const char *name, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *path = cli_format("%s/%s", dir, name);

	if (!*name || strchr(name, '/'))
		return 0;
	if (unlink(path) && errno != ENOENT)
		return failed(e, path, "cannot remove");
	return 0;
}

int store_remove(const char *dir, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *path = cli_format("%s/%s", dir, STORE_MANIFEST);
	NACRE_AUTO_FREE char *line = NULL;
	NACRE_AUTO_FILE FILE *f = fopen(path, "re");
	size_t size = 0;
	ssize_t n;

	if (!f && errno == ENOENT && access(dir, F_OK))
		return 0;
	if (!f)
		return failed(e, path, "cannot read");
	while ((n = getline(&line, &size, f)) > 0) {
		line[strcspn(line, "\n")] = 0;
		if (remove_file(dir, line, e))
			return -1;
	}
	if (remove_file(dir, STORE_MANIFEST, e))
		return -1;
	if (rmdir(dir))
		return failed(e, dir, "files that nacre did not make are left in");
	return 0;
}

static char *file_problem(const char *what, const char *path, int mode)
{
	struct stat st;

	if (stat(path, &st))
		return cli_format("the %s %s cannot be found: %s", what, path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return cli_format("the %s %s is not a regular file", what, path);
	if (access(path, mode))
		return cli_format("the %s %s cannot be used: %s", what, path, strerror(errno));
	return NULL;
}

char *store_problem(const struct nacre_registration *r)
{
	char *problem = file_problem("proxy", r->proxy, R_OK);

	if (!problem)
		problem = file_problem("stub", r->stub, R_OK);
	if (!problem)
		problem = file_problem("extension", r->extension, R_OK);
	if (!problem)
		problem = file_problem("program", r->vproc, X_OK);
	return problem;
}
