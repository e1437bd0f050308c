/* SPDX-License-Identifier: BSD-2-Clause */
/* emit_view.c - the functions of a view: one set for each direction that it is used in */
#include "emit.h"

#include <ctype.h>
#include <string.h>

/* ---- which are needed ---- */

static void collect_rule(const struct nacre_rule *rule, int dir);

static void collect_view(struct nacre_view *view, int dir)
{
	if (!dir || view->used & 1u << dir)
		return;
	view->used |= 1u << dir;
	for (const struct nacre_item *f = view->fields; f; f = f->next)
		collect_rule(f->rule, nacre_field_dir(f, dir));
}

static void collect_rule(const struct nacre_rule *rule, int dir)
{
	uint64_t count;

	if (rule->kind == NACRE_RULE_ARRAY && !nacre_rule_flat(rule, dir))
		collect_rule(nacre_rule_element(rule, &count), dir);
	if (rule->kind == NACRE_RULE_STRUCT && !nacre_rule_flat(rule, dir))
		collect_view(rule->view, dir);
	if (emit_deep(rule, dir)) {
		if (rule->resident)
			rule->target->view->resident = rule->handle;
		collect_view(rule->target->view, dir);
	}
	for (const struct nacre_case *c = rule->cases; c; c = c->next)
		collect_rule(c->rule, dir & c->dir);
}

void emit_collect(const struct nacre_model *m)
{
	for (const struct nacre_function *f = m->functions; f; f = f->next)
		for (const struct nacre_item *p = f->params; p && !f->refuse; p = p->next)
			collect_rule(p->rule, p->rule->dir ? p->rule->dir : NACRE_IN);
}

bool emit_is_mark(const struct nacre_view *view, const struct nacre_item *field)
{
	return view && view->resident && field->rule->kind == NACRE_RULE_HANDLE &&
	       field->rule->handle == view->resident;
}

bool emit_uses(const struct nacre_text *body, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = body->data; p && (p = strstr(p, name)); p += n) {
		bool begins = p == body->data || (!isalnum((unsigned char)p[-1]) && p[-1] != '_' &&
						  p[-1] != '.' && p[-1] != '>');

		if (begins && !isalnum((unsigned char)p[n]) && p[n] != '_')
			return true;
	}
	return false;
}

void emit_with_locals(struct nacre_text *t, const struct nacre_text *body)
{
	if (emit_uses(body, "no") && strstr(body->data, "no = send_"))
		nacre_text_line(t, "const struct refusal *no;");
	if (emit_uses(body, "wire"))
		nacre_text_line(t, "uint64_t wire;");
	if ((emit_uses(body, "no") && strstr(body->data, "no = send_")) || emit_uses(body, "wire"))
		nacre_text_line(t, "%s", "");
	if (body->data)
		nacre_text_raw(t, "%s", body->data);
}

/* Parameters that the body has no use for. */
static void unused(struct nacre_text *t, const struct nacre_text *body, const char *const *names)
{
	for (; *names; names++)
		if (!emit_uses(body, *names))
			nacre_text_line(t, "(void)%s;", *names);
}

/* ---- the struct that keeps what the reply needs ---- */

static void keep_member(const struct emit *e, const struct nacre_item *f,
			const struct nacre_rule *rule, int dir, int number)
{
	const char *name = number ? emit_text(e, "%s%d", f->name, number) : f->name;
	uint64_t count;

	if (!(dir & NACRE_OUT))
		return;
	if (emit_deep(rule, dir))
		nacre_text_line(e->t, "struct keep_%s *%s;",
				emit_instance(e, rule->target->view, dir), name);
	else if (rule->kind == NACRE_RULE_STRUCT && !nacre_rule_flat(rule, dir))
		nacre_text_line(e->t, "struct keep_%s %s;", emit_instance(e, rule->view, dir),
				name);
	else if (rule->kind == NACRE_RULE_ARRAY && !nacre_rule_flat(rule, dir) &&
		 nacre_rule_element(rule, &count)->kind == NACRE_RULE_STRUCT)
		nacre_text_line(e->t, "struct keep_%s %s[%llu];",
				emit_instance(e, nacre_rule_element(rule, &count)->view, dir), name,
				(unsigned long long)count);
}

