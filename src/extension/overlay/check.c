/* SPDX-License-Identifier: BSD-2-Clause */
/* check.c - what can only be checked once all rules are known: expressions and names */
#include "expr.h"
#include "reader.h"

#include <string.h>

static const char *checked_name(const struct nacre_scope *scope, const struct nacre_item *item,
				bool deref)
{
	(void)scope;
	if (deref && !(item->rule && item->rule->kind == NACRE_RULE_POINTER && item->rule->cell))
		return NULL;
	return item->name;
}

static bool known(const struct nacre_scope *scope, const char *name)
{
	return reader_knows(scope->data, name);
}

static void check_expr(struct reader *r, const struct nacre_item *items, const char *expr,
		       const char *special, const struct nacre_at *at)
{
	struct nacre_scope scope = {
		.arena = r->arena, .items = items, .name = checked_name, .knows = known, .data = r};
	const char *unknown = NULL;

	if (!expr || r->failed)
		return;
	if (special && !strcmp(special, "result"))
		scope.result = scope.cap = "result";
	if (special && !strcmp(special, "value"))
		scope.value = "value";
	if (nacre_expr_rewrite(&scope, expr, &unknown))
		return;
	for (; items; items = items->next)
		if (items->name && !strcmp(nacre_item_said(items), unknown)) {
			reader_fail(r, at,
				    "'%.60s': *%s can be named only where %s points to one "
				    "number that travels: name another parameter",
				    expr, unknown, unknown);
			return;
		}
	reader_fail(r, at,
		    "'%.60s': '%s' names no parameter, field, constant or function: "
		    "correct it, or include what declares it",
		    expr, unknown);
}

static void check_failure(struct reader *r, const struct nacre_failure *f,
			  const struct nacre_at *at)
{
	if (f && f->value)
		check_expr(r, NULL, f->value, NULL, at);
}

static void check_rule(struct reader *r, const struct nacre_item *items,
		       const struct nacre_rule *rule)
{
	if (!rule || r->failed)
		return;
	if (rule->kind == NACRE_RULE_POINTER && rule->target &&
	    rule->target->kind == NACRE_RULE_ARRAY &&
	    !nacre_rule_flat(rule->target, rule->dir ? rule->dir : NACRE_INOUT))
		reader_fail(r, &rule->at,
			    "a pointer to arrays of anything but plain numbers cannot travel: "
			    "refuse the "
			    "function, with waive(\"why\")");
	check_expr(r, items, rule->count, NULL, &rule->at);
	check_expr(r, items, rule->cap, NULL, &rule->at);
	check_expr(r, items, rule->len, "result", &rule->at);
	check_expr(r, items, rule->max, NULL, &rule->at);
	check_expr(r, NULL, rule->check, "value", &rule->at);
	check_expr(r, items, rule->sized_by, NULL, &rule->at);
	check_expr(r, items, rule->limit, NULL, &rule->at);
	check_failure(r, rule->stale, &rule->at);
	check_failure(r, rule->refuse, &rule->at);
	for (const struct nacre_case *c = rule->cases; c; c = c->next) {
		check_expr(r, items, c->when, NULL, &rule->at);
		check_rule(r, items, c->rule);
	}
	check_rule(r, items, rule->target);
}

/* Every entry of a table of functions is one of this interface, or waived. */
static void check_table(struct reader *r, const struct nacre_item *p)
{
	const struct nacre_record *record = p->type->target->target->record;

	for (const struct nacre_item *f = record->fields; f && !r->failed; f = f->next) {
		const char *name = f->table_entry ? f->table_entry : f->name;
		const struct nacre_function *g = r->m->functions;

		if (f->type->kind == NACRE_TYPE_POINTER &&
		    f->type->target->kind != NACRE_TYPE_FUNCTION)
			reader_fail(r, &p->at,
				    "the table's field '%s' is a pointer that is no function",
				    f->name);
		if (f->type->kind != NACRE_TYPE_POINTER || !*name)
			continue;
		while (g && strcmp(g->name, name))
			g = g->next;
		if (!g)
			reader_fail(r, &p->at,
				    "the table's entry '%s' is no function of the overlay: "
				    "declare it, or say table_entry(f) or ignore with "
				    "waive(\"why\") in a "
				    "view of the table",
				    name);
	}
}

static void check_items(struct reader *r, const struct nacre_item *items)
{
	for (const struct nacre_item *i = items; i && !r->failed; i = i->next) {
		check_rule(r, items, i->rule);
		if (!r->failed && i->rule && i->rule->kind == NACRE_RULE_TABLE)
			check_table(r, i);
	}
}

