/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_boot.c - `nacre boot`: run a virtual machine, or prove that it comes up */
#include "commands.h"
#include "progress.h"

#include "base/json.h"
#include "machine/qemu/qemu.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct settings {
	bool check, json, headless, display, snapshot;
	uint32_t timeout;
	const char *picture, *log;
};

#define MEMBER(name) .offset = offsetof(struct settings, name)

static const struct cli_option options[] = {
	{.name = "check", .kind = CLI_FLAG, MEMBER(check), .help = "prove that it comes up; changes nothing"},
	{.name = "timeout",
	 .kind = CLI_NUMBER,
	 MEMBER(timeout),
	 .arg = "S",
	 .min = 1,
	 .max = 86400,
	 .help = "seconds that it may take (180; 900 when emulated)"},
	{.name = "picture", .kind = CLI_TEXT, MEMBER(picture), .arg = "FILE", .help = "write its screen there as PNG"},
	{.name = "serial-log",
	 .kind = CLI_TEXT,
	 MEMBER(log),
	 .arg = "FILE",
	 .help = "write there what it says on its serial line"},
	{.name = "json", .kind = CLI_FLAG, MEMBER(json), .help = "print the check's result as JSON, and progress as one JSON object a line"},
	{.name = "headless",
	 .kind = CLI_FLAG,
	 MEMBER(headless),
	 .help = "run it on this terminal (the default without a desktop)"},
	{.name = "display", .kind = CLI_FLAG, MEMBER(display), .help = "run it in a window"},
	{.name = "snapshot", .kind = CLI_FLAG, MEMBER(snapshot), .help = "throw its changes away at the end"},
	{.name = NULL}};

static void print_json(const struct nacre_definition *d, const struct nacre_boot_result *r,
		       const char *stage)
{
	struct json j = {.to = stdout};

	json_begin(&j, NULL, '{');
	json_text(&j, "name", d->name);
	json_bool(&j, "up", r->up);
	json_text(&j, "stage", stage);
	json_number(&j, "milliseconds", (int64_t)(r->seconds * 1000));
	json_text(&j, "accelerator", r->accelerator);
	json_text(&j, "emulated", r->emulated ? r->emulated : "");
	json_bool(&j, "again", r->again);
	json_text(&j, "root_device", r->root_device);
	json_text(&j, "failed_units", r->failed_units);
	json_text(&j, "why", r->why);
	json_text(&j, "tail", r->tail);
	json_end(&j, '}');
}

static void print_text(const struct nacre_definition *d, const struct nacre_boot_result *r,
		       const char *stage, const char *picture)
{
	const char *how = strcmp(r->accelerator, "kvm") ? "software emulation" : "KVM";

	if (r->emulated)
		printf("KVM is not used: %s\n", r->emulated);
	if (r->again)
		printf("tried twice: the first time, the emulated timer stood still on this busy computer\n");
	if (r->up)
		printf("%s comes up: %s after %.0f s (%s)%s%s\n", d->name, stage, r->seconds, how,
		       r->root_device[0] ? ", root on " : "", r->root_device);
	else
		printf("%s does not come up: %s (%.0f s, %s)\n", d->name, r->why, r->seconds, how);
	if (r->failed_units[0])
		printf("units that failed: %s\n", r->failed_units);
	if (!r->up && r->tail[0])
		printf("its last lines:\n%s%s", r->tail, r->tail[strlen(r->tail) - 1] == '\n' ? "" : "\n");
	if (picture)
		printf("its screen: %s\n", picture);
}

static int check(const struct settings *s, const struct nacre_definition *d, struct nacre_boot_options *o)
{
	struct nacre_boot_result result;
	struct nacre_error e = {.code = NACRE_OK};
	struct cli_progress progress;
	const char *stage;
	int failed;

	cli_progress_says(&progress, !s->json && !isatty(STDERR_FILENO), s->json);
	o->progress = cli_progress_boot;
	o->arg = &progress;
	failed = nacre_boot(d, o, &result, &e);
	cli_progress_end(&progress);
	if (failed)
		return cli_progress_fail(&progress, &e);
	stage = nacre_boot_stage_name(result.stage);
	if (s->json)
		print_json(d, &result, stage);
	else
		print_text(d, &result, stage, o->picture);
	return result.up ? NACRE_OK : NACRE_E_FAILED;
}

static int live(const struct settings *s, const struct nacre_definition *d, struct nacre_boot_options *o)
{
	struct nacre_boot_result result;
	struct nacre_error e = {.code = NACRE_OK};

	o->headless = s->headless || (!s->display && !getenv("DISPLAY") && !getenv("WAYLAND_DISPLAY"));
	if (o->headless && isatty(STDIN_FILENO))
		fprintf(stderr, "Ctrl-] presses its power button; twice, it is switched off\n");
	if (nacre_boot(d, o, &result, &e))
		return cli_fail(NULL, &e);
	return result.up ? NACRE_OK : cli_error(NACRE_E_LOST, d->name, "%s", result.why);
}

static int run(void *settings, int argc, char **argv)
{
	const struct settings *s = settings;
	struct nacre_boot_options o = {.directory = argv[0], .check = s->check, .snapshot = s->snapshot,
				       .timeout_s = (int)s->timeout, .picture = s->picture, .serial_log = s->log};
	struct nacre_definition d;
	struct nacre_error e = {.code = NACRE_OK};

	(void)argc;
	if (s->headless && s->display)
		return cli_error(NACRE_E_USAGE, "--display", "does not go together with --headless");
	if (s->check && (s->display || s->headless || s->snapshot))
		return cli_error(NACRE_E_USAGE, "--check", "shows nothing and changes nothing: leave %s out",
				 s->snapshot ? "--snapshot" : s->display ? "--display" : "--headless");
	if (!s->check && (s->timeout || s->picture || s->log || s->json))
		return cli_error(NACRE_E_USAGE, s->timeout ? "--timeout" : s->picture ? "--picture" : s->log ? "--serial-log" : "--json",
				 "is for --check");
	if (nacre_definition_read(argv[0], &d, &e))
		return cli_fail(NULL, &e);
	return s->check ? check(s, &d, &o) : live(s, &d, &o);
}

const struct cli_command cli_cmd_boot = {
	.name = "boot",
	.operands = "DIR",
	.summary = "Run a virtual machine, or prove that it comes up",
	.details = "DIR holds nacre.json and the disk, as `nacre convert` makes them.",
	.options = options,
	.operands_min = 1,
	.operands_max = 1,
	.settings_size = sizeof(struct settings),
	.run = run};