static void keep_struct(const struct emit *e, struct nacre_view *view, int dir)
{
	if (view->kept & 1u << dir)
		return;
	view->kept |= 1u << dir;
	for (const struct nacre_item *f = view->fields; f; f = f->next) { /* embedded ones first */
		int inner = nacre_field_dir(f, dir);
		uint64_t count;
		const struct nacre_rule *element = nacre_rule_element(f->rule, &count);

		if (element->kind == NACRE_RULE_STRUCT && inner & NACRE_OUT &&
		    !nacre_rule_flat(f->rule, inner))
			keep_struct(e, element->view, inner);
	}
	nacre_text_open(e->t, "struct keep_%s", emit_instance(e, view, dir));
	nacre_text_line(e->t, e->proxy ? "%s was, now;" : "%s was;", view->record->spelling);
	for (const struct nacre_item *f = view->fields; f; f = f->next) {
		int inner = nacre_field_dir(f, dir), number = 1;

		keep_member(e, f, f->rule, inner, 0);
		if (e->proxy && f->rule->limit)
			nacre_text_line(e->t, "uint64_t %s_rest;", f->name);
		for (const struct nacre_case *c = f->rule->cases; c; c = c->next)
			keep_member(e, f, c->rule, inner & c->dir, number++);
	}
	nacre_text_close(e->t, ";");
	nacre_text_line(e->t, "%s", "");
}

/* ---- proxy: send and accept ---- */

static const char *send_head(const struct emit *e, const struct nacre_view *v, int dir)
{
	const char *name = emit_instance(e, v, dir), *type = v->record->spelling;

	if (dir & NACRE_OUT)
		return emit_text(e,
				 "static const struct refusal *send_%s(struct nacre_call *call, "
				 "struct keep_%s *keep)",
				 name, name);
	return emit_text(e,
			 "static const struct refusal *send_%s(struct nacre_call *call, "
			 "const %s *own)",
			 name, type);
}

static const char *send_array_head(const struct emit *e, const struct nacre_view *v, int dir)
{
	const char *name = emit_instance(e, v, dir), *type = v->record->spelling;
	const char *keep = dir & NACRE_OUT ? emit_text(e, ", struct keep_%s **keep", name) : "";

	return emit_text(e,
			 "static const struct refusal *send_%s_array(struct nacre_call *call, "
			 "const %s *host, uint64_t count%s)",
			 name, type, keep);
}

/*
 * Of what a cursor has ahead no more than its limit travels: the extension sees a smaller size, and the
 * rest is added again when the call is back. All limits are taken before any size changes.
 */
static void send_cut(const struct emit *e)
{
	for (const struct nacre_item *f = e->dir & NACRE_OUT ? e->items : NULL; f; f = f->next) {
		if (!f->rule->limit)
			continue;
		const char *size = emit_expr(e, f->rule->sized_by, EMIT_BEFORE, NULL);
		const char *limit = emit_expr(e, f->rule->limit, EMIT_BEFORE, NULL);

		nacre_text_line(e->t, "keep->%s_rest = %s - nacre_at_most(%s, %s);", f->name, size,
				limit, size);
	}
	for (const struct nacre_item *f = e->dir & NACRE_OUT ? e->items : NULL; f; f = f->next)
		if (f->rule->limit)
			nacre_text_line(e->t, "keep->was.%s -= keep->%s_rest;", f->rule->sized_by,
					f->name);
}

