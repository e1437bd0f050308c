/* SPDX-License-Identifier: BSD-2-Clause */
/* emit_callee.c - the callee's role: take what comes in, reply with what goes out */
#include "emit.h"

#include <string.h>

static const char *alloc(const struct emit *e, const char *count, const char *size)
{
	return emit_text(e, "nacre_%s_alloc(%s, %s, %s)", e->proxy ? "upcall" : "service", e->call,
			 count, size);
}

/* ---- the request ---- */

static void take_cell(const struct emit *e, const struct nacre_item *p)
{
	const struct nacre_rule *rule = p->rule;
	const struct nacre_type *type = rule->target->type;

	nacre_text_line(e->t, "%s = 0;",
			emit_text(e, "%s%s%s_own", emit_plain(e, type),
				  strchr(emit_plain(e, type), '*') ? "" : " ", p->name));
	nacre_text_line(e->t, "%s = nacre_get_word(&%s) != NACRE_ABSENT ? &%s_own : NULL;",
			emit_declare(e, p->type, p->name), e->in, p->name);
	if (!(rule->dir & NACRE_IN))
		return;
	nacre_text_line(e->t, "if (%s)", p->name);
	nacre_text_line(e->t, "\t%s_own = %s;", p->name, emit_get(e, rule->target));
}

void emit_take_words(const struct emit *e)
{
	for (const struct nacre_item *p = e->items; p; p = p->next) {
		if (emit_is_mark(e->view, p))
			continue;
		if (!e->view && emit_is_cell(p->rule)) {
			take_cell(e, p);
		} else if (nacre_rule_word(p->rule) && emit_dir(e, p) & NACRE_IN) {
			const char *left =
				e->view ? emit_item(e, p) : emit_declare(e, p->type, p->name);

			nacre_text_line(e->t, "%s = %s;", left, emit_get(e, p->rule));
			if (e->proxy)
				emit_check(e, p->rule, emit_item(e, p), "return false;");
		}
	}
}

/* Memory for an out buffer, as large as the caller's. */
static void take_room(const struct emit *e, const struct nacre_item *p,
		      const struct nacre_rule *rule, const char *left, const char *size)
{
	const char *want = rule->cap ? rule->cap : rule->count ? rule->count : "0";
	const char *room = emit_text(e, "%s_room", p->name);

	if (e->view)
		nacre_text_line(e->t, "uint64_t %s;", room);
	nacre_text_line(e->t, "if (nacre_get_room(&%s, (uint64_t)(%s), &%s))", e->in,
			emit_expr(e, want, EMIT_BEFORE, NULL), room);
	nacre_text_line(e->t, "\t%s = %s;", left, alloc(e, room, size));
}

/* Handles, tokens, numbers with a rule: a word for each, turned into an array in place. */
static void take_word_array(const struct emit *e, const struct nacre_item *p,
			    const struct nacre_rule *rule, int dir, const char *left)
{
	const struct nacre_rule *target = rule->target;
	const char *count = rule->count ? emit_expr(e, rule->count, EMIT_BEFORE, NULL) : "0";
	const char *type = emit_plain(e, target->type), *name = p->name;

	if (!(dir & NACRE_IN)) {
		take_room(e, p, rule, left, emit_size(e, rule));
		return;
	}
	nacre_text_line(e->t, "uint64_t *%s_words = nacre_get_array(&%s, %s, 8);", name, e->in,
			count);
	nacre_text_line(e->t, "%s *%s_new = (void *)%s_words;", type, name, name);
	nacre_text_open(e->t, "for (uint64_t i = 0; %s_words && i < (uint64_t)(%s); i++)", name,
			count);
	if (target->type->kind == NACRE_TYPE_FLOAT)
		nacre_text_line(e->t, "%s_new[i] = (%s)nacre_double_of(%s_words[i]);", name, type,
				name);
	else if (target->kind == NACRE_RULE_HANDLE && target->type->kind == NACRE_TYPE_POINTER)
		nacre_text_line(e->t, "%s_new[i] = nacre_object_get(%s, HANDLE_%s, %s_words[i]);",
				name, e->call, target->handle->name, name);
	else
		nacre_text_line(e->t, "%s_new[i] = (%s)%s_words[i];", name, type, name);
	nacre_text_close(e->t, "");
	nacre_text_line(e->t, "%s = %s_new;", left, name);
	if (!e->view && dir & NACRE_OUT)
		nacre_text_line(e->t, "%s_room = %s ? %s : 0;", name, name, count);
}

