/* SPDX-License-Identifier: BSD-2-Clause */
/* victim_overlay.h - the overlay of the test interface: failures, deadlines and rules of victim.h */
#include "victim.h"

#include <nacre/overlay.h>

NACRE_INTERFACE(victim, version("1.0"), on_fail(-1, errno = EIO), deadline(5000), include("errno.h"));
NACRE_HANDLE(handle, type(victim_handle), stale(-1, errno = ESTALE), tracked);

NACRE_CALLBACK(visit, int, (victim_handle handle, const char *text nacre(string), int number,
			    void *user nacre(token(visitor))), on_fail(-1));

int victim_add(int a, int b) nacre(deadline(10000));
int victim_count(int die_on_first) nacre(idempotent);
int victim_init(int level) nacre(replay, success(result == 0));
int victim_fini(void) nacre(forgets(victim_init), success(result == 0));
int victim_level(void);

int victim_greet(const char *name nacre(string), char *text nacre(out, string, cap(room)), size_t room)
	nacre(success(result >= 0), deadline(1000));
const char *victim_name(int number) nacre(string, borrowed, nullable, on_fail(NULL, errno = EIO));
unsigned long victim_sum(const unsigned char *data nacre(in, count(size)), size_t size)
	nacre(on_fail(~0ul, errno = EIO));
int victim_fill(unsigned char *data nacre(out, cap(room), len(*used)), size_t room,
		size_t *used nacre(out), size_t more) nacre(success(result == 0), deadline(1000));
int victim_points(struct victim_point *points nacre(out, cap(*count), len(*count)),
		  size_t *count nacre(inout)) nacre(success(result == 0), deadline(1000));
int victim_center(const struct victim_point *points nacre(in, count(count)), size_t count,
		  struct victim_point *center nacre(out)) nacre(success(result == 0));

victim_handle victim_open(const char *name nacre(string))
	nacre(opens, on_fail(0, errno = EIO), success(result != 0));
int victim_close(victim_handle handle) nacre(closes(handle, handle), success(result == 0));
int victim_number(victim_handle handle, int *number nacre(out)) nacre(success(result == 0));
int victim_each(victim_handle handle, victim_visit visit nacre(callback(visit)),
		void *user nacre(token(visitor)), int times) nacre(deadline(1000));
int victim_pick(int number) nacre(range(0, VICTIM_PICK_MAX));
int victim_errno(int number);
void victim_note(int number);
int victim_noted(void);
int victim_sleep(int ms) nacre(deadline(300));
int victim_threads(void);

int victim_misbehave(const char *how nacre(string), long argument) nacre(deadline(300));
int victim_plan(const char *how nacre(string), long which, unsigned long amount);
