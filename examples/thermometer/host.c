/* SPDX-License-Identifier: BSD-2-Clause */
/* host.c - a host of the library: nothing here knows of nacre either */
#include "thermo.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void alarm(void *user, const char *name, double celsius)
{
	printf("alarm %d: %s has %.1f %s\n", ++*(int *)user, name, celsius, thermo_unit());
}

static void report(const char *place)
{
	struct thermo *t = thermo_open(place);
	struct thermo_info info;
	char name[16] = "?";
	double samples[8];
	int n, alarms = 0;

	if (!t) {
		printf("%s: %s\n", place, strerror(errno));
		return;
	}
	n = thermo_read(t, samples, 8);
	if (n < 0)
		printf("%s: cannot be read: %s\n", place, strerror(errno));
	for (int i = 0; i < n; i++)
		printf("%s: %.1f\n", place, samples[i]);
	if (thermo_name(t, name, sizeof(name)) < 0)
		printf("%s: has no name now: %s\n", place, strerror(errno));
	else if (thermo_describe(t, &info) == 0)
		printf("%s is a %s, %d sensor, from %.0f to %.0f\n", name, info.model, info.sensors,
		       info.lowest, info.highest);
	if (n > 0)
		printf("%d above 21\n", thermo_watch(t, 21, alarm, &alarms));
	thermo_close(t);
}

int main(void)
{
	report("kitchen");
	report("cellar");
	report("attic"); /* ends the process, unless the library runs behind a proxy */
	report("kitchen");
	return 0;
}
