/* SPDX-License-Identifier: BSD-2-Clause */
/* emit_serve.c - the stub's functions: each serves one kind of request */
#include "emit.h"

#include <string.h>

static void put_result(const struct emit *e)
{
	const struct nacre_rule *rule = e->f->result;

	switch (rule->kind) {
	case NACRE_RULE_VOID:
		return;
	case NACRE_RULE_STRING:
		nacre_text_line(e->t, "nacre_put_string(&s->out, result, %s);",
				emit_max(e, rule, true));
		return;
	case NACRE_RULE_ALIAS:
		nacre_text_line(e->t, "nacre_put_word(&s->out, result != NULL);");
		return;
	case NACRE_RULE_STRUCT:
		emit_put_struct(e);
		return;
	default:
		emit_put(e, rule, "result", "result");
	}
}

/* Objects behind pointers are forgotten; residents see to it themselves. */
static void remove_objects(const struct emit *e)
{
	for (const struct nacre_close *c = e->f->closes; c; c = c->next)
		for (const struct nacre_item *p = e->f->params; p; p = p->next) {
			if (!c->param || strcmp(p->name, c->param) || p->rule->resident ||
			    p->type->kind != NACRE_TYPE_POINTER)
				continue;
			nacre_text_line(e->t, "if (success)");
			nacre_text_line(e->t, "\tnacre_object_remove(HANDLE_%s, %s_id);",
					c->handle->name, p->name);
		}
}

/* The id has to be looked up while the object lives. */
static void find_objects(const struct emit *e)
{
	for (const struct nacre_close *c = e->f->closes; c; c = c->next)
		for (const struct nacre_item *p = e->f->params; p; p = p->next)
			if (c->param && !strcmp(p->name, c->param) && !p->rule->resident &&
			    p->type->kind == NACRE_TYPE_POINTER)
				nacre_text_line(e->t,
						"const uint64_t %s_id = "
						"nacre_object_id(HANDLE_%s, %s);",
						p->name, c->handle->name, p->name);
}

static void not_ready(const struct emit *e)
{
	const struct nacre_item *opened = NULL;

	for (const struct nacre_item *p = e->f->params; p; p = p->next)
		if (p->rule->resident && p->rule->opens)
			opened = p;
	if (e->f->params)
		nacre_text_raw(e->t, "\n");
	if (!opened) {
		nacre_text_line(e->t, "if (!nacre_service_ready(s, (nacre_function)extension.%s))",
				e->f->name);
		nacre_text_line(e->t, "\treturn;");
		return;
	}
	nacre_text_open(e->t, "if (!nacre_service_ready(s, (nacre_function)extension.%s))",
			e->f->name);
	nacre_text_line(e->t, "free(%s);", opened->name);
	nacre_text_line(e->t, "return;");
	nacre_text_close(e->t, "");
}

void emit_stub_function(struct nacre_text *t, const struct nacre_model *m,
			const struct nacre_function *f)
{
	struct nacre_text reply = {.indent = 1};
	struct emit e = {.t = t,
			 .m = m,
			 .call = "s",
			 .in = "s->in",
			 .out = "s->out",
			 .items = f->params,
			 .f = f};
	const char *args = "";

	if (f->refuse)
		return;
	nacre_text_function(t, "static void serve_%s(struct nacre_service *s)", f->name);
	emit_take_words(&e);
	emit_take_rest(&e);
	find_objects(&e);
	not_ready(&e);
	for (const struct nacre_item *p = f->params; p; p = p->next)
		args = emit_text(&e, "%s%s%s", args, *args ? ", " : "", p->name);
	nacre_text_line(t, "%sextension.%s(%s);",
			f->type->kind == NACRE_TYPE_VOID
				? ""
				: emit_text(&e, "%s = ", emit_declare(&e, f->type, "result")),
			f->name, args);
	nacre_text_line(t, "nacre_service_called(s);");
	e.t = &reply;
	e.replying = true;
	put_result(&e);
	emit_reply_words(&e);
	emit_reply_rest(&e);
	remove_objects(&e);
	if (emit_uses(&reply, "success"))
		nacre_text_line(t, "const bool success = %s;\n",
				f->success ? emit_expr(&e, f->success, EMIT_AFTER, NULL) : "true");
	nacre_text_raw(t, "%s", reply.data ? reply.data : "");
	nacre_text_close(t, "\n");
	nacre_text_free(&reply);
}
