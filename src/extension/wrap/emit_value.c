/* SPDX-License-Identifier: BSD-2-Clause */
/* emit_value.c - names, expressions, and how one word is translated on each side */
#include "emit.h"

#include <extension/overlay/arena.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *emit_text(const struct emit *e, const char *fmt, ...)
{
	va_list ap;
	char *text;
	const char *copy;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	copy = nacre_arena_copy(e->m->arena, text, strlen(text));
	free(text);
	return copy;
}

int emit_dir(const struct emit *e, const struct nacre_item *item)
{
	if (e->view)
		return nacre_field_dir(item, e->dir);
	return item->rule->dir ? item->rule->dir : NACRE_IN;
}

/* What a name in an expression stands for. */
static const char *scope_name(const struct nacre_scope *scope, const struct nacre_item *item,
			      bool deref)
{
	const struct emit *e = scope->data;

	if (e->view) {
		if (deref)
			return NULL;
		if (e->caller && e->phase == EMIT_AFTER && nacre_rule_word(item->rule) &&
		    emit_dir(e, item) & NACRE_OUT)
			return emit_text(e, "keep->now.%s", item->name);
		if (!e->caller && e->replying && e->phase == EMIT_BEFORE)
			return emit_text(e, "keep->was.%s", item->name);
		return emit_text(e, "own->%s", item->name);
	}
	if (!deref)
		return item->name;
	if (e->caller && e->phase == EMIT_AFTER && item->rule->dir & NACRE_OUT)
		return emit_text(e, "%s_new", item->name);
	return emit_text(e, "%s_own", item->name);
}

const char *emit_expr(const struct emit *e, const char *expr, enum emit_phase phase,
		      const char *cap)
{
	struct emit here = *e;
	struct nacre_scope scope = {
		.arena = e->m->arena, .items = e->items, .name = scope_name, .data = &here};
	const char *text;

	here.phase = phase;
	if (phase == EMIT_AFTER) {
		scope.result = "result";
		scope.cap = cap;
	}
	text = nacre_expr_rewrite(&scope, expr, NULL);
	return text ? text : expr;
}

const char *emit_declare(const struct emit *e, const struct nacre_type *type, const char *name)
{
	const char *s = type->spelling,
		   *star = strncmp(s, "__typeof__", 10) ? strstr(s, "(*") : NULL;
	size_t n = strlen(s);

	if (star) /* int (*)(void): the name belongs into the middle */
		return emit_text(e, "%.*s%s%s", (int)(star + 2 - s), s, name, star + 2);
	if (n && s[n - 1] == '*')
		return emit_text(e, "%s%s", s, name);
	return emit_text(e, "%s %s", s, name);
}

const char *emit_plain(const struct emit *e, const struct nacre_type *type)
{
	size_t n = strlen(type->spelling);

	if (type->is_const && !strncmp(type->spelling, "const ", 6))
		return type->spelling + 6;
	if (type->is_const && n > 6 && !strcmp(type->spelling + n - 6, "*const"))
		return emit_text(e, "%.*s", (int)(n - 5), type->spelling);
	if (type->is_const && !strncmp(type->canonical, "const ", 6)) /* by its typedef */
		return type->canonical + 6;
	return type->spelling;
}

const char *emit_size(const struct emit *e, const struct nacre_rule *rule)
{
	const struct nacre_type *element = rule->target->type;

	if (element->size == 1 && element->kind == NACRE_TYPE_INT)
		return "1";
	return emit_text(e, "sizeof(%s)", emit_plain(e, element));
}

const char *emit_item(const struct emit *e, const struct nacre_item *item)
{
	if (!e->view)
		return item->name;
	return emit_text(e, "own->%s", item->name);
}

bool emit_flat(const struct nacre_rule *rule, int dir)
{
	return rule->kind == NACRE_RULE_POINTER && nacre_rule_flat(rule->target, dir);
}

bool emit_deep(const struct nacre_rule *rule, int dir)
{
	return rule->kind == NACRE_RULE_POINTER && rule->target->kind == NACRE_RULE_STRUCT &&
	       (rule->resident || !nacre_rule_flat(rule->target, dir));
}

const char *emit_instance(const struct emit *e, const struct nacre_view *view, int dir)
{
	return emit_text(e, "%s%s", view->name,
			 dir == NACRE_IN    ? ""
			 : dir == NACRE_OUT ? "_out"
					    : "_inout");
}

