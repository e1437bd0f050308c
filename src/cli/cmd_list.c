/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_list.c - `nacre list`: what is registered, and whether it can work */
#include "commands.h"
#include "base/json.h"
#include "store.h"

#include "base/auto.h"
#include "extension/registry/keys.h"

#include <string.h>

struct settings {
	bool json, names, verbose;
};

static const struct cli_option options[] = {{.name = "json",
					     .kind = CLI_FLAG,
					     .offset = offsetof(struct settings, json),
					     .help = "print everything as JSON"},
					    {.name = "names",
					     .kind = CLI_FLAG,
					     .offset = offsetof(struct settings, names),
					     .help = "print the names alone"},
					    {.name = "verbose",
					     .letter = 'v',
					     .kind = CLI_FLAG,
					     .offset = offsetof(struct settings, verbose),
					     .help = "print every key of each registration"},
					    {.name = NULL}};

static void print_strings(const char *key, char *const *values)
{
	for (; *values; values++)
		printf("    %-14s %s\n", key, *values);
}

static void print_key(const struct nacre_registration *r, const struct registry_key *k)
{
	const void *at = (const char *)r + k->offset;

	switch (k->kind) {
	case REGISTRY_NUMBER:
		printf("    %-14s %u\n", k->name, *(const uint32_t *)at);
		break;
	case REGISTRY_PROFILE:
		printf("    %-14s %s\n", k->name,
		       nacre_registry_profile_name(*(const enum nacre_profile *)at));
		break;
	case REGISTRY_BOOL:
		printf("    %-14s %s\n", k->name, *(const bool *)at ? "yes" : "no");
		break;
	case REGISTRY_PATHS:
	case REGISTRY_SYSCALLS:
	case REGISTRY_VARIABLES:
		print_strings(k->name, *(char *const *const *)at);
		break;
	default:
		printf("    %-14s %s\n", k->name, *(char *const *)at);
	}
}

static void json_key(struct json *j, const struct nacre_registration *r,
		     const struct registry_key *k)
{
	const void *at = (const char *)r + k->offset;

	switch (k->kind) {
	case REGISTRY_NUMBER:
		json_number(j, k->name, *(const uint32_t *)at);
		break;
	case REGISTRY_PROFILE:
		json_text(j, k->name, nacre_registry_profile_name(*(const enum nacre_profile *)at));
		break;
	case REGISTRY_BOOL:
		json_bool(j, k->name, *(const bool *)at);
		break;
	case REGISTRY_PATHS:
	case REGISTRY_SYSCALLS:
	case REGISTRY_VARIABLES:
		json_list(j, k->name, *(char *const *const *)at);
		break;
	default:
		json_text(j, k->name, *(char *const *)at);
	}
}

static void print_json(const struct nacre_registry *registry)
{
	struct json j = {.to = stdout};

	json_begin(&j, NULL, '[');
	for (size_t i = 0; i < registry->count; i++) {
		const struct nacre_registration *r = &registry->list[i];
		NACRE_AUTO_FREE char *problem = store_problem(r);

		json_begin(&j, NULL, '{');
		json_text(&j, "name", r->name);
		json_text(&j, "file", r->file);
		for (const struct registry_key *k = nacre_registry_keys; k->name; k++)
			json_key(&j, r, k);
		if (problem)
			json_text(&j, "problem", problem);
		json_end(&j, '}');
	}
	json_end(&j, ']');
}

static void print_text(const struct nacre_registry *registry, bool verbose)
{
	int width = 4;

	for (size_t i = 0; i < registry->count; i++)
		if ((int)strlen(registry->list[i].name) > width)
			width = (int)strlen(registry->list[i].name);
	if (registry->count)
		printf("%-*s  %-10s %s\n", width, "NAME", "INTERFACE", "EXTENSION");
	else
		puts("nothing is registered: see `nacre register --help`");
	for (size_t i = 0; i < registry->count; i++) {
		const struct nacre_registration *r = &registry->list[i];
		NACRE_AUTO_FREE char *problem = store_problem(r);

		printf("%-*s  %-10s %s\n", width, r->name, r->interface, r->extension);
		if (problem)
			printf("%-*s  does not work: %s\n", width, "", problem);
		if (!verbose)
			continue;
		printf("    %-14s %s\n", "file", r->file);
		for (const struct registry_key *k = nacre_registry_keys; k->name; k++)
			print_key(r, k);
	}
}

static int run(void *settings, int argc, char **argv)
{
	const struct settings *s = settings;
	struct nacre_registry registry;
	struct nacre_error e;
	int code = NACRE_OK;

	(void)argc;
	(void)argv;
	if (nacre_registry_read(&registry, &e))
		code = cli_fail(NULL, &e);
	if (s->json)
		print_json(&registry);
	else if (s->names)
		for (size_t i = 0; i < registry.count; i++)
			puts(registry.list[i].name);
	else
		print_text(&registry, s->verbose);
	nacre_registry_free(&registry);
	return code;
}

const struct cli_command cli_cmd_list = {.name = "list",
					 .summary = "Show what is registered",
					 .options = options,
					 .settings_size = sizeof(struct settings),
					 .run = run};
