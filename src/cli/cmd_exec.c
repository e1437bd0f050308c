/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_exec.c - `nacre exec`: start a host whose plug-ins come as proxies */
#include "commands.h"
#include "host.h"
#include "layout.h"
#include "learn.h"
#include "store.h"

#include "base/auto.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct settings {
	bool learn;
	const char *log;
};

static const struct cli_option options[] = {
	{.name = "learn",
	 .kind = CLI_FLAG,
	 .offset = offsetof(struct settings, learn),
	 .help = "deny nothing, write down what the extensions need"},
	{.name = "log",
	 .kind = CLI_TEXT,
	 .offset = offsetof(struct settings, log),
	 .arg = "FILE",
	 .help = "write the log there; also: stderr, none"},
	{.name = NULL}};

/* Every part of every registration is there, or the host would fail later and less clearly. */
static int check_registry(const struct nacre_registry *registry)
{
	if (!registry->count)
		cli_warn("registry", "nothing is registered, so nothing will be isolated: see "
				     "`nacre register --help`");
	for (size_t i = 0; i < registry->count; i++) {
		const struct nacre_registration *r = &registry->list[i];
		NACRE_AUTO_FREE char *problem = store_problem(r);

		if (problem)
			return cli_error(
				NACRE_E_ABSENT, r->name,
				"%s; `nacre register %s --force ...` makes it anew, `nacre "
				"unregister %s` ends it",
				problem, r->name, r->name);
	}
	return NACRE_OK;
}

static void set_variable(const char *name, const char *value)
{
	if (setenv(name, value, 1))
		exit(cli_error(NACRE_E_SYSTEM, name, "cannot be set: %s", strerror(errno)));
}

/* Is @path one of the words of @list, which colons separate? */
static bool contains(const char *list, const char *path)
{
	size_t size = strlen(path);

	for (const char *p = list; p; p = strchr(p, ':') ? strchr(p, ':') + 1 : NULL)
		if (!strncmp(p, path, size) && (p[size] == ':' || !p[size]))
			return true;
	return false;
}

static int set_redirection(const char *audit)
{
	const char *old = getenv("LD_AUDIT");
	NACRE_AUTO_FREE char *both = NULL;

	if (access(audit, R_OK))
		return cli_error(NACRE_E_ABSENT, audit,
				 "a part of nacre is not there (%s): install it again",
				 strerror(errno));
	if (strchr(audit, ':'))
		return cli_error(
			NACRE_E_SUPPORT, audit,
			"the dynamic linker takes no path with a colon: install nacre elsewhere");
	if (old && *old && contains(old, audit))
		return NACRE_OK;
	both = cli_format("%s%s%s", audit, old && *old ? ":" : "", old ? old : "");
	set_variable("LD_AUDIT", both);
	return NACRE_OK;
}

static void set_log(const char *log)
{
	NACRE_AUTO_FREE char *path = NULL;

	if (!log)
		return;
	path = !strcmp(log, "stderr") || !strcmp(log, "none") ? cli_format("%s", log)
							      : cli_absolute(log);
	set_variable("NACRE_LOG", path);
}

/* The profiles of an earlier run must not pass for those of this one. */
static int clear_profiles(const char *dir, const struct nacre_registry *registry)
{
	struct nacre_error e;

	if (store_make_directories(dir, &e))
		return cli_fail(NULL, &e);
	for (size_t i = 0; i < registry->count; i++) {
		NACRE_AUTO_FREE char *profile = learn_profile(dir, registry->list[i].name);

		if (unlink(profile) && errno != ENOENT)
			return cli_error(NACRE_E_SYSTEM, profile, "cannot be removed: %s",
					 strerror(errno));
	}
	return NACRE_OK;
}

static int run_learning(const char *file, char **argv, const struct nacre_registry *registry)
{
	NACRE_AUTO_FREE char *dir = NULL;
	struct cli_places places;
	int code = cli_places_find(&places);

	if (code)
		return code;
	dir = cli_format("%s/" STORE_LEARNED, places.data);
	cli_places_free(&places);
	code = clear_profiles(dir, registry);
	if (code)
		return code;
	set_variable("NACRE_LEARN", dir);
	return learn_run(file, argv, dir, registry);
}

static int start(const struct settings *s, const char *file, char **argv,
		 const struct nacre_registry *registry)
{
	struct cli_layout layout;
	int code;

	cli_layout_find(&layout);
	code = set_redirection(layout.audit);
	cli_layout_free(&layout);
	if (code)
		return code;
	set_log(s->log);
	if (s->learn)
		return run_learning(file, argv, registry);
	unsetenv("NACRE_LEARN");
	execv(file, argv);
	return cli_error(NACRE_E_SYSTEM, file, "cannot be started: %s", strerror(errno));
}

static int run(void *settings, int argc, char **argv)
{
	NACRE_AUTO_FREE char *file = NULL;
	struct nacre_registry registry;
	struct nacre_error e;
	int code;

	(void)argc;
	if (nacre_registry_read(&registry, &e))
		code = cli_fail(NULL, &e);
	else
		code = check_registry(&registry);
	if (!code)
		file = cli_host_find(argv[0], &code);
	if (!code)
		code = cli_host_check(file);
	if (!code)
		code = start(settings, file, argv, &registry);
	nacre_registry_free(&registry);
	return code;
}

const struct cli_command cli_cmd_exec = {
	.name = "exec",
	.operands = "HOST [ARGUMENT]...",
	.summary = "Start a program whose registered plug-ins come as proxies",
	.details = "Programs that HOST starts get them too. The exit status is that of HOST.",
	.options = options,
	.operands_min = 1,
	.operands_max = -1,
	.host = true,
	.settings_size = sizeof(struct settings),
	.run = run};