static void send_function(const struct emit *outer, const struct nacre_view *v, int dir)
{
	struct nacre_text body = {.indent = 1}, *t = outer->t;
	struct emit e = *outer;

	e.t = &body;
	send_cut(&e);
	emit_send_words(&e);
	emit_send_rest(&e);
	nacre_text_function(t, "%s", send_head(&e, v, dir));
	if (dir & NACRE_OUT && emit_uses(&body, "own"))
		nacre_text_line(t, "const %s *own = &keep->was;", v->record->spelling);
	unused(t, &body,
	       dir & NACRE_OUT ? (const char *const[]){"call", NULL}
			       : (const char *const[]){"call", "own", NULL});
	if (dir & NACRE_OUT && !emit_uses(&body, "own") && !emit_uses(&body, "keep"))
		nacre_text_line(t, "(void)keep;");
	emit_with_locals(t, &body);
	nacre_text_line(t, "return NULL;");
	nacre_text_close(t, "\n");
	nacre_text_free(&body);
}

static void send_array_function(const struct emit *e, const struct nacre_view *v, int dir)
{
	const char *name = emit_instance(e, v, dir);
	struct nacre_text *t = e->t;

	nacre_text_function(t, "%s", send_array_head(e, v, dir));
	nacre_text_line(t, "const struct refusal *no = NULL;");
	nacre_text_line(t, "%s", "");
	nacre_text_line(t, "nacre_put_word(&call->out, host ? count : NACRE_ABSENT);");
	if (dir & NACRE_OUT)
		nacre_text_line(t, "nacre_call_expect(call, 8);");
	nacre_text_line(t, "if (!host)");
	nacre_text_line(t, "\treturn NULL;");
	if (dir & NACRE_OUT) {
		nacre_text_line(t, "*keep = nacre_call_alloc(call, count, sizeof(**keep));");
		nacre_text_line(t, "if (!*keep)");
		nacre_text_line(t, "\treturn NULL;");
	}
	nacre_text_open(t, "for (uint64_t i = 0; i < count && !no && !call->out.failed; i++)");
	if (dir & NACRE_OUT) {
		nacre_text_line(t, "(*keep)[i].was = host[i];");
		nacre_text_line(t, "no = send_%s(call, &(*keep)[i]);", name);
	} else {
		nacre_text_line(t, "const %s own = host[i];", v->record->spelling);
		nacre_text_line(t, "%s", "");
		nacre_text_line(t, "no = send_%s(call, &own);", name);
	}
	nacre_text_close(t, "");
	nacre_text_line(t, "return no;");
	nacre_text_close(t, "\n");
}

static const char *accept_head(const struct emit *e, const struct nacre_view *v, int dir)
{
	const char *name = emit_instance(e, v, dir);

	return emit_text(e,
			 "static void accept_%s(struct nacre_call *call, %s *host, "
			 "struct keep_%s *keep)",
			 name, v->record->spelling, name);
}

static void accept_function(const struct emit *outer, const struct nacre_view *v, int dir)
{
	const char *type = v->record->spelling;
	struct nacre_text body = {.indent = 1}, *t = outer->t;
	struct emit e = *outer;

	e.t = &body;
	emit_accept_words(&e);
	emit_accept_rest(&e);
	nacre_text_function(t, "%s", accept_head(&e, v, dir));
	if (emit_uses(&body, "own"))
		nacre_text_line(t, "const %s *own = &keep->was;\n", type);
	unused(t, &body, (const char *const[]){"call", "host", NULL});
	if (!emit_uses(&body, "own") && !emit_uses(&body, "keep"))
		nacre_text_line(t, "(void)keep;");
	nacre_text_raw(t, "%s", body.data ? body.data : "");
	nacre_text_close(t, "\n");
	nacre_text_free(&body);
}

static const char *accept_array_head(const struct emit *e, const struct nacre_view *v, int dir)
{
	const char *name = emit_instance(e, v, dir);

	return emit_text(e,
			 "static void accept_%s_array(struct nacre_call *call, %s *host, "
			 "struct keep_%s *keep, bool success, uint64_t used, uint64_t room)",
			 name, v->record->spelling, name);
}

