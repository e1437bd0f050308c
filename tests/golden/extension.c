/* SPDX-License-Identifier: BSD-2-Clause */
/* extension.c - what overlays in errors/ are compared with */
#pragma GCC visibility push(default)
int level = 1;
int plain(int number);
int fill(int *numbers, int n);

int plain(int number)
{
	return number + level;
}

int fill(int *numbers, int n)
{
	return numbers ? n : -1;
}
