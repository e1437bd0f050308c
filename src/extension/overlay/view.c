/* SPDX-License-Identifier: BSD-2-Clause */
/* view.c - NACRE_VIEW: a shadow struct with rules, compared with the real one */
#include "reader.h"

#include <string.h>

struct shadow {
	struct reader *r;
	CXCursor record;
	const char *alias; /* the typedef around it */
	bool found;
};

static enum CXChildVisitResult visit_body(CXCursor c, CXCursor parent, CXClientData data)
{
	struct shadow *s = data;
	enum CXCursorKind kind = clang_getCursorKind(c);

	(void)parent;
	if (kind == CXCursor_CompoundStmt || kind == CXCursor_DeclStmt)
		return CXChildVisit_Recurse;
	if ((kind == CXCursor_StructDecl || kind == CXCursor_UnionDecl) && !s->found) {
		s->record = c;
		s->found = true;
	} else if (kind == CXCursor_TypedefDecl) {
		s->alias = reader_text(s->r, clang_getCursorSpelling(c));
	}
	return CXChildVisit_Continue;
}

static void compare(struct reader *r, const struct nacre_view *v);

static struct nacre_record *nameless(const struct nacre_type *type)
{
	while (type->kind == NACRE_TYPE_ARRAY ||
	       (type->kind == NACRE_TYPE_POINTER && type->target->record))
		type = type->target;
	return type->record && type->record->nameless ? type->record : NULL;
}

/* A struct or union without a name: the same fields; those of a struct are a view of their own. */
static void compare_nameless(struct reader *r, const struct nacre_view *v,
			     struct nacre_item *shadow, const struct nacre_item *real)
{
	struct nacre_view *inner = nacre_arena_alloc(r->arena, sizeof(*inner));

	inner->name = nacre_arena_printf(r->arena, "%s_%s", v->name, shadow->name);
	inner->at = shadow->at;
	inner->record = nameless(real->type);
	inner->fields = nameless(shadow->type)->fields;
	compare(r, inner);
	shadow->type = real->type;
	if (inner->record->is_union)
		return;
	*r->view_end = inner;
	r->view_end = &inner->next;
	inner->next_of_record = inner->record->views;
	inner->record->views = inner;
	shadow->words =
		nacre_arena_printf(r->arena, "%s%sview(%s)", shadow->words ? shadow->words : "",
				   shadow->words ? ", " : "", inner->name);
}

static void compare_field(struct reader *r, const struct nacre_item *shadow,
			  const struct nacre_item *real)
{
	const struct nacre_type *a = shadow->type, *b = real->type;

	if (shadow->offset != real->offset || a->size != b->size)
		reader_fail(r, &shadow->at,
			    "field '%s' has offset %llu and size %llu; in the "
			    "upstream header %llu and %llu: copy the struct from there",
			    shadow->name, (unsigned long long)shadow->offset / 8,
			    (unsigned long long)a->size, (unsigned long long)real->offset / 8,
			    (unsigned long long)b->size);
	else if (strcmp(a->canonical, b->canonical))
		reader_fail(r, &shadow->at,
			    "field '%s' has the type '%s'; in the upstream header "
			    "it is '%s': copy the struct from there",
			    shadow->name, a->spelling, b->spelling);
}

/* Every field there, in order, at its place, of its type. */
static void compare(struct reader *r, const struct nacre_view *v)
{
	const struct nacre_item *real = v->record->fields;
	struct nacre_item *shadow = v->fields;

	for (; shadow && real && !r->failed; shadow = shadow->next, real = real->next) {
		bool same = !strcmp(shadow->name, real->name);

		if (same && shadow->offset == real->offset &&
		    shadow->type->kind == real->type->kind &&
		    shadow->type->size == real->type->size && nameless(shadow->type) &&
		    nameless(real->type))
			compare_nameless(r, v, shadow, real);
		else if (!same)
			reader_fail(r, &shadow->at,
				    "field '%s' stands where the upstream header "
				    "has '%s': copy the struct from there",
				    shadow->name, real->name);
		else
			compare_field(r, shadow, real);
	}
	if (real && !shadow)
		reader_fail(r, &v->at, "view '%s' lacks the field '%s': a view has them all",
			    v->name, real->name);
	else if (shadow && !real)
		reader_fail(r, &shadow->at, "field '%s' is not in the upstream header",
			    shadow->name);
}

void reader_view(struct reader *r, CXCursor function)
{
	struct shadow s = {.r = r};
	struct nacre_view *v = nacre_arena_alloc(r->arena, sizeof(*v));
	struct nacre_type *real;
	const char *name;

	v->name = reader_text(r, clang_getCursorSpelling(function)) + strlen("nacre_view_");
	v->at = reader_at(r, function);
	clang_visitChildren(function, visit_body, &s);
	if (!s.found) {
		reader_fail(r, &v->at, "NACRE_VIEW(%s) { struct x { .. }; } holds no struct",
			    v->name);
		return;
	}
	name = reader_text(r, clang_getCursorSpelling(s.record));
	if (s.alias && (!*name || !reader_named_type(r, name)))
		name = s.alias;
	real = reader_named_type(r, name);
	if (!real || !real->record || !real->record->complete) {
		reader_fail(r, &v->at,
			    "view '%s': the upstream header has no struct '%s': name one "
			    "that it has",
			    v->name, name);
		return;
	}
	v->record = real->record;
	v->fields = reader_fields(r, clang_getCursorType(s.record), v->record);
	compare(r, v);
	*r->view_end = v;
	r->view_end = &v->next;
	v->next_of_record = v->record->views;
	v->record->views = v;
}

