/* SPDX-License-Identifier: BSD-2-Clause */
/* rule.c - the words behind one parameter, field or result become a tree of rules */
#include "said.h"

#include <string.h>

struct nacre_rule *said_rule(const struct said *s, enum nacre_rule_kind kind,
			     struct nacre_type *type)
{
	struct nacre_rule *rule = nacre_arena_alloc(s->r->arena, sizeof(*rule));

	rule->kind = kind;
	rule->at = s->at;
	rule->type = type;
	rule->waiver = s->waiver;
	rule->words = s->all;
	rule->nullable = s->nullable;
	rule->nonnull = s->nonnull;
	return rule;
}

static struct nacre_handle *handle_of_type(const struct reader *r, const struct nacre_type *type)
{
	for (struct nacre_handle *h = r->m->handles; h; h = h->next)
		for (const char *const *name = type->names; h->type && *name; name++)
			if (!strcmp(*name, h->type))
				return h;
	return NULL;
}

static struct nacre_rule *handle_rule(struct said *s, struct nacre_type *type,
				      struct nacre_handle *h)
{
	struct nacre_rule *rule = said_rule(s, NACRE_RULE_HANDLE, type);

	if (!h)
		return reader_fail(s->r, &s->at, "'%s': no NACRE_HANDLE(%s, ..) says what that is",
				   s->name, s->handle);
	if (type->size != 4 && type->size != 8)
		return reader_fail(
			s->r, &s->at,
			"'%s' is too small for a handle, which has 32 or 64 bits: refuse the "
			"function, with waive(\"why\")",
			s->name);
	if (h->bits && h->bits != type->size * 8)
		return reader_fail(
			s->r, &s->at,
			"'%s': the handle %s has %u bits elsewhere: describe this with another "
			"NACRE_HANDLE",
			s->name, h->name, h->bits);
	rule->handle = h;
	rule->opens = s->opens;
	h->pointer |= type->kind == NACRE_TYPE_POINTER;
	h->bits = type->size == 4 ? 32 : 64;
	if (s->stale)
		rule->stale = reader_failure(s->r, s->stale, &s->at);
	return rule;
}

static struct nacre_rule *token_rule(struct said *s, struct nacre_type *type)
{
	struct nacre_rule *rule = said_rule(s, NACRE_RULE_TOKEN, type);

	rule->token = s->token_name;
	return rule;
}

static struct nacre_rule *scalar_rule(struct said *s, struct nacre_type *type)
{
	struct nacre_rule *rule = said_rule(s, NACRE_RULE_SCALAR, type);

	rule->check = s->check;
	rule->check_words = s->check_words;
	return rule;
}

/* What an array of fixed size can be made of. */
static bool may_be_element(const struct nacre_rule *rule)
{
	return rule->kind == NACRE_RULE_ARRAY || rule->kind == NACRE_RULE_STRUCT ||
	       rule->kind == NACRE_RULE_SCALAR || rule->kind == NACRE_RULE_HANDLE ||
	       rule->kind == NACRE_RULE_TOKEN;
}

/* Does handle(..), token or callback(..) mean what the pointer points to? */
static bool means_target(const struct said *s, const struct nacre_type *type)
{
	const struct nacre_type *target = type->target;

	return s->dir && type->kind == NACRE_TYPE_POINTER &&
	       (target->kind == NACRE_TYPE_POINTER || target->kind == NACRE_TYPE_INT);
}

static bool is_char(const struct nacre_type *t)
{
	return t->kind == NACRE_TYPE_INT && t->size == 1;
}

/* A pointer whose target travels: in, out, inout with an extent. */
static struct nacre_rule *target_rule(struct said *s, struct nacre_type *type)
{
	struct said inner = *s;
	struct nacre_rule *rule;
	bool extent;

	if (!s->count && !s->cap && !s->len && type->count) /* T x[n] as a parameter has n */
		s->count = inner.count =
			nacre_arena_printf(s->r->arena, "%llu", (unsigned long long)type->count);
	extent = s->count || s->cap || s->len;

