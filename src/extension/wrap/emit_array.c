/* SPDX-License-Identifier: BSD-2-Clause */
/* emit_array.c - arrays of fixed size inside structs, and structs that are results
 *
 * An array whose elements travel as they lie in memory needs none of this. All others - handles,
 * tokens, bool, numbers with a rule, structs with holes - go element by element, those of several
 * dimensions as one row. A struct that is a result goes field by field in the same way: it has no
 * copy on the host's side that it could be kept beside.
 */
#include "emit.h"

/* ---- arrays in structs ---- */

static const char *element_at(const struct emit *e, const struct nacre_rule *rule,
			      const char *array, bool writable)
{
	const struct nacre_rule *element;
	uint64_t count;

	element = nacre_rule_element(rule, &count);
	if (rule->target == element)
		return emit_text(e, "%s[i]", array);
	return emit_text(e, "((%s%s *)%s)[i]", writable ? "" : "const ",
			 emit_plain(e, element->type), array);
}

static void each_element(const struct emit *e, const struct nacre_rule *rule)
{
	uint64_t count;

	nacre_rule_element(rule, &count);
	nacre_text_open(e->t, "for (uint64_t i = 0; i < %llu; i++)", (unsigned long long)count);
}

void emit_send_array(const struct emit *e, const struct nacre_item *p, int dir)
{
	uint64_t count;
	const struct nacre_rule *element = nacre_rule_element(p->rule, &count);
	const char *value = element_at(e, p->rule, emit_item(e, p), false);
	const char *keep = emit_text(e, "%s[i]", emit_keep(e, p, 0));

	if (nacre_rule_word(element)) {
		if (dir & NACRE_OUT && e->proxy)
			nacre_text_line(e->t, "nacre_call_expect(%s, %llu * 8);", e->call,
					(unsigned long long)count);
		if (!(dir & NACRE_IN))
			return;
		each_element(e, p->rule);
		emit_put(e, element, p->name, value);
		nacre_text_close(e->t, "");
		return;
	}
	each_element(e, p->rule);
	if (dir & NACRE_OUT)
		nacre_text_line(e->t, "%s.was = %s;", keep, value);
	nacre_text_line(e->t, "no = send_%s(%s, &%s);", emit_instance(e, element->view, dir),
			e->call, dir & NACRE_OUT ? keep : value);
	nacre_text_line(e->t, "if (no)");
	nacre_text_line(e->t, "\treturn no;");
	nacre_text_close(e->t, "");
}

void emit_take_array(const struct emit *e, const struct nacre_item *p, int dir)
{
	uint64_t count;
	const struct nacre_rule *element = nacre_rule_element(p->rule, &count);
	const char *value = element_at(e, p->rule, emit_item(e, p), true);

	if (nacre_rule_word(element) && !(dir & NACRE_IN))
		return;
	each_element(e, p->rule);
	if (nacre_rule_word(element))
		nacre_text_line(e->t, "%s = %s;", value, emit_get(e, element));
	else
		nacre_text_line(
			e->t, "take_%s(%s, &%s%s);", emit_instance(e, element->view, dir), e->call,
			value, dir & NACRE_OUT ? emit_text(e, ", &%s[i]", emit_keep(e, p, 0)) : "");
	nacre_text_close(e->t, "");
}

void emit_reply_array(const struct emit *e, const struct nacre_item *p, int dir)
{
	uint64_t count;
	const struct nacre_rule *element = nacre_rule_element(p->rule, &count);
	const char *value = element_at(e, p->rule, emit_item(e, p), false);

	each_element(e, p->rule);
	if (nacre_rule_word(element))
		emit_put(e, element, p->name, value);
	else
		nacre_text_line(e->t, "reply_%s(%s, &%s, &%s[i]);",
				emit_instance(e, element->view, dir), e->call, value,
				emit_keep(e, p, 0));
	nacre_text_close(e->t, "");
}

/* A number that came from the extension: read, checked; a handle is translated where @handles. */
static void accept_word(const struct emit *e, const struct nacre_rule *rule, const char *value,
			const char *name)
{
	nacre_text_line(e->t, "%s = %s;", value, emit_get(e, rule));
	emit_check(e, rule, value,
		   emit_violate(e, emit_text(e, "%s is not what its rule allows", name)));
}

static void accept_handle(const struct emit *e, const struct nacre_rule *rule, const char *value)
{
	const char *via = rule->type->kind == NACRE_TYPE_POINTER ? "(uintptr_t)" : "";

	if (rule->kind == NACRE_RULE_HANDLE)
		nacre_text_line(e->t, "%s = (%s)%snacre_handle_in(%s, HANDLE_%s, %s%s, %s);", value,
				emit_plain(e, rule->type), via, e->call, rule->handle->name, via,
				value, rule->opens ? "true" : "false");
}

