/* SPDX-License-Identifier: BSD-2-Clause */
/* cases.c - tagged pointers and unions: which rule holds when */
#include "said.h"

#include <string.h>

/* "struct(x)" or "array(x, n)": a view by its name, its struct or a typedef of it. */
static struct nacre_rule *pointed_rule(struct said *s, const char *what, const char *count)
{
	struct nacre_rule *rule;
	struct nacre_type *target = NULL, *type;
	struct nacre_view *view = NULL;

	for (struct nacre_view *v = s->r->m->views; v && !view; v = v->next)
		if (!strcmp(v->name, what))
			view = v;
	if (view)
		target = reader_named_type(s->r, view->record->spelling);
	if (!target)
		target = reader_named_type(s->r, what);
	if (!target)
		return reader_fail(s->r, &s->at, "'%s': '%s' is no view, struct or type", s->name,
				   what);
	type = nacre_arena_alloc(s->r->arena, sizeof(*type));
	*type = (struct nacre_type){.kind = NACRE_TYPE_POINTER, .size = 8, .align = 8};
	type->target = target;
	type->spelling = nacre_arena_printf(s->r->arena, "%s *", target->spelling);
	type->canonical = type->spelling;
	type->names = nacre_arena_alloc(s->r->arena, sizeof(*type->names));
	rule = said_rule(s, NACRE_RULE_POINTER, type);
	rule->dir = s->dir;
	rule->count = count ? count : "1";
	if (target->kind == NACRE_TYPE_STRUCT) {
		rule->target = said_rule(s, NACRE_RULE_STRUCT, target);
		rule->target->view =
			view ? view : reader_find_view(s->r, target->record, NULL, &s->at);
	} else {
		struct said plain = {.r = s->r, .place = s->place, .name = s->name, .at = s->at};

		rule->target = said_rule_for(&plain, target);
	}
	return rule;
}

struct nacre_rule *said_bytes(struct said *s, struct nacre_type *type)
{
	struct nacre_rule *rule = said_rule(s, NACRE_RULE_POINTER, type);
	struct nacre_type *byte = nacre_arena_alloc(s->r->arena, sizeof(*byte));

	*byte = (struct nacre_type){.kind = NACRE_TYPE_INT, .size = 1, .align = 1};
	byte->spelling = byte->canonical = "unsigned char";
	byte->names = nacre_arena_alloc(s->r->arena, sizeof(*byte->names));
	rule->target = said_rule(s, NACRE_RULE_SCALAR, byte);
	rule->dir = s->dir;
	rule->count = s->count;
	rule->cap = s->cap;
	rule->len = s->len;
	return rule;
}

struct nacre_rule *said_string(struct said *s, struct nacre_type *type)
{
	struct nacre_rule *rule = said_rule(s, NACRE_RULE_STRING, type);

	rule->max = s->max;
	rule->interned = s->interned;
	return rule;
}

/* The rule of one alternative. */
static struct nacre_rule *case_rule(struct said *s, struct nacre_type *type, const char *text,
				    int *dir)
{
	struct said inner = {.r = s->r,
			     .place = s->place,
			     .name = s->name,
			     .at = s->at,
			     .dir = s->dir,
			     .all = text};
	struct nacre_word *w = NULL;
	const char *const *list;
	struct nacre_rule *rule;

	if (nacre_words_split(s->r->arena, text, &s->at, &w, s->r->e) < 0) {
		s->r->failed = true;
		return NULL;
	}
	*dir = NACRE_INOUT;
	if (w && w->next && !w->args && (!strcmp(w->name, "in") || !strcmp(w->name, "out"))) {
		*dir = *w->name == 'i' ? NACRE_IN : NACRE_OUT;
		w = w->next;
	}
	if (!w)
		return reader_fail(s->r, &s->at, "'%s': a case without a rule", s->name);
	if (!strcmp(w->name, "bytes") && w->args) {
		inner.count = w->args;
		rule = said_bytes(&inner, type);
		rule->embedded = type->kind == NACRE_TYPE_UNION;
		return rule;
	}
	list = w->args ? nacre_words_list(s->r->arena, w->args, ',') : NULL;
	if (type->kind == NACRE_TYPE_UNION)
		return reader_fail(s->r, &s->at,
				   "'%s': of a union, bytes(n) travel: the size of the "
				   "member that counts",
				   s->name);
	if (!strcmp(w->name, "struct") && list && list[0] && !list[1])
		return pointed_rule(&inner, list[0], NULL);
	if (!strcmp(w->name, "array") && list && list[0] && list[1] && !list[2])
		return pointed_rule(&inner, list[0], list[1]);
	if (!strcmp(w->name, "refuse") && list && list[0]) {
		rule = said_rule(&inner, NACRE_RULE_REFUSE, type);
		rule->refuse = reader_failure(s->r, w->args, &s->at);
		return rule;
	}
	said_words(&inner, text);
	if (inner.string && !(inner.dir & NACRE_OUT))
		return said_string(&inner, type);
	if (inner.null || inner.handle)
		return said_rule_for(&inner, type);
	return reader_fail(s->r, &s->at,
			   "'%s': a case is bytes(n), struct(x), array(x, n), "
			   "handle(x), string, null or refuse(value)",
			   s->name);
}

/* The last ':' outside parentheses, where the rule of a case begins. */
static const char *case_colon(const char *text)
{
	const char *colon = NULL;
	int depth = 0;

	for (; *text; text++) {
		depth += *text == '(';
		depth -= *text == ')';
		if (*text == ':' && depth == 0)
			colon = text;
	}
	return colon;
}

struct nacre_rule *said_cases(struct said *s, struct nacre_type *type)
{
	const char *const *list = nacre_words_list(s->r->arena, s->cases, ';');
	struct nacre_rule *rule = said_rule(s, NACRE_RULE_CASES, type);
	struct nacre_case **end = &rule->cases, *c = NULL;

	if (!s->dir && s->place != PLACE_FIELD)
		return reader_fail(s->r, &s->at, "'%s': say in, out or inout", s->name);
	rule->dir = s->dir;
	for (; list && *list && !s->r->failed; list++) {
		const char *colon = case_colon(*list);

		if (!colon || (c && !c->when)) {
			colon = NULL;
			break;
		}
		c = nacre_arena_alloc(s->r->arena, sizeof(*c));
		c->when = nacre_arena_copy(s->r->arena, *list, (size_t)(colon - *list));
		if (!strncmp(c->when, "else", 4) && !c->when[4 + strspn(c->when + 4, " ")])
			c->when = NULL;
		c->rule = case_rule(s, type, colon + 1, &c->dir);
		*end = c;
		end = &c->next;
	}
	if (!s->r->failed && (!c || c->when || (list && *list)))
		return reader_fail(s->r, &s->at,
				   "'%s': cases(expression: rule; ..; else: rule) ends "
				   "with else",
				   s->name);
	if (!s->r->failed && rule->cases == c && c->rule->kind == NACRE_RULE_POINTER)
		return c->rule; /* a lone struct(x) or array(x, n) */
	return rule;
}
