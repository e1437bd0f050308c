/* SPDX-License-Identifier: BSD-2-Clause */
/* rule.c - the words behind one parameter, field or result become a tree of rules */
#include "reader.h"

#include <string.h>

/** struct said - the words, sorted; NULL or false: not said */
struct said {
	struct reader *r;
	enum rule_place place;
	const char *name; /* of the parameter or field, for messages */
	const char *all;
	struct nacre_at at;
	int dir;
	bool string, strings, nullable, nonnull, null, opens, token, cursor, table, interned, ignore;
	const char *count, *cap, *len, *max, *handle, *callback, *view, *resident, *sized_by;
	const char *cases, *alias, *check, *check_words, *waiver, *stale;
	bool bytes;
};

static struct nacre_rule *rule_for(struct said *s, struct nacre_type *type);

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
		reader_fail(s->r, &s->at, "'%s': one rule for a value: range(a, b), oneof(a, ..), "
			    "flags(mask) or check(expression over value)", s->name);
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
		{"string", &s->string},     {"strings", &s->strings}, {"nullable", &s->nullable},
		{"nonnull", &s->nonnull},   {"null", &s->null},       {"opens", &s->opens},
		{"token", &s->token},       {"cursor", &s->cursor},   {"table", &s->table},
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
		{"count", &s->count},       {"bytes", &s->count},       {"cap", &s->cap},
		{"len", &s->len},           {"handle", &s->handle},     {"callback", &s->callback},
		{"view", &s->view},         {"resident", &s->resident}, {"sized_by", &s->sized_by},
		{"cases", &s->cases},       {"alias", &s->alias},       {"stale", &s->stale},
		{"string", &s->max},
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
		return true;
	}
	return false;
}

static void say(struct said *s, const char *words)
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
			reader_fail(s->r, &s->at, "'%s': '%s%s' is not a word that nacre/overlay.h "
				    "knows here", s->name, w->name, w->args ? "(..)" : "");
	}
	if (s->cursor != (s->sized_by != NULL))
		reader_fail(s->r, &s->at, "'%s': cursor and sized_by(field) go together", s->name);
	if (s->cursor)
		s->count = s->sized_by;
}

static struct nacre_rule *new_rule(const struct said *s, enum nacre_rule_kind kind,
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
	struct nacre_rule *rule = new_rule(s, NACRE_RULE_HANDLE, type);

	if (!h)
		return reader_fail(s->r, &s->at, "'%s': no NACRE_HANDLE(%s, ..) says what that is",
				   s->name, s->handle);
	rule->handle = h;
	rule->opens = s->opens;
	h->pointer |= type->kind == NACRE_TYPE_POINTER;
	h->bits = type->size == 4 ? 32 : 64;
	if (s->stale)
		rule->stale = reader_failure(s->r, s->stale, &s->at);
	return rule;
}

static struct nacre_rule *scalar_rule(struct said *s, struct nacre_type *type)
{
	struct nacre_rule *rule = new_rule(s, NACRE_RULE_SCALAR, type);

	rule->check = s->check;
	rule->check_words = s->check_words;
	return rule;
}

/* Does handle(..), token or callback(..) mean what the pointer points to? */
static bool means_target(const struct said *s, const struct nacre_type *type)
{
	const struct nacre_type *target = type->target;

	return s->dir && type->kind == NACRE_TYPE_POINTER &&
	       (target->kind == NACRE_TYPE_POINTER || target->kind == NACRE_TYPE_INT);
}

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
	rule = new_rule(s, NACRE_RULE_POINTER, type);
	rule->dir = s->dir;
	rule->count = count ? count : "1";
	if (target->kind == NACRE_TYPE_STRUCT) {
		rule->target = new_rule(s, NACRE_RULE_STRUCT, target);
		rule->target->view =
			view ? view : reader_find_view(s->r, target->record, NULL, &s->at);
	} else {
		struct said plain = {.r = s->r, .place = s->place, .name = s->name, .at = s->at};

		rule->target = rule_for(&plain, target);
	}
	return rule;
}

