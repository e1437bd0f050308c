/* SPDX-License-Identifier: BSD-2-Clause */
/* words.h - the text of an annotation, split into words with arguments */
#ifndef NACRE_OVERLAY_WORDS_H
#define NACRE_OVERLAY_WORDS_H

#include "arena.h"
#include "model.h"

#include <nacre/error.h>

/** struct nacre_word - "name" or "name(args)"; args is the text between the parentheses */
struct nacre_word {
	const char *name, *args;
	struct nacre_word *next;
};

/**
 * nacre_words_split() - the words of "in, count(n), check(f(value, 2))"
 * @words: set to the list, NULL where @text has none
 */
int nacre_words_split(struct nacre_arena *a, const char *text, const struct nacre_at *at,
		      struct nacre_word **words, struct nacre_error *e);

/**
 * nacre_words_list() - split @text at each top-level @separator
 * Return: trimmed pieces, ends with NULL; NULL where parentheses or quotes do not match.
 */
const char *const *nacre_words_list(struct nacre_arena *a, const char *text, char separator);

/** nacre_at_error() - an overlay error: "file:line" and a sentence. Return: -1 */
int nacre_at_error(struct nacre_error *e, const struct nacre_at *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
