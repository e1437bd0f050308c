/* SPDX-License-Identifier: BSD-2-Clause */
/* host.c - calls every function of every.h and prints what it sees */
#include "every.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void numbers(void)
{
	printf("add %d\n", add(-1, -300, -70000, -5L));
	printf("add_unsigned %u\n", add_unsigned(255, 65535, 4000000000u, 1ull << 40));
	printf("mix %g %g\n", mix(1.5f, 4, true), mix(1.5f, 4, false));
	printf("next_colour %d %d %d\n", next_colour(RED), next_colour(GREEN), next_colour(BLUE));
	errno = 0;
	nothing();
	printf("nothing %s\n", strerror(errno));
	printf("negate %lld\n", (long long)negate(INT64_MIN + 1));
}

static void structs(void)
{
	struct padded p = {'k', 1.25, true}, twice = {0};
	int values[] = {10, 20, 30};
	struct named list[] = {{"one", {2, 3}, "12345", 3, values},
			       {"three", {-1, 4}, "abcde", 0, NULL}};
	struct variant v[] = {{1, {.number = 41}}, {2, {.real = 5}}, {0, {.number = 9}}};
	char text[2][8] = {"-------", "-------"};
	struct query q[] = {{3, text[0], 8}, {11, text[1], 8}, {4, NULL, 0}};
	struct point m = mirror((struct point){3, 4});

	list[0].tag[5] = list[1].tag[5] = 1;
	printf("mirror %d %d\n", m.x, m.y);
	printf("weigh %d", weigh(&p, &twice));
	printf(" %c %g %d\n", twice.kind, twice.weight, twice.good);
	printf("weigh NULL %d\n", weigh(NULL, &twice));
	printf("sum_named %d\n", sum_named(list, 2));
	for (int i = 0; i < 3; i++)
		printf("change %d\n", change(&v[i]));
	printf("changed %d %g %d\n", v[0].content.number, v[1].content.real, v[2].content.number);
	printf("answer %d\n", answer(q, 3));
	for (int i = 0; i < 3; i++)
		printf("query %d %zd %s\n", q[i].id, (ssize_t)q[i].length, i < 2 ? text[i] : "");
}

static void arrays(void)
{
	int in[] = {1, -2, 3}, out[] = {7, 7, 7}, wide[] = {1, 2, 3};
	double d[] = {0.5, 1.5};
	unsigned char buffer[8] = "+++++++";
	char text[16] = "begin", joined[16] = "", shout[] = "Loud";
	const char *const words[] = {"ab", "c", "def", NULL}, *word = "-";
	size_t n = 0;
	bool odd[3] = {0};

	printf("squares %d", squares(in, out, 3));
	printf(" %d %d %d\n", out[0], out[1], out[2]);
	printf("doubles %d %g %g\n", doubles(d, 2), d[0], d[1]);
	printf("fill %d", fill(NULL, &n));
	printf(" %zu\n", n);
	n = 3;
	printf("fill small %d", fill(buffer, &n));
	printf(" %zu %.7s\n", n, buffer);
	n = sizeof(buffer);
	printf("fill %d", fill(buffer, &n));
	printf(" %zu %.7s\n", n, buffer);
	printf("append %d", append(text, 5, sizeof(text), &n));
	printf(" %zu %s\n", n, text);
	printf("length_of %zu %zu\n", length_of("four"), length_of(NULL));
	printf("join %d", join(words, joined, sizeof(joined)));
	printf(" %s\n", joined);
	printf("join small %d\n", join(words, joined, 3));
	printf("pick %d", pick(&word, 2));
	printf(" %s\n", word);
	printf("colour %s %s\n", colour_name(GREEN), colour_name(BLUE) ? "?" : "none");
	printf("upper %d %s\n", upper(shout, 4) == shout, shout);
	printf("checked %d %d %d\n", checked(wide, 3), wide[0], wide[2]);
	printf("flags %d", flags(odd, in, 3));
	printf(" %d %d %d\n", odd[0], odd[1], odd[2]);
}

static void objects(void)
{
	struct counter *a = counter_new(5), *b = counter_new(100), *half = NULL,
		       *none = counter_new(-1);
	struct counter *list[] = {a, b, NULL};
	file_id ids[3] = {0};
	int values[] = {1};
	struct named named = {"tagged", {1, 1}, "", 1, values};

	printf("none %d %s\n", none == NULL, strerror(errno));
	printf("next %d", counter_next(a));
	printf(" %d\n", counter_next(a));
	printf("merge %d\n", counter_merge(list, 3));
	printf("split %d", counter_split(b, &half));
	printf(" %d %d\n", counter_next(b), counter_next(half));
	counter_free(half);
	counter_free(b);
	counter_free(a);
	printf("files %d", files_open(ids, 3));
	printf(" %d\n", file_close(ids[0]) + 2 == file_close(ids[2]));
	printf("file 7 %d\n", file_close(0));
	printf("tagged %d %d %d %d\n", tagged(0, "\1\2\3", 3), tagged(1, &named, sizeof(named)),
	       tagged(2, "text", 0), tagged(2, NULL, 0));
}

static void residents(void)
{
	unsigned char data[] = {1, 2, 3, 4, 5, 6};
	struct reader r = {0}, unused = {0};

	r.next = data;
	r.available = sizeof(data);
	printf("reader %d", reader_start(&r));
	r.next = (const unsigned char *)16; /* nobody looks there */
	printf(" %d %d %u", reader_more(&r), r.next == (const unsigned char *)16, r.available);
	r.next = data;
	printf(" %d", reader_read(&r, 4));
	printf(" %d %u %lu", (int)(r.next - data), r.available, r.total);
	printf(" %d", reader_more(&r));
	printf(" %d %u %lu", (int)(r.next - data), r.available, r.total);
	printf(" %d", reader_read(&r, 4));
	printf(" %d %u %lu", (int)(r.next - data), r.available, r.total);
	printf(" end %d", reader_end(&r));
	printf(" %d %d\n", r.state == NULL, reader_end(&unused));
}

static int visited(void *user, const char *name, const int *values, unsigned n, struct point *p,
		   long *total)
{
	int sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += values[i];
	printf("visit %s %u %d %s\n", name, n, sum, (const char *)user);
	p->x += 10;
	*total += sum + add(1, 1, 1, 1); /* back into the library */
	return sum;
}

static void callbacks(void)
{
	struct every_table *table = NULL;
	char user[] = "mine";

	printf("each %d\n", each(3, visited, user));
	printf("each NULL %d\n", each(3, NULL, user));
	printf("keep %d", keep(user));
	printf(" %d\n", kept() == user);
	printf("functions %d", every_functions(&table));
	printf(" %d %d %d %d %d %d\n", table->version, table->origin.y, table->add(1, 2, 3, 4),
	       table->hidden == NULL, table->nothing != NULL, hidden(6));
	printf("minus %d\n", (int)table->minus(8));
}

int main(void)
{
	numbers();
	structs();
	arrays();
	objects();
	residents();
	callbacks();
	return 0;
}
