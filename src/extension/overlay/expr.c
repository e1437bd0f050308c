/* SPDX-License-Identifier: BSD-2-Clause */
/* expr.c - C expressions of an overlay, given a meaning in generated code */
#include "expr.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum token_kind { TOKEN_END, TOKEN_NAME, TOKEN_NUMBER, TOKEN_TEXT, TOKEN_OTHER };

struct token {
	enum token_kind kind;
	const char *at, *end;
};

static bool in_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static struct token next_token(const char *p)
{
	struct token t;

	while (isspace((unsigned char)*p))
		p++;
	t = (struct token){TOKEN_OTHER, p, p + 1};
	if (!*p) {
		t = (struct token){TOKEN_END, p, p};
	} else if (isdigit((unsigned char)*p)) {
		t.kind = TOKEN_NUMBER;
		while (in_name(*t.end) || *t.end == '.')
			t.end++;
	} else if (in_name(*p)) {
		t.kind = TOKEN_NAME;
		while (in_name(*t.end))
			t.end++;
	} else if (*p == '"' || *p == '\'') {
		t.kind = TOKEN_TEXT;
		while (*t.end && *t.end != *p)
			t.end += *t.end == '\\' && t.end[1] ? 2 : 1;
		t.end += *t.end != 0;
	} else if (!strncmp(p, "->", 2)) {
		t.end++;
	}
	return t;
}

static bool token_is(const struct token *t, const char *text)
{
	size_t n = (size_t)(t->end - t->at);

	return strlen(text) == n && !memcmp(t->at, text, n);
}

static bool is_keyword(const char *name)
{
	static const char *const words[] = {
		"sizeof",   "struct", "union", "enum",	     "unsigned", "signed",
		"char",	    "short",  "int",   "long",	     "float",	 "double",
		"_Bool",    "void",   "const", "__typeof__", "offsetof", "uint64_t",
		"uint32_t", "true",   "false", "NULL",	     NULL};

	for (int i = 0; words[i]; i++)
		if (!strcmp(words[i], name))
			return true;
	return false;
}

/* May a binary operator follow @t? Then a '*' behind it multiplies. */
static bool is_operand(const struct nacre_scope *scope, const struct token *t)
{
	const char *name;

	if (t->kind == TOKEN_NUMBER || t->kind == TOKEN_TEXT)
		return true;
	if (t->kind == TOKEN_OTHER)
		return *t->at == ')' || *t->at == ']';
	if (t->kind != TOKEN_NAME)
		return false;
	name = nacre_arena_copy(scope->arena, t->at, (size_t)(t->end - t->at));
	return !is_keyword(name);
}

/* What @name stands for; NULL where that is nothing. @plain: it is not a name of the overlay's. */
static const char *meaning(const struct nacre_scope *scope, const char *name, bool deref,
			   bool *plain)
{
	*plain = false;
	if (scope->result && !strcmp(name, "result"))
		return deref ? NULL : scope->result;
	if (scope->cap && !strcmp(name, "cap"))
		return deref ? NULL : scope->cap;
	if (scope->value && !strcmp(name, "value"))
		return deref ? NULL : scope->value;
	for (const struct nacre_item *i = scope->items; i; i = i->next)
		if (i->name && !strcmp(nacre_item_said(i), name))
			return scope->name(scope, i, deref);
	*plain = true;
	if (is_keyword(name) || !scope->knows || scope->knows(scope, name))
		return name;
	return NULL;
}

struct output {
	char *text;
	size_t at;
};

static void put(struct output *out, const char *text, size_t n)
{
	memcpy(out->text + out->at, text, n);
	out->at += n;
}

/* Enough room for every name to become its longest meaning. */
static size_t room_for(const struct nacre_scope *scope, const char *expr)
{
	size_t longest = 64;

	for (const struct nacre_item *i = scope->items; i; i = i->next)
		if (i->name && strlen(i->name) > longest)
			longest = strlen(i->name);
	if (scope->cap)
		longest += strlen(scope->cap);
	return (strlen(expr) + 1) * (longest + 32);
}

const char *nacre_expr_rewrite(const struct nacre_scope *scope, const char *expr,
			       const char **unknown)
{
	struct token last = {TOKEN_END, expr, expr}, before = last, t;
	struct output out = {nacre_arena_alloc(scope->arena, room_for(scope, expr)), 0};

	for (t = next_token(expr); t.kind != TOKEN_END;
	     before = last, last = t, t = next_token(t.end)) {
		const char *name, *text;
		bool member, tag, star, plain;

		if (t.at > last.end && out.at)
			put(&out, " ", 1);
		if (t.kind != TOKEN_NAME) {
			put(&out, t.at, (size_t)(t.end - t.at));
			continue;
		}
		name = nacre_arena_copy(scope->arena, t.at, (size_t)(t.end - t.at));
		member =
			last.kind == TOKEN_OTHER && (token_is(&last, "->") || token_is(&last, "."));
		tag = last.kind == TOKEN_NAME &&
		      (token_is(&last, "struct") || token_is(&last, "union") ||
		       token_is(&last, "enum"));
		star = last.kind == TOKEN_OTHER && token_is(&last, "*") &&
		       !is_operand(scope, &before);
		text = member || tag ? name : meaning(scope, name, star, &plain);
		if (!text) {
			if (unknown)
				*unknown = name;
			return NULL;
		}
		if (star && !member && !tag && !plain) { /* the meaning stands for "*name" */
			while (out.at && out.text[out.at - 1] != '*')
				out.at--;
			out.at--;
		}
		put(&out, text, strlen(text));
	}
	out.text[out.at] = 0;
	return out.text;
}

bool nacre_expr_names(const char *expr, const char *name)
{
	struct token t;

	for (t = next_token(expr); t.kind != TOKEN_END; t = next_token(t.end))
		if (t.kind == TOKEN_NAME && token_is(&t, name))
			return true;
	return false;
}
