/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_inspect.c - `nacre inspect`: what is on a disk, and what of it will not fit a virtual machine */
#include "commands.h"
#include "source.h"
#include "volumes.h"

#include "conversion/inventory/print.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct settings {
	bool json;
	const char *format;
};

static const struct cli_option options[] = {{.name = "json",
					     .kind = CLI_FLAG,
					     .offset = offsetof(struct settings, json),
					     .help = "print everything as JSON"},
					    {.name = "format",
					     .kind = CLI_TEXT,
					     .offset = offsetof(struct settings, format),
					     .arg = "FORMAT",
					     .help = "what the file is: raw, vhd, qcow2; found out by default"},
					    {.name = NULL}};

static int terminal_width(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col ? 100 : size.ws_col;
}

/* @count disks, as one machine. */
static int inspect(const struct settings *s, const struct cli_source *sources, int count)
{
	struct nacre_inventory *inventory = malloc(sizeof(*inventory));
	struct nacre_image *images[NACRE_DISKS_MAX] = {NULL};
	const char *names[NACRE_DISKS_MAX] = {NULL};
	bool opened = true, own = false;
	struct nacre_error e;
	int code = NACRE_OK;

	if (!inventory)
		return cli_error(NACRE_E_SYSTEM, "memory", "there is none left");
	for (int i = 0; i < count; i++)
		own |= sources[i].own;
	for (int i = 0; i < count && opened; i++) {
		images[i] = nacre_image_open(sources[i].path, s->format, false, &e);
		opened = images[i] != NULL;
		names[i] = own && sources[i].device ? sources[i].path : NULL;
	}
	if (!opened || nacre_inventory_take(images, names, count, false, inventory, &e)) {
		code = cli_fail(NULL, &e);
		goto out;
	}
	for (int i = 0; i < count; i++)
		if (*sources[i].user)
			nacre_inventory_find(inventory, NACRE_WARNING, "the disk is in use",
					     "%s: it changes while it is looked at, so that what is said here may be "
					     "out of date", sources[i].user);
	if (own)
		nacre_inventory_computer(inventory);
	if (s->json)
		nacre_inventory_json(inventory, &(struct json){.to = stdout}, NULL);
	else
		nacre_inventory_text(inventory, stdout, terminal_width());
	nacre_inventory_free(inventory);
out:
	for (int i = 0; i < count; i++)
		nacre_image_close(images[i]);
	free(inventory);
	return code;
}

static int run(void *settings, int argc, char **argv)
{
	struct cli_source sources[NACRE_DISKS_MAX] = {0};
	struct nacre_error e;
	int code = NACRE_OK;

	if (argc > NACRE_DISKS_MAX)
		return cli_error(NACRE_E_USAGE, argv[NACRE_DISKS_MAX], "is one disk too many: a machine has at most %d",
				 NACRE_DISKS_MAX);
	cli_volumes_setup();
	for (int i = 0; i < argc && code == NACRE_OK; i++)
		if (cli_source_find(argv[i], &sources[i], &e))
			code = cli_fail(NULL, &e);
	if (code == NACRE_OK)
		code = inspect(settings, sources, argc);
	for (int i = 0; i < argc; i++)
		cli_source_free(&sources[i]);
	return code;
}

const struct cli_command cli_cmd_inspect = {
	.name = "inspect",
	.operands = "DISK...",
	.summary = "Show what is on a disk, and what of it will not fit a virtual machine",
	.details = "DISK is an image, a block device, or / for the disk that this computer runs from.\n"
		   "Several are the disks of one machine. They are only read.",
	.options = options,
	.operands_min = 1,
	.operands_max = -1,
	.settings_size = sizeof(struct settings),
	.run = run};