static struct nacre_rule *bytes_rule(struct said *s, struct nacre_type *type)
{
	struct nacre_rule *rule = new_rule(s, NACRE_RULE_POINTER, type);
	struct nacre_type *byte = nacre_arena_alloc(s->r->arena, sizeof(*byte));

	*byte = (struct nacre_type){.kind = NACRE_TYPE_INT, .size = 1, .align = 1};
	byte->spelling = byte->canonical = "unsigned char";
	byte->names = nacre_arena_alloc(s->r->arena, sizeof(*byte->names));
	rule->target = new_rule(s, NACRE_RULE_SCALAR, byte);
	rule->dir = s->dir;
	rule->count = s->count;
	rule->cap = s->cap;
	rule->len = s->len;
	return rule;
}

static struct nacre_rule *string_rule(struct said *s, struct nacre_type *type)
{
	struct nacre_rule *rule = new_rule(s, NACRE_RULE_STRING, type);

	rule->max = s->max;
	rule->interned = s->interned;
	return rule;
}

/* The rule of one alternative. */
static struct nacre_rule *case_rule(struct said *s, struct nacre_type *type, const char *text,
				    int *dir)
{
	struct said inner = {.r = s->r, .place = s->place, .name = s->name, .at = s->at,
			     .dir = s->dir, .all = text};
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
		rule = bytes_rule(&inner, type);
		rule->embedded = type->kind == NACRE_TYPE_UNION;
		return rule;
	}
	list = w->args ? nacre_words_list(s->r->arena, w->args, ',') : NULL;
	if (type->kind == NACRE_TYPE_UNION)
		return reader_fail(s->r, &s->at, "'%s': of a union, bytes(n) travel: the size of the "
				   "member that counts", s->name);
	if (!strcmp(w->name, "struct") && list && list[0] && !list[1])
		return pointed_rule(&inner, list[0], NULL);
	if (!strcmp(w->name, "array") && list && list[0] && list[1] && !list[2])
		return pointed_rule(&inner, list[0], list[1]);
	if (!strcmp(w->name, "refuse") && list && list[0]) {
		rule = new_rule(&inner, NACRE_RULE_REFUSE, type);
		rule->refuse = reader_failure(s->r, w->args, &s->at);
		return rule;
	}
	say(&inner, text);
	if (inner.string && !(inner.dir & NACRE_OUT))
		return string_rule(&inner, type);
	if (inner.null || inner.handle)
		return rule_for(&inner, type);
	return reader_fail(s->r, &s->at, "'%s': a case is bytes(n), struct(x), array(x, n), "
			   "handle(x), string, null or refuse(value)", s->name);
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

static struct nacre_rule *cases_rule(struct said *s, struct nacre_type *type)
{
	const char *const *list = nacre_words_list(s->r->arena, s->cases, ';');
	struct nacre_rule *rule = new_rule(s, NACRE_RULE_CASES, type);
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
		return reader_fail(s->r, &s->at, "'%s': cases(expression: rule; ..; else: rule) ends "
				   "with else", s->name);
	if (!s->r->failed && rule->cases == c && c->rule->kind == NACRE_RULE_POINTER)
		return c->rule; /* a lone struct(x) or array(x, n) */
	return rule;
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
	bool extent = s->count || s->cap || s->len;

