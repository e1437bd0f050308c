/* SPDX-License-Identifier: BSD-2-Clause */
/* struct_values.c - structs by value, in and out: holes, bool, rules, handles, nested, arrays */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <nacre/overlay.h>

struct item;
struct inner {
	char letter;
	long number;
};
struct outer {
	bool good;
	short row[2][3];
	struct inner pair[2];
	enum sign { MINUS = -1, PLUS = 1 } sign;
	double real;
};
struct ruled {
	int small;
	bool odd[2];
	struct item *item;
};
struct text {
	const char *name;
	struct inner inner;
};

NACRE_INTERFACE(struct_values, on_fail(-1));
NACRE_HANDLE(item, stale(-2));
NACRE_VIEW(ruled) {
	struct ruled {
		int small nacre(range(0, 9));
		bool odd[2];
		struct item *item nacre(handle(item), opens);
	};
}
NACRE_VIEW(text) {
	struct text {
		const char *name nacre(string);
		struct inner inner;
	};
}

struct inner plain(struct inner v) nacre(on_fail((struct inner){0}));
struct outer mixed(struct outer v) nacre(on_fail((struct outer){0}));
struct ruled open_item(int small) nacre(success(result.small > 0), on_fail((struct ruled){0}));
int item_value(struct item *item nacre(handle(item)));
int measure(struct text t, int more);

#ifdef EXTENSION
#include <string.h>
struct item {
	int value;
};
struct inner plain(struct inner v)
{
	return (struct inner){(char)(v.letter + 1), v.number * 2};
}
struct outer mixed(struct outer v)
{
	v.good = !v.good;
	v.row[1][2] = (short)(v.row[0][0] - 1);
	v.pair[1].number = v.pair[0].letter;
	v.sign = v.sign == MINUS ? PLUS : MINUS;
	v.real /= 2;
	return v;
}
struct ruled open_item(int small)
{
	static struct item item;

	item.value = small * 10;
	return (struct ruled){small, {small & 1, !(small & 1)}, &item};
}
int item_value(struct item *item)
{
	return item->value;
}
int measure(struct text t, int more)
{
	return (int)strlen(t.name) + t.inner.letter + (int)t.inner.number + more;
}
#elif defined HOST
int main(void)
{
	struct outer o = {true, {{5, 6, 7}, {8, 9, 10}}, {{'a', 1}, {'b', 2}}, MINUS, 3.5};
	struct inner p = plain((struct inner){'x', -4});
	struct ruled r = open_item(3);

	printf("%c %ld\n", p.letter, p.number);
	o = mixed(o);
	printf("%d %d %d %ld %d %g\n", o.good, o.row[0][2], o.row[1][2], o.pair[1].number, o.sign, o.real);
	printf("%d %d%d %d\n", r.small, r.odd[0], r.odd[1], item_value(r.item));
	printf("%d\n", measure((struct text){"four", {'A', 100}}, 1));
	return 0;
}
#endif
