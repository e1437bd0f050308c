/* SPDX-License-Identifier: BSD-2-Clause */
/* function.c - functions of the extension and callbacks of the host, with their words */
#include "reader.h"

#include <stdint.h>
#include <string.h>

struct nacre_handle *reader_find_handle(const struct reader *r, const char *name)
{
	for (struct nacre_handle *h = r->m->handles; h; h = h->next)
		if (!strcmp(h->name, name))
			return h;
	return NULL;
}

struct nacre_callback *reader_find_callback(const struct reader *r, const char *name)
{
	for (struct nacre_callback *c = r->m->callbacks; c; c = c->next)
		if (!strcmp(c->function.name, name))
			return c;
	return NULL;
}

struct param_list {
	struct reader *r;
	struct nacre_function *f;
	struct nacre_item **end;
};

/* T x[n] as a parameter is T *x, and so is a function a pointer to one. */
static void become_pointer(struct reader *r, struct nacre_item *p)
{
	struct nacre_type *type = p->type, *target = type->target;
	const char *s = type->kind == NACRE_TYPE_FUNCTION ? type->spelling : target->spelling;
	size_t n = strcspn(s, type->kind == NACRE_TYPE_FUNCTION ? "(" : "[");

	p->declared = type->spelling;
	if (type->kind == NACRE_TYPE_FUNCTION) {
		target = nacre_arena_alloc(r->arena, sizeof(*target));
		*target = *type;
		type->target = target;
	}
	type->kind = NACRE_TYPE_POINTER;
	type->size = type->align = 8;
	type->is_const = false;
	type->spelling = s[n] ? nacre_arena_printf(r->arena, "%.*s(*)%s", (int)n, s, s + n)
			      : nacre_arena_printf(r->arena, "%s *", s);
}

/* A parameter's own const is its own business: the generator has to fill it. */
static void drop_const(struct nacre_type *type)
{
	size_t n = strlen(type->spelling);

	if (!type->is_const)
		return;
	if (!strncmp(type->spelling, "const ", 6))
		type->spelling += 6;
	else if (n > 6 && !strcmp(type->spelling + n - 6, "*const"))
		((char *)(uintptr_t)type->spelling)[n - 5] = 0;
	else if (!strncmp(type->canonical, "const ", 6))
		type->spelling = type->canonical + 6;
	else
		return;
	type->is_const = false;
}

static enum CXChildVisitResult visit_param(CXCursor c, CXCursor parent, CXClientData data)
{
	struct param_list *list = data;
	struct reader *r = list->r;
	struct nacre_item *p;

	(void)parent;
	if (clang_getCursorKind(c) != CXCursor_ParmDecl)
		return CXChildVisit_Continue;
	p = nacre_arena_alloc(r->arena, sizeof(*p));
	p->name = reader_text(r, clang_getCursorSpelling(c));
	p->at = reader_at(r, c);
	p->type = reader_type(r, clang_getCursorType(c));
	p->words = reader_words(r, c);
	if (p->type->kind == NACRE_TYPE_ARRAY || p->type->kind == NACRE_TYPE_FUNCTION)
		become_pointer(r, p);
	drop_const(p->type);
	if (!*p->name)
		p->name = NULL;
	*list->end = p;
	list->end = &p->next;
	return CXChildVisit_Continue;
}

static void say_closes(struct reader *r, struct nacre_function *f, const struct nacre_word *w)
{
	const char *const *list = nacre_words_list(r->arena, w->args, ',');
	bool all = !strcmp(w->name, "closes_all");
	struct nacre_close *c = nacre_arena_alloc(r->arena, sizeof(*c)), **end;

	if (!list || !list[0] || (all ? list[1] != NULL : !list[1] || list[2])) {
		reader_fail(r, &f->at, "closes(handle, parameter) or closes_all(handle)");
		return;
	}
	c->handle = reader_find_handle(r, list[0]);
	c->param = all ? NULL : list[1];
	if (!c->handle)
		reader_fail(r, &f->at, "%s: no NACRE_HANDLE(%s, ..)", w->name, list[0]);
	for (end = &f->closes; *end; end = &(*end)->next)
		;
	*end = c;
}

/* Return: false where @w says nothing about a function. */
static bool say_function(struct reader *r, struct nacre_function *f, const struct nacre_word *w)
{
	if (!w->args) {
		if (!strcmp(w->name, "idempotent"))
			return f->idempotent = true;
		if (!strcmp(w->name, "replay"))
			return f->replay = true;
		if (!strcmp(w->name, "secret"))
			return f->secret = true;
		if (!strcmp(w->name, "refuse"))
			return f->refuse = true;
		return false;
	}
	if (!strcmp(w->name, "success")) {
		f->success = w->args;
	} else if (!strcmp(w->name, "on_fail")) {
		f->on_fail = reader_failure(r, w->args, &f->at);
	} else if (!strcmp(w->name, "deadline")) {
		f->no_deadline = !strcmp(w->args, "none");
		f->deadline = f->no_deadline ? NULL : w->args;
	} else if (!strcmp(w->name, "forgets")) {
		f->forgets_name = w->args;
	} else if (!strcmp(w->name, "closes") || !strcmp(w->name, "closes_all")) {
		say_closes(r, f, w);
	} else if (!strcmp(w->name, "waive")) {
		f->waiver = reader_string(r, w->args);
		if (!f->waiver || !*f->waiver)
			reader_fail(r, &f->at, "a waiver needs a reason: waive(\"why\")");
	} else {
		return false;
	}
	return true;
}

/*
 * The words behind a function describe the function and its result: what is none of the
 * function's becomes the result's.
 */