struct nacre_view *reader_plain_view(struct reader *r, struct nacre_record *record,
				     const struct nacre_at *at)
{
	struct nacre_view *v = nacre_arena_alloc(r->arena, sizeof(*v));

	if (!record->name)
		return reader_fail(
			r, at,
			"a struct without a name cannot travel: give it a tag, or refuse "
			"the function, with waive(\"why\")");
	v->name = record->name;
	v->record = record;
	v->at = *at;
	v->plain = true;
	for (struct nacre_item *f = record->fields, **end = &v->fields; f; f = f->next) {
		*end = nacre_arena_alloc(r->arena, sizeof(**end));
		**end = *f;
		end = &(*end)->next;
		*end = NULL;
	}
	*r->view_end = v;
	r->view_end = &v->next;
	record->views = v;
	for (struct nacre_item *f = v->fields; f && !r->failed; f = f->next) {
		reader_support_field(r, f);
		if (record->nameless &&
		    (f->type->kind == NACRE_TYPE_POINTER || f->type->kind == NACRE_TYPE_UNION))
			reader_fail(r, &f->at,
				    "'%s', in a struct without a name, needs a rule: describe the "
				    "struct "
				    "that holds both with NACRE_VIEW",
				    f->name);
		if (f->type->kind == NACRE_TYPE_POINTER || f->type->kind == NACRE_TYPE_UNION)
			reader_fail(r, at,
				    "struct %s has the %s '%s': describe it with "
				    "NACRE_VIEW(%s) { struct %s { ..fields.. }; }",
				    record->name,
				    f->type->kind == NACRE_TYPE_UNION ? "union" : "pointer",
				    f->name, record->name, record->name);
	}
	reader_view_rules(r, v);
	return v;
}

struct nacre_view *reader_find_view(struct reader *r, struct nacre_record *record, const char *name,
				    const struct nacre_at *at)
{
	struct nacre_view *v;

	if (r->failed)
		return NULL;
	if (!record->complete)
		return reader_fail(r, at, "%s is incomplete: it cannot travel", record->spelling);
	if (!name) {
		if (!record->views)
			return reader_plain_view(r, record, at);
		if (!record->views->next_of_record)
			return record->views;
		return reader_fail(r, at, "%s has several views: say which with view(name)",
				   record->spelling);
	}
	for (v = record->views; v; v = v->next_of_record)
		if (!strcmp(v->name, name))
			return v;
	return reader_fail(r, at, "%s has no view '%s'", record->spelling, name);
}

static bool is_function(const struct nacre_item *f)
{
	return f->type->kind == NACRE_TYPE_POINTER && f->type->target->kind == NACRE_TYPE_FUNCTION;
}

/* Does the view describe a table of functions of this interface, and not functions of the host? */
static bool is_table(const struct nacre_view *v)
{
	for (const struct nacre_item *f = v->fields; f; f = f->next)
		if (is_function(f) && f->words && strstr(f->words, "table_entry("))
			return true;
	return false;
}

/* An entry of a table: which function it is, or why it is none. */
static void read_entry(struct reader *r, struct nacre_view *v, struct nacre_item *f)
{
	struct nacre_word *w = NULL;

	if (f->words && nacre_words_split(r->arena, f->words, &f->at, &w, r->e) < 0)
		r->failed = true;
	for (; w; w = w->next) {
		if (!strcmp(w->name, "table_entry") && w->args)
			f->table_entry = w->args;
		else if (!strcmp(w->name, "ignore") && !f->table_entry)
			f->table_entry = "";
	}
	if (!f->table_entry)
		f->table_entry = f->name;
	for (struct nacre_item *real = v->record->fields; real; real = real->next)
		if (!strcmp(real->name, f->name))
			real->table_entry = f->table_entry;
	if (*f->table_entry) /* a rule that says nothing: entries never travel */
		f->rule = reader_rule(r, PLACE_FIELD, f->name, f->type,
				      "ignore, waive(\"an entry of a table\")", &f->at);
}

void reader_view_rules(struct reader *r, struct nacre_view *v)
{
	bool table = is_table(v);

	for (struct nacre_item *f = v->fields; f && !r->failed; f = f->next) {
		if (f->rule)
			continue;
		reader_support_field(r, f);
		if (table && is_function(f))
			read_entry(r, v, f);
		if (!f->rule)
			f->rule = reader_rule(r, PLACE_FIELD, f->name, f->type, f->words, &f->at);
	}
}
