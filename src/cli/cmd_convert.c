/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_convert.c - `nacre convert`: a disk, quiet or in use, becomes a virtual machine */
#include "commands.h"
#include "machine.h"
#include "progress.h"
#include "running.h"
#include "source.h"
#include "volumes.h"

#include "base/auto.h"
#include "base/json.h"
#include "conversion/place.h"
#include "conversion/snapshot/cgroup.h"
#include "os/priority.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct settings {
	const char *format, *source_format, *size, *name, *ssh, *remote_nacre, *spool, *fix_at;
	const char **skip, **disks, **volumes;
	uint32_t memory, cpus, timeout;
	struct cli_running running;
	bool nice, no_check, plan, json, quiet, resume, again, cutover, verify, grow_last, new_identity, no_serial, trust_kernel;
};

#define OPTION(member, how) .kind = (how), .offset = offsetof(struct settings, member)

static const struct cli_option options[] = {
	{.name = "disk", OPTION(disks, CLI_LIST), .arg = "DISK",
	 .help = "a further disk of the machine, as SOURCE; all have the same instant"},
	{.name = "volume", OPTION(volumes, CLI_LIST), .arg = "VOLUME",
	 .help = "copy only this one, and others named so: a mount point, device, UUID=..., LABEL=..., or partition number"},
	{.name = "format", OPTION(format, CLI_CHOICE), .arg = "FORMAT", .choices = "vhd|vhd-fixed|raw",
	 .help = "of the new disks [vhd]"},
	{.name = "source-format", OPTION(source_format, CLI_CHOICE), .arg = "FORMAT",
	 .choices = "raw|vhd|vhd-fixed|qcow2", .help = "of the sources [found out by their content]"},
	{.name = "size", OPTION(size, CLI_TEXT), .arg = "SIZE",
	 .help = "of the new first disk, 40G for example [the source's]"},
	{.name = "grow-last", OPTION(grow_last, CLI_FLAG),
	 .help = "let the last partition and its file system take what a larger disk has"},
	{.name = "name", OPTION(name, CLI_TEXT), .arg = "NAME",
	 .help = "of the virtual machine [the directory's]"},
	{.name = "memory", OPTION(memory, CLI_NUMBER), .arg = "MB", .min = 16, .max = 16777216,
	 .help = "memory of the virtual machine in MiB [this computer's, where its own disk is converted; else 2048]"},
	{.name = "cpus", OPTION(cpus, CLI_NUMBER), .arg = "N", .min = 1, .max = 1024,
	 .help = "processors of the virtual machine [this computer's, where its own disk is converted; else 2]"},
	{.name = "skip", OPTION(skip, CLI_LIST), .arg = "FIX", .help = "leave out this fix; --plan names them"},
	{.name = "new-identity", OPTION(new_identity, CLI_FLAG),
	 .help = "machine-id and ssh host keys anew: for a copy that runs beside its source"},
	{.name = "trust-kernel-mount", OPTION(trust_kernel, CLI_FLAG),
	 .help = "let this computer's kernel mount XFS and btrfs of the copy to change them (root)"},
	{.name = "no-serial", OPTION(no_serial, CLI_FLAG), .help = "no console on the serial line"},
	{.name = "no-check", OPTION(no_check, CLI_FLAG), .help = "do not boot the result"},
	{.name = "timeout", OPTION(timeout, CLI_NUMBER), .arg = "S", .min = 1, .max = 86400,
	 .help = "seconds that the boot may take [300; 600 without KVM]"},
	{.name = "ssh", OPTION(ssh, CLI_TEXT), .arg = "COMMAND",
	 .help = "connects to the other computer; words between blanks [$NACRE_SSH, or ssh]"},
	{.name = "remote-nacre", OPTION(remote_nacre, CLI_TEXT), .arg = "PATH",
	 .help = "where nacre is on the other computer [nacre, in its PATH]"},
	{.name = "fix-at", OPTION(fix_at, CLI_CHOICE), .arg = "WHERE", .choices = "host|source",
	 .help = "which computer makes the fix-ups, where there are two: the VM host or this one [host]"},
	{.name = "resume", OPTION(resume, CLI_FLAG),
	 .help = "go on with a copy that was cut short: only what is not there yet, or is no more the same, is copied"},
	{.name = "again", OPTION(again, CLI_FLAG),
	 .help = "bring the machine up to date that an earlier --again made: only what changed since travels"},
	{.name = "cutover", OPTION(cutover, CLI_FLAG),
	 .help = "the last time: the units of --stop-unit stop when little is left, and stay stopped"},
	{.name = "verify", OPTION(verify, CLI_FLAG),
	 .help = "read source and copy again before anything is fixed, and compare"},
	{.name = "spool", OPTION(spool, CLI_TEXT), .arg = "DIR",
	 .help = "a source in use, to -: where the copy is until it is sent [$TMPDIR, /tmp, /var/tmp, /dev/shm: where room is]"},
	{.name = "max-freeze", OPTION(running.max_freeze, CLI_NUMBER), .arg = "MS", .min = 10, .max = 600000,
	 .help = "a source in use: milliseconds that it may be frozen [2000]"},
	{.name = "require", OPTION(running.require, CLI_CHOICE), .arg = "LEVEL", .choices = "crash|file-system|application",
	 .help = "a source in use: consistency that every volume must have, or it is an error [crash]"},
	{.name = "hooks", OPTION(running.hooks, CLI_LIST), .arg = "DIR",
	 .help = "a source in use: programs here are called with freeze and thaw [see nacre(1)]"},
	{.name = "no-hooks", OPTION(running.no_hooks, CLI_FLAG), .help = "call none"},
	{.name = "stop-unit", OPTION(running.stop_units, CLI_LIST), .arg = "UNIT",
	 .help = "a source in use: this systemd unit stops for the instant"},
	{.name = "stop-cgroup", OPTION(running.stop_cgroups, CLI_LIST), .arg = "DIR",
	 .help = "a source in use: all in this control group stop for the instant"},
	{.name = "throttle-unit", OPTION(running.throttle_units, CLI_LIST), .arg = "UNIT",
	 .help = "a source in use: this systemd unit may write less where it writes more than can be copied"},
	{.name = "throttle-cgroup", OPTION(running.throttle_cgroups, CLI_LIST), .arg = "DIR",
	 .help = "a source in use: the same for a control group"},
	{.name = "bwlimit", OPTION(running.bwlimit, CLI_TEXT), .arg = "RATE",
	 .help = "bytes a second that are sent, or read of a source in use, at most; 20M for example"},
	{.name = "nice", OPTION(nice, CLI_FLAG),
	 .help = "work at low priority for processor and disk, but not while a source in use is frozen"},
	{.name = "on-read-error", OPTION(running.on_read_error, CLI_CHOICE), .arg = "WHAT", .choices = "stop|zero",
	 .help = "what cannot be read ends it, or becomes zeroes [stop]"},
	{.name = "plan", OPTION(plan, CLI_FLAG), .help = "only say what would be done"},
	{.name = "json", OPTION(json, CLI_FLAG), .help = "print the result as JSON, and progress as one JSON object a line"},
	{.name = "quiet", .letter = 'q', OPTION(quiet, CLI_FLAG), .help = "no progress"},
	{.name = NULL}};

