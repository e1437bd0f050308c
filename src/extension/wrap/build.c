/* SPDX-License-Identifier: BSD-2-Clause */
/* build.c - proxy.so and stub.so from the generated code, by the machine's compiler */
#include "build.h"

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { MAX_ARGS = 120 };

struct command {
	char *args[MAX_ARGS + 1];
	int count;
};

static void add(struct command *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct command *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (c->count == MAX_ARGS || vasprintf(&c->args[c->count], fmt, ap) < 0)
		abort();
	va_end(ap);
	c->count++;
}

static void clear(struct command *c)
{
	while (c->count)
		free(c->args[--c->count]);
}

/* Run the compiler; what it prints goes into @log. */
static int run(struct command *c, const char *log, struct nacre_error *e)
{
	posix_spawn_file_actions_t actions;
	int status, failed;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log, O_WRONLY | O_CREAT | O_TRUNC,
					 0666);
	failed = posix_spawnp(&pid, c->args[0], &actions, NULL, c->args, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (failed)
		return nacre_error_set(e, NACRE_E_SYSTEM, failed, c->args[0], "cannot be run");
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return nacre_error_set(e, NACRE_E_SYSTEM, errno, c->args[0], "was lost");
	if (status)
		return nacre_error_set(e, NACRE_E_FAILED, 0, c->args[0],
				       "the generated code does not compile: see %s", log);
	unlink(log);
	return 0;
}

const char *wrap_include_dir(const struct nacre_wrap_options *o)
{
	if (o->include_dir)
		return o->include_dir;
	return access(NACRE_INCLUDEDIR "/nacre/proxy.h", R_OK) == 0 ? NACRE_INCLUDEDIR
								    : NACRE_SOURCEDIR "/include";
}

static const char *proxy_lib(const struct nacre_wrap_options *o)
{
	if (o->proxy_lib)
		return o->proxy_lib;
	return access(NACRE_LIBDIR "/libnacre-proxy.a", R_OK) == 0
		       ? NACRE_LIBDIR "/libnacre-proxy.a"
		       : NACRE_BUILDDIR "/src/extension/vproc/libnacre-proxy.a";
}

static void common(struct command *c, const struct nacre_wrap_options *o, const char *const *flags,
		   bool proxy)
{
	const char *slash = strrchr(o->overlay, '/');

	add(c, "%s", o->cc ? o->cc : getenv("CC") && *getenv("CC") ? getenv("CC") : "cc");
	for (const char *const *f =
		     (const char *const[]){"-std=gnu11", "-shared", "-fPIC", "-O2", "-g1",
					   "-D_GNU_SOURCE", "-Wall", "-fvisibility=hidden",
					   "-fno-strict-aliasing", "-fstack-protector-strong",
					   NULL};
	     *f; f++)
		add(c, "%s", *f);
	if (NACRE_SANITIZED && (proxy || strcmp(NACRE_SANITIZE, "thread"))) /* as its runtime is */
		add(c, "-fsanitize=%s", NACRE_SANITIZE);
	add(c, "-ffile-prefix-map=%s=.", o->out);
	if (slash)
		add(c, "-iquote%.*s", (int)(slash - o->overlay), o->overlay);
	else
		add(c, "-iquote.");
	for (; *flags; flags++)
		add(c, "%s", *flags);
}

static int build_proxy(const struct nacre_wrap_options *o, const char *const *flags,
		       const char *soname, struct nacre_error *e)
{
	struct command c = {.count = 0};
	char log[PATH_MAX];
	int result;

	common(&c, o, flags, true);
	add(&c, "%s/proxy.c", o->out);
	add(&c, "%s", proxy_lib(o));
	add(&c, "-Wl,--version-script=%s/symbols.map", o->out);
	if (soname && *soname)
		add(&c, "-Wl,-soname,%s", soname);
	add(&c, "-Wl,-Bsymbolic,--exclude-libs,ALL");
	add(&c, "-Wl,-z,now,-z,relro%s", NACRE_SANITIZED ? "" : ",-z,defs");
	add(&c, "-o");
	add(&c, "%s/proxy.so", o->out);
	snprintf(log, sizeof(log), "%s/proxy.log", o->out);
	result = run(&c, log, e);
	clear(&c);
	return result;
}

static int build_stub(const struct nacre_wrap_options *o, const char *const *flags,
		      struct nacre_error *e)
{
	struct command c = {.count = 0};
	char log[PATH_MAX];
	int result;

	common(&c, o, flags, false);
	add(&c, "%s/stub.c", o->out);
	add(&c, "-Wl,-z,now,-z,relro");
	add(&c, "-o");
	add(&c, "%s/stub.so", o->out);
	snprintf(log, sizeof(log), "%s/stub.log", o->out);
	result = run(&c, log, e);
	clear(&c);
	return result;
}

int wrap_build(const struct nacre_wrap_options *o, const char *const *flags,
	       const struct wrap_exports *elf, struct nacre_error *e)
{
	const char *soname = o->soname ? o->soname : elf ? elf->soname : NULL;

	if (build_proxy(o, flags, soname, e) < 0)
		return -1;
	return build_stub(o, flags, e);
}
