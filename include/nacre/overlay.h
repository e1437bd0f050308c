/* SPDX-License-Identifier: BSD-2-Clause */
/* overlay.h - the words in which an overlay says what a C interface means
 *
 * An overlay is a C header. It includes the untouched upstream header, then re-declares its
 * functions with nacre(...) behind what it describes. The compiler proves that both agree; `nacre
 * wrap` reads the annotations through libclang; for every other compiler they are nothing.
 *
 *	#include <thermo.h>
 *	#include <nacre/overlay.h>
 *
 *	NACRE_INTERFACE(thermo, version("1.0"), on_fail(-1, errno = EIO), deadline(1000));
 *	NACRE_HANDLE(sensor, stale(-1, errno = ESTALE));
 *
 *	int thermo_read(struct thermo *t nacre(handle(sensor)),
 *			double *samples nacre(out, cap(n), len(result)), int n);
 *
 * Names and expressions are C: they are copied into the generated code, where parameters, sibling
 * fields and `result` (the return value) stand for checked private copies.
 *
 * The interface (NACRE_INTERFACE, once)
 *   version("...")          goes into the handshake's digest
 *   success(expr)           when a call has succeeded; outs other than scalars travel only then.
 *                           Default: always. A function may have its own.
 *   on_fail(value, stmt..)  what the host gets when the virtual process is lost, late or lies:
 *                           the return value and assignments to outs or errno
 *   deadline(ms | none)     per call, callbacks included; default 30000
 *   include("file.h")       a header that hooks, predicates or bench code need
 *   result(check(expr))     a value rule for the results of all functions that return a number
 *   waive_symbol(name, "why")  a symbol that the extension exports and the proxy does without; the
 *                           name may have an older version: f@VERSION
 * success and on_fail are inherited by functions that return a number; one that returns a pointer
 * says its own (an on_fail of NULL or a string is inherited by these too).
 *
 * Handles (NACRE_HANDLE(name, ...), once per kind of object that lives in the extension)
 *   type(T)                 every value of typedef T is such a handle, without saying it again
 *   stale(value, stmt..)    what the host gets for a handle from before a restart
 *   none(expr)              the value that names no object; default 0
 *   tracked                 the set of live handles is kept; a handle that the extension passes to
 *                           a callback must be in it
 *
 * Functions (behind the declarator)
 *   success(..) on_fail(..) deadline(..)   as above, for this one
 *   idempotent              may be called again on a fresh virtual process after a loss
 *   replay                  a successful call is repeated after a restart, before the next call
 *   forgets(f)              a successful call ends the replay of f
 *   closes(handle, param)   a successful call ends this handle
 *   closes_all(handle)      a successful call ends all handles of the kind
 *   secret                  message memory is wiped after the call
 *   refuse                  exported, never forwarded: returns on_fail; parameters need no rules;
 *                           needs waive("why")
 *   waive("why")            shows in the audit report
 *   table_entry(f)          (on a field of a function table whose name is not f's; in a view of the
 *                           table; ignore with waive("why") where there is no such function)
 *
 * Parameters, fields and results
 *   in | out | inout        direction of a pointer's target
 *   count(expr)             elements behind the pointer; default 1, of T x[4] 4. On an out buffer
 *                           it says the capacity before the call and the length after it, as cap
 *                           and len do
 *   bytes(expr)             the same in bytes, for void * and char *
 *   string | string(max)    ends with 0; max counts bytes without the 0 (default 4096 for what
 *                           the extension gives, 16 MiB for what the host gives)
 *   strings                 array of strings, ends with NULL
 *   cap(expr), len(expr)    an out buffer: capacity before the call, length after it, both in
 *                           elements; len <= cap is checked where success holds. In len(), `cap`
 *                           is the capacity
 *   nullable                NULL is allowed and arrives as NULL (all others: NULL is passed on too
 *                           for `in`, `out`, `inout`: the extension must say so in its own words;
 *                           `nonnull` makes the proxy refuse). What comes from the extension -
 *                           strings, arguments of callbacks - is never NULL without it
 *   nonnull                 NULL is refused with on_fail before the call
 *   null                    must be NULL; another value arrives as a pointer that points nowhere
 *   handle(name)            an object of the extension; integer or pointer
 *   opens                   (with handle, on an out or a result) a new object
 *   stale(value, stmt..)    (with handle) instead of the handle's own
 *   token | token(name)     a pointer of the host that the extension only hands back; it can come back
 *                           only where the same name stands
 *   callback(name)          a function of the host; NACRE_CALLBACK(name, ...) describes it
 *   view(name)              which NACRE_VIEW describes the struct, where there are several
 *   resident(handle)        the struct lives in the virtual process between calls, under the
 *                           handle that its view marks; the host's struct is its mirror
 *   cursor                  (field) the pointer advances by what the call consumed or produced:
 *                           before(size field) - after(size field)
 *   sized_by(field)         (with cursor) that size field. With count(expr) no more than that travels
 *                           and can be moved: the size that the extension sees is cut to it, and
 *                           the host's keeps the rest
 *   table                   (out, pointer to pointer) a static table of functions of this interface
 *   borrowed | interned     (result or out string) memory of the extension: the host gets a copy
 *                           that stays valid (at most 1024 different ones are kept)
 *   cases(expr: rule, ..; else: rule)
 *                           a tagged pointer or union: the first expression that holds decides;
 *                           rule = bytes(expr) | struct(type or view) | array(type or view, expr)
 *                                | handle(name) | string | null | refuse(value);
 *                           "in, rule" or "out, rule" narrows the direction. Of a union inside a
 *                           struct bytes(expr) travel. A lone struct(..) or array(..) needs no cases
 *   alias(param)            (result) the same pointer as the parameter
 *   range(a, b) | oneof(..) | flags(mask) | check(expr)
 *                           what a value from the extension must satisfy
 *   ignore                  does not travel; needs waive("why")
 */
#ifndef NACRE_OVERLAY_H
#define NACRE_OVERLAY_H

#ifdef __clang__
#define nacre_words(text) __attribute__((annotate("nacre:" text)))
#else
#define nacre_words(text)
#endif
#define nacre(...) nacre_words(#__VA_ARGS__)

/* Each expands to a declaration that carries the annotation and defines nothing. The words are
 * stringified here and not in nacre(), so that the names of constants survive as names. */
#define NACRE_INTERFACE(name, ...) extern const char nacre_interface_##name[] nacre_words(#__VA_ARGS__)
#define NACRE_HANDLE(name, ...)    extern const char nacre_handle_##name[] nacre_words(#__VA_ARGS__)

/* NACRE_CALLBACK(notify, ret, (params with rules), function rules) describes a host function. */
#define NACRE_CALLBACK(name, ret, params, ...) \
	extern ret(*nacre_callback_##name) params nacre_words(#__VA_ARGS__)

/* NACRE_VIEW(attribute) { struct ck_attribute { ...fields with rules... }; } */
#define NACRE_VIEW(name) static inline void nacre_view_##name(void)

#endif
