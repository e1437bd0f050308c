/* SPDX-License-Identifier: BSD-2-Clause */
/* generate.c - run the generator with this installation's parts
 *
 * It is a program of its own (generator.c): it needs libclang, which takes longer to load than all
 * that other commands do, and which a machine that only runs hosts does not have.
 */
#include "generate.h"
#include "cli.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int run(char **argv)
{
	int status, sys;
	pid_t pid;

	sys = posix_spawn(&pid, argv[0], NULL, NULL, argv, environ);
	if (sys)
		return cli_error(NACRE_E_SYSTEM, argv[0], "cannot be started: %s", strerror(sys));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return cli_error(NACRE_E_SYSTEM, argv[0], "%s", strerror(errno));
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	return cli_error(NACRE_E_FAILED, argv[0], "ended by signal %d", WTERMSIG(status));
}

/* Return: 0, or the exit code when something is missing, with what to do about it. */
static int check_parts(const struct cli_layout *l, bool build)
{
	if (access(l->generator, X_OK))
		return cli_error(NACRE_E_ABSENT, l->generator,
				 "the generator is not there (%s): install it, or use an interface "
				 "that comes with nacre",
				 strerror(errno));
	if (build && access(l->proxy_library, R_OK))
		return cli_error(NACRE_E_ABSENT, l->proxy_library,
				 "a part of nacre is not there (%s): install it again",
				 strerror(errno));
	return NACRE_OK;
}

int cli_generate(const char *overlay, const char *extension, const char *dir,
		 const char *const *include, bool build, const struct cli_layout *l)
{
	size_t n = 0, at = 0;
	char **argv;
	int code = check_parts(l, build);

	if (code)
		return code;
	while (include && include[n])
		n++;
	argv = calloc(n + 8, sizeof(*argv));
	if (!argv)
		return cli_error(NACRE_E_SYSTEM, "memory", "there is none left");
	argv[at++] = l->generator;
	argv[at++] = (char *)(uintptr_t)overlay;
	argv[at++] = (char *)(uintptr_t)(extension ? extension : "");
	argv[at++] = (char *)(uintptr_t)dir;
	argv[at++] = l->include;
	argv[at++] = l->proxy_library;
	argv[at++] = (char *)(uintptr_t)(build ? "build" : "write");
	for (size_t i = 0; i < n; i++)
		argv[at + i] = cli_format("-I%s", include[i]);
	code = run(argv);
	for (size_t i = 0; i < n; i++)
		free(argv[at + i]);
	free(argv);
	return code;
}
