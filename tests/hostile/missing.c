/* SPDX-License-Identifier: BSD-2-Clause */
/* missing.c - an extension that needs a function which nobody has */
#include "victim.h"

int nobody_has_this(void);

int victim_add(int a, int b)
{
	return a + b + nobody_has_this();
}
