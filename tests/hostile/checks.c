/* SPDX-License-Identifier: BSD-2-Clause */
/* checks.c - expectations of a host, carried over to the test */
#include "checks.h"
#include "tell.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool check(struct checks *c, bool holds, const char *what, ...)
{
	va_list ap;

	if (c->count == sizeof(c->list) / sizeof(*c->list))
		abort();
	va_start(ap, what);
	vsnprintf(c->list[c->count].text, sizeof(c->list[0].text), what, ap);
	va_end(ap);
	c->list[c->count++].holds = holds;
	return holds;
}

void checks_run(const char *name, const char *more, int (*body)(const struct victim *v, void *checks),
		int ms)
{
	struct checks *c = shared(sizeof(*c));
	bool well = true;
	struct place p;
	char *log;
	int status;

	place_make(&p, name);
	place_register(&p, more);
	c->place = &p;
	status = host_run(&p, body, c, ms);
	for (int i = 0; i < c->count; i++)
		well &= tell(c->list[i].holds, "%s: %s", name, c->list[i].text);
	well &= tell(status == 0, "%s: the host ends well", name);
	if (status)
		printf("# it did not: %s\n", host_ended(status));
	well &= tell(place_is_left(&p, 1000), "%s: nothing is left after it", name);
	if (!well) {
		log = place_log(&p);
		printf("# log: %.*s\n", (int)strcspn(log, "\n"), log);
		free(log);
	}
	place_end_all(&p);
	place_remove(&p);
}

int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	for (struct dirent *d; dir && (d = readdir(dir));)
		n += d->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n - 1; /* the directory's own */
}

int count_maps(const char *word)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[512];
	int n = 0;

	while (f && fgets(line, sizeof(line), f))
		n += strstr(line, word) != NULL;
	if (f)
		fclose(f);
	return n;
}
