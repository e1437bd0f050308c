/* SPDX-License-Identifier: BSD-2-Clause */
/* upstream.h - a library's header, for overlays with one mistake each */
#include <stddef.h>

struct object;

struct pair {
	int first;
	long second;
};

struct linked {
	int value;
	char *text;
};

struct flags {
	unsigned ready : 1;
	unsigned open : 1;
};

union either {
	int number;
	char *text;
};

struct tagged {
	int tag;
	union either either;
};

int plain(int number);
int buffer(const char *data, int n);
int fill(int *numbers, int n);
int print(const char *format, ...);
int objects(struct object *o);
int pairs(struct pair *p);
int links(struct linked *l);
int bits(struct flags *f);
int unions(struct tagged *t);
const char *name(void);
int watch(void (*notify)(int), void *user);

struct table {
	int (*plain)(int number);
	int (*other)(void);
};
int functions(struct table **table);
