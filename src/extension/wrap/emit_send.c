/* SPDX-License-Identifier: BSD-2-Clause */
/* emit_send.c - the caller's role before the call: send what goes in */
#include "emit.h"

#include <string.h>

static void expect(const struct emit *e, const char *bytes)
{
	if (e->proxy)
		nacre_text_line(e->t, "nacre_call_expect(%s, %s);", e->call, bytes);
}

static void send_cell(const struct emit *e, const struct nacre_item *p)
{
	const struct nacre_rule *rule = p->rule;

	nacre_text_line(e->t, "nacre_put_word(&%s, %s ? 8 : NACRE_ABSENT);", e->out, p->name);
	if (rule->dir & NACRE_IN) {
		emit_put_if(e, rule->target, p->name, emit_text(e, "%s_own", p->name));
	}
}

/* One word of the reply for each number, handle or token that comes back. */
static void expect_words(const struct emit *e)
{
	unsigned count = 0;

	for (const struct nacre_item *p = e->items; p; p = p->next)
		if (emit_dir(e, p) & NACRE_OUT && !emit_is_mark(e->view, p))
			count += e->view ? nacre_rule_word(p->rule) : emit_is_cell(p->rule);
	if (count == 1)
		expect(e, "8");
	else if (count)
		expect(e, emit_text(e, "%u * 8", count));
}

void emit_send_words(const struct emit *e)
{
	for (const struct nacre_item *p = e->items; p; p = p->next) {
		int dir = emit_dir(e, p);

		if (emit_is_mark(e->view, p))
			continue;
		if (!e->view && emit_is_cell(p->rule)) {
			send_cell(e, p);
		} else if (nacre_rule_word(p->rule)) {
			if (dir & NACRE_IN)
				emit_put(e, p->rule, p->name, emit_item(e, p));
		}
	}
	expect_words(e);
}

/* An array of handles, tokens or numbers with a rule: a word for each. */
static void send_word_array(const struct emit *e, const struct nacre_item *p,
			    const struct nacre_rule *rule, int dir, const char *pointer)
{
	const char *count = emit_expr(e, rule->count ? rule->count : "0", EMIT_BEFORE, NULL);

	if (dir & NACRE_IN) {
		nacre_text_line(e->t,
				"nacre_put_word(&%s, %s ? 8 * (uint64_t)(%s) : NACRE_ABSENT);",
				e->out, pointer, count);
		nacre_text_open(e->t, "for (uint64_t i = 0; %s && i < (uint64_t)(%s); i++)",
				pointer, count);
		emit_put(e, rule->target, p->name,
			 emit_text(e, *pointer == '(' ? "(%s)[i]" : "%s[i]", pointer));
		nacre_text_close(e->t, "");
		if (dir & NACRE_OUT)
			nacre_text_line(e->t, "nacre_expect_array(%s, %s ? %s : 0, 8);", e->call,
					pointer, count);
	} else {
		nacre_text_line(e->t, "nacre_put_room(%s, %s, %s, 8);", e->call, pointer,
				emit_room(e, p, rule));
	}
}

static void send_flat(const struct emit *e, const struct nacre_item *p,
		      const struct nacre_rule *rule, int dir, const char *pointer)
{
	const char *size = emit_size(e, rule);
	const char *count = emit_expr(e, rule->count ? rule->count : "0", EMIT_BEFORE, NULL);
	const char *room = rule->cap ? emit_expr(e, rule->cap, EMIT_BEFORE, NULL) : count;

	if (dir & NACRE_IN)
		nacre_text_line(e->t, "nacre_put_array(&%s, %s, %s, %s);", e->out, pointer, count,
				size);
	if (dir == NACRE_INOUT && !rule->cap && !e->proxy)
		return;
	if (dir == NACRE_INOUT && !rule->cap)
		nacre_text_line(e->t, "nacre_expect_array(%s, %s ? %s : 0, %s);", e->call, pointer,
				room, size);
	else if (dir & NACRE_OUT && e->proxy)
		nacre_text_line(e->t, "nacre_put_room(%s, %s, %s, %s);", e->call, pointer, room,
				size);
	else if (dir & NACRE_OUT)
		nacre_text_line(e->t, "nacre_put_word(&%s, %s ? (uint64_t)(%s) : NACRE_ABSENT);",
				e->out, pointer, room);
	(void)p;
}