static void take_flat(const struct emit *e, const struct nacre_item *p,
		      const struct nacre_rule *rule, int dir, const char *left)
{
	const char *size = emit_size(e, rule);
	const char *count = rule->count ? emit_expr(e, rule->count, EMIT_BEFORE, NULL) : "0";

	if (dir == NACRE_OUT) {
		take_room(e, p, rule, left, size);
		return;
	}
	nacre_text_line(e->t, "%s = nacre_get_array(&%s, %s, %s);", left, e->in, count, size);
	if (dir != NACRE_INOUT)
		return;
	if (!rule->cap) {
		if (!e->view)
			nacre_text_line(e->t, "%s_room = %s ? %s : 0;", p->name, p->name, count);
		return;
	}
	/* More may come back than went in. */
	nacre_text_line(e->t, "const void *%s_words = %s;", p->name, emit_item(e, p));
	take_room(e, p, rule, left, size);
	nacre_text_line(e->t, "if (%s_words && %s && (uint64_t)(%s) <= %s_room)", p->name,
			emit_item(e, p), count, p->name);
	nacre_text_line(e->t, "\tmemcpy(%s, %s_words, %s * %s);", emit_item(e, p), p->name, count,
			size);
}

static void take_pointer(const struct emit *e, const struct nacre_item *p,
			 const struct nacre_rule *rule, int dir, const char *left, int number)
{
	if (rule->target->kind == NACRE_RULE_STRING) {
		nacre_text_line(e->t, "if (nacre_get_word(&%s) != NACRE_ABSENT)", e->in);
		nacre_text_line(e->t, "\t%s = &%s_own;", left, p->name);
	} else if (emit_deep(rule, dir)) {
		const char *count =
			emit_expr(e, rule->cap && dir == NACRE_OUT ? rule->cap : rule->count,
				  EMIT_BEFORE, NULL);

		nacre_text_line(e->t, "%s = take_%s_array(%s, %s%s);", left,
				emit_instance(e, rule->target->view, dir), e->call, count,
				dir & NACRE_OUT ? emit_text(e, ", &%s", emit_keep(e, p, number))
						: "");
		if (!e->view && dir & NACRE_OUT)
			nacre_text_line(e->t, "%s_room = %s ? %s : 0;", p->name, p->name, count);
	} else if (emit_flat(rule, dir)) {
		take_flat(e, p, rule, dir, left);
	} else {
		take_word_array(e, p, rule, dir, left);
	}
}

static void take_rule(const struct emit *e, const struct nacre_item *p,
		      const struct nacre_rule *rule, int dir, int number, const char *left)
{
	if (rule->embedded) {
		if (dir & NACRE_IN)
			nacre_text_line(e->t, "nacre_get_part(&%s, &%s, %s, sizeof(%s));", e->in,
					left, emit_expr(e, rule->count, EMIT_BEFORE, NULL), left);
		return;
	}
	switch (rule->kind) {
	case NACRE_RULE_POINTER:
		take_pointer(e, p, rule, dir, left, number);
		break;
	case NACRE_RULE_STRING:
		if (dir & NACRE_IN)
			nacre_text_line(e->t, "%s = nacre_get_string(&%s, %s);", left, e->in,
					emit_max(e, rule, e->proxy));
		break;
	case NACRE_RULE_STRINGS:
		nacre_text_line(e->t, "%s = (%s)nacre_get_strings(%s, %s);", left,
				emit_plain(e, rule->type), e->call, emit_max(e, rule, false));
		break;
	case NACRE_RULE_REFUSE:
		nacre_text_line(e->t, "if (nacre_get_word(&%s) != NACRE_ABSENT)", e->in);
		nacre_text_line(e->t, "\t%s.bad = true;", e->in);
		break;
	case NACRE_RULE_TABLE:
		nacre_text_line(e->t, "if (nacre_get_word(&%s) != NACRE_ABSENT)", e->in);
		nacre_text_line(e->t, "\t%s = &%s_own;", left, p->name);
		break;
	default:
		nacre_text_line(e->t, "%s = %s;", left, emit_get(e, rule));
		break;
	}
}

static void take_cases(const struct emit *e, const struct nacre_item *p, int dir)
{
	int number = 1;

	for (const struct nacre_case *c = p->rule->cases; c; c = c->next, number++) {
		emit_case_open(e, p->rule, c);
		take_rule(e, p, c->rule, dir & c->dir, number, emit_item(e, p));
		emit_case_close(e, c);
	}
}

static void take_value(const struct emit *e, const struct nacre_item *p, int dir)
{
	const char *value = emit_item(e, p);

	if (!(dir & NACRE_IN) && nacre_rule_flat(p->rule, dir))
		return;
	if (nacre_rule_flat(p->rule, dir))
		nacre_text_line(e->t, "nacre_get_flat(&%s, &%s, sizeof(%s));", e->in, value, value);
	else if (p->rule->kind == NACRE_RULE_ARRAY)
		emit_take_array(e, p, dir);
	else
		nacre_text_line(e->t, "take_%s(%s, &%s%s);", emit_instance(e, p->rule->view, dir),
				e->call, value,
				dir & NACRE_OUT ? emit_text(e, ", &%s", emit_keep(e, p, 0)) : "");
}

