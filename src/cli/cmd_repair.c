/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_repair.c - `nacre repair`: an image that is already there is only made bootable */
#include "commands.h"
#include "progress.h"
#include "source.h"
#include "volumes.h"

#include <stdio.h>

struct settings {
	const char *format;
	const char **skip;
	bool plan, undo, quiet, new_identity, no_serial, trust_kernel;
};

#define OPTION(member, how) .kind = (how), .offset = offsetof(struct settings, member)

static const struct cli_option options[] = {
	{.name = "format", OPTION(format, CLI_CHOICE), .arg = "FORMAT", .choices = "vhd|vhd-fixed|raw",
	 .help = "of the image [found out by its content]"},
	{.name = "skip", OPTION(skip, CLI_LIST), .arg = "FIX", .help = "leave out this fix; --plan names them"},
	{.name = "new-identity", OPTION(new_identity, CLI_FLAG),
	 .help = "machine-id and ssh host keys anew: for a copy that runs beside its source"},
	{.name = "trust-kernel-mount", OPTION(trust_kernel, CLI_FLAG),
	 .help = "let this computer's kernel mount XFS and btrfs of the image to change them (root)"},
	{.name = "no-serial", OPTION(no_serial, CLI_FLAG), .help = "no console on the serial line"},
	{.name = "plan", OPTION(plan, CLI_FLAG), .help = "only say what would be done"},
	{.name = "undo", OPTION(undo, CLI_FLAG), .help = "put back what an earlier repair changed"},
	{.name = "quiet", .letter = 'q', OPTION(quiet, CLI_FLAG), .help = "no progress"},
	{.name = NULL}};

static int run(void *settings, int argc, char **argv)
{
	const struct settings *s = settings;
	struct cli_progress progress;
	struct nacre_repair_options o = {
		.image_count = argc, .format = s->format, .plan_only = s->plan, .undo = s->undo,
		.fix = {.new_identity = s->new_identity, .serial_console = !s->no_serial, .skip = s->skip},
		.says = cli_progress_says(&progress, s->quiet && !s->plan, false)};
	struct nacre_error e = {0};
	size_t changes = 0;
	bool failed = false;

	if (argc > NACRE_DISKS_MAX)
		return cli_error(NACRE_E_USAGE, argv[NACRE_DISKS_MAX], "is one disk too many: a machine has at most %d",
				 NACRE_DISKS_MAX);
	if (s->plan && s->undo)
		return cli_error(NACRE_E_USAGE, "--undo", "does not go with --plan");
	cli_volumes_setup();
	if (s->trust_kernel && cli_volumes_trust_kernel())
		return NACRE_E_USAGE;
	for (int i = 0; i < argc && !failed; i++) {
		struct cli_source source = {0};

		o.images[i] = argv[i];
		failed = cli_source_find(argv[i], &source, &e) < 0;
		if (!failed && *source.user && !s->plan)
			failed = nacre_error_set(&e, NACRE_E_SUPPORT, 0, argv[i], "is in use: %s; end that first",
						 source.user) < 0;
		cli_source_free(&source);
	}
	if (!failed)
		failed = nacre_repair(&o, &changes, &e) < 0;
	cli_progress_end(&progress);
	if (failed)
		return cli_fail(NULL, &e);
	if (s->undo)
		printf("%s: every file is as it was before\n", argv[0]);
	else if (!s->plan)
		printf("%s: %zu changes; nacre repair --undo takes them back\n", argv[0], changes);
	return NACRE_OK;
}

const struct cli_command cli_cmd_repair = {
	.name = "repair",
	.operands = "IMAGE...",
	.summary = "Make an image that is already there bootable as a virtual machine",
	.details = "IMAGE is changed in place; what was there before is kept in IMAGE.undo. Several are the disks of one machine, the\n"
		   "one that is booted from first.\n",
	.options = options,
	.operands_min = 1,
	.operands_max = -1,
	.settings_size = sizeof(struct settings),
	.run = run};
