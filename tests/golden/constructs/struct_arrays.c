/* SPDX-License-Identifier: BSD-2-Clause */
/* struct_arrays.c - arrays of fixed size in structs: of bool, structs with holes, handles, rules */
#include <stdbool.h>
#include <stdio.h>

#include <nacre/overlay.h>

typedef unsigned item_id;
struct part {
	char letter;
	long number;
	bool good;
};
struct whole {
	struct part parts[2][2];
	bool bits[2][3];
	int small[2];
	item_id ids[3];
	char text[8];
	double matrix[2][2];
};

NACRE_INTERFACE(struct_arrays, on_fail(-1));
NACRE_HANDLE(item, type(item_id), stale(-2));
NACRE_VIEW(whole) {
	struct whole {
		struct part parts[2][2];
		bool bits[2][3];
		int small[2] nacre(range(-100, 100));
		item_id ids[3] nacre(opens);
		char text[8];
		double matrix[2][2];
	};
}

int make(struct whole *w nacre(out));
int turn(struct whole *list nacre(inout, count(n)), int n);
int look(const struct whole *w nacre(in));

#ifdef EXTENSION
#include <string.h>
int make(struct whole *w)
{
	memset(w, 0, sizeof(*w));
	w->parts[1][0] = (struct part){'q', 44, true};
	w->bits[1][2] = true;
	w->small[1] = -99;
	w->ids[2] = 7;
	strcpy(w->text, "made");
	w->matrix[1][1] = 0.5;
	return 0;
}
int turn(struct whole *list, int n)
{
	for (int i = 0; i < n; i++) {
		list[i].parts[0][1].number = list[i].parts[1][0].number + i;
		list[i].parts[1][1].good = !list[i].parts[1][0].good;
		list[i].bits[0][0] = list[i].bits[1][2];
		list[i].small[0] = -list[i].small[1];
		list[i].ids[0] = list[i].ids[2];
		list[i].matrix[0][0] = 2 * list[i].matrix[1][1];
	}
	return n;
}
int look(const struct whole *w)
{
	return (int)w->parts[0][1].number + w->bits[0][0] + w->small[0] + (int)w->ids[2] + w->text[0];
}
#elif defined HOST
#include <string.h>
int main(void)
{
	struct whole w[2];

	memset(w, 0xff, sizeof(w));
	printf("%d %d\n", make(&w[0]), make(&w[1]));
	printf("%d\n", turn(w, 2));
	for (int i = 0; i < 2; i++)
		printf("%c %ld %d %d%d %d %d %s %g\n", w[i].parts[1][0].letter, w[i].parts[0][1].number,
		       w[i].parts[1][1].good, w[i].bits[0][0], w[i].bits[0][1], w[i].small[0],
		       w[i].ids[0] == w[i].ids[2], w[i].text, w[i].matrix[0][0]);
	printf("%d\n", look(&w[1]));
	return 0;
}
#endif
