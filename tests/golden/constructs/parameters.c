/* SPDX-License-Identifier: BSD-2-Clause */
/* parameters.c - arrays, typedefs of arrays, functions, const and ignored parameters */
#include <stdio.h>

#include <nacre/overlay.h>

typedef unsigned char key[4];
typedef int matrix[2][3];
typedef enum { LOW = -5, HIGH = 0x7fffffff } level;
typedef int twice(int);
struct spare {
	int a;
};

NACRE_INTERFACE(parameters, on_fail(-1));
NACRE_CALLBACK(twice, int, (int x), on_fail(-9));

int sum(int v[4] nacre(in));
int fill(int v[static 2] nacre(out));
int lengths(int n, int v[n] nacre(inout, count(n)));
int lock(const key k nacre(in), key copy nacre(out));
int turn(matrix m nacre(inout, count(2)), int (*rows)[3] nacre(in, count(1)));
level next(level l, level *list nacre(inout, count(n)), const int n) nacre(oneof(LOW, HIGH));
int call_it(twice f nacre(callback(twice)), int x);
int pass(char *const text nacre(string), struct spare s nacre(ignore, waive("not used")),
	 void *p nacre(ignore, waive("not used")), const double d);
int blank(char *const to nacre(out, cap(n), len(result)), const int n);

#ifdef EXTENSION
#include <string.h>
int sum(int v[4])
{
	return v[0] + v[1] + v[2] + v[3];
}
int fill(int v[static 2])
{
	v[0] = 8;
	v[1] = 9;
	return 0;
}
int lengths(int n, int v[n])
{
	for (int i = 0; i < n; i++)
		v[i] *= n;
	return n;
}
int lock(const key k, key copy)
{
	memcpy(copy, k, sizeof(key));
	copy[3]++;
	return 0;
}
int turn(matrix m, int (*rows)[3])
{
	m[1][2] = rows[0][1];
	return m[0][0];
}
level next(level l, level *list, const int n)
{
	list[n - 1] = l;
	return l == LOW ? HIGH : LOW;
}
int call_it(twice f, int x)
{
	return f(x) + 1;
}
int pass(char *const text, struct spare s, void *p, const double d)
{
	return (int)strlen(text) + (int)d + !s.a + !p;
}
int blank(char *const to, const int n)
{
	memset(to, 'x', (size_t)n - 1);
	return n - 1;
}
#elif defined HOST
static int two(int x)
{
	return x * 2;
}
int main(void)
{
	int v[4] = {1, 2, 3, 4}, row[1][3] = {{10, 20, 30}};
	matrix m = {{7, 7, 7}, {7, 7, 7}};
	key k = {1, 2, 3, 4}, copy = {0};
	level list[2] = {HIGH, HIGH};
	char text[] = "abc", word[] = "text";

	printf("%d", sum(v));
	fill(v);
	printf(" %d %d", v[0], v[1]);
	lengths(3, v);
	printf(" %d %d %d\n", v[0], v[2], v[3]);
	lock(k, copy);
	printf("%d%d%d%d %d", copy[0], copy[1], copy[2], copy[3], turn(m, row));
	printf(" %d %d\n", m[1][2], m[1][1]);
	printf("%d %d\n", next(LOW, list, 2), list[1]);
	printf("%d %d\n", call_it(two, 21), pass(word, (struct spare){0}, NULL, 2.5));
	printf("%d %s\n", blank(text, 3), text);
	return 0;
}
#endif
