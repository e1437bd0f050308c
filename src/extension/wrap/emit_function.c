/* SPDX-License-Identifier: BSD-2-Clause */
/* emit_function.c - the proxy's functions: what the host calls */
#include "emit.h"

#include <string.h>

/* As the header declares it, where that is an array or a function: compilers compare. */
static const char *declare_as(const struct emit *e, const char *declared, const char *name)
{
	size_t n = strcspn(declared, "[(");

	return emit_text(e, "%.*s%s%s%s", (int)n, declared, n && declared[n - 1] == ' ' ? "" : " ",
			 name, declared + n);
}

static const char *head(const struct emit *e, const struct nacre_function *f)
{
	const char *params = f->params ? "" : "void";

	for (const struct nacre_item *p = f->params; p; p = p->next)
		params = emit_text(e, "%s%s%s", params, *params ? ", " : "",
				   p->declared ? declare_as(e, p->declared, p->name)
					       : emit_declare(e, p->type, p->name));
	if (f->variadic)
		params = emit_text(e, "%s, ...", params);
	return emit_text(e, "EXPORT %s(%s)", emit_declare(e, f->type, f->name), params);
}

/* Exported so that every symbol is there, but never forwarded. */
static void refused_function(const struct emit *e)
{
	nacre_text_comment(e->t, emit_text(e, "Refused: %s.", e->f->waiver));
	nacre_text_function(e->t, "%s", head(e, e->f));
	for (const struct nacre_item *p = e->f->params; p; p = p->next)
		nacre_text_line(e->t, "(void)%s;", p->name);
	emit_on_fail(e);
	nacre_text_close(e->t, "\n");
}

/* Private copies of what expressions can name, and places for what the reply needs. */
static void declare_copies(const struct emit *e)
{
	for (const struct nacre_item *p = e->f->params; p; p = p->next) {
		const struct nacre_rule *rule = p->rule;
		const struct nacre_case *c = rule->cases;
		int number = 1;

		if (emit_is_cell(rule) && rule->dir & NACRE_IN)
			nacre_text_line(e->t, "const %s = %s ? *%s : 0;",
					emit_declare(e, rule->target->type,
						     emit_text(e, "%s_own", p->name)),
					p->name, p->name);
		if (rule->resident)
			nacre_text_line(e->t, "struct keep_%s %s_keep = {0};",
					emit_instance(e, rule->target->view, rule->dir), p->name);
		else if (emit_deep(rule, rule->dir) && rule->dir & NACRE_OUT)
			nacre_text_line(e->t, "struct keep_%s *%s = NULL;",
					emit_instance(e, rule->target->view, rule->dir),
					emit_keep(e, p, 0));
		for (; c; c = c->next, number++)
			if (emit_deep(c->rule, rule->dir & c->dir) &&
			    rule->dir & c->dir & NACRE_OUT)
				nacre_text_line(
					e->t, "struct keep_%s *%s = NULL;",
					emit_instance(e, c->rule->target->view, rule->dir & c->dir),
					emit_keep(e, p, number));
	}
}

static void refuse_null(const struct emit *e)
{
	for (const struct nacre_item *p = e->f->params; p; p = p->next) {
		if (!p->rule->nonnull)
			continue;
		nacre_text_open(e->t, "if (!%s)", p->name);
		emit_refuse(e, emit_text(e, "%s is NULL", p->name), NULL);
		nacre_text_close(e->t, "");
	}
}

static void expect_result(const struct emit *e)
{
	const struct nacre_rule *rule = e->f->result;

	if (rule->kind == NACRE_RULE_STRING)
		nacre_text_line(e->t, "nacre_call_expect(&call, 8 + nacre_padded((%s) + 1));",
				emit_max(e, rule, true));
	else if (rule->kind == NACRE_RULE_STRUCT)
		emit_expect_struct(e);
	else if (rule->kind != NACRE_RULE_VOID)
		nacre_text_line(e->t, "nacre_call_expect(&call, 8);");
}

static void read_result(const struct emit *e)
{
	const struct nacre_rule *rule = e->f->result;
	const char *left = emit_declare(e, rule->type, "result");

	switch (rule->kind) {
	case NACRE_RULE_VOID:
		return;
	case NACRE_RULE_STRING:
		nacre_text_line(e->t, "%s = (%s)(uintptr_t)nacre_take_string(&call, %s);", left,
				emit_plain(e, rule->type), emit_max(e, rule, true));
		return;
	case NACRE_RULE_ALIAS:
		nacre_text_line(e->t, "%s = nacre_get_word(&call.in) ? (%s)%s : NULL;", left,
				emit_plain(e, rule->type), rule->alias);
		return;
	case NACRE_RULE_STRUCT:
		emit_read_struct(e);
		return;
	default:
		nacre_text_line(e->t, "%s = %s;", left, emit_get(e, rule));
		emit_check(e, rule, "result",
			   emit_violate(e, "the result is not what its rule allows"));
	}
}