static void say_all(struct reader *r, struct nacre_function *f, const char **result)
{
	struct nacre_word *w = NULL;

	*result = NULL;
	if (f->words && nacre_words_split(r->arena, f->words, &f->at, &w, r->e) < 0)
		r->failed = true;
	for (; w && !r->failed; w = w->next) {
		const char *text = w->name;

		if (say_function(r, f, w))
			continue;
		if (w->args)
			text = nacre_arena_printf(r->arena, "%s(%s)", w->name, w->args);
		*result = *result ? nacre_arena_printf(r->arena, "%s, %s", *result, text) : text;
	}
}

static void read_params(struct reader *r, CXCursor c, struct nacre_function *f)
{
	struct param_list list = {r, f, &f->params};
	int count = clang_Cursor_getNumArguments(c);

	for (int i = 0; i < count; i++) /* not those of a function that is returned */
		visit_param(clang_Cursor_getArgument(c, (unsigned)i), c, &list);
	if (count < 0)
		clang_visitChildren(c, visit_param, &list);
	reader_rename_params(r, f);
}

void reader_function(struct reader *r, CXCursor c)
{
	const char *name = reader_text(r, clang_getCursorSpelling(c));
	struct nacre_function *f;

	for (f = r->m->functions; f; f = f->next)
		if (!strcmp(f->name, name)) {
			struct nacre_at at = reader_at(r, c);

			reader_fail(r, &at, "%s is declared twice in the overlay", name);
			return;
		}
	f = nacre_arena_alloc(r->arena, sizeof(*f));
	f->name = name;
	f->at = reader_at(r, c);
	f->type = reader_type(r, clang_getCursorResultType(c));
	drop_const(f->type);
	f->variadic = clang_isFunctionTypeVariadic(clang_getCursorType(c));
	f->macro = reader_knows_macro(r, name);
	f->words = reader_words(r, c);
	reader_support_function(r, c, f);
	read_params(r, c, f);
	*r->function_end = f;
	r->function_end = &f->next;
}

void reader_callback(struct reader *r, CXCursor c, const char *name)
{
	struct nacre_callback *cb = nacre_arena_alloc(r->arena, sizeof(*cb));
	CXType type = clang_getCursorType(c);
	struct nacre_function *f = &cb->function;

	f->name = name;
	f->at = reader_at(r, c);
	f->type = reader_type(r, clang_getResultType(clang_getPointeeType(type)));
	f->variadic = clang_isFunctionTypeVariadic(clang_getPointeeType(type));
	if (clang_getCanonicalType(clang_getPointeeType(type)).kind == CXType_FunctionNoProto)
		reader_fail(r, &f->at,
			    "callback %s does not say its parameters: name them, or say (void)",
			    name);
	f->words = reader_words(r, c);
	cb->type = reader_type(r, type);
	cb->number = r->m->callback_count++;
	read_params(r, c, f);
	*r->callback_end = cb;
	r->callback_end = &cb->next;
}

/* Can a function that returns a pointer return @f's value? */
static bool is_pointer_value(const struct nacre_failure *f)
{
	return f && f->value &&
	       (*f->value == '"' || !strcmp(f->value, "NULL") || !strcmp(f->value, "0"));
}

void reader_function_rules(struct reader *r, struct nacre_function *f)
{
	const char *result;
	unsigned n = 0;

	if (r->failed)
		return;
	say_all(r, f, &result);
	if (f->refuse && !f->waiver)
		reader_fail(r, &f->at, "%s: refuse needs a reason: waive(\"why\")", f->name);
	if (f->variadic && !f->refuse)
		reader_fail(r, &f->at,
			    "%s takes a variable number of arguments, whose types nobody "
			    "knows: refuse it with waive(\"why\")",
			    f->name);
	for (struct nacre_item *p = f->params; p && !r->failed; p = p->next, n++) {
		if (!p->name && f->refuse)
			p->name = nacre_arena_printf(r->arena, "arg%u", n);
		if (!p->name)
			reader_fail(r, &p->at, "%s: parameter %u needs a name in the overlay",
				    f->name, n + 1);
		else if (!f->refuse)
			p->rule = reader_rule(r, PLACE_PARAM, nacre_item_said(p), p->type, p->words,
					      &p->at);
	}
	if (r->m->result && f->type->kind == NACRE_TYPE_INT)
		result = result ? nacre_arena_printf(r->arena, "%s, %s", r->m->result, result)
				: r->m->result;
	if (!r->failed && !f->refuse)
		f->result = reader_rule(r, PLACE_RESULT, f->name, f->type, result, &f->at);
	/* What the interface says about numbers says nothing about pointers or nothing at all. */
	if (!f->on_fail && f->type->kind != NACRE_TYPE_STRUCT &&
	    (f->type->kind != NACRE_TYPE_POINTER || is_pointer_value(r->m->on_fail)))
		f->on_fail = r->m->on_fail;
	if (!f->success && f->type->kind != NACRE_TYPE_POINTER &&
	    f->type->kind != NACRE_TYPE_VOID && f->type->kind != NACRE_TYPE_STRUCT)
		f->success = r->m->success;
}

void reader_callback_rules(struct reader *r, struct nacre_callback *c)
{
	const char *interface_success = r->m->success, *interface_result = r->m->result;
	struct nacre_failure *interface_fail = r->m->on_fail;

	/* What the interface says about its functions says nothing about the host's. */
	r->m->success = NULL;
	r->m->result = NULL;
	r->m->on_fail = NULL;
	reader_function_rules(r, &c->function);
	r->m->success = interface_success;
	r->m->result = interface_result;
	r->m->on_fail = interface_fail;
}