void emit_accept_array(const struct emit *e, const struct nacre_item *p, int dir)
{
	uint64_t count;
	const struct nacre_rule *element = nacre_rule_element(p->rule, &count);
	const char *now = emit_text(e, "keep->now.%s", p->name);

	each_element(e, p->rule);
	if (nacre_rule_word(element)) {
		accept_word(e, element, element_at(e, p->rule, now, true), p->name);
		accept_handle(e, element, element_at(e, p->rule, now, true));
	} else {
		nacre_text_line(e->t, "accept_%s(%s, &%s, &%s[i]);",
				emit_instance(e, element->view, dir), e->call,
				element_at(e, p->rule, emit_text(e, "host->%s", p->name), true),
				emit_keep(e, p, 0));
	}
	nacre_text_close(e->t, "");
	if (nacre_rule_word(element))
		nacre_text_line(e->t, "nacre_call_give(%s, &host->%s, &%s, sizeof(%s));", e->call,
				p->name, now, now);
}

/* ---- structs that are results ---- */

/* What is done with one field, or with one element of an array. */
typedef void result_step(const struct emit *e, const struct nacre_rule *rule, const char *path,
			 const char *name);

static void each_field(const struct emit *e, const struct nacre_view *view, const char *path,
		       int depth, result_step *step);

static void step_into(const struct emit *e, const struct nacre_rule *rule, const char *path,
		      const char *name, int depth, result_step *step)
{
	struct nacre_text inner = {.indent = e->t->indent + 1};
	struct emit in = *e;

	if (rule->kind == NACRE_RULE_IGNORE)
		return;
	if (rule->kind == NACRE_RULE_STRUCT && !nacre_rule_flat(rule, NACRE_OUT)) {
		each_field(e, rule->view, path, depth, step);
		return;
	}
	if (rule->kind != NACRE_RULE_ARRAY || nacre_rule_flat(rule, NACRE_OUT)) {
		step(e, rule, path, name);
		return;
	}
	in.t = &inner;
	step_into(&in, rule->target, emit_text(e, "%s[i%d]", path, depth), name, depth + 1, step);
	if (inner.data) {
		nacre_text_open(e->t, "for (unsigned i%d = 0; i%d < %llu; i%d++)", depth, depth,
				(unsigned long long)rule->type->count, depth);
		nacre_text_raw(e->t, "%s", inner.data);
		nacre_text_close(e->t, "");
	}
	nacre_text_free(&inner);
}

static void each_field(const struct emit *e, const struct nacre_view *view, const char *path,
		       int depth, result_step *step)
{
	for (const struct nacre_item *f = view->fields; f; f = f->next)
		step_into(e, f->rule, emit_text(e, "%s.%s", path, f->name), f->name, depth, step);
}

static void read_field(const struct emit *e, const struct nacre_rule *rule, const char *path,
		       const char *name)
{
	if (nacre_rule_word(rule))
		accept_word(e, rule, path, name);
	else
		nacre_text_line(e->t, "nacre_get_flat(&%s, &%s, sizeof(%s));", e->in, path, path);
}

static void translate_field(const struct emit *e, const struct nacre_rule *rule, const char *path,
			    const char *name)
{
	(void)name;
	accept_handle(e, rule, path);
}

static void put_field(const struct emit *e, const struct nacre_rule *rule, const char *path,
		      const char *name)
{
	if (nacre_rule_word(rule))
		emit_put(e, rule, name, path);
	else
		nacre_text_line(e->t, "nacre_put_array(&%s, &%s, 1, sizeof(%s));", e->out, path,
				path);
}

/* The most bytes that the fields of @view take in a message. */
static uint64_t message_size(const struct nacre_view *view)
{
	uint64_t size = 0, count;

	for (const struct nacre_item *f = view->fields; f; f = f->next) {
		const struct nacre_rule *rule = nacre_rule_element(f->rule, &count);

		if (rule->kind == NACRE_RULE_STRUCT)
			size += count * message_size(rule->view);
		else
			size += count * 8;
		size += 8 + (f->type->size + 7) / 8 * 8; /* where it goes as bytes */
	}
	return size;
}

void emit_expect_struct(const struct emit *e)
{
	const struct nacre_rule *rule = e->f->result;

	if (nacre_rule_flat(rule, NACRE_OUT))
		nacre_text_line(e->t, "nacre_call_expect(%s, 8 + nacre_padded(sizeof(%s)));",
				e->call, e->f->type->spelling);
	else
		nacre_text_line(e->t, "nacre_call_expect(%s, %llu);", e->call,
				(unsigned long long)message_size(rule->view));
}

void emit_read_struct(const struct emit *e)
{
	nacre_text_line(e->t, "%s;", emit_declare(e, e->f->type, "result"));
	nacre_text_line(e->t, "memset(&result, 0, sizeof(result));");
	step_into(e, e->f->result, "result", "result", 1, read_field);
}

void emit_translate_struct(const struct emit *e)
{
	struct nacre_text inner = {.indent = e->t->indent + 1};
	struct emit in = *e;

	in.t = &inner;
	step_into(&in, e->f->result, "result", "result", 1, translate_field);
	if (inner.data) {
		nacre_text_open(e->t, "if (success)");
		nacre_text_raw(e->t, "%s", inner.data);
		nacre_text_close(e->t, "");
	}
	nacre_text_free(&inner);
}

void emit_put_struct(const struct emit *e)
{
	step_into(e, e->f->result, "result", "result", 1, put_field);
}