	if (!s->dir && type->target->is_const && extent)
		s->dir = inner.dir = NACRE_IN;
	if (!s->dir && !(s->place == PLACE_FIELD && extent)) /* a field follows its struct */
		return reader_fail(s->r, &s->at,
				   "'%s' is a pointer without a rule: say in, out or inout "
				   "with count(n) or bytes(n), string, handle(x), token, null ..",
				   s->name);
	if (type->target->is_const && s->dir & NACRE_OUT)
		return reader_fail(s->r, &s->at, "'%s' points to const and cannot be out: say in",
				   s->name);
	if (type->target->kind == NACRE_TYPE_VOID) {
		if (!s->bytes && !s->cap)
			return reader_fail(s->r, &s->at,
					   "'%s' is a void *: say bytes(n), struct(x), "
					   "array(x, n), cases(..), handle(x) or token",
					   s->name);
		return said_bytes(s, type);
	}
	if (s->string)
		inner.count = inner.cap = inner.len = NULL;
	else if (is_char(type->target) && !extent)
		return reader_fail(s->r, &s->at, "'%s': say how many: count(n), or string",
				   s->name);
	if (s->string && type->target->kind != NACRE_TYPE_POINTER && !is_char(type->target))
		return reader_fail(s->r, &s->at, "'%s': string is for char *: say count(n)",
				   s->name);
	if (s->bytes && type->target->kind == NACRE_TYPE_UNION)
		return said_bytes(s, type);
	if (type->target->align > 8)
		return reader_fail(
			s->r, &s->at,
			"'%s': %s needs an alignment of %llu, and messages have 8: refuse the "
			"function, with waive(\"why\")",
			s->name, type->target->spelling, (unsigned long long)type->target->align);
	if (s->bytes && type->target->size != 1)
		return reader_fail(s->r, &s->at,
				   "'%s': bytes(n) is for void * and char *; say count(n)",
				   s->name);
	rule = said_rule(s, NACRE_RULE_POINTER, type);
	rule->dir = s->dir;
	rule->cap = s->cap;
	rule->len = s->len;
	rule->count = s->count ? s->count : (s->cap && s->dir == NACRE_OUT) ? NULL : "1";
	if (s->cap && s->dir == NACRE_INOUT && !s->count)
		rule->count = s->cap;
	inner = (struct said){.r = s->r,
			      .place = s->place,
			      .name = s->name,
			      .at = s->at,
			      .opens = s->opens,
			      .check = s->check,
			      .check_words = s->check_words,
			      .view = s->view,
			      .handle = s->handle,
			      .token = s->token,
			      .token_name = s->token_name,
			      .stale = s->stale,
			      .callback = s->callback,
			      .interned = s->interned,
			      .max = s->max};
	rule->text = s->string && is_char(type->target);
	inner.string = s->string && !rule->text;
	if (inner.string && (s->dir != NACRE_OUT || !s->interned))
		return reader_fail(s->r, &s->at,
				   "'%s': an out string is the extension's own memory: say "
				   "out, string, borrowed; several strings going in: strings",
				   s->name);
	rule->target = said_rule_for(&inner, type->target);
	if (s->r->failed)
		return NULL;
	rule->cell = nacre_rule_word(rule->target) && !extent && !rule->text;
	if (rule->target->kind == NACRE_RULE_CALLBACK ||
	    (nacre_rule_word(rule->target) && !rule->cell &&
	     rule->target->kind != NACRE_RULE_SCALAR && rule->target->kind != NACRE_RULE_HANDLE))
		return reader_fail(
			s->r, &s->at,
			"'%s': behind a pointer no functions travel, nor several tokens: refuse "
			"the function, with waive(\"why\")",
			s->name);
	return rule;
}