const char *emit_keep(const struct emit *e, const struct nacre_item *item, int number)
{
	const char *name = emit_text(e, e->view ? "keep->%s" : "%s_keep", item->name);

	return number ? emit_text(e, "%s%d", name, number) : name;
}

const char *emit_violate(const struct emit *e, const char *what)
{
	if (e->proxy && e->caller)
		return emit_text(e, "nacre_call_violate(%s, \"%s\");", e->call, what);
	return emit_text(e, "%s.bad = true;", e->in);
}

const char *emit_room(const struct emit *e, const struct nacre_item *item,
		      const struct nacre_rule *rule)
{
	const char *room = rule->cap ? rule->cap : rule->count;

	if (!e->caller && !e->view)
		return emit_text(e, "%s_room", item->name);
	return emit_expr(e, room, EMIT_BEFORE, NULL);
}

const char *emit_used(const struct emit *e, const struct nacre_item *item,
		      const struct nacre_rule *rule)
{
	const char *used = rule->len ? rule->len : rule->count ? rule->count : rule->cap;
	const char *cap = NULL;

	if (rule->cursor) /* what was produced or consumed; one that grew is beyond every room */
		return emit_text(e, "(uint64_t)%s - %s",
				 emit_expr(e, rule->sized_by, EMIT_BEFORE, NULL),
				 emit_expr(e, rule->sized_by, EMIT_AFTER, NULL));
	if (nacre_expr_names(used, "cap"))
		cap = emit_text(e, "(%s)", emit_room(e, item, rule));
	return emit_expr(e, used, EMIT_AFTER, cap);
}

const char *emit_max(const struct emit *e, const struct nacre_rule *rule, bool from_extension)
{
	if (rule->max)
		return emit_expr(e, rule->max, EMIT_BEFORE, NULL);
	return from_extension ? "4096" : "16 << 20";
}

/* Parameters by the names that they have in generated code. */
static const char *param_name(const struct nacre_scope *scope, const struct nacre_item *item,
			      bool deref)
{
	const struct emit *e = scope->data;

	return deref ? emit_text(e, "*%s", item->name) : item->name;
}

static const char *renamed(const struct emit *e, const char *statement)
{
	const struct nacre_scope scope = {
		.arena = e->m->arena, .items = e->items, .name = param_name, .data = e};
	const char *text;

	for (const struct nacre_item *p = e->view ? NULL : e->items; p; p = p->next) {
		if (!p->said || !nacre_expr_names(statement, p->said))
			continue;
		text = nacre_expr_rewrite(&scope, statement, NULL);
		return text ? text : statement;
	}
	return statement;
}

/* "errno = x" or "*out = x", the latter only where there is an out. */
static void put_statement(const struct emit *e, const char *said)
{
	const char *statement = renamed(e, said);
	size_t n = *statement == '*' ? strcspn(statement + 1, " =") : 0;

	if (n) {
		nacre_text_line(e->t, "if (%.*s)", (int)n, statement + 1);
		e->t->indent++;
	}
	nacre_text_line(e->t, "%s;", statement);
	if (n)
		e->t->indent--;
}

void emit_on_fail(const struct emit *e)
{
	const struct nacre_failure *f = e->f->on_fail;

	for (const char *const *s = f ? f->statements : NULL; s && *s; s++)
		put_statement(e, *s);
	if (e->f->type->kind != NACRE_TYPE_VOID)
		nacre_text_line(e->t, "return %s;", f->value);
}

/* In a view: the refusal goes up as a constant, as the function's type is not known here. */
static void refuse_in_view(const struct emit *e, const char *why, const struct nacre_failure *f)
{
	const char *error = "0";

	for (const char *const *s = f ? f->statements : NULL; s && *s; s++)
		if (!strncmp(*s, "errno", 5) && strchr(*s, '='))
			error = strchr(*s, '=') + 1 + strspn(strchr(*s, '=') + 1, " ");
	nacre_text_line(e->t, "static const struct refusal refused = {\"%s\", %s, %s, %s};", why,
			f && f->value ? f->value : "0", error, f && f->value ? "true" : "false");
	nacre_text_line(e->t, "return &refused;");
}

