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

static int inspect(const struct settings *s, const struct cli_source *source)
{
	struct nacre_inventory *inventory = malloc(sizeof(*inventory));
	struct nacre_image *image;
	struct nacre_error e;
	int code = NACRE_OK;

	if (!inventory)
		return cli_error(NACRE_E_SYSTEM, "memory", "there is none left");
	image = nacre_image_open(source->path, s->format, false, &e);
	if (!image || nacre_inventory_take(image, false, inventory, &e)) {
		code = cli_fail(NULL, &e);
		goto out;
	}
	if (*source->user)
		nacre_inventory_find(inventory, NACRE_WARNING, "the disk is in use",
				     "%s: it changes while it is looked at, so that what is said here may be out "
				     "of date", source->user);
	if (source->own)
		nacre_inventory_computer(inventory);
	if (s->json)
		nacre_inventory_json(inventory, &(struct json){.to = stdout}, NULL);
	else
		nacre_inventory_text(inventory, stdout, terminal_width());
	nacre_inventory_free(inventory);
out:
	nacre_image_close(image);
	free(inventory);
	return code;
}

static int run(void *settings, int argc, char **argv)
{
	struct cli_source source;
	struct nacre_error e;
	int code;

	(void)argc;
	cli_volumes_setup();
	if (cli_source_find(argv[0], &source, &e))
		code = cli_fail(NULL, &e);
	else
		code = inspect(settings, &source);
	cli_source_free(&source);
	return code;
}

const struct cli_command cli_cmd_inspect = {
	.name = "inspect",
	.operands = "DISK",
	.summary = "Show what is on a disk, and what of it will not fit a virtual machine",
	.details = "DISK is an image, a block device, or / for the disk that this computer runs from.\n"
		   "It is only read.",
	.options = options,
	.operands_min = 1,
	.operands_max = 1,
	.settings_size = sizeof(struct settings),
	.run = run};
