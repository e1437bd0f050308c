/* SPDX-License-Identifier: BSD-2-Clause */
/* bad.h - inside the extension that misbehaves: what it can do, by name
 *
 * The extension runs in nacre-vproc, whose functions it can see and overwrite. So it can lie at every
 * level: in what its functions return (victim.c), in the messages that the honest stub sends for
 * it (message.c), in the shared memory itself (channel.c), in the handshake (hello.c), to the
 * host over the zygote's socket (control.c), and it can do to its own process what it likes
 * (process.c).
 */
#ifndef NACRE_TESTS_BAD_H
#define NACRE_TESTS_BAD_H

#include <setjmp.h>
#include <stdbool.h>

enum { BAD_NOTHING = 7 }; /* what victim_misbehave() returns when an attempt led to nothing */

/** struct bad - one way to misbehave; a list ends with a NULL name */
struct bad {
	const char *name;
	int (*run)(long argument);
};

extern const struct bad bad_process[], bad_channel[], bad_message[];
/** What is done while the extension is loaded, named by $VICTIM_LOAD. */
extern const struct bad bad_hello[], bad_control[];

/** bad_run() - do what @how names in @list. Return: false where it is not there */
bool bad_run(const struct bad *list, const char *how, long argument, int *result);

/** bad_planned() - is @how what victim_plan() asked for? If so, it is now done with */
bool bad_planned(const char *how);
/** What victim_plan() said besides the name. */
extern long bad_which;
extern unsigned long bad_amount;
/** Where "longjmp" goes: into victim_each(), out of a call nested in a callback of it. */
extern jmp_buf bad_before;
/** bad_deny() - from now on, each message comes with notes about refused system calls */
void bad_deny(void);
/** bad_plan_message() - a plan for the messages of the stub. Return: false where @how is none */
bool bad_plan_message(const char *how);

/** bad_jump() - from now on, calls of @from go to @to */
void bad_jump(void *from, void *to);
/** bad_thread() - run @run(@arg) in a thread of the extension */
void bad_thread(void *(*run)(void *), void *arg);

#endif
