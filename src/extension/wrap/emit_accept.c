/* SPDX-License-Identifier: BSD-2-Clause */
/* emit_accept.c - the caller's role after the call: accept what comes out */
#include "emit.h"

static void accept_cell(const struct emit *e, const struct nacre_item *p)
{
	const struct nacre_rule *target = p->rule->target;
	const char *name = emit_text(e, "%s_new", p->name);

	nacre_text_line(e->t, "%s = %s ? %s : 0;", emit_declare(e, target->type, name), p->name,
			emit_get(e, target));
	if (!target->check)
		return;
	emit_check(e, target, name,
		   emit_violate(e, emit_text(e, "%s is not %s", p->name, "what its rule allows")));
}

/* A field that is a word: checked, translated, and given from where it lies. */
static void accept_field(const struct emit *e, const struct nacre_item *p)
{
	const char *value = emit_text(e, "keep->now.%s", p->name);
	const struct nacre_rule *rule = p->rule;

	nacre_text_line(e->t, "%s = %s;", value, emit_get(e, rule));
	emit_check(e, rule, value,
		   emit_violate(e, emit_text(e, "%s is not what its rule allows", p->name)));
	if (rule->kind == NACRE_RULE_HANDLE) {
		const char *via = rule->type->kind == NACRE_TYPE_POINTER ? "(uintptr_t)" : "";

		nacre_text_line(e->t, "%s = (%s)%snacre_handle_in(%s, HANDLE_%s, %s%s, %s);", value,
				emit_plain(e, rule->type), via, e->call, rule->handle->name, via,
				value, rule->opens ? "true" : "false");
	}
	nacre_text_line(e->t, "nacre_call_give(%s, &host->%s, &%s, sizeof(%s));", e->call, p->name,
			value, value);
}

void emit_accept_words(const struct emit *e)
{
	for (const struct nacre_item *p = e->items; p; p = p->next) {
		if (!(emit_dir(e, p) & NACRE_OUT) || emit_is_mark(e->view, p))
			continue;
		if (!e->view && emit_is_cell(p->rule))
			accept_cell(e, p);
		else if (e->view && nacre_rule_word(p->rule))
			accept_field(e, p);
	}
}

/* What pointers to one word point to: given once `success` is known. */
static void give_cell(const struct emit *e, const struct nacre_item *p)
{
	const struct nacre_rule *target = p->rule->target;
	const char *name = emit_text(e, "%s_new", p->name);

	if (!e->proxy) {
		nacre_text_line(e->t, "if (%s)", p->name);
		nacre_text_line(e->t, "\t*%s = %s;", p->name, name);
		return;
	}
	if (target->kind == NACRE_RULE_HANDLE) {
		const char *via = target->type->kind == NACRE_TYPE_POINTER ? "(uintptr_t)" : "";

		nacre_text_open(e->t, "if (success && %s)", p->name);
		nacre_text_line(e->t, "%s = (%s)%snacre_handle_in(%s, HANDLE_%s, %s%s, %s);", name,
				emit_plain(e, target->type), via, e->call, target->handle->name,
				via, name, target->opens ? "true" : "false");
		nacre_text_line(e->t, "nacre_call_give(%s, %s, &%s, sizeof(%s));", e->call, p->name,
				name, name);
		nacre_text_close(e->t, "");
		return;
	}
	nacre_text_line(e->t, "if (%s)", p->name);
	nacre_text_line(e->t, "\tnacre_call_give(%s, %s, &%s, sizeof(%s));", e->call, p->name, name,
			name);
}