static void print_json(const struct nacre_convert_options *o, const struct nacre_convert_result *r)
{
	struct json j = {.to = o->streamed ? stderr : stdout, .one_line = o->streamed};

	json_begin(&j, NULL, '{');
	if (o->streamed)
		json_text(&j, "event", "result");
	else
		json_text(&j, "directory", o->directory);
	json_begin(&j, "sources", '[');
	for (int i = 0; i < o->source_count; i++)
		json_text(&j, NULL, o->sources[i]);
	json_end(&j, ']');
	json_begin(&j, "disks", '[');
	for (int i = 0; i < r->definition.disk_count; i++) {
		json_begin(&j, NULL, '{');
		json_text(&j, "file", r->definition.disks[i].file);
		json_number(&j, "size", (int64_t)r->definition.disks[i].size);
		json_end(&j, '}');
	}
	json_end(&j, ']');
	json_number(&j, "used", (int64_t)r->used);
	json_number(&j, "skipped", (int64_t)r->skipped);
	json_number(&j, "read", (int64_t)r->read);
	json_number(&j, "written", (int64_t)r->written);
	if (*r->host) {
		json_text(&j, "host", r->host);
		json_number(&j, "sent", (int64_t)r->sent);
	}
	if (o->verify)
		json_number(&j, "verified", (int64_t)r->verified);
	if (o->verify && o->live)
		json_number(&j, "written_since", (int64_t)r->written_since);
	json_number(&j, "unreadable", (int64_t)r->bad);
	json_number(&j, "copy_ms", (int64_t)(r->seconds_copy * 1000));
	json_number(&j, "fix_ms", (int64_t)(r->seconds_fix * 1000));
	json_number(&j, "changes", (int64_t)r->changes);
	json_number(&j, "there", (int64_t)r->there);
	if (o->live) {
		if (o->again || o->cutover) {
			json_bool(&j, "tracked", r->again.tracked);
			json_bool(&j, "tracking_goes_on", r->again.goes_on);
			json_text(&j, "why_not", r->again.why);
		}
		if (o->cutover) {
			json_number(&j, "downtime_ms", (int64_t)r->downtime_ms);
			json_bool(&j, "started_again", r->started_again);
			json_begin(&j, "stopped", '[');
			for (int i = 0; r->downtime_ms > 0 && o->cutover_units[i]; i++)
				json_text(&j, NULL, o->cutover_units[i]);
			json_end(&j, ']');
		}
		cli_running_json(&j, &r->snapshot);
	}
	json_bool(&j, "data", r->data);
	json_bool(&j, "checked", r->checked);
	if (r->checked) {
		json_bool(&j, "boots", r->boot.up);
		json_number(&j, "boot_ms", (int64_t)(r->boot.seconds * 1000));
		json_text(&j, "accelerator", r->boot.accelerator);
		json_text(&j, "emulated", r->boot.emulated ? r->boot.emulated : "");
		json_bool(&j, "again", r->boot.again);
		json_text(&j, "why", r->boot.why);
	}
	json_end(&j, '}');
	if (!o->streamed)
		putchar('\n');
}

