/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_detach.c - `nacre detach`: a disk is none any more, and the image has all that was written to it */
#include "commands.h"

#include "disk/attach/attach.h"

#include <stdio.h>
#include <stdlib.h>

struct settings {
	bool all;
};

static const struct cli_option options[] = {
	{.name = "all", .letter = 'a', .kind = CLI_FLAG, .offset = offsetof(struct settings, all),
	 .help = "all that is attached, and what was left over where a process was killed"},
	{.name = NULL}};

/* Of one that ended by itself the reason is told here at the latest. */
static int detach(const struct nacre_attachment *a)
{
	struct nacre_error e = {0};

	if (nacre_detach(a, &e) < 0)
		return cli_fail(NULL, &e);
	if (a->end[0])
		cli_warn(a->image, "%s", a->end);
	return NACRE_OK;
}

/* What is attached while this goes on need not be found: so the list comes first. */
struct all {
	struct nacre_attachment *list;
	size_t count;
};

static int collect(void *arg, const struct nacre_attachment *a)
{
	struct all *all = arg;
	struct nacre_attachment *more = reallocarray(all->list, all->count + 1, sizeof(*more));

	if (!more)
		return cli_error(NACRE_E_SYSTEM, "memory", "there is none left");
	all->list = more;
	all->list[all->count++] = *a;
	return 0;
}

static int detach_all(void)
{
	struct nacre_error e = {0};
	struct all all = {.list = NULL};
	int code = NACRE_OK, failed = nacre_attach_each(collect, &all, &e);

	if (failed)
		code = failed < 0 ? cli_fail(NULL, &e) : failed;
	for (size_t i = 0; i < all.count; i++) {
		int one = detach(&all.list[i]);

		code = code ? code : one;
	}
	free(all.list);
	return code;
}

static int run(void *settings, int argc, char **argv)
{
	static struct nacre_attachment a;
	const struct settings *s = settings;
	struct nacre_error e = {0};

	if (s->all && argc)
		return cli_error(NACRE_E_USAGE, "--all", "takes no name");
	if (s->all)
		return detach_all();
	if (!argc)
		return cli_error(NACRE_E_USAGE, "DEVICE", "missing: a device or an image, or --all");
	if (nacre_attach_find(argv[0], &a, &e) < 0)
		return cli_fail(NULL, &e);
	return detach(&a);
}

const struct cli_command cli_cmd_detach = {
	.name = "detach",
	.operands = "DEVICE|IMAGE",
	.summary = "End what attach began, once all that was written is in the image",
	.details = "Refused while the disk is in use; the message says by whom.\n",
	.options = options,
	.operands_min = 0,
	.operands_max = 1,
	.settings_size = sizeof(struct settings),
	.run = run};
