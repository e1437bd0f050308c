/* SPDX-License-Identifier: BSD-2-Clause */
/* victim.h - an interface with one of everything, which tests call while its extension misbehaves */
#ifndef NACRE_TESTS_VICTIM_H
#define NACRE_TESTS_VICTIM_H

#include <stddef.h>

typedef unsigned long victim_handle; /* 0: none */

enum { VICTIM_TEXT = 64, VICTIM_FILL = 100, VICTIM_PICK_MAX = 9, VICTIM_MANY = 1000 };

struct victim_point {
	int x, y;
	double weight;
};

/** A host function that victim_each() calls; what it returns is added up. */
typedef int (*victim_visit)(victim_handle handle, const char *text, int number, void *user);

#pragma GCC visibility push(default)

int victim_add(int a, int b);
/** victim_count() - how often it was called in this virtual process; idempotent */
int victim_count(int die_on_first);
/**
 * victim_init() - sets the level; is repeated after a restart, until victim_fini()
 * @level: when it is the first call in a virtual process: below 0 it fails, above 1000 it takes so many
 *         milliseconds less 1000
 */
int victim_init(int level);
int victim_fini(void);
int victim_level(void);

/** victim_greet() - "hello, NAME" into @text. Return: its length */
int victim_greet(const char *name, char *text, size_t room);
/** victim_name() - a constant string of the extension, "name N" from VICTIM_MANY; NULL: unknown */
const char *victim_name(int number);
unsigned long victim_sum(const unsigned char *data, size_t size);
/** victim_fill() - min(@room, VICTIM_FILL + @more) bytes 1, 2, 3... into @data, their number into @used */
int victim_fill(unsigned char *data, size_t room, size_t *used, size_t more);
/** victim_points() - (i, -i, i / 2) for i below *@count, of which the real number comes back (<= 5) */
int victim_points(struct victim_point *points, size_t *count);
int victim_center(const struct victim_point *points, size_t count, struct victim_point *center);

victim_handle victim_open(const char *name);
int victim_close(victim_handle handle);
int victim_number(victim_handle handle, int *number);
/** victim_each() - call @visit @times times with what was opened. Return: the sum of its results */
int victim_each(victim_handle handle, victim_visit visit, void *user, int times);
/** victim_pick() - a number from 0 to VICTIM_PICK_MAX */
int victim_pick(int number);
/** victim_errno() - fails with this errno */
int victim_errno(int number);
void victim_note(int number);
int victim_noted(void);
int victim_sleep(int ms);
/** victim_threads() - how many threads the extension's process has */
int victim_threads(void);

/** victim_misbehave() - do what @how names, now. Return: 7 when it led to nothing */
int victim_misbehave(const char *how, long argument);
/** victim_plan() - misbehave in what comes next: in a function's answer or a message */
int victim_plan(const char *how, long which, unsigned long amount);

#pragma GCC visibility pop

#endif