	if (!s->dir && type->target->is_const && extent)
		s->dir = inner.dir = NACRE_IN;
	if (!s->dir && !(s->place == PLACE_FIELD && extent)) /* a field follows its struct */
		return reader_fail(s->r, &s->at, "'%s' is a pointer without a rule: say in, out or inout "
				   "with count(n) or bytes(n), string, handle(x), token, null ..",
				   s->name);
	if (type->target->is_const && s->dir & NACRE_OUT)
		return reader_fail(s->r, &s->at, "'%s' points to const and cannot be out: say in",
				   s->name);
	if (type->target->kind == NACRE_TYPE_VOID) {
		if (!s->bytes && !s->cap)
			return reader_fail(s->r, &s->at, "'%s' is a void *: say bytes(n), struct(x), "
					   "array(x, n), cases(..), handle(x) or token", s->name);
		return bytes_rule(s, type);
	}
	if (s->string)
		inner.count = inner.cap = inner.len = NULL;
	else if (is_char(type->target) && !extent)
		return reader_fail(s->r, &s->at, "'%s': say how many: count(n), or string", s->name);
	if (s->bytes && type->target->size != 1)
		return reader_fail(s->r, &s->at, "'%s': bytes(n) is for void * and char *; say count(n)",
				   s->name);
	rule = new_rule(s, NACRE_RULE_POINTER, type);
	rule->dir = s->dir;
	rule->cap = s->cap;
	rule->len = s->len;
	rule->count = s->count ? s->count : (s->cap && s->dir == NACRE_OUT) ? NULL : "1";
	if (s->cap && s->dir == NACRE_INOUT && !s->count)
		rule->count = s->cap;
	inner = (struct said){.r = s->r, .place = s->place, .name = s->name, .at = s->at,
			      .opens = s->opens, .check = s->check, .check_words = s->check_words,
			      .view = s->view, .handle = s->handle, .token = s->token,
			      .stale = s->stale, .callback = s->callback, .interned = s->interned,
			      .max = s->max};
	rule->text = s->string && is_char(type->target);
	inner.string = s->string && !rule->text;
	if (inner.string && (s->dir != NACRE_OUT || !s->interned))
		return reader_fail(s->r, &s->at, "'%s': an out string is the extension's own memory: say "
				   "out, string, borrowed; several strings going in: strings", s->name);
	rule->target = rule_for(&inner, type->target);
	if (!s->r->failed)
		rule->cell = nacre_rule_word(rule->target) && !extent && !rule->text;
	return rule;
}

static struct nacre_rule *pointer_rule(struct said *s, struct nacre_type *type)
{
	struct nacre_handle *typed = handle_of_type(s->r, type);
	struct nacre_rule *rule;

	if (s->alias) {
		rule = new_rule(s, NACRE_RULE_ALIAS, type);
		rule->alias = s->alias;
		return s->place == PLACE_RESULT ? rule :
			reader_fail(s->r, &s->at, "'%s': alias(..) is for results", s->name);
	}
	if (s->cases)
		return cases_rule(s, type);
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
			return reader_fail(s->r, &s->at, "'%s': out, table is for a pointer to a pointer "
					   "to a struct of functions", s->name);
		rule = new_rule(s, NACRE_RULE_TABLE, type);
		rule->dir = NACRE_OUT;
		return rule;
	}
	if (s->strings)
		return s->dir == NACRE_OUT ?
			reader_fail(s->r, &s->at, "'%s': strings only go in", s->name) :
			new_rule(s, NACRE_RULE_STRINGS, type);
	if (typed && !means_target(s, type))
		return handle_rule(s, type, typed);
	if (s->handle && !means_target(s, type))
		return handle_rule(s, type, reader_find_handle(s->r, s->handle));
	if (s->token && !means_target(s, type))
		return new_rule(s, NACRE_RULE_TOKEN, type);
	if (s->string && is_char(type->target) &&
	    (!(s->dir & NACRE_OUT) || (s->place == PLACE_FIELD && s->interned)))
		return string_rule(s, type);
	if (type->target->kind == NACRE_TYPE_FUNCTION) {
		if (!s->callback)
			return reader_fail(s->r, &s->at, "'%s' is a function of the host: describe it "
					   "with NACRE_CALLBACK and say callback(name)", s->name);
		rule = new_rule(s, NACRE_RULE_CALLBACK, type);
		rule->callback = reader_find_callback(s->r, s->callback);
		return rule->callback ? rule :
			reader_fail(s->r, &s->at, "'%s': no NACRE_CALLBACK(%s, ..)", s->name,
				    s->callback);
	}
	if (s->place == PLACE_RESULT)
		return reader_fail(s->r, &s->at, "'%s' returns a pointer without a rule: say handle(x), "
				   "string with borrowed, alias(parameter) or token", s->name);
	if (type->target->kind == NACRE_TYPE_STRUCT && !type->target->record->complete)
		return reader_fail(s->r, &s->at, "'%s' points to a struct that nobody outside knows: say "
				   "handle(x) or token", s->name);
	return target_rule(s, type);
}