/* The keeps of a parameter, one for each case that needs one. */
static void declare_keeps(const struct emit *e, const struct nacre_item *p)
{
	const struct nacre_rule *rule = p->rule;
	int number = 1;

	if (emit_deep(rule, rule->dir) && rule->dir & NACRE_OUT && !rule->resident)
		nacre_text_line(e->t, "struct keep_%s *%s = NULL;",
				emit_instance(e, rule->target->view, rule->dir),
				emit_keep(e, p, 0));
	for (const struct nacre_case *c = rule->cases; c; c = c->next, number++)
		if (emit_deep(c->rule, rule->dir & c->dir) && rule->dir & c->dir & NACRE_OUT)
			nacre_text_line(e->t, "struct keep_%s *%s = NULL;",
					emit_instance(e, c->rule->target->view, rule->dir & c->dir),
					emit_keep(e, p, number));
}

static void declare_param(const struct emit *e, const struct nacre_item *p)
{
	const struct nacre_rule *rule = p->rule;
	bool buffer = rule->kind == NACRE_RULE_POINTER || rule->kind == NACRE_RULE_CASES;

	if (p->type->kind == NACRE_TYPE_STRUCT || p->type->kind == NACRE_TYPE_UNION) {
		nacre_text_line(e->t, "%s;", emit_declare(e, p->type, p->name));
		nacre_text_line(e->t, "memset(&%s, 0, sizeof(%s));", p->name, p->name);
		return;
	}
	if ((rule->kind == NACRE_RULE_POINTER && rule->target->kind == NACRE_RULE_STRING) ||
	    rule->kind == NACRE_RULE_TABLE) {
		nacre_text_line(e->t, "%s = NULL;",
				emit_declare(e, p->type->target, emit_text(e, "%s_own", p->name)));
		buffer = false;
	}
	nacre_text_line(e->t, "%s = %s;", emit_declare(e, p->type, p->name),
			p->type->kind == NACRE_TYPE_POINTER ? "NULL" : "0");
	if (buffer && rule->dir & NACRE_OUT && !rule->resident)
		nacre_text_line(e->t, "uint64_t %s_room = 0;", p->name);
	declare_keeps(e, p);
}

/* Can the parameter be declared with its value? */
static bool is_simple(const struct nacre_rule *rule)
{
	return rule->kind == NACRE_RULE_STRING || rule->kind == NACRE_RULE_STRINGS ||
	       (rule->kind == NACRE_RULE_POINTER && rule->dir == NACRE_IN);
}

void emit_take_rest(const struct emit *e)
{
	for (const struct nacre_item *p = e->items; p; p = p->next) {
		const struct nacre_rule *rule = p->rule;
		int dir = emit_dir(e, p);

		if (!dir || nacre_rule_word(rule) || (!e->view && emit_is_cell(rule)))
			continue;
		if (rule->resident) {
			emit_resident_take(e, p);
			continue;
		}
		if (!e->view && is_simple(rule)) {
			take_rule(e, p, rule, dir, 0, emit_declare(e, p->type, p->name));
			continue;
		}
		if (!e->view)
			declare_param(e, p);
		if (rule->kind == NACRE_RULE_IGNORE)
			continue;
		if (rule->kind == NACRE_RULE_STRUCT || rule->kind == NACRE_RULE_ARRAY)
			take_value(e, p, dir);
		else if (rule->kind == NACRE_RULE_CASES)
			take_cases(e, p, dir);
		else
			take_rule(e, p, rule, dir, 0, emit_item(e, p));
	}
}

/* ---- the reply ---- */

void emit_reply_words(const struct emit *e)
{
	for (const struct nacre_item *p = e->items; p; p = p->next) {
		if (!(emit_dir(e, p) & NACRE_OUT) || emit_is_mark(e->view, p))
			continue;
		if (!e->view && emit_is_cell(p->rule)) {
			emit_put_if(e, p->rule->target, p->name, emit_text(e, "%s_own", p->name));
		} else if (e->view && nacre_rule_word(p->rule)) {
			emit_put(e, p->rule, p->name, emit_item(e, p));
		}
	}
}

static void reply_word_array(const struct emit *e, const struct nacre_item *p,
			     const struct nacre_rule *rule, const char *wanted, const char *pointer)
{
	const char *used = emit_used(e, p, rule), *name = p->name;

	nacre_text_line(e->t, "const bool %s_sent = %s && (uint64_t)(%s) <= (uint64_t)(%s);", name,
			wanted, used, emit_room(e, p, rule));
	nacre_text_line(e->t, "nacre_put_word(&%s, %s_sent ? 8 * (uint64_t)(%s) : NACRE_ABSENT);",
			e->out, name, used);
	nacre_text_open(e->t, "for (uint64_t i = 0; %s_sent && i < (uint64_t)(%s); i++)", name,
			used);
	emit_put(e, rule->target, name, emit_text(e, "%s[i]", pointer));
	nacre_text_close(e->t, "");
}

