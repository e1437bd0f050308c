/* SPDX-License-Identifier: BSD-2-Clause */
/* nameless.c - structs and unions without a name inside structs, bit-fields that only fill up */
#include <stdio.h>

#include <nacre/overlay.h>

struct shape {
	int kind;
	struct {
		char letter;
		long x, y;
	};
	struct {
		char letter;
		struct {
			double deep;
		} in;
	} named, list[2];
	int : 0;
	short last;
};
struct choice {
	int kind;
	union {
		int number;
		double real;
	} value;
	struct {
		const char *text;
		int room;
	} part;
};

NACRE_INTERFACE(nameless, on_fail(-1));
NACRE_VIEW(choice) {
	struct choice {
		int kind;
		union {
			int number;
			double real;
		} value nacre(cases(kind == 1: bytes(sizeof(int)); else: bytes(sizeof(double))));
		struct {
			const char *text nacre(string);
			int room;
		} part;
	};
}

int change(struct shape *v nacre(inout));
struct shape give(struct shape v) nacre(on_fail((struct shape){0}));
int choose(struct choice *v nacre(inout));

#ifdef EXTENSION
#include <string.h>
int change(struct shape *v)
{
	v->y = v->x + v->letter;
	v->named.in.deep *= 2;
	v->list[1].letter = v->list[0].letter;
	v->list[1].in.deep = v->named.in.deep + 1;
	v->last--;
	return v->kind;
}
struct shape give(struct shape v)
{
	change(&v);
	return v;
}
int choose(struct choice *v)
{
	if (v->kind == 1)
		v->value.number++;
	else
		v->value.real /= 4;
	v->part.room = (int)strlen(v->part.text);
	return 0;
}
#elif defined HOST
static void show(const struct shape *v)
{
	printf("%d %c %ld %ld %g %c %g %d\n", v->kind, v->letter, v->x, v->y, v->named.in.deep,
	       v->list[1].letter, v->list[1].in.deep, v->last);
}
int main(void)
{
	struct shape v = {.kind = 4, .letter = 'b', .x = 3, .named = {'c', {1.5}}, .list = {{'d', {0}}},
			  .last = 1};
	struct choice one = {1, {.number = 41}, {"one", 0}}, two = {2, {.real = 1}, {"three", 0}};

	printf("%d\n", change(&v));
	show(&v);
	v = give(v);
	show(&v);
	printf("%d %d\n", choose(&one), choose(&two));
	printf("%d %g %d %d\n", one.value.number, two.value.real, one.part.room, two.part.room);
	return 0;
}
#endif