/* The same type, or one that leaves its parameters open. */
static bool same_function(const struct nacre_type *a, const struct nacre_type *b)
{
	size_t n = strlen(a->canonical);

	return !strcmp(a->canonical, b->canonical) ||
	       (n > 3 && !strcmp(a->canonical + n - 3, " ()") &&
		!strncmp(a->canonical, b->canonical, n - 1));
}

static struct nacre_rule *pointer_rule(struct said *s, struct nacre_type *type)
{
	struct nacre_handle *typed = handle_of_type(s->r, type);
	struct nacre_rule *rule;

	if (s->alias) {
		rule = said_rule(s, NACRE_RULE_ALIAS, type);
		rule->alias = s->alias;
		return s->place == PLACE_RESULT
			       ? rule
			       : reader_fail(s->r, &s->at, "'%s': alias(..) is for results",
					     s->name);
	}
	if (s->cases)
		return said_cases(s, type);
	if (s->resident) {
		s->handle = s->resident;
		rule = target_rule(s, type);
		if (rule && rule->kind == NACRE_RULE_POINTER) {
			rule->resident = true;
			rule->opens = s->opens;
			rule->cell = false;
			rule->handle = reader_find_handle(s->r, s->resident);
		}
		return rule;
	}
	if (s->table) {
		if (type->target->kind != NACRE_TYPE_POINTER ||
		    type->target->target->kind != NACRE_TYPE_STRUCT || s->dir != NACRE_OUT)
			return reader_fail(s->r, &s->at,
					   "'%s': out, table is for a pointer to a pointer "
					   "to a struct of functions",
					   s->name);
		rule = said_rule(s, NACRE_RULE_TABLE, type);
		rule->dir = NACRE_OUT;
		return rule;
	}
	if (s->strings)
		return s->dir == NACRE_OUT
			       ? reader_fail(s->r, &s->at, "'%s': strings only go in", s->name)
			       : said_rule(s, NACRE_RULE_STRINGS, type);
	if (typed && !means_target(s, type))
		return handle_rule(s, type, typed);
	if (s->handle && !means_target(s, type))
		return handle_rule(s, type, reader_find_handle(s->r, s->handle));
	if (s->token && !means_target(s, type))
		return token_rule(s, type);
	if (s->string && is_char(type->target) &&
	    (!(s->dir & NACRE_OUT) || (s->place == PLACE_FIELD && s->interned)))
		return said_string(s, type);
	if (type->target->kind == NACRE_TYPE_FUNCTION) {
		if (s->place == PLACE_RESULT)
			return reader_fail(
				s->r, &s->at,
				"'%s' returns a function of the extension, which a host cannot "
				"call: refuse it, with waive(\"why\")",
				s->name);
		if (s->dir & NACRE_OUT)
			return reader_fail(
				s->r, &s->at,
				"'%s': functions of the host only go in: say in, or refuse the "
				"function, with waive(\"why\")",
				s->name);
		if (!s->callback)
			return reader_fail(s->r, &s->at,
					   "'%s' is a function of the host: describe it "
					   "with NACRE_CALLBACK and say callback(name)",
					   s->name);
		rule = said_rule(s, NACRE_RULE_CALLBACK, type);
		rule->callback = reader_find_callback(s->r, s->callback);
		if (rule->callback && !same_function(type->target, rule->callback->type->target))
			return reader_fail(
				s->r, &s->at,
				"'%s' has the type '%s', but callback(%s) describes '%s'", s->name,
				type->canonical, s->callback, rule->callback->type->canonical);
		return rule->callback ? rule
				      : reader_fail(s->r, &s->at, "'%s': no NACRE_CALLBACK(%s, ..)",
						    s->name, s->callback);
	}
	if (s->place == PLACE_RESULT)
		return reader_fail(s->r, &s->at,
				   "'%s' returns a pointer without a rule: say handle(x), "
				   "string with borrowed, alias(parameter) or token",
				   s->name);
	if (type->target->kind == NACRE_TYPE_STRUCT && !type->target->record->complete)
		return reader_fail(s->r, &s->at,
				   "'%s' points to a struct that nobody outside knows: say "
				   "handle(x) or token",
				   s->name);
	return target_rule(s, type);
}

