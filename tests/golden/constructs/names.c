/* SPDX-License-Identifier: BSD-2-Clause */
/* names.c - parameters and fields with the names that generated code uses itself, macros of functions */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <nacre/overlay.h>

struct call {
	int i, s, was, now, own;
	char *keep;
};
struct host;

NACRE_INTERFACE(names, success(result >= 0), on_fail(-1, errno = EIO));
NACRE_HANDLE(host, stale(-2));
NACRE_VIEW(call) {
	struct call {
		int i, s, was, now, own;
		char *keep nacre(string);
	};
}
NACRE_CALLBACK(up, int, (int *up nacre(inout), int down, const char *thunk nacre(string),
			 const int *i nacre(in, count(host)), int host), on_fail(-1));

int add(int i, int s, int call, int no, int wire, int own, int keep, int host, int thunk, int extension,
	int function, int up, int down, int cap, int success);
int point(int *i nacre(inout, nonnull), const char *s nacre(string),
	  int *call nacre(out, cap(wire), len(*own)), int wire, int *own nacre(out), int *result nacre(out))
	nacre(on_fail(-3, *result = 5));
int derived(int *a nacre(inout), int a_own, int a_new, int *a_room nacre(inout, count(a_own)));
int field(struct call *call nacre(inout));
int back(int (*up)(int *, int, const char *, const int *, int) nacre(callback(up)), int thunk);
struct host *host_open(int OP_add, int nacre_size) nacre(handle(host), opens, success(result != NULL),
		       on_fail(NULL));
char *same(char *own nacre(inout, count(i)), int i) nacre(alias(own), on_fail(NULL));
int host_close(struct host *s nacre(handle(host))) nacre(closes(host, s));
int replaced(int x);
#define replaced(x) (replaced)((x) + 100)

#ifdef EXTENSION
#include <string.h>
int add(int i, int s, int call, int no, int wire, int own, int keep, int host, int thunk, int extension,
	int function, int up, int down, int cap, int success)
{
	return i + s + call + no + wire + own + keep + host + thunk + extension + function + up + down + cap +
	       success;
}
int point(int *i, const char *s, int *call, int wire, int *own, int *result)
{
	*own = wire - 1;
	for (int n = 0; n < *own; n++)
		call[n] = *i + n;
	*result = (int)strlen(s);
	return (*i)++;
}
int derived(int *a, int a_own, int a_new, int *a_room)
{
	a_room[a_own - 1] = a_new;
	return ++*a;
}
int field(struct call *call)
{
	call->now = call->was + call->i + call->s + call->own + (int)strlen(call->keep);
	return 0;
}
int back(int (*up)(int *, int, const char *, const int *, int), int thunk)
{
	const int list[] = {3, 4, 5};
	int n = thunk;

	return up(&n, 10, "word", list, 3) + n;
}
struct host {
	int n;
};
struct host *host_open(int OP_add, int nacre_size)
{
	struct host *h = malloc(sizeof(*h));

	h->n = OP_add + nacre_size;
	return h;
}
int host_close(struct host *s)
{
	int n = s->n;

	free(s);
	return n;
}
char *same(char *own, int i)
{
	own[i - 1] = '!';
	return own;
}
int (replaced)(int x)
{
	return x;
}
#elif defined HOST
static int answer(int *up, int down, const char *thunk, const int *i, int host)
{
	*up += down + thunk[0] + i[host - 1];
	return 1000;
}
int main(void)
{
	int i = 3, list[4] = {0}, n = 0, result = 0, room[2] = {1, 1};
	char text[] = "own?", kept[] = "keep";
	struct call call = {1, 2, 3, 4, 5, kept};
	struct host *h;

	printf("%d\n", add(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
	printf("%d", point(&i, "word", list, 4, &n, &result));
	printf(" %d %d %d %d\n", i, list[2], n, result);
	printf("%d", derived(&i, 2, 77, room));
	printf(" %d %d\n", i, room[1]);
	printf("%d", field(&call));
	printf(" %d %s\n", call.now, call.keep);
	printf("%d\n", back(answer, 1));
	h = host_open(4, 5);
	printf("%d %s\n", host_close(h), same(text, 4));
	printf("%d %d\n", replaced(1), (replaced)(1));
	return 0;
}
#endif
