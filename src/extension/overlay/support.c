/* SPDX-License-Identifier: BSD-2-Clause */
/* support.c - what C can declare and generated code cannot do: each is an error that says the
 * remedy */
#include "reader.h"

#include <string.h>

/* Names that generated code uses for itself; they begin like this, or are one of the list. */
static bool begins_taken(const char *name)
{
	static const char *const begins[] = {"OP_",    "HANDLE_", "CALLBACK_",
					     "TABLE_", "nacre_",  NULL};

	for (int i = 0; begins[i]; i++)
		if (!strncmp(begins[i], name, strlen(begins[i])))
			return true;
	return false;
}

static bool is_taken(const char *name)
{
	static const char *const taken[] = {"call",  "result", "success", "s",	       "up",
					    "down",  "i",      "no",	  "wire",      "own",
					    "keep",  "host",   "thunk",	  "extension", "function",
					    "errno", "cap",    NULL};

	for (int i = 0; taken[i]; i++)
		if (!strcmp(taken[i], name))
			return true;
	return false;
}

/* Is @name what the generator makes from the name of another parameter of @f? */
static bool is_derived(const struct nacre_function *f, const char *name)
{
	static const char *const suffixes[] = {"own",	"new", "room", "used", "keep",
					       "words", "id",  "sent", NULL};
	const char *end = strrchr(name, '_');
	size_t n = end ? (size_t)(end - name) : 0;
	bool suffix = end && !strncmp(end, "_keep", 5); /* _keep1 and so on, for cases */

	for (int i = 0; end && suffixes[i]; i++)
		suffix |= !strcmp(end + 1, suffixes[i]);
	for (const struct nacre_item *q = f->params; suffix && q; q = q->next)
		if (q->name && strlen(q->name) == n && !strncmp(q->name, name, n))
			return true;
	return false;
}

static bool is_unique(const struct nacre_function *f, const struct nacre_item *p, const char *name)
{
	for (const struct nacre_item *q = f->params; q; q = q->next)
		if (q != p && q->name && !strcmp(q->name, name))
			return false;
	return true;
}

void reader_rename_params(struct reader *r, struct nacre_function *f)
{
	for (struct nacre_item *p = f->params; p; p = p->next) {
		const char *name = p->name;

		if (name && begins_taken(name))
			name = nacre_arena_printf(r->arena, "own_%s", name);
		while (name && (is_taken(name) || is_derived(f, name) || !is_unique(f, p, name) ||
				reader_knows_macro(r, name))) {
			name = nacre_arena_printf(r->arena, "%s_", name);
		}
		if (name != p->name) {
			p->said = p->name;
			p->name = name;
		}
	}
}

void reader_support_type(struct reader *r, const char *name, const struct nacre_type *type,
			 const struct nacre_at *at)
{
	for (const char *const *n = type->names; *n; n++) {
		if (!strcmp(*n, "va_list") || !strcmp(*n, "__builtin_va_list") ||
		    !strcmp(*n, "__gnuc_va_list"))
			reader_fail(
				r, at,
				"'%s' is a va_list, whose types nobody knows: refuse the function, "
				"with waive(\"why\")",
				name);
		if (is_taken(*n))
			reader_fail(
				r, at,
				"'%s': generated code uses the name of the type '%s' itself: say "
				"'#define %s %s_type' before the header is included",
				name, *n, *n, *n);
	}
	if (type->is_volatile)
		reader_fail(
			r, at,
			"'%s' is volatile, shared with something else: it cannot travel: refuse "
			"the function, with waive(\"why\")",
			name);
	if (type->kind == NACRE_TYPE_OTHER)
		reader_fail(
			r, at,
			"'%s' has the type %s, which cannot travel: refuse the function, or ignore "
			"it, with waive(\"why\")",
			name, type->spelling);
}

static bool is_const(const struct nacre_type *type)
{
	while (type->kind == NACRE_TYPE_ARRAY)
		type = type->target;
	return type->is_const;
}

void reader_support_field(struct reader *r, const struct nacre_item *field)
{
	if (field->bit_field)
		reader_fail(r, &field->at,
			    "'%s' is a bit-field: it has no address and cannot travel: refuse the "
			    "function, with waive(\"why\")",
			    field->name);
	else if (!*field->name)
		reader_fail(
			r, &field->at,
			"a union without a name: nothing can be said of it: name it in the header, "
			"or refuse the function, with waive(\"why\")");
	else if (is_const(field->type))
		reader_fail(
			r, &field->at,
			"'%s' is const, so that no copy of its struct can be filled: refuse the "
			"function, with waive(\"why\")",
			field->name);
}

struct attributes {
	struct reader *r;
	bool label;
};

static enum CXChildVisitResult visit_attribute(CXCursor c, CXCursor parent, CXClientData data)
{
	(void)parent;
	((struct attributes *)data)->label |= clang_getCursorKind(c) == CXCursor_AsmLabelAttr;
	return CXChildVisit_Continue;
}

