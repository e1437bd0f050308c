/* SPDX-License-Identifier: BSD-2-Clause */
/* other.c - a library that is no such extension, and no stub either */
int other_function(void);

__attribute__((visibility("default"))) int other_function(void)
{
	return 0;
}
