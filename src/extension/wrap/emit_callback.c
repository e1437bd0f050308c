/* SPDX-License-Identifier: BSD-2-Clause */
/* emit_callback.c - functions of the host: the proxy serves them, the stub has thunks for them */
#include "emit.h"

#include <string.h>

static const char *arguments(const struct emit *e, const struct nacre_function *f)
{
	const char *args = "";

	for (const struct nacre_item *p = f->params; p; p = p->next)
		args = emit_text(e, "%s%s%s", args, *args ? ", " : "", p->name);
	return args;
}

static const char *parameters(const struct emit *e, const struct nacre_function *f)
{
	const char *params = "";

	for (const struct nacre_item *p = f->params; p; p = p->next)
		params = emit_text(e, "%s%s%s", params, *params ? ", " : "",
				   emit_declare(e, p->type, p->name));
	return *params ? params : "void";
}

static const char *success_of(const struct emit *e)
{
	return e->f->success ? emit_expr(e, e->f->success, EMIT_AFTER, NULL) : "true";
}

/* A host trusts its own interface: a NULL that the overlay does not announce never reaches it. */
static bool never_null(const struct nacre_rule *rule)
{
	return rule->nonnull || (!rule->nullable && (rule->kind == NACRE_RULE_POINTER ||
						     rule->kind == NACRE_RULE_STRING));
}

static void serve_callback(struct nacre_text *t, const struct nacre_model *m,
			   const struct nacre_callback *c)
{
	const struct nacre_function *f = &c->function;
	struct nacre_text reply = {.indent = 1}, take = {.indent = 1};
	struct emit e = {.t = &take,
			 .m = m,
			 .proxy = true,
			 .call = "up",
			 .in = "up->in",
			 .out = "up->out",
			 .items = f->params,
			 .f = f};
	const char *type = c->type->spelling;

	emit_take_words(&e);
	emit_take_rest(&e);
	for (const struct nacre_item *p = f->params; p; p = p->next)
		if (never_null(p->rule))
			nacre_text_line(&take, "if (!%s)\n\t\treturn false;", p->name);
	e.t = &reply;
	e.replying = true;
	if (f->result->kind != NACRE_RULE_VOID)
		emit_put(&e, f->result, "result", "result");
	emit_reply_words(&e);
	emit_reply_rest(&e);
	nacre_text_function(t, "static bool serve_%s(struct nacre_upcall *up, nacre_function host)",
			    f->name);
	if (emit_uses(&reply, "wire"))
		nacre_text_line(t, "uint64_t wire;");
	nacre_text_raw(t, "%s", take.data ? take.data : "");
	nacre_text_line(t, "%s", "");
	nacre_text_line(t, "if (!nacre_upcall_ready(up))");
	nacre_text_line(t, "\treturn false;");
	nacre_text_line(t, "%s((%s)host)(%s);",
			f->type->kind == NACRE_TYPE_VOID
				? ""
				: emit_text(&e, "%s = ", emit_declare(&e, f->type, "result")),
			type, arguments(&e, f));
	if (emit_uses(&reply, "success"))
		nacre_text_line(t, "const bool success = %s;\n", success_of(&e));
	nacre_text_raw(t, "%s", reply.data ? reply.data : "");
	nacre_text_line(t, "return true;");
	nacre_text_close(t, "\n");
	nacre_text_free(&take);
	nacre_text_free(&reply);
}

void emit_proxy_callbacks(struct nacre_text *t, const struct nacre_model *m)
{
	for (const struct nacre_callback *c = m->callbacks; c; c = c->next)
		serve_callback(t, m, c);
	if (!m->callbacks)
		return;
	nacre_text_open(t, "static const struct nacre_callback_kind callbacks[] =");
	for (const struct nacre_callback *c = m->callbacks; c; c = c->next)
		nacre_text_line(t, "[CALLBACK_%s] = {\"%s\", serve_%s},", c->function.name,
				c->function.name, c->function.name);
	nacre_text_close(t, ";\n");
}

