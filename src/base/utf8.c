/* SPDX-License-Identifier: BSD-2-Clause */
/* utf8.c - which bytes are a character */
#include "base/utf8.h"

#include <stddef.h>

int nacre_utf8_size(const unsigned char *s)
{
	static const struct {
		unsigned char first, last, low, high; /* bounds of bytes one and two */
		int size;
	} forms[] = {{0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
		     {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3},
		     {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
		     {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};

	if (s[0] < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (s[0] < forms[i].first || s[0] > forms[i].last)
			continue;
		if (s[1] < forms[i].low || s[1] > forms[i].high)
			return 0;
		for (int n = 2; n < forms[i].size; n++)
			if (s[n] < 0x80 || s[n] > 0xbf)
				return 0;
		return forms[i].size;
	}
	return 0;
}
