/* SPDX-License-Identifier: BSD-2-Clause */
/* emit_proxy.c - proxy.c as a whole: its tables, views, callbacks and functions */
#include "emit.h"

#include <string.h>

static void add_flag(const char **flags, const struct emit *e, bool set, const char *name)
{
	if (set)
		*flags = emit_text(e, "%s%s%s", *flags, **flags ? " | " : "", name);
}

static void ops(struct nacre_text *t, const struct nacre_model *m)
{
	struct emit e = {.t = t, .m = m};

	nacre_text_open(t, "static const struct nacre_op ops[] =");
	for (const struct nacre_function *f = m->functions; f; f = f->next) {
		const char *flags = "", *deadline = f->deadline ? f->deadline : "0";

		if (f->refuse)
			continue;
		add_flag(&flags, &e, f->idempotent, "NACRE_OP_IDEMPOTENT");
		add_flag(&flags, &e, f->replay, "NACRE_OP_REPLAY");
		add_flag(&flags, &e, f->forgets, "NACRE_OP_FORGETS");
		add_flag(&flags, &e, f->secret, "NACRE_OP_SECRET");
		add_flag(&flags, &e, f->no_deadline || (m->no_deadline && !f->deadline),
			 "NACRE_OP_NO_DEADLINE");
		nacre_text_line(t, "[OP_%s] = {\"%s\", %s, %s, %s},", f->name, f->name,
				*flags ? flags : "0", deadline,
				f->forgets ? emit_text(&e, "OP_%s", f->forgets->name) : "0");
	}
	nacre_text_close(t, ";\n");
}

static void handles(struct nacre_text *t, const struct nacre_model *m)
{
	if (!m->handles)
		return;
	nacre_text_open(t, "static const struct nacre_handle_kind handles[] =");
	for (const struct nacre_handle *h = m->handles; h; h = h->next)
		nacre_text_line(t, "[HANDLE_%s] = {\"%s\", %s(%s), %u, %s},", h->name, h->name,
				h->pointer ? "(uintptr_t)" : "", h->none, h->bits ? h->bits : 64,
				h->tracked ? "true" : "false");
	nacre_text_close(t, ";\n");
}

void emit_digest(struct nacre_text *t, const struct nacre_model *m)
{
	nacre_text_raw(t, "\t.digest = {");
	for (int i = 0; i < 16; i++)
		nacre_text_raw(t, "%s0x%02x", !i ? "" : i % 8 ? ", " : ",\n\t\t   ", m->digest[i]);
	nacre_text_raw(t, "},\n");
}

static void interface(struct nacre_text *t, const struct nacre_model *m)
{
	nacre_text_open(t, "const struct nacre_interface nacre_interface =");
	nacre_text_line(t, ".name = \"%s\",", m->name);
	nacre_text_line(t, ".version = \"%s\",", m->version);
	emit_digest(t, m);
	nacre_text_line(t, ".deadline_ms = %s,", m->deadline ? m->deadline : "30000");
	nacre_text_line(t, ".op_count = OP_COUNT,");
	nacre_text_line(t, ".handle_count = HANDLE_COUNT,");
	nacre_text_line(t, ".callback_count = CALLBACK_COUNT,");
	nacre_text_line(t, ".ops = ops,");
	if (m->handles)
		nacre_text_line(t, ".handles = handles,");
	if (m->callbacks)
		nacre_text_line(t, ".callbacks = callbacks,");
	nacre_text_close(t, ";\n");
}

static void refusal_struct(struct nacre_text *t)
{
	nacre_text_comment(
		t, "A request that cannot be sent: why, and what the host gets (its declared "
		   "failure without a value).");
	nacre_text_open(t, "struct refusal");
	nacre_text_line(t, "const char *why;");
	nacre_text_line(t, "int64_t value;");
	nacre_text_line(t, "int error;");
	nacre_text_line(t, "bool has_value;");
	nacre_text_close(t, ";\n");
}

static void refuse_function(struct nacre_text *t)
{
	nacre_text_function(
		t, "static void refuse_call(struct nacre_call *call, const struct refusal *no)");
	nacre_text_line(t, "nacre_call_refuse(call, no->why);");
	nacre_text_line(t, "if (no->error)");
	nacre_text_line(t, "\terrno = no->error;");
	nacre_text_close(t, "\n");
}

static bool any_view(const struct nacre_model *m)
{
	for (const struct nacre_view *v = m->views; v; v = v->next)
		if (v->used)
			return true;
	return false;
}

void emit_proxy(struct nacre_text *t, const struct nacre_model *m)
{
	struct nacre_text functions = {0};

	for (const struct nacre_function *f = m->functions; f; f = f->next)
		emit_proxy_function(&functions, m, f);
	emit_preamble(t, m, "proxy.c", "what a host loads instead of an extension",
		      "#include <nacre/proxy.h>\n\n#include <errno.h>\n#include <pthread.h>\n");
	ops(t, m);
	handles(t, m);
	if (any_view(m))
		refusal_struct(t);
	if (emit_uses(&functions, "refuse_call"))
		refuse_function(t);
	emit_views(t, m, true);
	emit_proxy_tables(t, m);
	emit_proxy_callbacks(t, m);
	interface(t, m);
	if (functions.data)
		nacre_text_raw(t, "%s", functions.data);
	nacre_text_free(&functions);
}
