/* SPDX-License-Identifier: BSD-2-Clause */
/* words.c - the text of an annotation, split into words with arguments */
#include "words.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

int nacre_at_error(struct nacre_error *e, const struct nacre_at *at, const char *fmt, ...)
{
	char where[sizeof(e->where)], msg[sizeof(e->msg)];
	const char *file = at->file ? at->file : "overlay", *slash;
	va_list ap;

	slash = strrchr(file, '/');
	snprintf(where, sizeof(where), "%s:%u", slash ? slash + 1 : file, at->line);
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	return nacre_error_set(e, NACRE_E_INPUT, 0, where, "%s", msg);
}

/* Behind the string or character constant that starts at @p; NULL where it does not end. */
static const char *skip_quoted(const char *p)
{
	char quote = *p++;

	for (; *p && *p != quote; p++)
		if (*p == '\\' && p[1])
			p++;
	return *p ? p + 1 : NULL;
}

/* The first @separator at the top level, or the end; NULL where something is not closed. */
static const char *find_top(const char *p, char separator)
{
	int depth = 0;

	while (*p) {
		if (*p == '"' || *p == '\'') {
			p = skip_quoted(p);
			if (!p)
				return NULL;
			continue;
		}
		if (depth == 0 && *p == separator)
			return p;
		if (strchr("([{", *p))
			depth++;
		if (strchr(")]}", *p) && --depth < 0)
			return NULL;
		p++;
	}
	return depth == 0 ? p : NULL;
}

static const char *trimmed(struct nacre_arena *a, const char *from, const char *to)
{
	while (from < to && isspace((unsigned char)*from))
		from++;
	while (to > from && isspace((unsigned char)to[-1]))
		to--;
	return nacre_arena_copy(a, from, (size_t)(to - from));
}

const char *const *nacre_words_list(struct nacre_arena *a, const char *text, char separator)
{
	const char **list, *p = text, *end;
	size_t count = 0;

	for (const char *c = text; *c; c++)
		count += *c == separator;
	list = nacre_arena_alloc(a, (count + 2) * sizeof(*list));
	count = 0;
	for (;;) {
		end = find_top(p, separator);
		if (!end)
			return NULL;
		if (*end || count || end > p)
			list[count++] = trimmed(a, p, end);
		if (!*end)
			return list;
		p = end + 1;
	}
}

/* "name" or "name(args)" */
static int split_word(struct nacre_arena *a, const char *text, const struct nacre_at *at,
		      struct nacre_word *word, struct nacre_error *e)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
	size_t all = strlen(text), open;

	if (n == 0)
		return nacre_at_error(e, at, "'%.40s' is not a word of an annotation", text);
	open = n + strspn(text + n, " \t\n");
	word->name = nacre_arena_copy(a, text, n);
	if (!text[open])
		return 0;
	if (text[open] != '(' || text[all - 1] != ')')
		return nacre_at_error(e, at, "'%.60s' is neither word nor word(arguments)", text);
	word->args = trimmed(a, text + open + 1, text + all - 1);
	return 0;
}

int nacre_words_split(struct nacre_arena *a, const char *text, const struct nacre_at *at,
		      struct nacre_word **words, struct nacre_error *e)
{
	const char *const *pieces = nacre_words_list(a, text, ',');

	*words = NULL;
	if (!pieces)
		return nacre_at_error(e, at, "'%.60s': a parenthesis or quote is not closed", text);
	for (; *pieces; pieces++) {
		struct nacre_word *word;

		if (!**pieces)
			continue;
		word = nacre_arena_alloc(a, sizeof(*word));
		if (split_word(a, *pieces, at, word, e) < 0)
			return -1;
		*words = word;
		words = &word->next;
	}
	return 0;
}