void reader_support_function(struct reader *r, CXCursor c, const struct nacre_function *f)
{
	CXType type = clang_getCanonicalType(clang_getCursorType(c));
	struct attributes seen = {.r = r};

	clang_visitChildren(c, visit_attribute, &seen);
	if (type.kind == CXType_FunctionNoProto)
		reader_fail(r, &f->at,
			    "%s() does not say its parameters: declare them in the overlay, or say "
			    "%s(void)",
			    f->name, f->name);
	if (clang_getCursorLinkage(c) == CXLinkage_Internal ||
	    !clang_Cursor_isNull(clang_getCursorDefinition(c)))
		reader_fail(
			r, &f->at,
			"%s is compiled into each host (static or inline in the header) and cannot "
			"be replaced: leave it out; where it is exported as well, say "
			"waive_symbol(%s, \"why\")",
			f->name, f->name);
	if (seen.label)
		reader_fail(r, &f->at,
			    "%s has another symbol by an asm label: leave it out, and say "
			    "waive_symbol(symbol, \"why\")",
			    f->name);
	if (strstr(reader_text(r, clang_getTypeSpelling(type)), "noreturn"))
		reader_fail(
			r, &f->at,
			"%s never returns, so that no failure could be told: leave it out and say "
			"waive_symbol(%s, \"why\")",
			f->name, f->name);
}

/* Does generated code give a function of its own, for view @view, the name @rest with something
 * before? */
static bool is_view_function(const char *rest, const char *view)
{
	static const char *const ends[] = {"",	     "_out",	   "_inout",
					   "_array", "_out_array", "_inout_array"};
	size_t n = strlen(view);

	for (size_t i = 0; !strncmp(rest, view, n) && i < sizeof(ends) / sizeof(*ends); i++)
		if (!strcmp(rest + n, ends[i]))
			return true;
	return false;
}

static bool is_own_function(const struct nacre_model *m, const char *name)
{
	static const char *const own[] = {
		"ops",	    "handles", "callbacks",	 "extension",
		"op_names", "thunks",  "bind_extension", "bind_from_table",
		"serve",    "slots",   "refuse_call",	 NULL};
	static const char *const begins[] = {"serve_", "call_",	 "send_",  "accept_", "take_",
					     "reply_", "table_", "thunk_", NULL};
	const char *rest = NULL;

	for (int i = 0; own[i]; i++)
		if (!strcmp(own[i], name))
			return true;
	for (int i = 0; begins[i] && !rest; i++)
		if (!strncmp(name, begins[i], strlen(begins[i])))
			rest = name + strlen(begins[i]);
	for (const struct nacre_function *f = m->functions; rest && f; f = f->next)
		if (!strcmp(rest, f->name))
			return true;
	for (const struct nacre_callback *c = m->callbacks; rest && c; c = c->next)
		if (!strcmp(rest, c->function.name))
			return true;
	for (const struct nacre_view *v = m->views; rest && v; v = v->next)
		if (is_view_function(rest, v->name))
			return true;
	return false;
}

void reader_support_name(struct reader *r, const struct nacre_function *f)
{
	if (is_own_function(r->m, f->name))
		reader_fail(r, &f->at,
			    "%s: generated code has a function or variable of this name itself: "
			    "leave it "
			    "out and say waive_symbol(%s, \"why\")",
			    f->name, f->name);
}

/* ---- structs by value ---- */

/* What a struct that is a result can hold: numbers, handles, tokens, structs and arrays of such. */
static const struct nacre_item *not_in_result(const struct nacre_view *view)
{
	for (const struct nacre_item *f = view->fields; f; f = f->next) {
		const struct nacre_item *inner = NULL;
		const struct nacre_rule *rule;
		uint64_t count;

		if (!f->rule)
			return NULL;
		rule = nacre_rule_element(f->rule, &count);
		if (rule->kind == NACRE_RULE_STRUCT)
			inner = not_in_result(rule->view);
		else if (rule->kind != NACRE_RULE_SCALAR && rule->kind != NACRE_RULE_HANDLE &&
			 rule->kind != NACRE_RULE_TOKEN && rule->kind != NACRE_RULE_IGNORE)
			return f;
		if (inner)
			return inner;
	}
	return NULL;
}

/* A copy goes in, so nothing comes back through it. */
static const struct nacre_item *comes_back(const struct nacre_view *view)
{
	for (const struct nacre_item *f = view->fields; f; f = f->next) {
		const struct nacre_rule *rule = f->rule;
		const struct nacre_item *inner = NULL;
		uint64_t count;

		if (!rule)
			return NULL;
		if (rule->dir & NACRE_OUT && !nacre_rule_word(rule))
			return f;
		rule = nacre_rule_element(rule, &count);
		if (rule->kind == NACRE_RULE_STRUCT)
			inner = comes_back(rule->view);
		if (inner)
			return inner;
	}
	return NULL;
}

void reader_support_values(struct reader *r, const struct nacre_function *f)
{
	const struct nacre_item *bad = NULL;

	if (f->result && f->result->kind == NACRE_RULE_STRUCT)
		bad = not_in_result(f->result->view);
	if (bad)
		reader_fail(r, &f->at,
			    "%s returns a struct by value whose field '%s' is no number, handle or "
			    "token: refuse it, with waive(\"why\")",
			    f->name, bad->name);
	for (const struct nacre_item *p = f->params; p; p = p->next) {
		bad = p->rule && p->rule->kind == NACRE_RULE_STRUCT ? comes_back(p->rule->view)
								    : NULL;
		if (bad)
			reader_fail(
				r, &p->at,
				"'%s' is a struct by value, of which '%s' should come back: say in "
				"for it in a view, or refuse the function, with waive(\"why\")",
				nacre_item_said(p), bad->name);
	}
}
