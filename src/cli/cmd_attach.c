/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_attach.c - `nacre attach`: an image becomes a disk of this computer */
#include "commands.h"
#include "machine.h"
#include "shut.h"

#include "base/json.h"
#include "disk/attach/attach.h"

#include <stdio.h>
#include <unistd.h>

struct settings {
	const char *format;
	bool writable, file, list, json;
};

#define OPTION(member, how) .kind = (how), .offset = offsetof(struct settings, member)

static const struct cli_option options[] = {
	{.name = "writable", .letter = 'w', OPTION(writable, CLI_FLAG),
	 .help = "what is written to the disk changes the image"},
	{.name = "format", OPTION(format, CLI_CHOICE), .arg = "FORMAT", .choices = "raw|vhd|vhd-fixed|qcow2|vhdx",
	 .help = "of the image [found out by its content]"},
	{.name = "file", OPTION(file, CLI_FLAG), .help = "no device, a file with the disk's bytes: needs no root"},
	{.name = "list", .letter = 'l', OPTION(list, CLI_FLAG), .help = "say what is attached"},
	{.name = "json", OPTION(json, CLI_FLAG), .help = "print it as JSON"},
	{.name = NULL}};

static void put_json(struct json *j, const struct nacre_attachment *a)
{
	json_begin(j, NULL, '{');
	json_text(j, "device", a->device);
	json_text(j, "image", a->image);
	json_text(j, "format", a->format);
	json_number(j, "size", (int64_t)a->size);
	json_bool(j, "writable", a->writable);
	json_bool(j, "file", a->file);
	json_number(j, "since", a->since);
	json_bool(j, "alive", a->keeper != 0);
	if (a->end[0])
		json_text(j, "end", a->end);
	json_end(j, '}');
}

static int list_json(void *arg, const struct nacre_attachment *a)
{
	put_json(arg, a);
	return 0;
}

static int list_text(void *arg, const struct nacre_attachment *a)
{
	bool *any = arg;

	if (!*any)
		printf("%-12s  %-10s  %-9s  %-10s  %s\n", "DEVICE", "SIZE", "FORMAT", "ACCESS", "IMAGE");
	*any = true;
	printf("%-12s  %-10s  %-9s  %-10s  %s\n", a->device, cli_bytes(a->size), a->format,
	       a->writable ? "read-write" : "read-only", a->image);
	if (!a->keeper)
		printf("%-12s  is served no more%s%s; nacre detach %s takes away what is left\n", "",
		       a->end[0] ? ": " : "", a->end, a->device);
	return 0;
}

static int list(const struct settings *s)
{
	struct json j = {.to = stdout};
	struct nacre_error e = {0};
	bool any = false;
	int failed;

	if (s->json) {
		json_begin(&j, NULL, '[');
		failed = nacre_attach_each(list_json, &j, &e);
		json_end(&j, ']');
	} else {
		failed = nacre_attach_each(list_text, &any, &e);
		if (!failed && !any)
			puts("nothing is attached: see `nacre attach --help`");
	}
	return failed ? cli_fail(NULL, &e) : NACRE_OK;
}

static int run(void *settings, int argc, char **argv)
{
	static struct nacre_attachment made;
	const struct settings *s = settings;
	struct nacre_attach_options o = {.format = s->format, .writable = s->writable,
					 .file = s->file || geteuid() != 0, .confine = cli_shut};
	struct json j = {.to = stdout};
	struct nacre_error e = {0};

	if (s->list && (argc || s->writable || s->file || s->format))
		return cli_error(NACRE_E_USAGE, "--list", "goes with --json alone");
	if (s->list)
		return list(s);
	if (!argc)
		return cli_error(NACRE_E_USAGE, "IMAGE", "missing: see `nacre attach --help`");
	o.image = argv[0];
	if (nacre_attach(&o, &made, &e) < 0)
		return cli_fail(NULL, &e);
	if (s->json)
		put_json(&j, &made);
	else
		puts(made.device);
	if (o.file && !s->file)
		cli_warn(made.device, "without root it is a file with the disk's bytes, for programs that take files; "
			 "a block device needs root");
	return NACRE_OK;
}

const struct cli_command cli_cmd_attach = {
	.name = "attach",
	.operands = "IMAGE",
	.summary = "Make an image a disk of this computer",
	.details = "Prints its device, /dev/loop3 for example; its partitions are /dev/loop3p1 and so on. The\n"
		   "image is only read unless --writable is given. qcow2 and VHDX are always only read.\n",
	.options = options,
	.operands_min = 0,
	.operands_max = 1,
	.settings_size = sizeof(struct settings),
	.run = run};
