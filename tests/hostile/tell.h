/* SPDX-License-Identifier: BSD-2-Clause */
/* tell.h - tap.h for programs of several files, which count together */
#ifndef NACRE_TESTS_TELL_H
#define NACRE_TESTS_TELL_H

#include <stdbool.h>

/** tell() - as tap_ok() */
bool tell(bool holds, const char *what, ...) __attribute__((format(printf, 2, 3)));
/** tell_done() - as tap_done() */
int tell_done(void);

#endif