static void accept_array_function(const struct emit *e, const struct nacre_view *v, int dir)
{
	const char *name = emit_instance(e, v, dir);
	struct nacre_text *t = e->t;

	nacre_text_function(t, "%s", accept_array_head(e, v, dir));
	nacre_text_line(t, "const uint64_t count = nacre_get_word(&call->in);");
	nacre_text_line(t, "const bool wanted = success && host;");
	nacre_text_line(t, "%s", "");
	nacre_text_open(t, "if (wanted ? count != used || used > room : count != NACRE_ABSENT)");
	nacre_text_line(t, "nacre_call_violate(call, \"%s: not as many as announced\");", v->name);
	nacre_text_line(t, "return;");
	nacre_text_close(t, "");
	nacre_text_line(t, "for (uint64_t i = 0; wanted && i < used && !call->in.bad; i++)");
	nacre_text_line(t, "\taccept_%s(call, &host[i], &keep[i]);", name);
	nacre_text_close(t, "\n");
}

/* ---- stub: take and reply ---- */

static const char *take_head(const struct emit *e, const struct nacre_view *v, int dir)
{
	const char *name = emit_instance(e, v, dir);
	const char *keep = dir & NACRE_OUT ? emit_text(e, ", struct keep_%s *keep", name) : "";

	return emit_text(e, "static void take_%s(struct nacre_service *s, %s *own%s)", name,
			 v->record->spelling, keep);
}

static const char *take_array_head(const struct emit *e, const struct nacre_view *v, int dir)
{
	const char *name = emit_instance(e, v, dir);
	const char *keep = dir & NACRE_OUT ? emit_text(e, ", struct keep_%s **keep", name) : "";

	return emit_text(e, "static %s *take_%s_array(struct nacre_service *s, uint64_t count%s)",
			 v->record->spelling, name, keep);
}

static void take_function(const struct emit *outer, const struct nacre_view *v, int dir)
{
	struct nacre_text body = {.indent = 1}, *t = outer->t;
	struct emit e = *outer;

	e.t = &body;
	emit_take_words(&e);
	emit_take_rest(&e);
	if (dir & NACRE_OUT)
		nacre_text_line(&body, "keep->was = *own;");
	nacre_text_function(t, "%s", take_head(&e, v, dir));
	unused(t, &body, (const char *const[]){"s", "own", NULL});
	nacre_text_raw(t, "%s", body.data ? body.data : "");
	nacre_text_close(t, "\n");
	nacre_text_free(&body);
}

static bool reaches(const struct nacre_rule *rule, const struct nacre_view *v, int depth)
{
	const struct nacre_view *next = rule->kind == NACRE_RULE_STRUCT ? rule->view : NULL;

	if (rule->target && reaches(rule->target, v, depth))
		return true;
	for (const struct nacre_case *c = rule->cases; c; c = c->next)
		if (reaches(c->rule, v, depth))
			return true;
	if (!next || depth > 8)
		return false;
	if (next == v)
		return true;
	for (const struct nacre_item *f = next->fields; f; f = f->next)
		if (reaches(f->rule, v, depth + 1))
			return true;
	return false;
}

/* Can a struct of this view hold structs of the same view? */
static bool is_recursive(const struct nacre_view *v)
{
	for (const struct nacre_item *f = v->fields; f; f = f->next)
		if (reaches(f->rule, v, 0))
			return true;
	return false;
}

