/* SPDX-License-Identifier: BSD-2-Clause */
/* nobody.h - run a test program once more as an ordinary user, which only root can become
 *
 * Wherever the build tree lies, below a home directory that is root's alone for instance, the
 * ordinary user gets copies of the program and of the files that the environment names.
 */
#ifndef NACRE_TESTS_NOBODY_H
#define NACRE_TESTS_NOBODY_H

#include <err.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODY = 65534 };

/* A copy of @from that everybody may read and execute, in @dir under the same name; in @to. */
static inline void nobody_copy(const char *dir, const char *from, char *to, size_t size)
{
	const char *name = strrchr(from, '/');
	int in = open(from, O_RDONLY | O_CLOEXEC), out;
	struct stat st;

	snprintf(to, size, "%s/%s", dir, name ? name + 1 : from);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	if (in < 0 || out < 0 || fstat(in, &st) < 0)
		err(99, "%s", from);
	for (off_t left = st.st_size; left > 0;) {
		ssize_t n = sendfile(out, in, NULL, (size_t)left);

		if (n <= 0)
			err(99, "%s", to);
		left -= n;
	}
	if (fchmod(out, 0755) < 0 || close(out) < 0)
		err(99, "%s", to);
	close(in);
}

static inline void nobody_exec(const char *dir, const char *const *variables, char **argv)
{
	char self[512], path[1024];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (; *variables; variables++) {
		if (!getenv(*variables))
			continue;
		nobody_copy(dir, getenv(*variables), path, sizeof(path));
		setenv(*variables, path, 1);
	}
	self[n > 0 ? n : 0] = 0;
	nobody_copy(dir, self, path, sizeof(path));
	if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
	    setresuid(NOBODY, NOBODY, NOBODY) < 0)
		err(99, "cannot become an ordinary user");
	execv(path, argv);
	err(99, "%s", path);
}

/**
 * nobody_run() - if this is root: run the program again as nobody, and exit as it does
 * @variables: of the environment, naming files that it needs; NULL-ended
 */
static inline void nobody_run(const char *const *variables, char **argv)
{
	char dir[] = "/var/tmp/nacre-nobody-XXXXXX", command[64];
	int status = 0;
	pid_t child;

	if (geteuid() != 0)
		return;
	if (!mkdtemp(dir) || chmod(dir, 0755) < 0)
		err(99, "%s", dir);
	child = fork();
	if (child == 0)
		nobody_exec(dir, variables, argv);
	if (child < 0 || waitpid(child, &status, 0) < 0)
		err(99, "%s", argv[0]);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	if (system(command))
		warn("%s", dir);
	exit(WIFEXITED(status) ? WEXITSTATUS(status) : 99);
}

#endif
