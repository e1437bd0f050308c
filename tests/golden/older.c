/* SPDX-License-Identifier: BSD-2-Clause */
/* older.c - a library that has a function for hosts of an older version as well */
int first(void);
int second(void);
int second_1(void);

__asm__(".symver second_1, second@VERSION_1");

int first(void)
{
	return 1;
}

int second(void)
{
	return 2;
}

int second_1(void)
{
	return 3;
}