static void take_array_function(const struct emit *e, const struct nacre_view *v, int dir)
{
	const char *name = emit_instance(e, v, dir);
	const bool recursive = is_recursive(v);
	struct nacre_text *t = e->t;

	nacre_text_function(t, "%s", take_array_head(e, v, dir));
	if (recursive)
		nacre_text_line(t, "static __thread unsigned depth;");
	nacre_text_line(t, "%s *own;", v->record->spelling);
	nacre_text_line(t, "%s", "");
	nacre_text_line(t, "if (!nacre_get_count(&s->in, count))");
	nacre_text_line(t, "\treturn NULL;");
	nacre_text_line(t, "own = nacre_service_alloc(s, count, sizeof(*own));");
	if (dir & NACRE_OUT) {
		nacre_text_line(t, "*keep = nacre_service_alloc(s, count, sizeof(**keep));");
		nacre_text_line(t, "if (!*keep)");
		nacre_text_line(t, "\treturn NULL;");
	}
	if (recursive) {
		nacre_text_line(t, "if (++depth > 16) /* a message may nest no deeper */");
		nacre_text_line(t, "\ts->in.bad = true;");
	}
	nacre_text_line(t, "for (uint64_t i = 0; own && i < count && !s->in.bad; i++)");
	nacre_text_line(t, "\ttake_%s(s, &own[i]%s);", name,
			dir & NACRE_OUT ? ", &(*keep)[i]" : "");
	if (recursive)
		nacre_text_line(t, "depth--;");
	nacre_text_line(t, "return own;");
	nacre_text_close(t, "\n");
}

static const char *reply_head(const struct emit *e, const struct nacre_view *v, int dir)
{
	const char *name = emit_instance(e, v, dir);

	return emit_text(e,
			 "static void reply_%s(struct nacre_service *s, const %s *own, "
			 "const struct keep_%s *keep)",
			 name, v->record->spelling, name);
}

static void reply_function(const struct emit *outer, const struct nacre_view *v, int dir)
{
	struct nacre_text body = {.indent = 1}, *t = outer->t;
	struct emit e = *outer;

	e.t = &body;
	e.replying = true;
	emit_reply_words(&e);
	emit_reply_rest(&e);
	nacre_text_function(t, "%s", reply_head(&e, v, dir));
	unused(t, &body, (const char *const[]){"s", "own", "keep", NULL});
	nacre_text_raw(t, "%s", body.data ? body.data : "");
	nacre_text_close(t, "\n");
	nacre_text_free(&body);
}

static const char *reply_array_head(const struct emit *e, const struct nacre_view *v, int dir)
{
	const char *name = emit_instance(e, v, dir);

	return emit_text(e,
			 "static void reply_%s_array(struct nacre_service *s, const %s *own, "
			 "const struct keep_%s *keep, bool success, uint64_t used, uint64_t room)",
			 name, v->record->spelling, name);
}

static void reply_array_function(const struct emit *e, const struct nacre_view *v, int dir)
{
	struct nacre_text *t = e->t;

	nacre_text_function(t, "%s", reply_array_head(e, v, dir));
	nacre_text_line(t, "const bool sent = success && own && used <= room;");
	nacre_text_line(t, "%s", "");
	nacre_text_line(t, "nacre_put_word(&s->out, sent ? used : NACRE_ABSENT);");
	nacre_text_line(t, "for (uint64_t i = 0; sent && i < used; i++)");
	nacre_text_line(t, "\treply_%s(s, &own[i], &keep[i]);", emit_instance(e, v, dir));
	nacre_text_close(t, "\n");
}

/* ---- all ---- */

/* Does anything refer to the array functions of this view in this direction? */
static bool array_in_rule(const struct nacre_rule *rule, int dir, const struct nacre_view *v,
			  int want)
{
	if (emit_deep(rule, dir) && !rule->resident && rule->target->view == v && dir == want)
		return true;
	for (const struct nacre_case *c = rule->cases; c; c = c->next)
		if (array_in_rule(c->rule, dir & c->dir, v, want))
			return true;
	return false;
}

static bool needs_array(const struct nacre_model *m, const struct nacre_view *v, int want)
{
	for (const struct nacre_function *f = m->functions; f; f = f->next)
		for (const struct nacre_item *p = f->params; p && !f->refuse; p = p->next)
			if (array_in_rule(p->rule, p->rule->dir ? p->rule->dir : NACRE_IN, v, want))
				return true;
	for (const struct nacre_view *w = m->views; w; w = w->next)
		for (int dir = NACRE_IN; dir <= NACRE_INOUT; dir++)
			for (const struct nacre_item *f = w->fields; f && w->used & 1u << dir;
			     f = f->next)
				if (array_in_rule(f->rule, nacre_field_dir(f, dir), v, want))
					return true;
	return false;
}

