/* SPDX-License-Identifier: BSD-2-Clause */
/* results.c - what a call gives back is what the extension gave: results, errno, buffers of all sizes */
#include "checks.h"
#include "tell.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int errors(const struct victim *v, void *arg)
{
	int wrong = 0, kept = 0;

	for (int n = 1; n < 134; n++) {
		errno = EDOM;
		wrong += v->do_errno(n) != -1 || errno != n;
	}
	check(arg, wrong == 0, "133 values of errno arrive");
	for (int n = 1; n < 134; n++) {
		errno = n;
		kept += v->do_add(1, n) == n + 1 && errno == n;
	}
	check(arg, kept == 133, "a call that does not touch errno leaves it: %d of 133", kept);
	errno = EXDEV;
	v->do_note(7);
	check(arg, v->do_noted() == 7 && errno == EXDEV, "a function without a result does its work");
	return 0;
}

static int buffers(const struct victim *v, void *arg)
{
	static const size_t sizes[] = {0, 1, 7, 8, 9, 39, 40, 41, 4095, 4096, 65535, 65536, 65537, 1 << 20,
				       (16 << 20) + 3};
	int wrong = 0;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		size_t size = sizes[i], used = 0;
		unsigned char *data = malloc(size + 16);
		unsigned long sum = 0;

		memset(data, 0xee, size + 16);
		wrong += v->do_fill(data, size, &used, size) != 0 || used != size;
		for (size_t k = 0; k < size; k++) {
			wrong += data[k] != (unsigned char)(k + 1);
			sum += data[k];
		}
		for (size_t k = size; k < size + 16; k++)
			wrong += data[k] != 0xee;
		wrong += v->do_sum(data, size) != sum;
		free(data);
	}
	check(arg, wrong == 0, "buffers from 0 bytes to 16 MiB, out and in: %d wrong", wrong);
	return 0;
}

static int structs(const struct victim *v, void *arg)
{
	struct victim_point points[6], center;
	size_t count = 6;
	int wrong;

	memset(points, 0xee, sizeof(points));
	wrong = v->do_points(points, &count) != 0 || count != 5;
	for (int i = 0; i < 5; i++)
		wrong += points[i].x != i || points[i].y != -i || points[i].weight != i / 2.0;
	check(arg, wrong == 0, "an array of structs, its number in and out");
	check(arg, v->do_center(points, 5, &center) == 0 && center.x == 10 && center.y == -10 &&
		   center.weight == 5, "an array of structs in, one out");
	count = 2;
	memset(points, 0xee, sizeof(points));
	check(arg, v->do_points(points, &count) == 0 && count == 2 && points[2].x == (int)0xeeeeeeee,
	      "no more than there is room for");
	return 0;
}

static int strings(const struct victim *v, void *arg)
{
	char text[VICTIM_TEXT], long_name[200];
	const char *name = v->do_name(1), *same = v->do_name(1);

	check(arg, name && !strcmp(name, "berta") && name == same, "a constant string is one and the same");
	check(arg, !v->do_name(99) && v->do_name(2) && !*v->do_name(2), "NULL is NULL and \"\" is \"\"");
	v->do_misbehave("segv", 0);
	check(arg, !strcmp(name, "berta") && v->do_name(1) == name, "it outlives the virtual process");
	check(arg, v->do_greet("", text, sizeof(text)) == 7 && !strcmp(text, "hello, "), "an empty string");
	check(arg, v->do_greet("\xc3\xa4\xff", text, sizeof(text)) == 10 && !strcmp(text, "hello, \xc3\xa4\xff"),
	      "bytes above 127");
	memset(long_name, 'n', sizeof(long_name));
	long_name[sizeof(long_name) - 1] = 0;
	check(arg, v->do_greet(long_name, text, sizeof(text)) == -1, "too little room: as the extension says");
	return 0;
}

int main(void)
{
	checks_run("errors", NULL, errors, 30000);
	checks_run("buffers", NULL, buffers, 30000);
	checks_run("structs", NULL, structs, 30000);
	checks_run("strings", NULL, strings, 30000);
	return tell_done();
}