static void print_again(const struct nacre_convert_options *o, const struct nacre_convert_result *r)
{
	const struct nacre_again_result *a = &r->again;
	char when[32] = "";
	time_t since = (time_t)a->since;

	if (a->tracked && !r->snapshot.restarts && strftime(when, sizeof(when), "%Y-%m-%d %H:%M", localtime(&since)))
		printf("again: what changed since %s was read, nothing else\n", when);
	else if (*a->why || !o->live)
		printf("again: all was read: %s\n", o->live ? a->why : "the source is not in use, and not tracked");
	if (a->goes_on)
		printf("changes are tracked on for the next time; nacre tracking --end %s ends that\n", o->directory);
}

static void print_cutover(const struct nacre_convert_options *o, const struct nacre_convert_result *r)
{
	if (!r->downtime_ms)
		return;
	for (int i = 0; o->cutover_units[i]; i++)
		printf("%s%s", i ? ", " : r->started_again ? "started again: " : "stopped, and left so: ", o->cutover_units[i]);
	printf("; %.0f ms from the first stop to the machine there\n", r->downtime_ms);
}

static void print_text(const struct nacre_convert_options *o, const struct nacre_convert_result *r)
{
	uint64_t size = 0;

	for (int i = 0; i < r->definition.disk_count; i++)
		size += r->definition.disks[i].size;
	printf("%s: %s copied of %s in %.1f s, %zu changes in %.2f s\n", o->directory, cli_bytes(r->used), cli_bytes(size),
	       r->seconds_copy, r->changes, r->seconds_fix);
	if (o->live)
		cli_running_print(stdout, &r->snapshot);
	if (r->bad)
		printf("%llu places could not be read and are zeroes, the first at byte %llu\n", (unsigned long long)r->bad,
		       (unsigned long long)r->first_bad);
	if (o->again || o->cutover)
		print_again(o, r);
	print_cutover(o, r);
	if (o->verify)
		printf("compared: %s are the same at both ends\n", cli_bytes(r->verified));
	if (o->verify && o->live)
		printf("%s that were written to since are as they came\n", cli_bytes(r->written_since));
	if (r->there)
		printf("%s were there already, and not sent again\n", cli_bytes(r->there));
	if (r->data)
		printf("boots? there is no system in what was copied: it is data\n");
	else if (!r->checked)
		printf("boots? not tried; nacre boot %s --check\n", o->directory);
	else if (r->boot.up)
		printf("boots? yes, %.0f s%s, picture in %s/report.html\n", r->boot.seconds,
		       r->boot.emulated ? " by software emulation" : "", o->directory);
	else
		printf("boots? no: %s; see %s/report.html\n", r->boot.why, o->directory);
}

/* A block device that is in use is copied as it is at one instant, and all others with it. */
static int take_running(const struct settings *s, const char *name, const struct cli_source *source,
			struct nacre_snapshot_options *live, struct nacre_convert_options *o, struct nacre_error *e)
{
	if (!*source->user)
		return 0;
	if (!source->device)
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, name,
				       "is a file in use (%s): name the loop device that it is on, or let nobody use it",
				       source->user);
	o->live = live;
	if (s->plan) {
		NACRE_AUTO_FREE char *what = cli_format("%s: it is copied as it is at one instant", source->user);

		o->says.fix(o->says.arg, "in use", what);
	}
	return 0;
}

