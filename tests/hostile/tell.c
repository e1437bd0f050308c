/* SPDX-License-Identifier: BSD-2-Clause */
/* tell.c - one count of expectations for all files of a test program */
#include "tell.h"
#include "tap.h"

bool tell(bool holds, const char *what, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, what);
	vsnprintf(text, sizeof(text), what, ap);
	va_end(ap);
	return tap_ok(holds, "%s", text);
}

int tell_done(void)
{
	return tap_done();
}
