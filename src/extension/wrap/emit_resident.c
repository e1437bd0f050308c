/* SPDX-License-Identifier: BSD-2-Clause */
/* emit_resident.c - structs that live in the virtual process, mirrored in the host
 *
 * The extension may keep the address of such a struct, so there is one for each handle and it stays
 * where it is. The field that the view marks as the handle is the extension's own there; the host's
 * mirror holds the handle in its place.
 */
#include "emit.h"

#include <string.h>

static const struct nacre_item *mark(const struct nacre_rule *rule)
{
	for (const struct nacre_item *f = rule->target->view->fields; f; f = f->next)
		if (emit_is_mark(rule->target->view, f))
			return f;
	return NULL;
}

/* Does a successful call end the handle of parameter @p? */
static bool closes(const struct emit *e, const struct nacre_item *p)
{
	for (const struct nacre_close *c = e->f->closes; c; c = c->next)
		if (c->param && !strcmp(c->param, p->name))
			return true;
	return false;
}

void emit_resident_send(const struct emit *e, const struct nacre_item *p)
{
	const struct nacre_rule *rule = p->rule;
	const char *field = mark(rule)->name;

	nacre_text_line(e->t, "nacre_put_word(&%s, %s ? 8 : NACRE_ABSENT);", e->out, p->name);
	nacre_text_open(e->t, "if (%s)", p->name);
	nacre_text_line(e->t, "%s_keep.was = *%s;", p->name, p->name);
	if (!rule->opens) {
		nacre_text_open(e->t,
				"if (!nacre_handle_out(%s, HANDLE_%s, (uintptr_t)%s_keep.was.%s, "
				"&wire))",
				e->call, rule->handle->name, p->name, field);
		emit_refuse(e, emit_text(e, "%s: stale handle", p->name), rule->handle->stale);
		nacre_text_close(e->t, "");
		nacre_text_line(e->t, "nacre_put_word(&%s, wire);", e->out);
	}
	nacre_text_line(e->t, "no = send_%s(%s, &%s_keep);",
			emit_instance(e, rule->target->view, rule->dir), e->call, p->name);
	nacre_text_open(e->t, "if (no)");
	nacre_text_line(e->t, "refuse_call(%s, no);", e->call);
	emit_on_fail(e);
	if (e->f->type->kind == NACRE_TYPE_VOID)
		nacre_text_line(e->t, "return;");
	nacre_text_close(e->t, "");
	if (rule->opens)
		nacre_text_line(e->t, "nacre_call_expect(%s, 8);", e->call);
	nacre_text_close(e->t, "");
}

void emit_resident_accept(const struct emit *e, const struct nacre_item *p)
{
	const struct nacre_rule *rule = p->rule;
	const struct nacre_item *field = mark(rule);
	const char *now = emit_text(e, "%s_keep.now.%s", p->name, field->name);

	nacre_text_open(e->t, "if (success && %s)", p->name);
	nacre_text_line(e->t, "accept_%s(%s, %s, &%s_keep);",
			emit_instance(e, rule->target->view, rule->dir), e->call, p->name, p->name);
	if (rule->opens)
		nacre_text_line(e->t,
				"%s = (%s)(uintptr_t)nacre_handle_in(%s, HANDLE_%s, "
				"nacre_get_word(&%s), true);",
				now, emit_plain(e, field->type), e->call, rule->handle->name,
				e->in);
	else if (closes(e, p))
		nacre_text_line(e->t, "%s = (%s)(uintptr_t)(%s);", now, emit_plain(e, field->type),
				rule->handle->none);
	if (rule->opens || closes(e, p))
		nacre_text_line(e->t, "nacre_call_give(%s, &%s->%s, &%s, sizeof(%s));", e->call,
				p->name, field->name, now, now);
	nacre_text_close(e->t, "");
}

void emit_resident_take(const struct emit *e, const struct nacre_item *p)
{
	const struct nacre_rule *rule = p->rule;
	const char *instance = emit_instance(e, rule->target->view, rule->dir);

	nacre_text_line(e->t, "struct keep_%s %s_keep;", instance, p->name);
	nacre_text_line(e->t, "%s = NULL;", emit_declare(e, p->type, p->name));
	if (!rule->opens)
		nacre_text_line(e->t, "uint64_t %s_id = 0;", p->name);
	nacre_text_line(e->t, "memset(&%s_keep, 0, sizeof(%s_keep));", p->name, p->name);
	nacre_text_open(e->t, "if (nacre_get_word(&%s) != NACRE_ABSENT)", e->in);
	if (rule->opens) {
		nacre_text_line(e->t, "%s = calloc(1, sizeof(*%s));", p->name, p->name);
		nacre_text_line(e->t, "if (!%s)", p->name);
		nacre_text_line(e->t, "\t%s.bad = true;", e->in);
	} else {
		nacre_text_line(e->t, "%s_id = nacre_get_word(&%s);", p->name, e->in);
		nacre_text_line(e->t,
				"%s = %s_id ? nacre_object_get(%s, HANDLE_%s, %s_id) : "
				"nacre_service_alloc(%s, 1, sizeof(*%s));",
				p->name, p->name, e->call, rule->handle->name, p->name, e->call,
				p->name);
	}
	nacre_text_line(e->t, rule->opens ? "else" : "if (%s)", p->name);
	nacre_text_line(e->t, "\ttake_%s(%s, %s, &%s_keep);", instance, e->call, p->name, p->name);
	nacre_text_close(e->t, "");
}

/* The message's memory is gone after the call: nothing in the struct may point there. */
static void forget_cursors(const struct emit *e, const struct nacre_item *p)
{
	bool any = false;

	for (const struct nacre_item *f = p->rule->target->view->fields; f; f = f->next) {
		if (!f->rule->cursor)
			continue;
		if (!any)
			nacre_text_open(e->t, "if (%s)", p->name);
		any = true;
		nacre_text_line(e->t, "%s->%s = NULL;", p->name, f->name);
	}
	if (any)
		nacre_text_close(e->t, "");
}

void emit_resident_reply(const struct emit *e, const struct nacre_item *p)
{
	const struct nacre_rule *rule = p->rule;

	nacre_text_open(e->t, "if (success && %s)", p->name);
	nacre_text_line(e->t, "reply_%s(%s, %s, &%s_keep);",
			emit_instance(e, rule->target->view, rule->dir), e->call, p->name, p->name);
	if (rule->opens)
		nacre_text_line(e->t, "nacre_put_word(&%s, nacre_object_add(HANDLE_%s, %s));",
				e->out, rule->handle->name, p->name);
	nacre_text_close(e->t, "");
	forget_cursors(e, p);
	if (rule->opens) {
		nacre_text_line(e->t, "if (!success)");
		nacre_text_line(e->t, "\tfree(%s);", p->name);
	} else if (closes(e, p)) {
		nacre_text_open(e->t, "if (success && %s_id)", p->name);
		nacre_text_line(e->t, "nacre_object_remove(HANDLE_%s, %s_id);", rule->handle->name,
				p->name);
		nacre_text_line(e->t, "free(%s);", p->name);
		nacre_text_close(e->t, "");
	}
}