/* Units that stop for good are not stopped for the instant. That they run, and are not ours, is found out now. */
static int take_cutover(const struct settings *s, struct nacre_snapshot_options *live, struct nacre_convert_options *o,
			struct nacre_error *e)
{
	struct cli_running running = s->running;

	for (int i = 0; running.stop_units && running.stop_units[i]; i++) {
		NACRE_AUTO_FREE char *group = nacre_cgroup_of_unit(running.stop_units[i], e);

		if (!group)
			return -1;
	}
	o->cutover_units = running.stop_units;
	running.stop_units = NULL;
	return cli_running_options(&running, live, e);
}

static void tell_other(const char *where, const char *disk)
{
	cli_warn(where, "is mounted from %s, which is not converted; --disk %s takes it along", disk, disk);
}

/* Who converts a machine that works wants all of it, or to know what stays behind. */
static void tell_others(const struct settings *s, const struct cli_source *sources, const struct nacre_convert_options *o)
{
	NACRE_AUTO_FREE char *above = o->directory && !o->remote ? nacre_place_above(o->directory) : NULL;

	if (!o->own || s->volumes || s->quiet)
		return;
	cli_source_others(sources, o->source_count, above, tell_other);
}

static void free_sources(struct cli_source (*sources)[NACRE_DISKS_MAX])
{
	for (int i = 0; i < NACRE_DISKS_MAX; i++)
		cli_source_free(&(*sources)[i]);
}

/* The disks, as the user named them. @sources: free_sources() in any case */
static int take_sources(const struct settings *s, const char *first, struct cli_source *sources,
			struct nacre_snapshot_options *live, struct nacre_convert_options *o, struct nacre_error *e)
{
	bool devices = true;

	for (int i = 0; !i || (s->disks && s->disks[i - 1]); i++) {
		const char *name = i ? s->disks[i - 1] : first;

		if (i == NACRE_DISKS_MAX)
			return nacre_error_set(e, NACRE_E_USAGE, 0, name, "is one disk too many: a machine has at most %d",
					       NACRE_DISKS_MAX);
		if (cli_source_find(name, &sources[i], e) < 0 || take_running(s, name, &sources[i], live, o, e) < 0)
			return -1;
		for (int k = 0; k < i; k++)
			if (!strcmp(sources[k].path, sources[i].path))
				return nacre_error_set(e, NACRE_E_USAGE, 0, name, "is named twice (%s)", sources[i].path);
		devices &= sources[i].device;
		o->own |= sources[i].own;
		o->sources[o->source_count++] = sources[i].path;
	}
	if (!o->live && s->cutover && s->running.stop_units)
		return nacre_error_set(e, NACRE_E_USAGE, 0, "--stop-unit", "nothing is to be stopped of a source that is not in use");
	if (!o->live)
		return 0;
	if (!devices)
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, first,
				       "is in use, or another one is; then all have to be block devices");
	return s->cutover ? take_cutover(s, live, o, e) : cli_running_options(&s->running, live, e);
}