struct nacre_rule *said_rule_for(struct said *s, struct nacre_type *type)
{
	struct nacre_handle *typed;
	struct nacre_rule *rule;

	if (s->r->failed)
		return NULL;
	if (s->ignore && s->place == PLACE_RESULT)
		return reader_fail(
			s->r, &s->at,
			"%s: a result cannot be ignored: refuse the function, with waive(\"why\")",
			s->name);
	if (s->ignore) {
		if (!s->waiver)
			return reader_fail(s->r, &s->at,
					   "'%s': ignore needs a reason: waive(\"why\")", s->name);
		return said_rule(s, NACRE_RULE_IGNORE, type);
	}
	reader_support_type(s->r, s->name, type, &s->at);
	if (s->r->failed)
		return NULL;
	if (s->null && !s->cases && type->kind == NACRE_TYPE_POINTER && s->place != PLACE_RESULT)
		return said_rule(s, NACRE_RULE_NULL, type);
	switch (type->kind) {
	case NACRE_TYPE_VOID:
		return said_rule(s, NACRE_RULE_VOID, type);
	case NACRE_TYPE_POINTER:
		return pointer_rule(s, type);
	case NACRE_TYPE_INT:
		typed = s->handle ? reader_find_handle(s->r, s->handle)
				  : handle_of_type(s->r, type);
		if (typed || s->handle)
			return handle_rule(s, type, typed);
		if (s->token && type->size == 8)
			return token_rule(s, type);
		return scalar_rule(s, type);
	case NACRE_TYPE_BOOL:
	case NACRE_TYPE_ENUM:
	case NACRE_TYPE_FLOAT:
		return scalar_rule(s, type);
	case NACRE_TYPE_STRUCT:
		rule = said_rule(s, NACRE_RULE_STRUCT, type);
		rule->view = reader_find_view(s->r, type->record, s->view, &s->at);
		return rule;
	case NACRE_TYPE_ARRAY:
		rule = said_rule(s, NACRE_RULE_ARRAY, type);
		rule->target = said_rule_for(s, type->target);
		if (!type->count)
			return reader_fail(
				s->r, &s->at,
				"'%s': an array without a size cannot travel: say ignore, "
				"waive(\"why\") in a view, or refuse the function",
				s->name);
		if (rule->target && !may_be_element(rule->target))
			return reader_fail(
				s->r, &s->at,
				"'%s': arrays of fixed size hold numbers, handles, tokens, structs "
				"or such arrays; for anything else say ignore, waive(\"why\")",
				s->name);
		return rule;
	case NACRE_TYPE_UNION:
		if (s->cases && s->place == PLACE_FIELD)
			return said_cases(s, type);
		return reader_fail(
			s->r, &s->at,
			"'%s' is a union: say which member counts, "
			"cases(tag == A: bytes(sizeof(int)); ..; else: bytes(0)), in a view of "
			"its struct; behind a pointer of its own, bytes(n)",
			s->name);
	default:
		return NULL;
	}
}

struct nacre_rule *reader_rule(struct reader *r, enum rule_place place, const char *name,
			       struct nacre_type *type, const char *words,
			       const struct nacre_at *at)
{
	struct said s = {
		.r = r, .place = place, .name = name, .all = words ? words : "", .at = *at};
	struct nacre_rule *rule;

	said_words(&s, words);
	rule = said_rule_for(&s, type);
	if (rule && !r->failed)
		reader_words_used(r, &s, rule);
	if (!rule || r->failed)
		return NULL;
	if (place == PLACE_FIELD) {
		rule->dir = s.dir ? s.dir : rule->dir;
		rule->cursor = s.cursor;
		rule->sized_by = s.sized_by;
		rule->limit = s.limit;
	}
	if (place == PLACE_RESULT && rule->kind == NACRE_RULE_STRING)
		rule->interned = true;
	return rule;
}