/* An array with a word for each element: translated and checked in place, then given. */
static void accept_word_array(const struct emit *e, const struct nacre_item *p,
			      const struct nacre_rule *rule, const char *pointer)
{
	const struct nacre_rule *target = rule->target;
	const char *type = emit_plain(e, target->type), *name = p->name;
	const char *success = e->view ? "true" : "success", *used = emit_used(e, p, rule);

	nacre_text_line(e->t,
			"uint64_t *%s_words = nacre_take_array(%s, %s && %s, %s, "
			"%s, 8, \"%s\");",
			name, e->call, success, pointer, used, emit_room(e, p, rule), name);
	nacre_text_line(e->t, "%s *%s_new = (void *)%s_words;", type, name, name);
	nacre_text_line(e->t, "const uint64_t %s_used = %s_words ? %s : 0;", name, name, used);
	nacre_text_open(e->t, "for (uint64_t i = 0; i < %s_used; i++)", name);
	if (target->kind == NACRE_RULE_HANDLE) {
		const char *via = target->type->kind == NACRE_TYPE_POINTER ? "(uintptr_t)" : "";

		nacre_text_line(e->t,
				"%s_new[i] = (%s)%snacre_handle_in(%s, HANDLE_%s, %s_words[i], "
				"%s);",
				name, type, via, e->call, target->handle->name, name,
				target->opens ? "true" : "false");
	} else if (target->type->kind == NACRE_TYPE_FLOAT) {
		nacre_text_line(e->t, "%s_new[i] = (%s)nacre_double_of(%s_words[i]);", name, type,
				name);
	} else {
		nacre_text_line(e->t, "%s_new[i] = (%s)%s_words[i];", name, type, name);
	}
	emit_check(
		e, target, emit_text(e, "%s_new[i]", name),
		emit_violate(e, emit_text(e, "%s: an element is not what its rule allows", name)));
	nacre_text_close(e->t, "");
	nacre_text_line(e->t, "if (%s_words)", name);
	nacre_text_line(e->t, "\tnacre_call_give(%s, %s, %s_new, %s_used * sizeof(*%s_new));",
			e->call, pointer, name, name, name);
}

static void accept_pointer(const struct emit *e, const struct nacre_item *p,
			   const struct nacre_rule *rule, int dir, const char *pointer, int number)
{
	const char *success = e->view ? "true" : "success";

	if (rule->embedded) {
		nacre_text_line(e->t,
				"nacre_give_array(%s, &host->%s, true, %s, sizeof(host->%s), 1, "
				"\"%s\");",
				e->call, p->name, emit_used(e, p, rule), p->name, p->name);
		return;
	}
	if (rule->target->kind == NACRE_RULE_STRING) {
		nacre_text_line(e->t, "const char *%s_new = nacre_take_string(%s, %s);", p->name,
				e->call, emit_max(e, rule->target, true));
		if (!rule->nullable) {
			nacre_text_line(e->t, "if (success && %s && !%s_new)", pointer, p->name);
			nacre_text_line(e->t, "\t%s",
					emit_violate(e, emit_text(e, "%s is NULL", p->name)));
		}
		nacre_text_line(e->t, "if (success && %s)", pointer);
		nacre_text_line(e->t, "\tnacre_call_give(%s, %s, &%s_new, sizeof(%s_new));",
				e->call, pointer, p->name, p->name);
	} else if (emit_deep(rule, dir)) {
		nacre_text_line(e->t, "accept_%s_array(%s, %s, %s, %s, %s, %s);",
				emit_instance(e, rule->target->view, dir), e->call, pointer,
				emit_keep(e, p, number), success, emit_used(e, p, rule),
				emit_room(e, p, rule));
	} else if (rule->text) {
		nacre_text_line(e->t, "nacre_give_text(%s, %s, %s, %s, \"%s\");", e->call, pointer,
				success, emit_room(e, p, rule), p->name);
	} else if (emit_flat(rule, dir)) {
		nacre_text_line(e->t,
				"nacre_give_array(%s, %s, %s, %s, %s, %s, "
				"\"%s\");",
				e->call, pointer, success, emit_used(e, p, rule),
				emit_room(e, p, rule), emit_size(e, rule), p->name);
	} else {
		accept_word_array(e, p, rule, pointer);
	}
}

static void accept_cases(const struct emit *e, const struct nacre_item *p, int dir)
{
	int number = 1;

	for (const struct nacre_case *c = p->rule->cases; c; c = c->next, number++) {
		emit_case_open(e, p->rule, c);
		if (c->rule->kind == NACRE_RULE_POINTER && dir & c->dir & NACRE_OUT)
			accept_pointer(e, p, c->rule, dir & c->dir,
				       emit_as_case(e, p, c->rule, dir & c->dir), number);
		else
			nacre_text_line(e->t, "/* nothing comes back */");
		emit_case_close(e, c);
	}
}

static void accept_value(const struct emit *e, const struct nacre_item *p, int dir)
{
	const struct nacre_rule *rule = p->rule;

	if (nacre_rule_flat(rule, dir))
		nacre_text_line(e->t,
				"nacre_give_array(%s, &host->%s, true, 1, 1, sizeof(host->%s), "
				"\"%s\");",
				e->call, p->name, p->name, p->name);
	else if (rule->kind == NACRE_RULE_ARRAY)
		emit_accept_array(e, p, dir);
	else
		nacre_text_line(e->t, "accept_%s(%s, &host->%s, &%s);",
				emit_instance(e, rule->view, dir), e->call, p->name,
				emit_keep(e, p, 0));
}