static int run(void *settings, int argc, char **argv)
{
	const struct settings *s = settings;
	struct cli_progress progress;
	struct nacre_convert_options o = {
		.directory = argc > 1 ? argv[1] : NULL, .format = s->format,
		.source_format = s->source_format, .name = s->name, .grow_last = s->grow_last,
		.volumes = s->volumes, .resume = s->resume, .again = s->again, .cutover = s->cutover,
		.zero_bad = s->running.on_read_error && !strcmp(s->running.on_read_error, "zero"),
		.fix_at_source = s->fix_at && !strcmp(s->fix_at, "source"),
		.verify = s->verify, .plan_only = s->plan, .no_check = s->no_check, .spool = s->spool, .memory_mb = s->memory, .cpus = s->cpus,
		.timeout_s = (int)s->timeout,
		.fix = {.new_identity = s->new_identity, .serial_console = !s->no_serial, .skip = s->skip},
		.says = cli_progress_says(&progress, s->quiet && !s->plan, s->json)};
	NACRE_AUTO_FREE struct nacre_convert_result *result = calloc(1, sizeof(*result));
	const char *ssh = s->ssh ? s->ssh : getenv("NACRE_SSH");
	struct nacre_remote remote = {.ssh = ssh && *ssh ? ssh : NULL, .nacre = s->remote_nacre, .nice = s->nice};
	const struct nacre_priority normal = nacre_priority_get();
	struct nacre_snapshot_options live = {0};
	__attribute__((cleanup(free_sources))) struct cli_source sources[NACRE_DISKS_MAX] = {0};
	struct nacre_error e = {0};
	int failed;

	if (!result)
		return cli_error(NACRE_E_SYSTEM, "memory", "there is none left");
	if (!o.directory && !s->plan)
		return cli_error(NACRE_E_USAGE, "DIRECTORY", "missing: where shall the virtual machine go?");
	if (s->size && !cli_size(s->size, &o.size))
		return cli_error(NACRE_E_USAGE, s->size, "is no size; 40G is one");
	if (s->running.bwlimit && (!cli_size(s->running.bwlimit, &remote.limit) || !remote.limit))
		return cli_error(NACRE_E_USAGE, s->running.bwlimit, "is no rate; 20M is one");
	if (o.directory && !strcmp(o.directory, "-")) {
		if (isatty(STDOUT_FILENO) || s->verify || s->resume || s->again || s->cutover || (s->format && strcmp(s->format, "vhd")))
			return cli_error(NACRE_E_USAGE, "-",
					 "is a VHD on standard output, which has to be a pipe or file; it cannot be "
					 "another format, verified, resumed or converted --again");
		o.streamed = o.no_check = true;
		o.directory = s->name ? s->name : "machine";
		signal(SIGPIPE, SIG_IGN);
	} else if (o.directory && nacre_remote_is(o.directory)) {
		if (nacre_remote_parse(o.directory, &remote, &e)) {
			nacre_remote_free(&remote);
			return cli_fail(NULL, &e);
		}
		o.remote = &remote;
		signal(SIGPIPE, SIG_IGN); /* a cut connection is an error like others */
	}
	if (s->nice && nacre_priority_set(NACRE_PRIORITY_LOW, &e) < 0)
		return cli_fail(NULL, &e);
	cli_volumes_setup();
	if (s->trust_kernel && cli_volumes_trust_kernel())
		return NACRE_E_USAGE;
	failed = take_sources(s, argv[0], sources, &live, &o, &e) < 0;
	if (!failed)
		tell_others(s, sources, &o);
	live.holding = s->nice ? &normal : NULL;
	if (!failed)
		failed = nacre_convert(&o, result, &e) < 0;
	cli_running_free(&live);
	nacre_remote_free(&remote);
	cli_progress_end(&progress);
	if (failed && result->resumable) {
		NACRE_AUTO_FREE char *kept = cli_format("what was copied is kept in %s.partial: --resume goes on with it", o.directory);

		cli_progress_warn(&progress, o.directory, kept);
	}
	if (failed && result->started_again)
		cli_progress_warn(&progress, "--cutover", "the services that were stopped were started again");
	if (failed)
		return cli_progress_fail(&progress, &e);
	if (s->plan)
		return NACRE_OK;
	if (o.streamed && s->json)
		print_json(&o, result);
	else if (o.streamed && o.live)
		cli_running_print(stderr, &result->snapshot);
	if (o.streamed && result->bad && !s->json)
		cli_warn(o.directory, "%llu places could not be read and are zeroes, the first at byte %llu",
			 (unsigned long long)result->bad, (unsigned long long)result->first_bad);
	if (o.streamed)
		return NACRE_OK;
	(s->json ? print_json : print_text)(&o, result);
	return result->checked && !result->boot.up ? NACRE_E_FAILED : NACRE_OK;
}

const struct cli_command cli_cmd_convert = {
	.name = "convert",
	.operands = "SOURCE [DIRECTORY]",
	.summary = "Turn disks into a virtual machine, and prove that it boots",
	.details = "SOURCE is the disk that is booted from: an image (raw, VHD, qcow2) that is not in use, a block device, or / or another mount point for\n"
		   "the disk below it; --disk names others. They are only read. What is in use is copied while it works, as it is at one\n"
		   "instant.\n"
		   "DIRECTORY is made: disk0.vhd..., NAME.xml for libvirt, nacre.json, report.html.\n"
		   "As user@host:DIRECTORY it is made on another computer that has nacre, over ssh.\n"
		   "As - the disk, already fixed, goes to standard output as a VHD that needs only be saved.\n",
	.options = options,
	.operands_min = 1,
	.operands_max = 2,
	.settings_size = sizeof(struct settings),
	.run = run};
