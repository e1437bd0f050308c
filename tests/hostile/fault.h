/* SPDX-License-Identifier: BSD-2-Clause */
/* fault.h - one way in which an extension fails, and what its host must see of it */
#ifndef NACRE_TESTS_FAULT_H
#define NACRE_TESTS_FAULT_H

#include "place.h"

#include <errno.h>

enum fault_then {
	THEN_WORKS, /* the next call is served */
	THEN_SOON,  /* the spare was hit as well: one of the next few calls is */
	THEN_FAILS  /* what is wrong with it stays wrong: the next call has its declared failure */
};

/**
 * struct fault - a row of a table; a table ends with a NULL name
 * @name:     as a person says it
 * @how:      what victim_misbehave() shall do; also for @act
 * @act:      the call that is hit, instead of victim_misbehave(). Return: its result; errno is kept
 * @load:     misbehave while being loaded: $VICTIM_LOAD
 * @more:     further lines of the registration
 * @function: what the log has to name
 * @cause:    what else the same line has to say: "this|or that"; NULL: no line is wanted
 * @value:    the result: the declared failure by default
 * @sys:      errno with it
 * @deadline: of the call, ms; 0: 300
 * @prepare:  change what is registered
 */
struct fault {
	const char *name, *how;
	long argument;
	long (*act)(const struct victim *v, const struct fault *f);
	const char *load, *more, *function, *cause;
	long value;
	int sys;
	unsigned deadline;
	enum fault_then then;
	void (*prepare)(struct place *p);
};

#define FAILS .value = -1, .sys = EIO
/** What leads to nothing: the extension says so, and the host hears it. */
#define NOTHING .value = 7

/** fault_test() - one row: one host, one line of TAP */
void fault_test(const struct fault *f);

extern const struct fault process_faults[], channel_faults[], message_faults[], answer_faults[],
	load_faults[];
void test_sweep(void);
void test_scribble(void);
void test_control(void);

#endif
