/* SPDX-License-Identifier: BSD-2-Clause */
/* closure.c - the files that the dynamic loader needs for an object
 *
 * DOC: Theory of Operation
 *
 * Only the loader knows how it searches (cache, RUNPATH, hardware directories, LD_LIBRARY_PATH), so it
 * is asked: "ld.so --list OBJECT" maps everything and prints it, without running any code of it. The
 * one asked is the loader of the running program (PT_INTERP), as it will load the extension too.
 *
 * A crafted object could nevertheless take over a loader that maps it. So the asking child is itself
 * in a sandbox: it may read files, and write to the pipe that it answers by.
 *
 * Answers are lines "NAME => PATH (0xADDRESS)" and "PATH (0xADDRESS)", or, about what it cannot load,
 * "OBJECT: error while loading shared libraries: NAME: REASON". What is listed goes to the result by
 * its path as named and by its real path.
 *
 * The result belongs to the caller, see nacre_closure_free(). Only called in a launcher, whose child
 * processes it leaves alone.
 */
#include "inside.h"

#include "base/auto.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define ANSWER_MOST  (256 * 1024)
#define FILES_MOST   4096
#define LIST_MEMORY  (UINT64_C(4) << 30)
#define LIST_SECONDS 10

/* The result under construction. */
struct files {
	char **list;
	size_t count;
};

static int add_file(struct files *f, const char *path, struct nacre_error *e)
{
	char **grown, *copy;
	size_t i;

	for (i = 0; i < f->count; i++)
		if (!strcmp(f->list[i], path))
			return 0;
	if (f->count == FILES_MOST)
		return nacre_error_set(e, NACRE_E_INPUT, 0, path, "needs more than %d files", FILES_MOST);
	copy = strdup(path);
	grown = copy ? reallocarray(f->list, f->count + 2, sizeof(*grown)) : NULL;
	if (!grown) {
		free(copy);
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, path, "cannot list its libraries");
	}
	f->list = grown;
	f->list[f->count++] = copy;
	f->list[f->count] = NULL;
	return 0;
}

/* @path as it is named, and as what it is. */
static int add_both(struct files *f, const char *path, struct nacre_error *e)
{
	char real[PATH_MAX];

	if (add_file(f, path, e) < 0)
		return -1;
	if (!realpath(path, real))
		return nacre_error_set(e, errno == ENOENT ? NACRE_E_ABSENT : NACRE_E_SYSTEM, errno, path,
				       "cannot resolve");
	return add_file(f, real, e);
}

