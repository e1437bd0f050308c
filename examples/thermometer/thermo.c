/* SPDX-License-Identifier: BSD-2-Clause */
/* thermo.c - the library: two thermometers, one of which is broken */
#include "thermo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PUBLIC __attribute__((visibility("default")))

struct thermo {
	char name[16];
	double base;
	int *broken; /* NULL, and read all the same */
};

PUBLIC struct thermo *thermo_open(const char *name)
{
	struct thermo *t;

	if (!name || (strcmp(name, "kitchen") && strcmp(name, "attic"))) {
		errno = ENOENT;
		return NULL;
	}
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->base = 20;
	return t;
}

PUBLIC int thermo_read(struct thermo *t, double *samples, int n)
{
	if (!samples || n < 0) {
		errno = EINVAL;
		return -1;
	}
	if (!strcmp(t->name, "attic"))
		return *(volatile int *)t->broken; /* the bug */
	if (n > 5)
		n = 5;
	for (int i = 0; i < n; i++)
		samples[i] = t->base + i / 2.0;
	return n;
}

PUBLIC int thermo_describe(struct thermo *t, struct thermo_info *info)
{
	*info = (struct thermo_info){"mercury", 1, t->base, t->base + 2};
	return 0;
}

PUBLIC int thermo_name(struct thermo *t, char *name, size_t size)
{
	if (strlen(t->name) >= size) {
		errno = ERANGE;
		return -1;
	}
	strcpy(name, t->name);
	return 0;
}

PUBLIC const char *thermo_unit(void)
{
	return "degrees Celsius";
}

PUBLIC int thermo_watch(struct thermo *t, double limit, thermo_alarm alarm, void *user)
{
	double samples[5];
	int n = thermo_read(t, samples, 5), alarms = 0;

	for (int i = 0; i < n; i++) {
		if (samples[i] <= limit)
			continue;
		alarm(user, t->name, samples[i]);
		alarms++;
	}
	return n < 0 ? n : alarms;
}

PUBLIC void thermo_close(struct thermo *t)
{
	free(t);
}