/* An out string that is itself the field. */
static void accept_string(const struct emit *e, const struct nacre_item *p)
{
	const char *value = emit_text(e, "keep->now.%s", p->name);

	nacre_text_line(e->t, "%s = (%s)(uintptr_t)nacre_take_string(%s, %s);", value,
			emit_plain(e, p->type), e->call, emit_max(e, p->rule, true));
	if (!p->rule->nullable) {
		nacre_text_line(e->t, "if (!%s)", value);
		nacre_text_line(e->t, "\t%s", emit_violate(e, emit_text(e, "%s is NULL", p->name)));
	}
	nacre_text_line(e->t, "nacre_call_give(%s, &host->%s, &%s, sizeof(%s));", e->call, p->name,
			value, value);
}

/* A pointer of a resident struct that advances by what the call consumed or produced. */
static void accept_cursor(const struct emit *e, const struct nacre_item *p, int dir)
{
	const char *used = emit_used(e, p, p->rule), *room = emit_room(e, p, p->rule);
	const char *value = emit_text(e, "keep->now.%s", p->name);

	if (dir & NACRE_OUT)
		nacre_text_line(e->t, "nacre_give_array(%s, own->%s, true, %s, %s, %s, \"%s\");",
				e->call, p->name, used, room, emit_size(e, p->rule), p->name);
	nacre_text_line(e->t, "if (%s > %s)", used, room);
	nacre_text_line(e->t, "\tnacre_call_violate(%s, \"%s\");", e->call, p->name);
	nacre_text_line(e->t, "else if (own->%s)", p->name);
	nacre_text_line(e->t, "\t%s = own->%s + (%s);", value, p->name, used);
	nacre_text_line(e->t, "nacre_call_give(%s, &host->%s, &%s, sizeof(%s));", e->call, p->name,
			value, value);
	if (p->rule->limit) /* it is given from where it lies, after all checks */
		nacre_text_line(e->t, "keep->now.%s += keep->%s_rest;", p->rule->sized_by, p->name);
}

/* Callbacks in the stub: straight into the extension's memory. */
static void accept_flat_in_stub(const struct emit *e, const struct nacre_item *p)
{
	const char *size = emit_size(e, p->rule);

	nacre_text_line(e->t, "const void *%s_new = nacre_get_array(&%s, %s, %s);", p->name, e->in,
			emit_used(e, p, p->rule), size);
	nacre_text_line(e->t, "if (%s_new && %s && (uint64_t)(%s) <= (uint64_t)(%s))", p->name,
			p->name, emit_used(e, p, p->rule), emit_room(e, p, p->rule));
	nacre_text_line(e->t, "\tmemcpy(%s, %s_new, %s * %s);", p->name, p->name,
			emit_used(e, p, p->rule), size);
}

static void accept_table(const struct emit *e, const struct nacre_item *p)
{
	nacre_text_line(e->t, "%s = NULL;",
			emit_declare(e, p->type->target, emit_text(e, "%s_new", p->name)));
	nacre_text_line(e->t, "accept_table_%s(%s, %s, &%s_new, success);",
			emit_table_record(p)->name, e->call, p->name, p->name);
}

void emit_accept_rest(const struct emit *e)
{
	for (const struct nacre_item *p = e->items; p; p = p->next) {
		const struct nacre_rule *rule = p->rule;
		int dir = emit_dir(e, p);

		if (rule->cursor && dir) {
			accept_cursor(e, p, dir);
			continue;
		}
		if (!(dir & NACRE_OUT) || (e->view && nacre_rule_word(rule)))
			continue;
		if (!e->view && emit_is_cell(rule))
			give_cell(e, p);
		else if (rule->resident)
			emit_resident_accept(e, p);
		else if (rule->kind == NACRE_RULE_TABLE)
			accept_table(e, p);
		else if (rule->kind == NACRE_RULE_CASES)
			accept_cases(e, p, dir);
		else if (rule->kind == NACRE_RULE_POINTER && !e->proxy)
			accept_flat_in_stub(e, p);
		else if (rule->kind == NACRE_RULE_POINTER)
			accept_pointer(e, p, rule, dir, emit_item(e, p), 0);
		else if (rule->kind == NACRE_RULE_STRING)
			accept_string(e, p);
		else if (rule->kind == NACRE_RULE_STRUCT || rule->kind == NACRE_RULE_ARRAY)
			accept_value(e, p, dir);
	}
}
