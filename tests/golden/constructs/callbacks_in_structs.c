/* SPDX-License-Identifier: BSD-2-Clause */
/* callbacks_in_structs.c - functions, tokens and forbidden pointers in a struct that goes both ways */
#include <stdio.h>

#include <nacre/overlay.h>

struct point {
	int x, y;
};
union number {
	int i;
	double d;
};
struct job {
	int (*done)(void *user, const struct point *p);
	void *user;
	void *reserved;
	int count;
};

NACRE_INTERFACE(callbacks_in_structs, on_fail(-1));
NACRE_CALLBACK(done, int, (void *user nacre(token, nullable), const struct point *p nacre(in)), on_fail(-1));
NACRE_VIEW(job) {
	struct job {
		int (*done)(void *user, const struct point *p) nacre(callback(done));
		void *user nacre(token);
		void *reserved nacre(null);
		int count;
	};
}

int work(struct job *j nacre(inout));
int whole(struct job j);
int bytes(union number *n nacre(inout, bytes(sizeof(union number))));

#ifdef EXTENSION
int work(struct job *j)
{
	j->count = j->done(j->user, &(struct point){j->count, 2}) + !j->reserved;
	return 0;
}
int whole(struct job j)
{
	return work(&j) + j.count;
}
int bytes(union number *n)
{
	n->d = n->i;
	return 0;
}
#elif defined HOST
static int done(void *user, const struct point *p)
{
	return *(int *)user + p->x * p->y;
}
int main(void)
{
	int own = 500;
	struct job j = {done, &own, NULL, 7};
	union number n = {.i = 3};

	printf("%d", work(&j));
	printf(" %d %d %d\n", j.count, j.done == done, j.user == &own);
	printf("%d %d\n", whole(j), j.count);
	printf("%d", bytes(&n));
	printf(" %g\n", n.d);
	return 0;
}
#endif
