/* SPDX-License-Identifier: BSD-2-Clause */
/* clock.h - the time that only goes forward */
#ifndef NACRE_OS_CLOCK_H
#define NACRE_OS_CLOCK_H

#include <time.h>

/** nacre_now() - seconds since some moment; suspended time is not counted */
static inline double nacre_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

#endif
