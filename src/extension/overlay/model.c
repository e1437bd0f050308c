/* SPDX-License-Identifier: BSD-2-Clause */
/* model.c - questions about rules, and the canonical text of a model */
#include "arena.h"
#include "model.h"

#include <string.h>

bool nacre_rule_word(const struct nacre_rule *rule)
{
	return rule->kind == NACRE_RULE_SCALAR || rule->kind == NACRE_RULE_HANDLE ||
	       rule->kind == NACRE_RULE_TOKEN || rule->kind == NACRE_RULE_CALLBACK ||
	       rule->kind == NACRE_RULE_NULL;
}

const struct nacre_rule *nacre_rule_element(const struct nacre_rule *rule, uint64_t *count)
{
	for (*count = 1; rule->kind == NACRE_RULE_ARRAY; rule = rule->target)
		*count *= rule->type->count;
	return rule;
}

bool nacre_model_waives(const struct nacre_model *m, const char *name)
{
	for (const struct nacre_symbol_waiver *w = m->symbol_waivers; w; w = w->next)
		if (!strcmp(w->symbol, name))
			return true;
	return false;
}

int nacre_field_dir(const struct nacre_item *field, int dir)
{
	const struct nacre_rule *rule = field->rule;

	if (rule->dir)
		return rule->dir & dir;
	if (rule->kind == NACRE_RULE_STRING && !rule->interned)
		return NACRE_IN & dir;
	if (rule->kind == NACRE_RULE_CALLBACK || rule->kind == NACRE_RULE_NULL)
		return NACRE_IN & dir; /* nothing that could come back */
	if (rule->kind == NACRE_RULE_POINTER && rule->type->target->is_const)
		return NACRE_IN & dir;
	return dir;
}

/* What goes in must not carry what lies between the fields. */
static bool flat_view(const struct nacre_view *v, int dir)
{
	uint64_t end = 0;

	for (const struct nacre_item *f = v->fields; f; f = f->next) {
		if (!f->rule || f->rule->dir || !nacre_rule_flat(f->rule, dir))
			return false;
		if (dir & NACRE_IN && f->offset != end * 8)
			return false;
		end += f->type->size;
	}
	return !(dir & NACRE_IN) || end == v->record->size;
}

bool nacre_rule_flat(const struct nacre_rule *rule, int dir)
{
	switch (rule->kind) {
	case NACRE_RULE_SCALAR:
		return !rule->check && !(rule->type->kind == NACRE_TYPE_BOOL && dir & NACRE_OUT);
	case NACRE_RULE_ARRAY:
		return nacre_rule_flat(rule->target, dir);
	case NACRE_RULE_STRUCT:
		return flat_view(rule->view, dir);
	default:
		return false;
	}
}

static void add_failure(struct nacre_arena *a, char **text, const char *what,
			const struct nacre_failure *f)
{
	if (!f)
		return;
	*text = nacre_arena_printf(a, "%s %s(%s", *text, what, f->value ? f->value : "");
	for (const char *const *s = f->statements; s && *s; s++)
		*text = nacre_arena_printf(a, "%s,%s", *text, *s);
	*text = nacre_arena_printf(a, "%s)", *text);
}

static void add_items(struct nacre_arena *a, char **text, const struct nacre_item *items)
{
	for (const struct nacre_item *i = items; i; i = i->next)
		*text = nacre_arena_printf(a, "%s\n\t%s %s@%llu+%llu [%s]%s", *text,
					   nacre_item_said(i), i->type->canonical,
					   (unsigned long long)i->offset,
					   (unsigned long long)i->type->size,
					   i->words ? i->words : "", i->next ? "" : "\n");
}

static void add_function(struct nacre_arena *a, char **text, const char *what,
			 const struct nacre_function *f)
{
	*text = nacre_arena_printf(a, "%s%s %s %s [%s]", *text, what, f->type->canonical, f->name,
				   f->words ? f->words : "");
	add_failure(a, text, "on_fail", f->on_fail);
	*text = nacre_arena_printf(a, "%s success(%s)\n", *text, f->success ? f->success : "");
	add_items(a, text, f->params);
}

char *nacre_model_text(const struct nacre_model *m)
{
	struct nacre_arena *a = m->arena;
	char *text = nacre_arena_printf(a, "encoding 1\ninterface %s %s\n", m->name, m->version);

	for (const struct nacre_handle *h = m->handles; h; h = h->next) {
		text = nacre_arena_printf(a, "%shandle %s type(%s) none(%s) %s%u", text, h->name,
					  h->type ? h->type : "", h->none,
					  h->tracked ? "tracked " : "", h->bits);
		add_failure(a, &text, "stale", h->stale);
		text = nacre_arena_printf(a, "%s\n", text);
	}
	for (const struct nacre_view *v = m->views; v; v = v->next) {
		text = nacre_arena_printf(a, "%sview %s %s %llu\n", text, v->name,
					  v->record->spelling, (unsigned long long)v->record->size);
		add_items(a, &text, v->fields);
	}
	for (const struct nacre_callback *c = m->callbacks; c; c = c->next)
		add_function(a, &text, "callback", &c->function);
	for (const struct nacre_function *f = m->functions; f; f = f->next)
		add_function(a, &text, "function", f);
	return text;
}