void emit_refuse(const struct emit *e, const char *why, const struct nacre_failure *f)
{
	enum nacre_type_kind kind = e->f ? e->f->type->kind : NACRE_TYPE_VOID;

	if (!e->caller) {
		nacre_text_line(e->t, "return false;");
		return;
	}
	if (e->view) {
		refuse_in_view(e, why, f);
		return;
	}
	nacre_text_line(e->t, "nacre_call_refuse(%s, \"%s\");", e->call, why);
	if (f && f->value && (kind == NACRE_TYPE_INT || kind == NACRE_TYPE_ENUM)) {
		for (const char *const *s = f->statements; s && *s; s++)
			put_statement(e, *s);
		nacre_text_line(e->t, "return %s;", f->value);
	} else if (f && kind != NACRE_TYPE_INT && kind != NACRE_TYPE_ENUM && *f->statements) {
		for (const char *const *s = f->statements; *s; s++)
			put_statement(e, *s);
		nacre_text_line(e->t, kind == NACRE_TYPE_VOID ? "return;" : "return %s;",
				e->f->on_fail ? e->f->on_fail->value : "");
	} else {
		emit_on_fail(e);
		if (kind == NACRE_TYPE_VOID)
			nacre_text_line(e->t, "return;");
	}
}

static void put_handle(const struct emit *e, const struct nacre_rule *rule, const char *name,
		       const char *value)
{
	bool pointer = rule->type->kind == NACRE_TYPE_POINTER;

	if (e->proxy) {
		nacre_text_open(e->t, "if (!nacre_handle_out(%s, HANDLE_%s, %s%s, &wire))", e->call,
				rule->handle->name, pointer ? "(uintptr_t)" : "", value);
		emit_refuse(e, emit_text(e, "%s: stale handle", name),
			    rule->stale ? rule->stale : rule->handle->stale);
		nacre_text_close(e->t, "");
		nacre_text_line(e->t, "nacre_put_word(&%s, wire);", e->out);
	} else if (pointer) {
		nacre_text_line(
			e->t,
			"nacre_put_word(&%s, nacre_object_id(HANDLE_%s, (void *)(uintptr_t)%s));",
			e->out, rule->handle->name, value);
	} else {
		nacre_text_line(e->t, "nacre_put_word(&%s, %s);", e->out, value);
	}
}