/* What advances has to come back. */
static void check_cursors(struct reader *r, const struct nacre_item *p)
{
	const struct nacre_rule *rule = p->rule;
	const struct nacre_view *view =
		rule->kind == NACRE_RULE_POINTER && rule->target ? rule->target->view : NULL;

	for (const struct nacre_item *f = view ? view->fields : NULL; f && !r->failed; f = f->next)
		if (f->rule && f->rule->cursor && rule->dir != NACRE_INOUT)
			reader_fail(r, &p->at, "'%s': its cursor '%s' advances: say inout",
				    nacre_item_said(p), f->name);
}

static const struct nacre_item *param_named(const struct nacre_function *f, const char *name)
{
	for (const struct nacre_item *p = f->params; p; p = p->next)
		if (p->name && !strcmp(nacre_item_said(p), name))
			return p;
	return NULL;
}

static void check_function(struct reader *r, struct nacre_function *f)
{
	check_failure(r, f->on_fail, &f->at);
	if (f->type->kind != NACRE_TYPE_VOID && !(f->on_fail && f->on_fail->value))
		reader_fail(r, &f->at,
			    "%s: say what the host gets when the extension is lost: "
			    "on_fail(value), here or in NACRE_INTERFACE",
			    f->name);
	if (f->refuse)
		return;
	check_items(r, f->params);
	for (const struct nacre_item *p = f->params; p && !r->failed; p = p->next)
		check_cursors(r, p);
	reader_support_values(r, f);
	check_expr(r, f->params, f->success, "result", &f->at);
	check_expr(r, NULL, f->deadline, NULL, &f->at);
	check_rule(r, f->params, f->result);
	if (f->result && f->result->alias && !param_named(f, f->result->alias))
		reader_fail(r, &f->at, "%s: alias(%s) names no parameter", f->name,
			    f->result->alias);
	else if (f->result && f->result->alias)
		f->result->alias = param_named(f, f->result->alias)->name;
	for (struct nacre_close *c = f->closes; c; c = c->next) {
		const struct nacre_item *p = c->param ? param_named(f, c->param) : NULL;

		if (c->param && !p)
			reader_fail(r, &f->at, "%s: closes(%s, %s) names no parameter", f->name,
				    c->handle->name, c->param);
		c->param = p ? p->name : NULL;
	}
	if (!f->forgets_name)
		return;
	for (struct nacre_function *g = r->m->functions; g; g = g->next)
		if (!strcmp(g->name, f->forgets_name))
			f->forgets = g;
	if (!f->forgets)
		reader_fail(r, &f->at, "%s: forgets(%s) names no function", f->name,
			    f->forgets_name);
}

/* A callback gets what one word, a string or plain bytes can hold. */
static void check_callback(struct reader *r, struct nacre_callback *c)
{
	check_function(r, &c->function);
	for (const struct nacre_item *p = c->function.params; p && !r->failed; p = p->next) {
		const struct nacre_rule *rule = p->rule;
		bool plain = rule->kind == NACRE_RULE_POINTER && !rule->resident &&
			     (rule->cell || nacre_rule_flat(rule->target, rule->dir));

		if (!nacre_rule_word(rule) && !plain && rule->kind != NACRE_RULE_STRING &&
		    rule->kind != NACRE_RULE_IGNORE)
			reader_fail(
				r, &p->at,
				"callback %s: '%s' is more than a callback can carry "
				"(numbers, handles, tokens, strings, plain arrays): ignore it, or "
				"the function that takes it, with waive(\"why\")",
				c->function.name, nacre_item_said(p));
	}
	if (!r->failed && !nacre_rule_word(c->function.result) &&
	    c->function.result->kind != NACRE_RULE_VOID)
		reader_fail(r, &c->function.at, "callback %s returns more than one word",
			    c->function.name);
}

void reader_check(struct reader *r)
{
	for (struct nacre_view *v = r->m->views; v && !r->failed; v = v->next)
		check_items(r, v->fields);
	for (struct nacre_handle *h = r->m->handles; h && !r->failed; h = h->next) {
		check_expr(r, NULL, h->none, NULL, &h->at);
		check_failure(r, h->stale, &h->at);
	}
	for (struct nacre_callback *c = r->m->callbacks; c && !r->failed; c = c->next)
		check_callback(r, c);
	for (struct nacre_function *f = r->m->functions; f && !r->failed; f = f->next) {
		reader_support_name(r, f);
		check_function(r, f);
	}
}