/* Structs with pointers or handles: the view's functions do it. */
static void send_deep(const struct emit *e, const struct nacre_item *p,
		      const struct nacre_rule *rule, int dir, const char *pointer, int number)
{
	const char *count = emit_expr(e, rule->cap && dir == NACRE_OUT ? rule->cap : rule->count,
				      EMIT_BEFORE, NULL);
	const char *keep = "";

	if (dir & NACRE_OUT)
		keep = emit_text(e, ", &%s", emit_keep(e, p, number));
	nacre_text_line(e->t, "no = send_%s_array(%s, %s, %s%s);",
			emit_instance(e, rule->target->view, dir), e->call, pointer, count, keep);
	if (e->view) {
		nacre_text_line(e->t, "if (no)");
		nacre_text_line(e->t, "\treturn no;");
	} else {
		bool number_result =
			e->f->type->kind == NACRE_TYPE_INT || e->f->type->kind == NACRE_TYPE_ENUM;

		nacre_text_open(e->t, "if (no)");
		nacre_text_line(e->t, "refuse_call(%s, no);", e->call);
		if (number_result) {
			nacre_text_line(e->t, "if (no->has_value)");
			nacre_text_line(e->t, "\treturn (%s)no->value;", e->f->type->spelling);
		}
		emit_on_fail(e);
		if (e->f->type->kind == NACRE_TYPE_VOID)
			nacre_text_line(e->t, "return;");
		nacre_text_close(e->t, "");
	}
}

static void send_pointer(const struct emit *e, const struct nacre_item *p,
			 const struct nacre_rule *rule, int dir, const char *pointer, int number)
{
	if (rule->target->kind == NACRE_RULE_STRING) { /* out: the extension's own memory */
		nacre_text_line(e->t, "nacre_put_word(&%s, %s ? 8 : NACRE_ABSENT);", e->out,
				pointer);
		expect(e,
		       emit_text(e, "8 + nacre_padded((%s) + 1)", emit_max(e, rule->target, true)));
	} else if (emit_deep(rule, dir)) {
		send_deep(e, p, rule, dir, pointer, number);
	} else if (emit_flat(rule, dir)) {
		send_flat(e, p, rule, dir, pointer);
	} else {
		send_word_array(e, p, rule, dir, pointer);
	}
}

static void send_rule(const struct emit *e, const struct nacre_item *p,
		      const struct nacre_rule *rule, int dir, int number);

static void send_cases(const struct emit *e, const struct nacre_item *p,
		       const struct nacre_rule *rule, int dir)
{
	int number = 1;

	for (const struct nacre_case *c = rule->cases; c; c = c->next, number++) {
		emit_case_open(e, rule, c);
		send_rule(e, p, c->rule, dir & c->dir, number);
		emit_case_close(e, c);
	}
}

/* The first bytes of a union. */
static void send_embedded(const struct emit *e, const struct nacre_item *p,
			  const struct nacre_rule *rule, int dir)
{
	const char *value = emit_item(e, p);

	if (dir & NACRE_IN)
		nacre_text_line(e->t, "nacre_put_part(&%s, &%s, %s, sizeof(%s));", e->out, value,
				emit_expr(e, rule->count, EMIT_BEFORE, NULL), value);
	if (dir & NACRE_OUT)
		expect(e, emit_text(e, "8 + nacre_padded(sizeof(%s))", value));
}

