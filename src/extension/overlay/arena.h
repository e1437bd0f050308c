/* SPDX-License-Identifier: BSD-2-Clause */
/* arena.h - memory that is freed all at once
 *
 * For the generator only: it has nothing to give back, so running out of memory ends the program.
 */
#ifndef NACRE_OVERLAY_ARENA_H
#define NACRE_OVERLAY_ARENA_H

#include <stddef.h>

struct nacre_arena;

struct nacre_arena *nacre_arena_new(void);
void nacre_arena_free(struct nacre_arena *a);
/** nacre_arena_alloc() - zeroed memory */
void *nacre_arena_alloc(struct nacre_arena *a, size_t size) __attribute__((returns_nonnull));
char *nacre_arena_copy(struct nacre_arena *a, const char *text, size_t n)
	__attribute__((returns_nonnull));
char *nacre_arena_printf(struct nacre_arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), returns_nonnull));

#endif
