/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_unregister.c - `nacre unregister`: take back what `register` made */
#include "commands.h"
#include "layout.h"
#include "store.h"

#include "base/auto.h"
#include "extension/registry/keys.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* @name is not among this user's own files: say where it is instead. */
static int elsewhere(const char *name, const char *file)
{
	struct nacre_registry registry;
	const struct nacre_registration *r;
	int code;

	nacre_registry_read(&registry, NULL); /* what can be read of it */
	r = nacre_registry_by_name(&registry, name);
	if (r)
		code = cli_error(
			NACRE_E_SYSTEM, name,
			"registered by %s, which is not yours to remove: do it as its owner",
			r->file);
	else
		code = cli_error(NACRE_E_ABSENT, name,
				 "not registered (there is no %s): see `nacre list`", file);
	nacre_registry_free(&registry);
	return code;
}

static int run(void *settings, int argc, char **argv)
{
	NACRE_AUTO_FREE char *file = NULL, *data = NULL;
	struct cli_places places;
	struct nacre_error e;
	const char *name = argv[0];
	int code;

	(void)settings;
	(void)argc;
	if (!nacre_registry_name_valid(name, strlen(name)))
		return cli_error(NACRE_E_USAGE, name, "no registration can have this name");
	code = cli_places_find(&places);
	if (code)
		return code;
	file = cli_format("%s/%s%s", places.conf, name, REGISTRY_SUFFIX);
	data = cli_format("%s/%s", places.data, name);
	cli_places_free(&places);
	if (unlink(file)) {
		if (errno == ENOENT)
			return elsewhere(name, file);
		return cli_error(NACRE_E_SYSTEM, file, "cannot remove: %s", strerror(errno));
	}
	if (store_remove(data, &e))
		return cli_fail(data, &e);
	printf("%s: no longer registered\n", name);
	return NACRE_OK;
}

const struct cli_command cli_cmd_unregister = {.name = "unregister",
					       .operands = "NAME",
					       .summary = "Remove a registration and its files",
					       .operands_min = 1,
					       .operands_max = 1,
					       .run = run};
