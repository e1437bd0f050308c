/* SPDX-License-Identifier: BSD-2-Clause */
/* test_expr.c - words of annotations, and names in expressions */
#include <extension/overlay/expr.h>
#include <extension/overlay/words.h>

#include "tap.h"

static const struct nacre_at at = {"overlay.h", 7};

static const char *stands_for(const struct nacre_scope *scope, const struct nacre_item *item,
			      bool deref)
{
	const char *name = scope->data;

	return deref ? (strcmp(item->name, "p") ? NULL : "p_own") : !strcmp(item->name, "n") ? name : "p";
}

static bool knows(const struct nacre_scope *scope, const char *name)
{
	(void)scope;
	return !strcmp(name, "LIMIT") || !strcmp(name, "f") || !strcmp(name, "flags");
}

static struct nacre_item items[] = {{.name = "n", .next = &items[1]}, {.name = "p"}};

static void rewrites(struct nacre_arena *a)
{
	struct nacre_scope scope = {.arena = a, .items = items, .name = stands_for, .knows = knows,
				    .data = "own->n"};
	static const struct {
		const char *from, *to;
	} cases[] = {
		{"n", "own->n"},
		{"n+1", "own->n+1"},
		{"*p", "p_own"},
		{"n * *p", "own->n * p_own"},
		{"(*p + n) / 2", "(p_own + own->n) / 2"},
		{"p ? *p : 0", "p ? p_own : 0"},
		{"f(n, LIMIT)", "f(own->n, LIMIT)"},
		{"x.n", NULL},
		{"f(n).n", "f(own->n).n"},
		{"p->n", "p->n"},
		{"sizeof(struct n) * n", "sizeof(struct n) * own->n"},
		{"n == 'n' || \"n\"[0]", "own->n == 'n' || \"n\"[0]"},
		{"0x1fUL & n", "0x1fUL & own->n"},
		{"missing", NULL},
		{"*n", NULL},
		{"n*p", "own->n*p"},
		{"result", NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *unknown = NULL, *got = nacre_expr_rewrite(&scope, cases[i].from, &unknown);

		if (cases[i].to)
			tap_is_string(got, cases[i].to, cases[i].from);
		else
			tap_ok(!got && unknown, "%s has no meaning here", cases[i].from);
	}
	scope.result = "result";
	tap_is_string(nacre_expr_rewrite(&scope, "result >= n", NULL), "result >= own->n",
		      "the result has a name after the call");
}

static void words(struct nacre_arena *a)
{
	struct nacre_word *w = NULL;
	struct nacre_error e;

	tap_ok(nacre_words_split(a, "in, cap(f(a, \"),\")) , len( n )", &at, &w, &e) == 0,
	       "words are split at commas outside parentheses and strings");
	tap_ok(w && !strcmp(w->name, "in") && !w->args, "a word without arguments");
	tap_is_string(w && w->next ? w->next->args : NULL, "f(a, \"),\")", "arguments stay together");
	tap_is_string(w && w->next && w->next->next ? w->next->next->args : NULL, "n",
		      "arguments are trimmed");
	tap_ok(nacre_words_split(a, "in, cap(f(a)", &at, &w, &e) < 0, "an open parenthesis is refused");
	tap_is_string(e.where, "overlay.h:7", "with file and line");
	tap_ok(nacre_words_split(a, "in)", &at, &w, &e) < 0, "a stray parenthesis is refused");
	tap_ok(nacre_words_split(a, "cap(\"x)", &at, &w, &e) < 0, "an open string is refused");
	tap_ok(nacre_words_split(a, "+", &at, &w, &e) < 0, "what is no word is refused");
	tap_ok(nacre_words_split(a, "", &at, &w, &e) == 0 && !w, "nothing is nothing");
}

int main(void)
{
	struct nacre_arena *a = nacre_arena_new();

	rewrites(a);
	words(a);
	nacre_arena_free(a);
	return tap_done();
}
