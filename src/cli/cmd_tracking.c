/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_tracking.c - `nacre tracking`: disks whose changes are tracked for the next `nacre convert --again`, and an end of it */
#include "commands.h"

#include "base/json.h"
#include "conversion/again.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct settings {
	bool end, all, json;
};

static const struct cli_option options[] = {
	{.name = "end", .kind = CLI_FLAG, .offset = offsetof(struct settings, end),
	 .help = "track no more for these destinations; the next --again reads all"},
	{.name = "all", .letter = 'a', .kind = CLI_FLAG, .offset = offsetof(struct settings, all),
	 .help = "with --end: for all of them"},
	{.name = "json", .kind = CLI_FLAG, .offset = offsetof(struct settings, json), .help = "print JSON"},
	{.name = NULL}};

struct list {
	struct nacre_again_tracking *list;
	size_t count;
};

static int collect(void *arg, const struct nacre_again_tracking *t)
{
	struct list *l = arg;
	struct nacre_again_tracking *more = reallocarray(l->list, l->count + 1, sizeof(*more));

	if (!more)
		return cli_error(NACRE_E_SYSTEM, "memory", "there is none left");
	l->list = more;
	l->list[l->count++] = *t;
	return 0;
}

static void print_json(const struct list *l)
{
	struct json j = {.to = stdout};

	json_begin(&j, NULL, '[');
	for (size_t i = 0; i < l->count; i++) {
		const struct nacre_again_tracking *t = &l->list[i];

		json_begin(&j, NULL, '{');
		json_text(&j, "disk", t->known ? t->record.disk : "");
		json_text(&j, "destination", t->known ? t->record.destination : "");
		json_number(&j, "since", (int64_t)t->record.began);
		json_number(&j, "instant", (int64_t)t->record.time);
		json_bool(&j, "in_use", t->busy);
		json_end(&j, '}');
	}
	json_end(&j, ']');
	putchar('\n');
}

static void print(const struct list *l)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct nacre_again_tracking *t = &l->list[i];
		time_t when = (time_t)t->record.time;
		char text[32] = "?";

		if (!t->known) {
			printf("%s: of a run that did not get far, or of another version of nacre\n", t->directory);
			continue;
		}
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M", localtime(&when));
		printf("%s  to %s, as of %s%s\n", t->record.disk, t->record.destination, text, t->busy ? ", a run is at work" : "");
	}
	if (!l->count)
		printf("no disk is tracked\n");
}

/* Is it what the user named? Also where the destination is not there any more. */
static bool is_named(const struct nacre_again_tracking *t, const char *name)
{
	struct nacre_remote remote = {0};
	char destination[640] = "";
	bool same;

	if (!nacre_remote_is(name))
		nacre_again_destination(destination, sizeof(destination), name, NULL, NULL);
	else if (!nacre_remote_parse(name, &remote, NULL))
		nacre_again_destination(destination, sizeof(destination), NULL, &remote, NULL);
	nacre_remote_free(&remote);
	same = t->known && (!strcmp(t->record.destination, destination) || !strcmp(t->record.destination, name));
	return same || !strcmp(t->directory, name);
}

static int end(const struct list *l, const char *name)
{
	int found = 0;

	for (size_t i = 0; i < l->count; i++) {
		if (name && !is_named(&l->list[i], name))
			continue;
		found++;
		if (l->list[i].busy)
			return cli_error(NACRE_E_EXISTS, name ? name : l->list[i].record.destination,
					 "a run is at work with it just now; when that has ended, try again");
		nacre_kept_forget(l->list[i].directory);
	}
	if (name && !found)
		return cli_error(NACRE_E_ABSENT, name, "no disk is tracked for it");
	return NACRE_OK;
}

static int run(void *settings, int argc, char **argv)
{
	const struct settings *s = settings;
	struct nacre_error e = {0};
	struct list l = {.list = NULL};
	int failed, code = NACRE_OK;

	if ((!s->end && (argc || s->all)) || (s->end && !argc == !s->all))
		return cli_error(NACRE_E_USAGE, "--end", "takes destinations, or --all; without it all are listed");
	failed = nacre_again_each(collect, &l, &e);
	if (failed)
		code = failed < 0 ? cli_fail(NULL, &e) : failed;
	else if (!s->end)
		(s->json ? print_json : print)(&l);
	else if (s->all)
		code = end(&l, NULL);
	for (int i = 0; !failed && i < argc && !code; i++)
		code = end(&l, argv[i]);
	free(l.list);
	return code;
}

const struct cli_command cli_cmd_tracking = {
	.name = "tracking",
	.operands = "[DESTINATION...]",
	.summary = "Show, or end, the tracking of changes for nacre convert --again",
	.details = "It goes on after convert --again, until --cutover, until --end, or until the computer is shut down.\n",
	.options = options,
	.operands_min = 0,
	.operands_max = -1,
	.settings_size = sizeof(struct settings),
	.run = run};