/* Private copies of what goes in behind a pointer. */
static void declare_copies(const struct emit *e)
{
	for (const struct nacre_item *p = e->f->params; p; p = p->next)
		if (p->rule->kind == NACRE_RULE_POINTER && p->rule->cell && p->rule->dir & NACRE_IN)
			nacre_text_line(e->t, "const %s = %s ? *%s : 0;",
					emit_declare(e, p->rule->target->type,
						     emit_text(e, "%s_own", p->name)),
					p->name, p->name);
}

static void thunk(struct nacre_text *t, const struct nacre_model *m, const struct nacre_callback *c)
{
	const struct nacre_function *f = &c->function;
	struct emit e = {.t = t,
			 .m = m,
			 .caller = true,
			 .call = "&down",
			 .in = "down.in",
			 .out = "down.out",
			 .items = f->params,
			 .f = f};
	struct nacre_text rest = {.indent = 3};

	nacre_text_function(t, "static %s(uint32_t thunk%s%s)",
			    emit_declare(&e, f->type, emit_text(&e, "call_%s", f->name)),
			    f->params ? ", " : "", f->params ? parameters(&e, f) : "");
	nacre_text_line(t, "struct nacre_downcall down;");
	nacre_text_line(t, "%s", "");
	nacre_text_open(t, "if (nacre_downcall_begin(&down, CALLBACK_%s, thunk))", f->name);
	declare_copies(&e);
	emit_send_words(&e);
	emit_send_rest(&e);
	nacre_text_open(t, "if (nacre_downcall_send(&down))");
	if (f->result->kind != NACRE_RULE_VOID)
		nacre_text_line(t, "%s = %s;", emit_declare(&e, f->type, "result"),
				emit_get(&e, f->result));
	emit_accept_words(&e);
	e.t = &rest;
	emit_accept_rest(&e);
	if (emit_uses(&rest, "success"))
		nacre_text_line(t, "const bool success = %s;\n", success_of(&e));
	nacre_text_raw(t, "%s", rest.data ? rest.data : "");
	nacre_text_line(t, "if (nacre_downcall_end(&down))");
	nacre_text_line(t, f->type->kind == NACRE_TYPE_VOID ? "\treturn;" : "\treturn result;");
	nacre_text_close(t, "");
	nacre_text_close(t, "");
	e.t = t;
	if (f->type->kind != NACRE_TYPE_VOID)
		emit_on_fail(&e);
	nacre_text_close(t, "\n");
	nacre_text_free(&rest);
}

static void thunk_macro(struct nacre_text *t, const struct nacre_model *m,
			const struct nacre_callback *c)
{
	const struct nacre_function *f = &c->function;
	struct emit e = {.t = t, .m = m};
	const char *args = arguments(&e, f);

	nacre_text_raw(t, "#define THUNK_%s(kind_, slot_) \\\n", f->name);
	nacre_text_raw(t, "\tstatic %s(%s) \\\n",
		       emit_declare(&e, f->type, emit_text(&e, "%s_##slot_", f->name)),
		       parameters(&e, f));
	nacre_text_raw(t, "\t{ \\\n\t\t%scall_%s(slot_%s%s); \\\n\t}\n",
		       f->type->kind == NACRE_TYPE_VOID ? "" : "return ", f->name,
		       *args ? ", " : "", args);
	nacre_text_line(t, "NACRE_EACH_THUNK(THUNK_%s, %s)", f->name, f->name);
	nacre_text_line(t, "%s", "");
}

void emit_stub_callbacks(struct nacre_text *t, const struct nacre_model *m)
{
	if (!m->callbacks)
		return;
	for (const struct nacre_callback *c = m->callbacks; c; c = c->next) {
		thunk(t, m, c);
		thunk_macro(t, m, c);
	}
	nacre_text_line(t, "#define THUNK_ENTRY(kind, n) (nacre_function)kind##_##n,");
	nacre_text_open(t, "static const nacre_function thunks[][NACRE_THUNKS] =");
	for (const struct nacre_callback *c = m->callbacks; c; c = c->next)
		nacre_text_line(t, "[CALLBACK_%s] = {NACRE_EACH_THUNK(THUNK_ENTRY, %s)},",
				c->function.name, c->function.name);
	nacre_text_close(t, ";\n");
}