/* The pointer that the extension was given, whatever it made of a field since. */
static const char *given(const struct emit *e, const struct nacre_item *p)
{
	return e->view ? emit_text(e, "keep->was.%s", p->name) : p->name;
}

static void reply_pointer(const struct emit *e, const struct nacre_item *p,
			  const struct nacre_rule *rule, int dir, int number)
{
	const char *pointer = given(e, p), *max;
	const char *wanted =
		e->view ? emit_text(e, "%s", pointer) : emit_text(e, "success && %s", pointer);

	if (rule->embedded) {
		nacre_text_line(e->t, "nacre_put_part(&%s, &own->%s, %s, sizeof(own->%s));", e->out,
				p->name, emit_used(e, p, rule), p->name);
		return;
	}
	if (rule->target->kind == NACRE_RULE_STRING) {
		max = emit_max(e, rule->target, true);
		nacre_text_line(e->t, "nacre_put_string(&%s, %s ? *%s : NULL, %s);", e->out, wanted,
				pointer, max);
	} else if (emit_deep(rule, dir)) {
		nacre_text_line(e->t, "reply_%s_array(%s, %s, %s, %s, %s, %s);",
				emit_instance(e, rule->target->view, dir), e->call, pointer,
				emit_keep(e, p, number), e->view ? "true" : "success",
				emit_used(e, p, rule), emit_room(e, p, rule));
	} else if (rule->text) {
		nacre_text_line(e->t, "nacre_put_text(&%s, %s ? %s : NULL, %s);", e->out, wanted,
				pointer, emit_room(e, p, rule));
	} else if (emit_flat(rule, dir)) {
		nacre_text_line(e->t, "nacre_put_used(&%s, %s, %s, %s, %s, %s);", e->out, pointer,
				wanted, emit_used(e, p, rule), emit_room(e, p, rule),
				emit_size(e, rule));
	} else {
		const struct nacre_type *t = rule->target->type;

		if (rule->type != p->type)
			pointer = emit_text(e, "((const %s *)%s)", emit_plain(e, t), pointer);
		reply_word_array(e, p, rule, wanted, pointer);
	}
}

static void reply_cases(const struct emit *e, const struct nacre_item *p, int dir)
{
	int number = 1;

	for (const struct nacre_case *c = p->rule->cases; c; c = c->next, number++) {
		emit_case_open(e, p->rule, c);
		if (c->rule->kind == NACRE_RULE_POINTER && dir & c->dir & NACRE_OUT)
			reply_pointer(e, p, c->rule, dir & c->dir, number);
		else
			nacre_text_line(e->t, "/* nothing goes back */");
		emit_case_close(e, c);
	}
}

static void reply_value(const struct emit *e, const struct nacre_item *p, int dir)
{
	const char *value = emit_item(e, p);

	if (nacre_rule_flat(p->rule, dir))
		nacre_text_line(e->t, "nacre_put_array(&%s, &%s, 1, sizeof(%s));", e->out, value,
				value);
	else if (p->rule->kind == NACRE_RULE_ARRAY)
		emit_reply_array(e, p, dir);
	else
		nacre_text_line(e->t, "reply_%s(%s, &%s, &%s);",
				emit_instance(e, p->rule->view, dir), e->call, value,
				emit_keep(e, p, 0));
}

void emit_reply_rest(const struct emit *e)
{
	for (const struct nacre_item *p = e->items; p; p = p->next) {
		const struct nacre_rule *rule = p->rule;
		int dir = emit_dir(e, p);

		if (!(dir & NACRE_OUT) || nacre_rule_word(rule) || (!e->view && emit_is_cell(rule)))
			continue;
		if (rule->resident)
			emit_resident_reply(e, p);
		else if (rule->kind == NACRE_RULE_TABLE)
			nacre_text_line(e->t, "reply_table_%s(%s, success && %s ? *%s : NULL);",
					emit_table_record(p)->name, e->call, p->name, p->name);
		else if (rule->kind == NACRE_RULE_CASES)
			reply_cases(e, p, dir);
		else if (rule->kind == NACRE_RULE_POINTER)
			reply_pointer(e, p, rule, dir, 0);
		else if (rule->kind == NACRE_RULE_STRING)
			nacre_text_line(e->t, "nacre_put_string(&%s, %s, %s);", e->out,
					emit_item(e, p), emit_max(e, rule, true));
		else if (rule->kind == NACRE_RULE_STRUCT || rule->kind == NACRE_RULE_ARRAY)
			reply_value(e, p, dir);
	}
}