/* Tokens of one name are of one kind; the number is a hash of the name, FNV-1a. */
static const char *token_kind(const struct emit *e, const struct nacre_rule *rule)
{
	uint32_t hash = 2166136261u;

	if (!rule->token)
		return "NACRE_TOKEN_PLAIN";
	for (const char *p = rule->token; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 16777619u;
	return emit_text(e, "NACRE_TOKEN(0x%07x /* %s */)", hash & 0xfffffff, rule->token);
}

void emit_put(const struct emit *e, const struct nacre_rule *rule, const char *name,
	      const char *value)
{
	switch (rule->kind) {
	case NACRE_RULE_HANDLE:
		put_handle(e, rule, name, value);
		break;
	case NACRE_RULE_TOKEN:
		if (e->proxy)
			nacre_text_line(e->t,
					"nacre_put_token(&%s, %s, (const void *)(uintptr_t)%s);",
					e->out, token_kind(e, rule), value);
		else
			nacre_text_line(e->t, "nacre_put_word(&%s, (uint64_t)(uintptr_t)%s);",
					e->out, value);
		break;
	case NACRE_RULE_CALLBACK:
		nacre_text_line(e->t, "nacre_put_callback(%s, CALLBACK_%s, (nacre_function)%s);",
				e->call, rule->callback->function.name, value);
		break;
	case NACRE_RULE_NULL:
		nacre_text_line(e->t, "nacre_put_word(&%s, %s != NULL);", e->out, value);
		break;
	default:
		if (rule->type->kind == NACRE_TYPE_FLOAT)
			nacre_text_line(e->t, "nacre_put_double(&%s, %s);", e->out, value);
		else
			nacre_text_line(e->t, "nacre_put_word(&%s, %s);", e->out, value);
		break;
	}
}

void emit_put_if(const struct emit *e, const struct nacre_rule *rule, const char *name,
		 const char *value)
{
	bool block = e->proxy && rule->kind == NACRE_RULE_HANDLE;

	if (block)
		nacre_text_open(e->t, "if (%s)", name);
	else
		nacre_text_line(e->t, "if (%s)", name);
	e->t->indent += !block;
	emit_put(e, rule, name, value);
	e->t->indent -= !block;
	if (block)
		nacre_text_close(e->t, "");
}

static const char *get_handle(const struct emit *e, const struct nacre_rule *rule)
{
	const char *type = emit_plain(e, rule->type);
	const char *via = rule->type->kind == NACRE_TYPE_POINTER ? "(uintptr_t)" : "";

	if (e->proxy && !e->caller)
		return emit_text(e, "(%s)%snacre_upcall_handle(%s, HANDLE_%s)", type, via, e->call,
				 rule->handle->name);
	if (!e->proxy && !e->caller && *via)
		return emit_text(e, "nacre_object_get(%s, HANDLE_%s, nacre_get_word(&%s))", e->call,
				 rule->handle->name, e->in);
	return emit_text(e, "(%s)%snacre_get_word(&%s)", type, via, e->in);
}

const char *emit_get(const struct emit *e, const struct nacre_rule *rule)
{
	const char *type = emit_plain(e, rule->type);
	const char *via = rule->type->kind == NACRE_TYPE_POINTER ? "" : "(uintptr_t)";

	switch (rule->kind) {
	case NACRE_RULE_HANDLE:
		return get_handle(e, rule);
	case NACRE_RULE_TOKEN:
		if (e->proxy)
			return emit_text(e, "(%s)%snacre_get_token(&%s, %s)", type, via, e->in,
					 token_kind(e, rule));
		return emit_text(e, "(%s)%snacre_token_pointer(nacre_get_word(&%s))", type, via,
				 e->in);
	case NACRE_RULE_CALLBACK:
		return emit_text(e, "(%s)nacre_get_callback(%s, CALLBACK_%s)", type, e->call,
				 rule->callback->function.name);
	case NACRE_RULE_NULL:
		return emit_text(e, "nacre_get_word(&%s) ? nacre_nowhere() : NULL", e->in);
	default:
		if (rule->type->kind == NACRE_TYPE_FLOAT)
			return emit_text(e, "(%s)nacre_get_double(&%s)", type, e->in);
		return emit_text(e, "(%s)nacre_get_word(&%s)", type, e->in);
	}
}

static const char *check_name(const struct nacre_scope *scope, const struct nacre_item *item,
			      bool deref)
{
	(void)scope, (void)item, (void)deref;
	return NULL;
}

void emit_check(const struct emit *e, const struct nacre_rule *rule, const char *value,
		const char *then)
{
	struct nacre_scope scope = {.arena = e->m->arena, .name = check_name, .value = value};

	if (!rule->check)
		return;
	nacre_text_line(e->t, "if (!(%s)) /* %s */", nacre_expr_rewrite(&scope, rule->check, NULL),
			rule->check_words);
	e->t->indent++;
	nacre_text_line(e->t, "%s", then);
	e->t->indent--;
}

bool emit_is_cell(const struct nacre_rule *rule)
{
	return rule->kind == NACRE_RULE_POINTER && rule->cell &&
	       rule->target->kind != NACRE_RULE_STRING;
}

const char *emit_as_case(const struct emit *e, const struct nacre_item *p,
			 const struct nacre_rule *rule, int dir)
{
	const char *pointer = emit_item(e, p);

	if (rule->kind != NACRE_RULE_POINTER || rule->target->type->kind == NACRE_TYPE_VOID ||
	    rule->type == p->type)
		return pointer;
	return emit_text(e, "(%s%s)%s", dir & NACRE_OUT ? "" : "const ", rule->type->spelling,
			 pointer);
}

void emit_case_open(const struct emit *e, const struct nacre_rule *rule, const struct nacre_case *c)
{
	const char *when = c->when ? emit_expr(e, c->when, EMIT_BEFORE, NULL) : NULL;

	if (c == rule->cases)
		nacre_text_open(e->t, "if (%s)", when ? when : "true");
	else if (when)
		nacre_text_open(e->t, "} else if (%s)", when);
	else
		nacre_text_open(e->t, "} else");
}

void emit_case_close(const struct emit *e, const struct nacre_case *c)
{
	if (c->next)
		e->t->indent--;
	else
		nacre_text_close(e->t, "");
}
