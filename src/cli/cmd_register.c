/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_register.c - `nacre register`: from now on a proxy stands in for this extension */
#include "commands.h"
#include "layout.h"
#include "pair.h"
#include "store.h"

#include "base/auto.h"
#include "extension/registry/keys.h"
#include "os/elf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct settings {
	const char *overlay, *extension, *profile;
	uint32_t deadline, memory, max_failures;
	const char **allow_read, **allow_write, **allow_syscall, **variables, **include;
	bool allow_net, allow_fork, cold, force, dry_run;
};

#define OPTION(member, how) .kind = (how), .offset = offsetof(struct settings, member)

static const struct cli_option options[] = {
	{.name = "overlay",
	 OPTION(overlay, CLI_TEXT),
	 .arg = "OVERLAY",
	 .help = "the interface: pkcs11, zlib, or an overlay header"},
	{.name = "extension",
	 OPTION(extension, CLI_TEXT),
	 .arg = "LIB",
	 .help = "the shared object that shall run in a virtual process"},
	{.name = "deadline",
	 OPTION(deadline, CLI_NUMBER),
	 .arg = "MS",
	 .max = 86400000,
	 .help = "milliseconds that a call may take; 0: the interface's own"},
	{.name = "memory",
	 OPTION(memory, CLI_NUMBER),
	 .arg = "MB",
	 .max = 16777216,
	 .help = "address space of a virtual process; 0: no limit [1024]"},
	{.name = "max-failures",
	 OPTION(max_failures, CLI_NUMBER),
	 .arg = "N",
	 .max = 1000000,
	 .help = "losses in ten seconds until quarantine; above 64: never [5]"},
	{.name = "profile",
	 OPTION(profile, CLI_CHOICE),
	 .arg = "PROFILE",
	 .choices = "balanced|latency|thrifty",
	 .help = "how eagerly calls are waited for [balanced]"},
	{.name = "allow-read",
	 OPTION(allow_read, CLI_LIST),
	 .arg = "PATH",
	 .help = "let it read this file or directory"},
	{.name = "allow-write",
	 OPTION(allow_write, CLI_LIST),
	 .arg = "PATH",
	 .help = "let it read and write this file or directory"},
	{.name = "allow-net", OPTION(allow_net, CLI_FLAG), .help = "let it use the network"},
	{.name = "allow-fork", OPTION(allow_fork, CLI_FLAG), .help = "let it start processes"},
	{.name = "allow-syscall",
	 OPTION(allow_syscall, CLI_LIST),
	 .arg = "NAME",
	 .help = "let it make this system call"},
	{.name = "setenv",
	 OPTION(variables, CLI_LIST),
	 .arg = "NAME=VALUE",
	 .help = "set a variable in its environment"},
	{.name = "include",
	 .letter = 'I',
	 OPTION(include, CLI_LIST),
	 .arg = "DIR",
	 .help = "look there for headers of the overlay"},
	{.name = "cold", OPTION(cold, CLI_FLAG), .help = "load it in each virtual process anew"},
	{.name = "force", OPTION(force, CLI_FLAG), .help = "replace a registration of this name"},
	{.name = "dry-run",
	 OPTION(dry_run, CLI_FLAG),
	 .help = "print the registration, change nothing"},
	{.name = NULL}};

/** struct job - one registration in the making; the strings of .r belong to it */
struct job {
	const struct settings *s;
	struct cli_layout layout;
	struct cli_places places;
	struct cli_overlay overlay;
	struct nacre_registration r;
	struct nacre_elf elf;
};

static const char *file_name(const char *path)
{
	return strrchr(path, '/') + 1;
}

static int check_extension(struct job *j)
{
	const char *path = j->r.extension, *name = file_name(path);
	struct nacre_error e;

	if (nacre_elf_open(path, &j->elf, &e))
		return cli_fail(path, &e);
	if (!j->elf.bits)
		return cli_error(NACRE_E_SUPPORT, path,
				 "not a shared object: name the .so file itself");
	if (!j->elf.native)
		return cli_error(
			NACRE_E_SUPPORT, path,
			"made for another machine or word size: nacre runs 64-bit objects of "
			"this machine");
	if (!j->elf.shared)
		return cli_error(NACRE_E_SUPPORT, path, "a program, not a shared object");
	if (!strcmp(name, STORE_STUB) || !strcmp(name, STORE_AUDIT) ||
	    !strcmp(name, STORE_MANIFEST))
		return cli_error(NACRE_E_USAGE, path,
				 "nacre uses this file name itself: rename it");
	return NACRE_OK;
}

