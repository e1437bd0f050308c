/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c - the hostile suite: every way to fail, each in a host of its own */
#include "fault.h"
#include "nobody.h"
#include "tell.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *name;
	const struct fault *faults;
	void (*test)(void);
} groups[] = {{"process", process_faults, NULL}, {"channel", channel_faults, NULL},
	      {"message", message_faults, NULL}, {"answer", answer_faults, NULL},
	      {"load", load_faults, NULL},       {"sweep", NULL, test_sweep},
	      {"scribble", NULL, test_scribble}, {"control", NULL, test_control}};

int main(int argc, char **argv)
{
	static const char *const files[] = {"NACRE_TEST_PROXY", "NACRE_TEST_STUB", "NACRE_TEST_EXTENSION",
					    "NACRE_TEST_VPROC", NULL};
	const char *group = argc > 1 ? argv[1] : "", *only = argc > 2 ? argv[2] : NULL;

	if (only && !strcmp(only, "nobody")) { /* as an ordinary user */
		nobody_run(files, argv);
		only = NULL;
	}

	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++) {
		if (strcmp(group, groups[i].name))
			continue;
		for (const struct fault *f = groups[i].faults; f && f->name; f++)
			if (!only || strstr(f->name, only))
				fault_test(f);
		if (groups[i].test)
			groups[i].test();
		return tell_done();
	}
	fprintf(stderr, "usage: %s GROUP [nobody | WORDS OF A NAME]; groups:", argv[0]);
	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++)
		fprintf(stderr, " %s", groups[i].name);
	fputc('\n', stderr);
	return 2;
}