static struct nacre_rule *rule_for(struct said *s, struct nacre_type *type)
{
	struct nacre_handle *typed;
	struct nacre_rule *rule;

	if (s->r->failed)
		return NULL;
	if (s->ignore) {
		if (!s->waiver)
			return reader_fail(s->r, &s->at, "'%s': ignore needs a reason: waive(\"why\")",
					   s->name);
		return new_rule(s, NACRE_RULE_IGNORE, type);
	}
	if (s->null && !s->cases && type->kind == NACRE_TYPE_POINTER)
		return new_rule(s, NACRE_RULE_NULL, type);
	switch (type->kind) {
	case NACRE_TYPE_VOID:
		return new_rule(s, NACRE_RULE_VOID, type);
	case NACRE_TYPE_POINTER:
		return pointer_rule(s, type);
	case NACRE_TYPE_INT:
		typed = s->handle ? reader_find_handle(s->r, s->handle) : handle_of_type(s->r, type);
		if (typed || s->handle)
			return handle_rule(s, type, typed);
		if (s->token && type->size == 8)
			return new_rule(s, NACRE_RULE_TOKEN, type);
		return scalar_rule(s, type);
	case NACRE_TYPE_BOOL:
	case NACRE_TYPE_ENUM:
	case NACRE_TYPE_FLOAT:
		return scalar_rule(s, type);
	case NACRE_TYPE_STRUCT:
		rule = new_rule(s, NACRE_RULE_STRUCT, type);
		rule->view = reader_find_view(s->r, type->record, s->view, &s->at);
		return rule;
	case NACRE_TYPE_ARRAY:
		rule = new_rule(s, NACRE_RULE_ARRAY, type);
		rule->target = rule_for(s, type->target);
		return type->count ? rule :
			reader_fail(s->r, &s->at, "'%s': an array without a size cannot travel", s->name);
	case NACRE_TYPE_UNION:
		if (s->cases && s->place == PLACE_FIELD)
			return cases_rule(s, type);
		return reader_fail(s->r, &s->at, "'%s' is a union: say which member counts, "
				   "cases(tag == A: bytes(sizeof(int)); ..; else: bytes(0)), in a view of "
				   "its struct", s->name);
	default:
		return reader_fail(s->r, &s->at, "'%s' has the type %s, which cannot travel", s->name,
				   type->spelling);
	}
}

struct nacre_rule *reader_rule(struct reader *r, enum rule_place place, const char *name,
			       struct nacre_type *type, const char *words,
			       const struct nacre_at *at)
{
	struct said s = {.r = r, .place = place, .name = name, .all = words ? words : "", .at = *at};
	struct nacre_rule *rule;

	say(&s, words);
	rule = rule_for(&s, type);
	if (!rule)
		return NULL;
	if (place == PLACE_FIELD) {
		rule->dir = s.dir ? s.dir : rule->dir;
		rule->cursor = s.cursor;
		rule->sized_by = s.sized_by;
	}
	if (place == PLACE_RESULT && rule->kind == NACRE_RULE_STRING)
		rule->interned = true;
	return rule;
}
