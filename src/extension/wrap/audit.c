/* SPDX-License-Identifier: BSD-2-Clause */
/* audit.c - audit.txt: every pointer with its rule, every waiver, and how many there are */
#include "emit.h"

#include <string.h>

struct counts {
	unsigned pointers, handles, tokens, callbacks, ignored, refused;
};

static const char *dir_name(int dir)
{
	return dir == NACRE_IN	  ? "in"
	       : dir == NACRE_OUT ? "out"
	       : dir		  ? "in and out"
				  : "as its struct";
}

static const char *extent(const struct emit *e, const struct nacre_rule *rule)
{
	const char *cap = rule->cap ? rule->cap : rule->count;

	if (rule->resident)
		return emit_text(e, "lives in the virtual process under a %s", rule->handle->name);
	if (rule->cell)
		return "one value";
	if (rule->text)
		return emit_text(e, "a string in a buffer of %s bytes", cap);
	if (rule->limit)
		return emit_text(e, "advances, sized by %s, of which at most (%s) travel",
				 rule->sized_by, rule->limit);
	if (rule->cursor)
		return emit_text(e, "advances, sized by %s", rule->sized_by);
	if (rule->len)
		return emit_text(e, "room for %s, %s used", cap, rule->len);
	if (!strcmp(cap, "1"))
		return "one element";
	return emit_text(e, "%s elements", cap);
}

/* What a rule means, in words. */
static const char *meaning(const struct emit *e, const struct nacre_rule *rule)
{
	switch (rule->kind) {
	case NACRE_RULE_SCALAR:
		return rule->check_words ? emit_text(e, "a number, %s", rule->check_words)
					 : "a number";
	case NACRE_RULE_HANDLE:
		return emit_text(e, "handle of a %s%s", rule->handle->name,
				 rule->opens ? ", new" : "");
	case NACRE_RULE_TOKEN:
		return "token: the host's own pointer, never followed";
	case NACRE_RULE_CALLBACK:
		return emit_text(e, "host function, callback %s", rule->callback->function.name);
	case NACRE_RULE_NULL:
		return "must be NULL; another value arrives pointing nowhere";
	case NACRE_RULE_IGNORE:
		return "does not travel";
	case NACRE_RULE_STRUCT:
		return emit_text(e, "%s as %s sees it", rule->view->record->spelling,
				 rule->view->name);
	case NACRE_RULE_ARRAY:
		return "array inside the struct";
	case NACRE_RULE_POINTER:
		return emit_text(e, "%s: %s, each %s", dir_name(rule->dir), extent(e, rule),
				 meaning(e, rule->target));
	case NACRE_RULE_STRING:
		return rule->interned ? "string of the extension, copied" : "string";
	case NACRE_RULE_STRINGS:
		return "strings, ended by NULL";
	case NACRE_RULE_TABLE:
		return "table of the proxy's own functions";
	case NACRE_RULE_ALIAS:
		return emit_text(e, "the same pointer as %s", rule->alias);
	case NACRE_RULE_REFUSE:
		return "refused unless NULL";
	default:
		return "-";
	}
}

static void cases(const struct emit *e, const struct nacre_rule *rule)
{
	for (const struct nacre_case *c = rule->cases; c; c = c->next)
		nacre_text_line(e->t, "      %s: %s", c->when ? c->when : "else",
				meaning(e, c->rule));
}

static void item(const struct emit *e, const struct nacre_item *i, struct counts *n)
{
	const struct nacre_rule *rule = i->rule;

	if (i->table_entry && *i->table_entry) {
		nacre_text_line(e->t, "    %s: entry of a table, %s", i->name, i->table_entry);
		return;
	}
	if (rule->kind == NACRE_RULE_SCALAR && !rule->check)
		return;
	n->pointers += i->type->kind == NACRE_TYPE_POINTER;
	n->handles += rule->kind == NACRE_RULE_HANDLE ||
		      (rule->target && rule->target->kind == NACRE_RULE_HANDLE);
	n->tokens += rule->kind == NACRE_RULE_TOKEN;
	n->callbacks += rule->kind == NACRE_RULE_CALLBACK;
	n->ignored += rule->kind == NACRE_RULE_IGNORE;
	nacre_text_line(e->t, "    %s: %s", nacre_item_said(i),
			rule->kind == NACRE_RULE_CASES
				? emit_text(e, "%s: depends on", dir_name(rule->dir))
				: meaning(e, rule));
	cases(e, rule);
	if (rule->waiver)
		nacre_text_line(e->t, "      WAIVER: %s", rule->waiver);
}

static void function(const struct emit *e, const struct nacre_function *f, struct counts *n)
{
	nacre_text_line(e->t, "  %s%s%s%s%s", f->name, f->idempotent ? ", idempotent" : "",
			f->replay ? ", replayed" : "", f->secret ? ", secret" : "",
			f->no_deadline ? ", without a deadline" : "");
	if (f->refuse) {
		n->refused++;
		nacre_text_line(e->t, "    refused");
		nacre_text_line(e->t, "      WAIVER: %s", f->waiver);
		return;
	}
	for (const struct nacre_item *i = f->params; i; i = i->next)
		item(e, i, n);
	if (f->result->kind != NACRE_RULE_SCALAR && f->result->kind != NACRE_RULE_VOID)
		nacre_text_line(e->t, "    result: %s", meaning(e, f->result));
}

void emit_audit(struct nacre_text *t, const struct nacre_model *m)
{
	struct emit e = {.t = t, .m = m};
	struct counts n = {0};

	nacre_text_line(t, "Interface %s %s, from the overlay %s", m->name, m->version, m->overlay);
	nacre_text_line(t, "%s", "\nFunctions");
	for (const struct nacre_function *f = m->functions; f; f = f->next)
		function(&e, f, &n);
	nacre_text_line(t, "%s", "\nStructs");
	for (const struct nacre_view *v = m->views; v; v = v->next) {
		nacre_text_line(t, "  %s, as %s sees it", v->record->spelling, v->name);
		for (const struct nacre_item *i = v->fields; i; i = i->next)
			item(&e, i, &n);
	}
	nacre_text_line(t, "%s", "\nCallbacks");
	for (const struct nacre_callback *c = m->callbacks; c; c = c->next)
		function(&e, &c->function, &n);
	if (m->symbol_waivers)
		nacre_text_line(t, "%s", "\nSymbols left out");
	for (const struct nacre_symbol_waiver *w = m->symbol_waivers; w; w = w->next) {
		nacre_text_line(t, "  %s", w->symbol);
		nacre_text_line(t, "      WAIVER: %s", w->why);
		n.ignored++;
	}
	nacre_text_line(t, "\n%u functions forwarded, %u refused", m->op_count, n.refused);
	nacre_text_line(t, "%u pointers: %u handles, %u tokens, %u callbacks", n.pointers,
			n.handles, n.tokens, n.callbacks);
	nacre_text_line(t, "%u waivers", n.ignored + n.refused);
}
