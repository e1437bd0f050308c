/* SPDX-License-Identifier: BSD-2-Clause */
/* run.c - the fix-up by command line, for the tests: fixup-run IMAGE UNDO plan|apply|undo [OPTION...]
 *
 * Options: serial, identity, skip=ID. Prints what the fixes say, and with apply "FILE how" for each change
 * and "time: SECONDS" of the fix-up phase alone.
 */
#include "conversion/fixup/fixup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void say(void *arg, const char *fix, const char *text)
{
	(void)arg;
	printf("%s: %s\n", fix, text);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static int failed(const struct nacre_error *e)
{
	fprintf(stderr, "error %d: %s: %s\n", e->code, e->where, e->msg);
	return e->code ? e->code : 1;
}

static int run(struct nacre_inventory *inventory, const char *undo, const char *what,
	       const struct nacre_fix_options *options)
{
	struct nacre_error e = {0};
	double begin = seconds();
	struct nacre_tree *tree = nacre_fixup_tree(inventory, strcmp(what, "apply") ? NULL : undo, &e);
	struct nacre_fixing f = {inventory, tree, options, say, NULL};
	const struct nacre_change *changes;
	size_t count;
	int result = -1;

	if (!tree)
		return failed(&e);
	if (!strcmp(what, "plan"))
		result = nacre_fixup_plan(&f, &e);
	else if (!strcmp(what, "apply"))
		result = nacre_fixup_apply(&f, &e);
	else if (!strcmp(what, "undo"))
		result = nacre_tree_undo(tree, undo, &e);
	changes = nacre_tree_changes(tree, &count);
	for (size_t i = 0; i < count; i++)
		printf("change %s %s\n", changes[i].path, changes[i].how);
	printf("time: %.3f\n", seconds() - begin);
	nacre_tree_free(tree);
	return result < 0 ? failed(&e) : 0;
}

int main(int argc, char **argv)
{
	struct nacre_volume_parts parts = {.vproc = getenv("NACRE_TEST_VPROC"), .pair = getenv("NACRE_TEST_PAIR"),
					   .drivers = getenv("NACRE_TEST_DRIVERS")};
	struct nacre_inventory *inventory = calloc(1, sizeof(*inventory));
	struct nacre_fix_options options = {0};
	const char *skip[16] = {NULL};
	struct nacre_error e = {0};
	struct nacre_image *image;
	int result, skips = 0;

	if (argc < 4 || !inventory)
		return 2;
	for (int i = 4; i < argc; i++) {
		options.serial_console |= !strcmp(argv[i], "serial");
		options.new_identity |= !strcmp(argv[i], "identity");
		if (!strncmp(argv[i], "skip=", 5) && skips < 15)
			skip[skips++] = argv[i] + 5;
	}
	options.skip = skip;
	nacre_volume_setup(&parts);
	image = nacre_image_open(argv[1], "raw", strcmp(argv[3], "plan") != 0, &e);
	if (!image || nacre_inventory_take(&image, NULL, 1, strcmp(argv[3], "plan") != 0, inventory, &e) < 0)
		return failed(&e);
	result = run(inventory, argv[2], argv[3], &options);
	nacre_inventory_free(inventory);
	nacre_image_close(image);
	free(inventory);
	return result;
}
