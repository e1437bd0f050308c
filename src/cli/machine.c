/* SPDX-License-Identifier: BSD-2-Clause */
/* machine.c - what the commands that deal with machines share; see machine.h */
#include "machine.h"

#include "conversion/inventory/print.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool cli_size(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMGTP";
	const char *unit;
	char *end;
	uint64_t value;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno)
		return false;
	unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
	if (*end && !unit)
		return false;
	if (unit) {
		end++;
		if (!strcmp(end, "iB") || !strcmp(end, "B"))
			end += strlen(end);
		for (const char *u = units; u <= unit; u++)
			if (__builtin_mul_overflow(value, (uint64_t)1024, &value))
				return false;
	}
	*bytes = value;
	return !*end;
}

const char *cli_bytes(uint64_t bytes)
{
	static char texts[8][24];
	static unsigned next;
	char *text = texts[next++ % 8];

	return nacre_size_text(text, sizeof(texts[0]), bytes);
}