static void send_rule(const struct emit *e, const struct nacre_item *p,
		      const struct nacre_rule *rule, int dir, int number)
{
	const char *pointer = emit_as_case(e, p, rule, dir);

	if (rule->embedded) {
		send_embedded(e, p, rule, dir);
		return;
	}
	switch (rule->kind) {
	case NACRE_RULE_POINTER:
		send_pointer(e, p, rule, dir, pointer, number);
		break;
	case NACRE_RULE_STRING:
		if (dir & NACRE_IN)
			nacre_text_line(e->t, "nacre_put_string(&%s, %s, %s);", e->out, pointer,
					emit_max(e, rule, !e->proxy));
		if (dir & NACRE_OUT)
			expect(e,
			       emit_text(e, "8 + nacre_padded((%s) + 1)", emit_max(e, rule, true)));
		break;
	case NACRE_RULE_STRINGS:
		nacre_text_line(e->t, "nacre_put_strings(&%s, (const char *const *)%s, %s);",
				e->out, pointer, emit_max(e, rule, !e->proxy));
		break;
	case NACRE_RULE_CASES:
		send_cases(e, p, rule, dir);
		break;
	case NACRE_RULE_REFUSE:
		nacre_text_open(e->t, "if (%s)", pointer);
		emit_refuse(e, emit_text(e, "%s: of an unknown kind", p->name), rule->refuse);
		nacre_text_close(e->t, "");
		nacre_text_line(e->t, "nacre_put_word(&%s, NACRE_ABSENT);", e->out);
		break;
	case NACRE_RULE_TABLE:
		nacre_text_line(e->t, "nacre_put_word(&%s, %s ? 8 : NACRE_ABSENT);", e->out,
				pointer);
		expect(e, emit_text(e, "TABLE_%s_SIZE", emit_table_record(p)->name));
		break;
	default:
		emit_put(e, rule, p->name, pointer); /* a word, as a case */
		break;
	}
}

/* A struct or array by value. */
static void send_value(const struct emit *e, const struct nacre_item *p, int dir)
{
	const struct nacre_rule *rule = p->rule;
	const char *value = emit_item(e, p);

	if (nacre_rule_flat(rule, dir)) {
		if (dir & NACRE_IN)
			nacre_text_line(e->t, "nacre_put_array(&%s, &%s, 1, sizeof(%s));", e->out,
					value, value);
		if (dir & NACRE_OUT)
			expect(e, emit_text(e, "8 + nacre_padded(sizeof(%s))", value));
		return;
	}
	if (rule->kind == NACRE_RULE_ARRAY) {
		emit_send_array(e, p, dir);
		return;
	}
	if (dir & NACRE_OUT) {
		nacre_text_line(e->t, "%s.was = %s;", emit_keep(e, p, 0), value);
		value = emit_keep(e, p, 0);
	}
	nacre_text_line(e->t, "no = send_%s(%s, &%s);", emit_instance(e, rule->view, dir), e->call,
			value);
	if (e->view) {
		nacre_text_line(e->t, "if (no)");
		nacre_text_line(e->t, "\treturn no;");
		return;
	}
	nacre_text_open(e->t, "if (no)");
	nacre_text_line(e->t, "refuse_call(%s, no);", e->call);
	emit_on_fail(e);
	nacre_text_close(e->t, "");
}

void emit_send_rest(const struct emit *e)
{
	for (const struct nacre_item *p = e->items; p; p = p->next) {
		const struct nacre_rule *rule = p->rule;
		int dir = emit_dir(e, p);

		if (!dir || nacre_rule_word(rule) || rule->kind == NACRE_RULE_IGNORE ||
		    (!e->view && emit_is_cell(rule)))
			continue;
		if (rule->kind == NACRE_RULE_STRUCT || rule->kind == NACRE_RULE_ARRAY)
			send_value(e, p, dir);
		else if (rule->resident)
			emit_resident_send(e, p);
		else
			send_rule(e, p, rule, dir, 0);
	}
}
