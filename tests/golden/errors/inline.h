/* SPDX-License-Identifier: BSD-2-Clause */
#include <nacre/overlay.h>

NACRE_INTERFACE(wrong, on_fail(-1));
static inline int put(int n)
{
	return n;
}
int put(int n);