/* Once `success` is known. */
static void translate_result(const struct emit *e)
{
	const struct nacre_rule *rule = e->f->result;
	const char *via = rule->type->kind == NACRE_TYPE_POINTER ? "(uintptr_t)" : "";

	if (rule->kind == NACRE_RULE_STRING && !rule->nullable) {
		nacre_text_line(e->t, "if (success && !result)");
		nacre_text_line(e->t, "\t%s", emit_violate(e, "the result is NULL"));
	}
	if (rule->kind == NACRE_RULE_STRUCT)
		emit_translate_struct(e);
	if (rule->kind != NACRE_RULE_HANDLE)
		return;
	nacre_text_line(e->t, "if (success)");
	nacre_text_line(e->t, "\tresult = (%s)%snacre_handle_in(&call, HANDLE_%s, %sresult, %s);",
			emit_plain(e, rule->type), via, rule->handle->name, via,
			rule->opens ? "true" : "false");
}

static void close_handles(const struct emit *e)
{
	for (const struct nacre_close *c = e->f->closes; c; c = c->next) {
		const char *value = c->param;

		nacre_text_line(e->t, "if (success)");
		if (!c->param) {
			nacre_text_line(e->t, "\tnacre_handle_close_all(&call, HANDLE_%s);",
					c->handle->name);
			continue;
		}
		for (const struct nacre_item *p = e->f->params; p; p = p->next)
			if (!strcmp(p->name, c->param) && p->rule->resident)
				for (const struct nacre_item *f = p->rule->target->view->fields; f;
				     f = f->next)
					if (emit_is_mark(p->rule->target->view, f))
						value = emit_text(e, "%s_keep.was.%s", p->name,
								  f->name);
		nacre_text_line(e->t, "\tnacre_handle_close(&call, HANDLE_%s, %s%s);",
				c->handle->name, c->handle->pointer ? "(uintptr_t)" : "", value);
	}
}

/* The body of the loop: one attempt. */
static void attempt(const struct emit *e)
{
	const struct nacre_function *f = e->f;

	for (const struct nacre_item *p = f->params; p; p = p->next)
		if (p->rule->kind == NACRE_RULE_IGNORE)
			nacre_text_line(e->t, "(void)%s;", p->name);
	refuse_null(e);
	expect_result(e);
	emit_send_words(e);
	emit_send_rest(e);
	nacre_text_line(e->t, "if (!nacre_call_send(&call))");
	nacre_text_line(e->t, "\tcontinue;");
	nacre_text_line(e->t, "%s", "");
	read_result(e);
	emit_accept_words(e);
	nacre_text_line(e->t, "const bool success = %s;",
			f->success ? emit_expr(e, f->success, EMIT_AFTER, NULL) : "true");
	nacre_text_line(e->t, "%s", "");
	translate_result(e);
	emit_accept_rest(e);
	close_handles(e);
	nacre_text_line(e->t, "if (nacre_call_accept(&call, success))");
	nacre_text_line(e->t, f->type->kind == NACRE_TYPE_VOID ? "\treturn;" : "\treturn result;");
}

void emit_proxy_function(struct nacre_text *t, const struct nacre_model *m,
			 const struct nacre_function *f)
{
	struct nacre_text body = {.indent = 2}, copies = {.indent = 2};
	struct emit e = {.t = t,
			 .m = m,
			 .proxy = true,
			 .caller = true,
			 .call = "&call",
			 .in = "call.in",
			 .out = "call.out",
			 .items = f->params,
			 .f = f};

	if (f->refuse) {
		refused_function(&e);
		return;
	}
	e.t = &copies;
	declare_copies(&e);
	e.t = &body;
	attempt(&e);
	nacre_text_function(t, "%s", head(&e, f));
	nacre_text_line(t, "struct nacre_call call;");
	nacre_text_line(t, "%s", "");
	nacre_text_line(t, "nacre_call_open(&call, OP_%s);", f->name);
	nacre_text_open(t, "while (nacre_call_begin(&call))");
	if (copies.data)
		nacre_text_raw(t, "%s", copies.data);
	if (copies.data && !emit_uses(&body, "no") && !emit_uses(&body, "wire"))
		nacre_text_line(t, "%s", "");
	emit_with_locals(t, &body);
	nacre_text_close(t, "");
	e.t = t;
	emit_on_fail(&e);
	nacre_text_close(t, "\n");
	nacre_text_free(&body);
	nacre_text_free(&copies);
}
