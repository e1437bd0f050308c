/* SPDX-License-Identifier: BSD-2-Clause */
/* thermo.h - a small library as anybody might write it: nothing here knows of nacre */
#ifndef THERMO_H
#define THERMO_H

#include <stddef.h>

struct thermo; /* known only to the library */

struct thermo_info {
	char model[16];
	int sensors;
	double lowest, highest;
};

typedef void (*thermo_alarm)(void *user, const char *name, double celsius);

/* "kitchen", "attic"; NULL and errno for a name that there is not */
struct thermo *thermo_open(const char *name);
/* At most n samples; how many, or -1 and errno */
int thermo_read(struct thermo *t, double *samples, int n);
int thermo_describe(struct thermo *t, struct thermo_info *info);
/* The name, into a buffer of size bytes */
int thermo_name(struct thermo *t, char *name, size_t size);
const char *thermo_unit(void);
/* Calls alarm for each sample above limit; how many there were */
int thermo_watch(struct thermo *t, double limit, thermo_alarm alarm, void *user);
void thermo_close(struct thermo *t);

#endif