static bool same_file(const char *a, const char *b)
{
	struct stat one, other;

	return !stat(a, &one) && !stat(b, &other) && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

/* Is the name free, and the extension not a proxy or somebody else's already? */
static int check_registry(const struct job *j)
{
	struct nacre_registry registry;
	const struct nacre_registration *r;
	struct nacre_error e;
	int code = NACRE_OK;

	if (nacre_registry_read(&registry, &e)) {
		if (j->s->force)
			cli_warn(e.where, "%s", e.msg);
		else
			code = cli_fail(NULL, &e);
	}
	r = nacre_registry_by_name(&registry, j->r.name);
	if (!code && r && !j->s->force)
		code = cli_error(NACRE_E_EXISTS, j->r.name,
				 "registered already (%s): choose another name, or --force",
				 r->file);
	r = nacre_registry_by_proxy(&registry, j->r.extension);
	if (!code && r)
		code = cli_error(NACRE_E_USAGE, j->r.extension,
				 "is the proxy of %s: name the extension itself", r->name);
	for (size_t i = 0; !code && i < registry.count; i++)
		if (same_file(registry.list[i].extension, j->r.extension) &&
		    strcmp(registry.list[i].name, j->r.name))
			code = cli_error(NACRE_E_EXISTS, j->r.extension,
					 "registered already, as %s: unregister that first",
					 registry.list[i].name);
	nacre_registry_free(&registry);
	return code;
}

/* A list of the options as one of the registration; paths become absolute. */
static char **list_of(const char *const *from, bool paths)
{
	size_t n = 0;
	char **to;

	while (from && from[n])
		n++;
	to = calloc(n + 1, sizeof(*to));
	if (!to)
		exit(cli_error(NACRE_E_SYSTEM, "memory", "there is none left"));
	for (size_t i = 0; i < n; i++) {
		to[i] = paths ? cli_absolute(from[i]) : cli_format("%s", from[i]);
		if (paths && access(to[i], F_OK))
			cli_warn(to[i], "does not exist now");
	}
	return to;
}

static enum nacre_profile profile_of(const char *name)
{
	enum nacre_profile p = NACRE_PROFILE_BALANCED;

	for (; name && nacre_registry_profile_name(p); p++)
		if (!strcmp(name, nacre_registry_profile_name(p)))
			return p;
	return NACRE_PROFILE_BALANCED;
}

static void fill(struct job *j)
{
	const struct settings *s = j->s;
	struct nacre_registration *r = &j->r;

	r->file = cli_format("%s/%s%s", j->places.conf, r->name, REGISTRY_SUFFIX);
	r->soname = cli_format("%s", j->elf.soname);
	r->interface = cli_format("%s", j->overlay.interface);
	r->overlay = cli_format("%s", j->overlay.path);
	r->proxy = cli_format("%s/%s/%s", j->places.data, r->name, file_name(r->extension));
	r->stub = cli_format("%s/%s/%s", j->places.data, r->name, STORE_STUB);
	r->vproc = cli_format("%s", j->layout.vproc);
	r->backend = cli_format("process");
	r->deadline_ms = s->deadline;
	r->memory_mb = s->memory;
	r->max_failures = s->max_failures;
	r->profile = profile_of(s->profile);
	r->cold = s->cold;
	r->allow_net = s->allow_net;
	r->allow_fork = s->allow_fork;
	r->allow_read = list_of(s->allow_read, true);
	r->allow_write = list_of(s->allow_write, true);
	r->allow_syscall = list_of(s->allow_syscall, false);
	r->environment = list_of(s->variables, false);
}

static int dry_run(const struct job *j)
{
	NACRE_AUTO_FREE char *text = NULL;
	struct nacre_error e;
	size_t size;

	if (nacre_registration_format(&j->r, &text, &size, &e))
		return cli_fail(NULL, &e);
	printf("%s would be written to %s:\n%s", j->r.name, j->r.file, text);
	printf("proxy and stub: %s\n", cli_pair_is_shipped(&j->overlay, &j->layout)
					       ? "a ready pair is there"
					       : "would be generated and compiled");
	return NACRE_OK;
}

/* The data directory takes its place, then the drop-in file; both or neither. */
static int install(const struct job *j, const struct cli_pair *pair, struct store *store,
		   struct nacre_error *e)
{
	if (store_copy(store, pair->proxy, file_name(j->r.proxy), true, e) ||
	    store_copy(store, pair->stub, STORE_STUB, true, e) ||
	    store_copy(store, pair->audit, STORE_AUDIT, false, e) || store_commit(store, e))
		return -1;
	if (nacre_registration_write(&j->r, e)) {
		store_revert(store);
		return -1;
	}
	return 0;
}

/* Another directory may hold a file of this name that comes first. */
static void warn_if_shadowed(const struct job *j)
{
	struct nacre_registry registry;
	const struct nacre_registration *r;

	nacre_registry_read(&registry, NULL);
	r = nacre_registry_by_name(&registry, j->r.name);
	if (r && strcmp(r->file, j->r.file))
		cli_warn(j->r.name, "%s comes first and stays in force: remove it", r->file);
	nacre_registry_free(&registry);
}

static int carry_out(const struct job *j)
{
	struct cli_pair pair;
	struct store store;
	struct nacre_error e;
	int code = cli_pair_make(&pair, &j->overlay, j->r.extension, j->s->include, &j->layout);

	if (!code && store_begin(&store, j->places.data, j->r.name, &e)) {
		code = cli_fail(NULL, &e);
	} else if (!code) {
		if (install(j, &pair, &store, &e))
			code = cli_fail(NULL, &e);
		store_end(&store);
	}
	cli_pair_free(&pair);
	if (code)
		return code;
	warn_if_shadowed(j);
	printf("%s: registered; programs started by `nacre exec` get a proxy for %s\n", j->r.name,
	       j->r.extension);
	return NACRE_OK;
}

static int prepare(struct job *j, const char *name)
{
	int code;

	if (!nacre_registry_name_valid(name, strlen(name)))
		return cli_error(
			NACRE_E_USAGE, name,
			"a name has at most %d letters, digits and . _ - and begins with a "
			"letter, a digit or _",
			REGISTRY_NAME_MAX);
	if (!j->s->overlay || !j->s->extension)
		return cli_error(NACRE_E_USAGE, name, "%s is missing: see `nacre register --help`",
				 j->s->overlay ? "--extension LIB" : "--overlay OVERLAY");
	j->r.name = cli_format("%s", name);
	j->r.extension = cli_canonical(j->s->extension);
	code = cli_places_find(&j->places);
	if (!code)
		code = check_extension(j);
	if (!code)
		code = check_registry(j);
	if (!code)
		code = cli_overlay_find(&j->overlay, j->s->overlay, &j->layout);
	if (!code && access(j->layout.vproc, X_OK))
		code = cli_error(NACRE_E_ABSENT, j->layout.vproc,
				 "a part of nacre is not there (%s): install it again",
				 strerror(errno));
	return code;
}

static int run(void *settings, int argc, char **argv)
{
	struct job j = {.s = settings};
	int code;

	(void)argc;
	cli_layout_find(&j.layout);
	code = prepare(&j, argv[0]);
	if (!code) {
		fill(&j);
		code = j.s->dry_run ? dry_run(&j) : carry_out(&j);
	}
	nacre_registration_clear(&j.r);
	cli_overlay_free(&j.overlay);
	cli_places_free(&j.places);
	cli_layout_free(&j.layout);
	return code;
}

const struct cli_command cli_cmd_register = {
	.name = "register",
	.operands = "NAME",
	.summary = "Run an extension behind a proxy from now on",
	.details = "What it may touch beyond its own libraries is said by --allow-...; all but "
		   "--overlay and\n"
		   "--extension can be left out. `nacre exec --learn` finds out what it needs.",
	.options = options,
	.operands_min = 1,
	.operands_max = 1,
	.settings_size = sizeof(struct settings),
	.defaults = &(const struct settings){.memory = 1024},
	.run = run};
