/* SPDX-License-Identifier: BSD-2-Clause */
/* versions.c - a library whose symbols have versions */
int level = 1;
int first(void);
int second(void);
int inner(void);

int first(void)
{
	return 1;
}

int second(void)
{
	return 2;
}

int inner(void)
{
	return 3;
}
