/* SPDX-License-Identifier: BSD-2-Clause */
/* overlay.h - what the functions of thermo.h mean, for nacre: read this first if you write your own
 *
 * An overlay includes the library's own header, untouched, and declares its functions once more
 * with nacre(...) behind what needs a meaning. The compiler proves that both agree. Numbers need no
 * word; every pointer does, and a function that is forgotten is an error, so nothing slips through.
 */
#ifndef THERMO_OVERLAY_H
#define THERMO_OVERLAY_H

#include "thermo.h"
#include <nacre/overlay.h>

/* The interface: its name; what a function returns when the library has crashed, hangs or lies
 * (-1 with errno = EIO, unless the function says otherwise); how long a call may take. */
NACRE_INTERFACE(thermo, version("1.0"), success(result >= 0), on_fail(-1, errno = EIO),
		deadline(2000));

/* Objects of the library: the host gets a number in place of the pointer. After a crash the old
 * numbers are stale, and are answered with ESTALE without asking the library. */
NACRE_HANDLE(sensor, stale(-1, errno = ESTALE));

/* A function of the host that the library calls. Its first argument is the host's own pointer,
 * which the library only hands back: a token. The name is a string that comes from the library,
 * so it is copied, must end and be there; the temperature must be one that there is. */
NACRE_CALLBACK(alarm, void, (void *user nacre(token), const char *name nacre(string(15)),
			     double celsius nacre(range(-273.15, 1e6))));

/* A result that is an object: `opens` says that it is a new one. What NACRE_INTERFACE says of
 * success and failure is for functions that return numbers; one that returns a pointer has its
 * own. */
struct thermo *thermo_open(const char *name nacre(string))
	nacre(handle(sensor), opens, success(result != NULL), on_fail(NULL, errno = EIO));

/* An out array: room for n, as many used as the result says. A library that says more than n
 * breaks the interface: the host gets the declared failure, and a new library process. */
int thermo_read(struct thermo *t nacre(handle(sensor)),
		double *samples nacre(out, cap(n), len(result)), int n);

/* A struct without pointers needs no further word. It may be asked again after a crash. */
int thermo_describe(struct thermo *t nacre(handle(sensor)), struct thermo_info *info nacre(out))
	nacre(idempotent);

/* A string in the host's buffer: it must end within `size`. */
int thermo_name(struct thermo *t nacre(handle(sensor)), char *name nacre(out, string, cap(size)),
		size_t size);

/* A string in the library's memory: the host gets a copy that stays. A host would not expect
 * NULL here, so a library that returns it breaks the interface (where NULL is right, say
 * nullable). */
const char *thermo_unit(void) nacre(string, borrowed, on_fail("unknown units"));

int thermo_watch(struct thermo *t nacre(handle(sensor)), double limit,
		 thermo_alarm alarm nacre(callback(alarm)), void *user nacre(token));

void thermo_close(struct thermo *t nacre(handle(sensor))) nacre(closes(sensor, t));

#endif
