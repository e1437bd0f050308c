/* SPDX-License-Identifier: BSD-2-Clause */
/* said.c - the words behind one parameter, field or result, sorted */
#include "said.h"

#include <string.h>

const char *reader_string(struct reader *r, const char *args)
{
	size_t n = strlen(args);

	if (n < 2 || args[0] != '"' || args[n - 1] != '"')
		return NULL;
	return nacre_arena_copy(r->arena, args + 1, n - 2);
}

struct nacre_failure *reader_failure(struct reader *r, const char *args, const struct nacre_at *at)
{
	const char *const *list = nacre_words_list(r->arena, args, ',');
	struct nacre_failure *f = nacre_arena_alloc(r->arena, sizeof(*f));

	if (!list)
		return reader_fail(r, at, "'%.60s': a parenthesis is not closed", args);
	f->value = list[0] && *list[0] ? list[0] : NULL;
	f->statements = list[0] ? list + 1 : list;
	return f;
}

static void say_check(struct said *s, const struct nacre_word *w)
{
	struct nacre_arena *a = s->r->arena;
	const char *const *list = nacre_words_list(a, w->args, ','), *text = NULL;

	if (list && !strcmp(w->name, "range") && list[0] && list[1] && !list[2]) {
		text = nacre_arena_printf(a, "value >= (%s) && value <= (%s)", list[0], list[1]);
	} else if (list && !strcmp(w->name, "oneof") && list[0]) {
		text = nacre_arena_printf(a, "value == (%s)", list[0]);
		for (int i = 1; list[i]; i++)
			text = nacre_arena_printf(a, "%s || value == (%s)", text, list[i]);
	} else if (!strcmp(w->name, "flags")) {
		text = nacre_arena_printf(a, "(value & ~(%s)) == 0", w->args);
	} else if (!strcmp(w->name, "check")) {
		text = w->args;
	}
	if (!text || s->check)
		reader_fail(s->r, &s->at,
			    "'%s': one rule for a value: range(a, b), oneof(a, ..), "
			    "flags(mask) or check(expression over value)",
			    s->name);
	s->check = text;
	s->check_words = nacre_arena_printf(a, "%s(%s)", w->name, w->args);
}

/* Words without arguments. Return: false where @w is none of them. */
static bool say_plain(struct said *s, const struct nacre_word *w)
{
	const struct {
		const char *name;
		bool *to;
	} plain[] = {
		{"string", &s->string},	    {"strings", &s->strings},	{"nullable", &s->nullable},
		{"nonnull", &s->nonnull},   {"null", &s->null},		{"opens", &s->opens},
		{"token", &s->token},	    {"cursor", &s->cursor},	{"table", &s->table},
		{"interned", &s->interned}, {"borrowed", &s->interned}, {"ignore", &s->ignore},
	};

	if (!strcmp(w->name, "in") || !strcmp(w->name, "out") || !strcmp(w->name, "inout")) {
		s->dir = w->name[0] == 'o' ? NACRE_OUT : w->name[2] ? NACRE_INOUT : NACRE_IN;
		return true;
	}
	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
		if (strcmp(plain[i].name, w->name))
			continue;
		*plain[i].to = true;
		return true;
	}
	return false;
}

/* Words with arguments. Return: false where @w is none of them. */
static bool say_args(struct said *s, const struct nacre_word *w)
{
	const struct {
		const char *name, **to;
	} args[] = {
		{"count", &s->count}, {"bytes", &s->count},	  {"cap", &s->cap},
		{"len", &s->len},     {"handle", &s->handle},	  {"callback", &s->callback},
		{"view", &s->view},   {"resident", &s->resident}, {"sized_by", &s->sized_by},
		{"cases", &s->cases}, {"alias", &s->alias},	  {"stale", &s->stale},
		{"string", &s->max},  {"token", &s->token_name},
	};

	if (!strcmp(w->name, "waive")) {
		s->waiver = reader_string(s->r, w->args);
		if (!s->waiver || !*s->waiver)
			reader_fail(s->r, &s->at, "'%s': a waiver needs a reason: waive(\"why\")",
				    s->name);
		return true;
	}
	if (!strcmp(w->name, "range") || !strcmp(w->name, "oneof") || !strcmp(w->name, "flags") ||
	    !strcmp(w->name, "check")) {
		say_check(s, w);
		return true;
	}
	if (!strcmp(w->name, "struct") || !strcmp(w->name, "array")) {
		s->cases = nacre_arena_printf(s->r->arena, "else: %s(%s)", w->name, w->args);
		return true;
	}
	for (size_t i = 0; i < sizeof(args) / sizeof(*args); i++) {
		if (strcmp(args[i].name, w->name))
			continue;
		*args[i].to = w->args;
		s->bytes |= !strcmp(w->name, "bytes");
		s->string |= !strcmp(w->name, "string");
		s->token |= !strcmp(w->name, "token");
		return true;
	}
	return false;
}

void said_words(struct said *s, const char *words)
{
	struct nacre_word *w = NULL;

	if (words && nacre_words_split(s->r->arena, words, &s->at, &w, s->r->e) < 0)
		s->r->failed = true;
	for (; w && !s->r->failed; w = w->next) {
		if (!strcmp(w->name, "waive") && !w->args)
			w->args = "";
		if (!strcmp(w->name, "table_entry"))
			continue;
		if (w->args ? !say_args(s, w) : !say_plain(s, w))
			reader_fail(s->r, &s->at,
				    "'%s': '%s%s' is not a word that nacre/overlay.h "
				    "knows here",
				    s->name, w->name, w->args ? "(..)" : "");
	}
	if (s->cursor != (s->sized_by != NULL))
		reader_fail(s->r, &s->at, "'%s': cursor and sized_by(field) go together", s->name);
	if (s->cursor) {
		s->limit = s->count;
		s->count = s->sized_by;
	}
}