/* Does a view that is defined before @v hold structs of it by value? */
static bool embedded_before(const struct nacre_model *m, const struct nacre_view *v, int want)
{
	for (const struct nacre_view *w = m->views; w && w != v; w = w->next)
		for (int dir = NACRE_IN; dir <= NACRE_INOUT; dir++)
			for (const struct nacre_item *f = w->fields; f && w->used & 1u << dir;
			     f = f->next) {
				uint64_t count;
				const struct nacre_rule *rule = nacre_rule_element(f->rule, &count);

				if (rule->kind == NACRE_RULE_STRUCT && rule->view == v &&
				    nacre_field_dir(f, dir) == want &&
				    !nacre_rule_flat(f->rule, want))
					return true;
			}
	return false;
}

static void declare_view(const struct emit *e, const struct nacre_view *v, int dir)
{
	if (embedded_before(e->m, v, dir)) {
		nacre_text_line(e->t, "%s;",
				e->proxy ? send_head(e, v, dir) : take_head(e, v, dir));
		if (dir & NACRE_OUT)
			nacre_text_line(e->t, "%s;",
					e->proxy ? accept_head(e, v, dir) : reply_head(e, v, dir));
	}
	if (!needs_array(e->m, v, dir))
		return;
	nacre_text_line(e->t, "%s;",
			e->proxy ? send_array_head(e, v, dir) : take_array_head(e, v, dir));
	if (dir & NACRE_OUT)
		nacre_text_line(e->t, "%s;",
				e->proxy ? accept_array_head(e, v, dir)
					 : reply_array_head(e, v, dir));
}

static void define_view(const struct emit *e, const struct nacre_view *v, int dir)
{
	bool array = needs_array(e->m, v, dir);

	nacre_text_comment(e->t, emit_text(e, "%s, as %s sees it%s", v->record->spelling, v->name,
					   dir == NACRE_IN    ? ": in"
					   : dir == NACRE_OUT ? ": out"
							      : ": in and out"));
	if (e->proxy) {
		send_function(e, v, dir);
		if (array)
			send_array_function(e, v, dir);
		if (dir & NACRE_OUT)
			accept_function(e, v, dir);
		if (dir & NACRE_OUT && array)
			accept_array_function(e, v, dir);
		return;
	}
	take_function(e, v, dir);
	if (array)
		take_array_function(e, v, dir);
	if (dir & NACRE_OUT)
		reply_function(e, v, dir);
	if (dir & NACRE_OUT && array)
		reply_array_function(e, v, dir);
}

void emit_views(struct nacre_text *t, const struct nacre_model *m, bool proxy)
{
	struct emit e = {.t = t,
			 .m = m,
			 .proxy = proxy,
			 .caller = proxy,
			 .call = proxy ? "call" : "s",
			 .in = proxy ? "call->in" : "s->in",
			 .out = proxy ? "call->out" : "s->out"};
	bool any = false;

	for (struct nacre_view *v = m->views; v; v = v->next)
		v->kept = 0;
	for (struct nacre_view *v = m->views; v; v = v->next)
		for (int dir = NACRE_OUT; dir <= NACRE_INOUT; dir++)
			if (v->used & 1u << dir)
				keep_struct(&e, v, dir);
	for (const struct nacre_view *v = m->views; v; v = v->next)
		for (int dir = NACRE_IN; dir <= NACRE_INOUT; dir++)
			if (v->used & 1u << dir) {
				declare_view(&e, v, dir);
				any = true;
			}
	if (any)
		nacre_text_line(t, "%s", "");
	for (const struct nacre_view *v = m->views; v; v = v->next)
		for (int dir = NACRE_IN; dir <= NACRE_INOUT; dir++) {
			if (!(v->used & 1u << dir))
				continue;
			e.items = v->fields;
			e.view = v;
			e.dir = dir;
			define_view(&e, v, dir);
		}
}
