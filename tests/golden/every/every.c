/* SPDX-License-Identifier: BSD-2-Clause */
/* every.c - the library behind every.h */
#include "every.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC visibility push(default)

int every_level = 1;

int add(signed char a, short b, int c, long d)
{
	return (int)(a + b + c + d);
}

unsigned add_unsigned(unsigned char a, unsigned short b, unsigned c, unsigned long long d)
{
	return (unsigned)(a + b + c + d);
}

double mix(float a, double b, bool c)
{
	return c ? a * b : a + b;
}

enum colour next_colour(enum colour c)
{
	return c == RED ? GREEN : c == GREEN ? BLUE : RED;
}

void nothing(void)
{
	errno = EBUSY;
}

int64_t negate(int64_t v)
{
	return -v;
}

struct point mirror(struct point p)
{
	return (struct point){-p.x, p.y};
}

int weigh(const struct padded *p, struct padded *twice)
{
	if (!p || !twice)
		return -1;
	*twice = *p;
	twice->weight *= 2;
	twice->good = !p->good;
	return 0;
}

int sum_named(const struct named *list, int n)
{
	int sum = 0;

	for (int i = 0; i < n; i++) {
		sum += (int)strlen(list[i].name) + list[i].where.x * list[i].where.y +
		       list[i].tag[5];
		for (unsigned j = 0; j < list[i].values_count; j++)
			sum += list[i].values[j];
	}
	return sum;
}

int change(struct variant *v)
{
	if (v->kind == 1)
		v->content.number++;
	else if (v->kind == 2)
		v->content.real /= 2;
	return v->kind;
}

int answer(struct query *q, int n)
{
	int missing = 0;

	for (int i = 0; i < n; i++) {
		static const char text[] = "abcdefghij";
		size_t length = (size_t)q[i].id;

		if (length > sizeof(text) - 1) {
			q[i].length = (size_t)-1;
			missing++;
			continue;
		}
		if (q[i].text && q[i].length >= length)
			memcpy(q[i].text, text, length);
		q[i].length = length;
	}
	return missing;
}

int squares(const int *in, int *out, int n)
{
	for (int i = 0; i < n - 1; i++)
		out[i] = in[i] * in[i];
	return n - 1; /* one less than there is room for */
}

int doubles(double *in_place, int n)
{
	for (int i = 0; i < n; i++)
		in_place[i] *= 2;
	return 0;
}

int fill(unsigned char *buffer, size_t *length)
{
	size_t room = *length;

	*length = 5;
	if (!buffer)
		return 0;
	if (room < 5)
		return -1;
	memcpy(buffer, "12345", 5);
	return 0;
}

int append(char *text, size_t used, size_t room, size_t *length)
{
	if (used + 3 > room)
		return -1;
	memcpy(text + used, "...", 3);
	*length = used + 3;
	return 0;
}

size_t length_of(const char *text)
{
	return text ? strlen(text) : 99;
}

int join(const char *const *words, char *out, size_t room)
{
	size_t n = 0;

	for (; *words; words++) {
		if (n + strlen(*words) >= room)
			return -1;
		strcpy(out + n, *words);
		n += strlen(*words);
	}
	return (int)n;
}

int pick(const char **word, int i)
{
	static const char *const words[] = {"zero", "one", "two"};

	if (i < 0 || i > 2)
		return -1;
	*word = words[i];
	return 0;
}

const char *colour_name(enum colour c)
{
	return c == RED ? "red" : c == GREEN ? "green" : NULL;
}

char *upper(char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		text[i] = (char)toupper((unsigned char)text[i]);
	return text;
}

int checked(int *values, int n)
{
	for (int i = 0; i < n; i++)
		values[i] = i * 10;
	return 0;
}

int flags(bool *odd, const int *values, int n)
{
	for (int i = 0; i < n; i++)
		odd[i] = values[i] & 1;
	return 0;
}

int tagged(int kind, const void *value, size_t size)
{
	const struct named *named = value;
	int sum = 0;

	if (!value)
		return -5;
	for (size_t i = 0; kind == 0 && i < size; i++)
		sum += ((const unsigned char *)value)[i];
	if (kind == 1)
		return sum_named(named, 1);
	if (kind == 2)
		return (int)strlen(value);
	return sum;
}

struct counter {
	int at;
};

struct counter *counter_new(int start)
{
	struct counter *c = start < 0 ? NULL : malloc(sizeof(*c));

	if (c)
		c->at = start;
	else
		errno = EDOM;
	return c;
}

int counter_next(struct counter *c)
{
	return c ? c->at++ : -1;
}

int counter_merge(struct counter *const *list, int n)
{
	int sum = 0;

	for (int i = 0; i < n; i++)
		sum += list[i] ? list[i]->at : 1000;
	return sum;
}

int counter_split(struct counter *c, struct counter **half)
{
	if (c->at < 2)
		return -1;
	*half = counter_new(c->at / 2);
	c->at -= c->at / 2;
	return 0;
}

void counter_free(struct counter *c)
{
	free(c);
}

int files_open(file_id *ids, int n)
{
	static file_id last = 40;

	for (int i = 0; i < n; i++)
		ids[i] = ++last;
	return n;
}

int file_close(file_id id)
{
	return id > 40 ? (int)id : -1;
}

int reader_start(struct reader *r)
{
	r->state = malloc(sizeof(*r->state));
	r->state->at = 0;
	r->total = 0;
	return 0;
}

int reader_read(struct reader *r, unsigned n)
{
	if (!r->state)
		return -1;
	if (n > r->available)
		n = r->available;
	for (unsigned i = 0; i < n; i++)
		r->state->at += *r->next++;
	r->available -= n;
	r->total += n;
	return r->state->at;
}

int reader_more(struct reader *r)
{
	return r->state && r->total ? reader_read(r, 1) : -2;
}

int reader_end(struct reader *r)
{
	if (!r->state)
		return -1;
	free(r->state);
	r->state = NULL;
	return 0;
}

int each(int n, visit f, void *user)
{
	int values[] = {3, 1, 4, 1, 5}, result = 0;
	long total = 100;

	if (!f)
		return -1;
	for (int i = 0; i < n; i++) {
		struct point p = {i, i};

		result += f(user, i % 2 ? "odd" : "even", values, (unsigned)i, &p, &total);
		result += p.x;
	}
	return result + (int)total;
}

static void *last;

int keep(void *user)
{
	last = user;
	return 0;
}

void *kept(void)
{
	return last;
}

int printf_like(const char *format, ...)
{
	return format ? 0 : -1;
}

int hidden(int a)
{
	return a;
}

int every_functions(struct every_table **table)
{
	static struct every_table t = {3, {4, 5}, add, NULL, nothing, negate};

	*table = &t;
	return 0;
}
