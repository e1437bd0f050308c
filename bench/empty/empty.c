/* SPDX-License-Identifier: BSD-2-Clause */
/* empty.c - the library that does nothing, or dies of it */
#include "empty.h"

int empty_call(int x)
{
	return x;
}

int empty_fault(int x)
{
	static int *volatile nowhere;

	*(volatile int *)nowhere = x;
	return 0;
}
