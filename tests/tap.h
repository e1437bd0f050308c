/* SPDX-License-Identifier: BSD-2-Clause */
/* tap.h - a test program prints TAP: one line per expectation, each a sentence */
#ifndef NACRE_TESTS_TAP_H
#define NACRE_TESTS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_count, tap_failed;

/** tap_ok() - one expectation; @what says it as a sentence. Return: @holds */
__attribute__((format(printf, 2, 3), unused)) static bool tap_ok(bool holds, const char *what, ...)
{
	va_list ap;

	tap_count++;
	if (!holds)
		tap_failed++;
	printf("%sok %d - ", holds ? "" : "not ", tap_count);
	va_start(ap, what);
	vprintf(what, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	return holds;
}

/** tap_skip() - something that this machine cannot do; NACRE_MUST_WORK turns it into a failure */
__attribute__((unused)) static void tap_skip(const char *what, const char *reason)
{
	if (getenv("NACRE_MUST_WORK")) {
		tap_ok(false, "%s (skipped: %s)", what, reason);
		return;
	}
	tap_count++;
	printf("ok %d - %s # SKIP %s\n", tap_count, what, reason);
}

/** tap_done() - the plan; Return: the exit code for main() */
__attribute__((unused)) static int tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed ? 1 : 0;
}

#define tap_is_string(got, want, what)                                                             \
	do {                                                                                       \
		const char *g_ = (got), *w_ = (want);                                              \
		if (!tap_ok(g_ && w_ && !strcmp(g_, w_), "%s", what))                              \
			printf("# got  '%s'\n# want '%s'\n", g_ ? g_ : "(null)", w_ ? w_ : "(null)"); \
	} while (0)

#define tap_is_number(got, want, what)                                                             \
	do {                                                                                       \
		long long g_ = (long long)(got), w_ = (long long)(want);                           \
		if (!tap_ok(g_ == w_, "%s", what))                                                 \
			printf("# got %lld, want %lld\n", g_, w_);                                 \
	} while (0)

#endif