static int find_interpreter(struct dl_phdr_info *info, size_t size, void *found)
{
	int i;

	(void)size;
	for (i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_INTERP)
			*(const char **)found = (const char *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
	return 1; /* the first one is the program */
}

/* Variables that would load something into the child. */
static bool passes(const char *variable)
{
	static const char *const dropped[] = { "LD_AUDIT=", "LD_PRELOAD=", "LD_DEBUG=", "LD_DEBUG_OUTPUT=",
					       "LD_BIND_NOW=", "LD_WARN=", "LD_VERBOSE=", "LD_PROFILE=" };
	size_t i;

	for (i = 0; i < sizeof(dropped) / sizeof(*dropped); i++)
		if (!strncmp(variable, dropped[i], strlen(dropped[i])))
			return false;
	return true;
}

/* In the child: to the loader, by way of a sandbox as far as this machine has one. */
static void ask(const char *loader, const char *object, char **environment, int out, unsigned means)
{
	static const char *const everything[] = { "/", NULL };
	const struct nacre_confinement c = {
		.means = means & (NACRE_CONFINE_LANDLOCK | NACRE_CONFINE_SECCOMP),
		.read = everything, .fork = true, .memory = LIST_MEMORY
	};
	char *const argv[] = { (char *)loader, (char *)"--list", (char *)object, NULL };
	const int keep[] = { 0, 1, 2 };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		_exit(126);
	alarm(LIST_SECONDS);
	if (nacre_confine_files(&c, NULL) < 0 || nacre_confine_limits(&c, keep, 3, NULL) < 0 ||
	    nacre_confine_syscalls(&c, NULL, NULL) < 0)
		_exit(126);
	execve(loader, argv, environment);
	_exit(127);
}

/* Everything that comes from @fd, at most ANSWER_MOST bytes. Return: a string to free, or NULL */
static char *read_answer(int fd)
{
	NACRE_AUTO_FREE char *text = malloc(ANSWER_MOST + 1);
	size_t got = 0;

	while (text && got < ANSWER_MOST) {
		ssize_t n = read(fd, text + got, ANSWER_MOST - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	if (!text || got == ANSWER_MOST || memchr(text, '\0', got))
		return NULL;
	text[got] = '\0';
	return nacre_steal(text);
}

/* Run the loader on @object. Return: what it prints, to be freed, or NULL */
static char *list_object(const char *loader, const char *object, char **environment, int *status,
			 struct nacre_error *e)
{
	NACRE_AUTO_FD int from = -1;
	NACRE_AUTO_FD int to = -1;
	unsigned means = nacre_confine_probe();
	int ends[2];
	char *text;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		goto failed;
	from = ends[0];
	to = ends[1];
	/* A plain fork, as the stages allocate; the launcher has one thread. */
	child = fork();
	if (child < 0)
		goto failed;
	if (child == 0)
		ask(loader, object, environment, to, means);
	close(nacre_steal_fd(&to));
	text = read_answer(from);
	close(nacre_steal_fd(&from)); /* one that says too much ends by SIGPIPE */
	while (waitpid(child, status, 0) < 0)
		if (errno != EINTR) {
			*status = -1;
			break;
		}
	if (!text)
		nacre_error_set(e, NACRE_E_INPUT, 0, object, "the loader lists it in a strange way");
	return text;
failed:
	nacre_error_set(e, NACRE_E_SYSTEM, errno, object, "cannot ask the loader for its libraries");
	return NULL;
}

/* The loader's reason for not loading @object, in its own words; it may quote @object's bytes. */
static int refuse(char *reason, const char *object, struct nacre_error *e)
{
	bool absent = strstr(reason, "No such file or directory") != NULL;
	char *c;

	for (c = reason; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return nacre_error_set(e, absent ? NACRE_E_ABSENT : NACRE_E_INPUT, 0, object,
			       "cannot be loaded: %.140s", reason);
}

/* One line of the answer. */
static int take_line(struct files *f, char *line, const char *object, struct nacre_error *e)
{
	static const char arrow[] = " => ", failure[] = ": error while loading shared libraries: ";
	char *path, *end;

	if ((path = strstr(line, failure)) != NULL)
		return refuse(path + strlen(failure), object, e);
	line += strspn(line, " \t");
	path = strstr(line, arrow);
	path = path ? path + strlen(arrow) : line;
	/* The last one: a path may contain anything. */
	for (end = NULL; (line = strstr(end ? end + 1 : path, " (0x")) != NULL;)
		end = line;
	if (!end || path[0] != '/')
		return 0; /* linux-vdso.so.1, "statically linked" */
	*end = '\0';
	return add_both(f, path, e);
}

static int take_answer(struct files *f, char *text, int status, const char *object,
		       struct nacre_error *e)
{
	char *line, *rest = text;

	while ((line = strsep(&rest, "\n")) != NULL)
		if (take_line(f, line, object, e) < 0)
			return -1;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return nacre_error_set(e, NACRE_E_INPUT, 0, object, "the dynamic loader cannot list it");
	return 0;
}

static int add_object(struct files *f, const char *loader, const char *object, char **environment,
		      struct nacre_error *e)
{
	NACRE_AUTO_FREE char *text = NULL;
	struct stat st;
	int status;

	if (object[0] == '/' && stat(object, &st) < 0)
		return nacre_error_set(e, errno == ENOENT ? NACRE_E_ABSENT : NACRE_E_SYSTEM, errno, object,
				       "cannot be loaded");
	if (object[0] == '/' && add_both(f, object, e) < 0)
		return -1;
	text = list_object(loader, object, environment, &status, e);
	return text ? take_answer(f, text, status, object, e) : -1;
}

/* Libraries that the C library loads by itself, when something asks for it. */
static int add_late(struct files *f, struct nacre_error *e)
{
	char beside[PATH_MAX];
	size_t i;

	for (i = 0; i < f->count; i++) {
		const char *slash = strrchr(f->list[i], '/');

		if (!slash || strcmp(slash, "/libc.so.6"))
			continue;
		/* pthread_cancel() and backtrace() unwind with it. */
		snprintf(beside, sizeof(beside), "%.*s/libgcc_s.so.1", (int)(slash - f->list[i]), f->list[i]);
		if (access(beside, R_OK) == 0)
			return add_both(f, beside, e);
	}
	return 0;
}

int nacre_closure_find(const char *const *objects, char ***list, struct nacre_error *e)
{
	NACRE_AUTO_FREE char **environment = NULL;
	struct files f = { 0 };
	const char *loader = NULL;
	size_t i, n = 0;

	dl_iterate_phdr(find_interpreter, &loader);
	if (!loader || loader[0] != '/')
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, "closure", "this program has no dynamic loader");
	while (environ[n])
		n++;
	environment = calloc(n + 1, sizeof(*environment));
	if (!environment)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "closure", "cannot begin");
	for (i = n = 0; environ[i]; i++)
		if (passes(environ[i]))
			environment[n++] = environ[i];
	if (add_both(&f, loader, e) < 0)
		goto undo;
	for (; *objects; objects++)
		if (add_object(&f, loader, *objects, environment, e) < 0)
			goto undo;
	if (add_late(&f, e) < 0)
		goto undo;
	if (access("/etc/ld.so.cache", R_OK) == 0 && add_file(&f, "/etc/ld.so.cache", e) < 0)
		goto undo;
	*list = f.list;
	return 0;
undo:
	nacre_closure_free(f.list);
	return nacre_error_add(e, "while looking for the libraries of the sandbox");
}

void nacre_closure_free(char **list)
{
	char **path;

	for (path = list; path && *path; path++)
		free(*path);
	free(list);
}
