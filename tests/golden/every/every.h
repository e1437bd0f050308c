/* SPDX-License-Identifier: BSD-2-Clause */
/* every.h - a library with every kind of parameter that an overlay can describe */
#ifndef EVERY_H
#define EVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum colour { RED, GREEN = 7, BLUE = -3 };

struct point {
	int x, y;
};

struct padded { /* there is a hole behind kind */
	char kind;
	double weight;
	bool good;
};

struct named {
	const char *name;
	struct point where;
	unsigned char tag[6];
	unsigned values_count;
	int *values;
};

union content {
	int number;
	double real;
};

struct variant {
	int kind; /* 0: nothing, 1: number, 2: real */
	union content content;
};

struct query {
	int id;         /* in */
	char *text;     /* room for `length`, and what there is afterwards */
	size_t length;
};

struct counter; /* an object */
typedef unsigned file_id; /* another, by number; 0 is none */

struct reader { /* lives in the library between calls */
	const unsigned char *next;
	unsigned available;
	unsigned long total;
	struct counter *state;
};

/* Numbers */
int add(signed char a, short b, int c, long d);
unsigned add_unsigned(unsigned char a, unsigned short b, unsigned c, unsigned long long d);
double mix(float a, double b, bool c);
enum colour next_colour(enum colour c);
void nothing(void);
int64_t negate(int64_t v);

/* Structs */
struct point mirror(struct point p);
int weigh(const struct padded *p, struct padded *twice);
int sum_named(const struct named *list, int n);
int change(struct variant *v);
int answer(struct query *q, int n);

/* Arrays and strings */
int squares(const int *in, int *out, int n);
int doubles(double *in_place, int n);
int fill(unsigned char *buffer, size_t *length);
int append(char *text, size_t used, size_t room, size_t *length);
size_t length_of(const char *text);
int join(const char *const *words, char *out, size_t room);
int pick(const char **word, int i);
const char *colour_name(enum colour c);
char *upper(char *text, size_t n);
int checked(int *values, int n);
int flags(bool *odd, const int *values, int n);

/* Tagged pointers */
int tagged(int kind, const void *value, size_t size);

/* Objects */
struct counter *counter_new(int start);
int counter_next(struct counter *c);
int counter_merge(struct counter *const *list, int n);
int counter_split(struct counter *c, struct counter **half);
void counter_free(struct counter *c);
int files_open(file_id *ids, int n);
int file_close(file_id id);

/* Structs that live in the library */
int reader_start(struct reader *r);
int reader_read(struct reader *r, unsigned n);
int reader_more(struct reader *r); /* one more, if there was one; else it looks at nothing */
int reader_end(struct reader *r);

/* Functions of the host */
typedef int (*visit)(void *user, const char *name, const int *values, unsigned n, struct point *p,
		     long *total);
int each(int n, visit f, void *user);
int keep(void *user);
void *kept(void);

/* Not to be forwarded */
int printf_like(const char *format, ...);
extern int every_level;

/* A table of functions */
struct every_table {
	int version;
	struct point origin;
	int (*add)(signed char a, short b, int c, long d);
	int (*hidden)(int a);
	void (*nothing)(void);
	int64_t (*minus)(int64_t v); /* negate() by another name */
};
int every_functions(struct every_table **table);
int hidden(int a);

#endif
