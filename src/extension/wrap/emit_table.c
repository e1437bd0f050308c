/* SPDX-License-Identifier: BSD-2-Clause */
/* emit_table.c - tables of functions that an extension hands out, and how the stub finds functions
 *
 * The host gets a static table of the proxy's own functions, filled once. From the extension come
 * only the fields that are no functions, and which of the entries are not NULL.
 */
#include "emit.h"

#include <string.h>

const struct nacre_record *emit_table_record(const struct nacre_item *p)
{
	return p->type->target->target->record;
}

static bool is_entry(const struct nacre_item *field)
{
	return field->type->kind == NACRE_TYPE_POINTER &&
	       field->type->target->kind == NACRE_TYPE_FUNCTION;
}

const struct nacre_function *emit_table_function(const struct nacre_model *m,
						 const struct nacre_item *field)
{
	const char *name = field->table_entry ? field->table_entry : field->name;

	for (const struct nacre_function *f = m->functions; f; f = f->next)
		if (is_entry(field) && !strcmp(f->name, name))
			return f;
	return NULL;
}

static unsigned entries(const struct nacre_record *r)
{
	unsigned n = 0;

	for (const struct nacre_item *f = r->fields; f; f = f->next)
		n += is_entry(f);
	return n;
}

/* Every table of the interface, once: calls @each. */
static void each_table(struct nacre_text *t, const struct nacre_model *m,
		       void (*each)(struct nacre_text *, const struct nacre_model *,
				    const struct nacre_record *))
{
	for (const struct nacre_record *r = m->records; r; r = r->next) {
		bool found = false;

		for (const struct nacre_function *f = m->functions; f; f = f->next)
			for (const struct nacre_item *p = f->params; p && !f->refuse; p = p->next)
				found |= p->rule->kind == NACRE_RULE_TABLE &&
					 emit_table_record(p) == r;
		if (found)
			each(t, m, r);
	}
}

static void proxy_table(struct nacre_text *t, const struct nacre_model *m,
			const struct nacre_record *r)
{
	unsigned words = (entries(r) + 63) / 64, n = 0;
	const char *name = r->name;
	uint64_t size = 8 + 8 + 8 * words;

	for (const struct nacre_item *f = r->fields; f; f = f->next)
		if (!is_entry(f))
			size += 8 + (f->type->size + 7) / 8 * 8;
	nacre_text_comment(
		t, "The table that the host gets, filled once. What the extension says about it: "
		   "its plain fields, and which entries are there.");
	nacre_text_line(t, "enum { TABLE_%s_SIZE = %llu };", name, (unsigned long long)size);
	nacre_text_line(t, "%s", "");
	nacre_text_function(t, "static %s *table_%s(const %s *built)", r->spelling, name,
			    r->spelling);
	nacre_text_line(t, "static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;");
	nacre_text_line(t, "static %s table;", r->spelling);
	nacre_text_line(t, "static bool filled;");
	nacre_text_line(t, "%s", "");
	nacre_text_line(t, "pthread_mutex_lock(&lock);");
	nacre_text_line(t, "if (!filled)");
	nacre_text_line(t, "\ttable = *built;");
	nacre_text_line(t, "filled = true;");
	nacre_text_line(t, "pthread_mutex_unlock(&lock);");
	nacre_text_line(t, "return &table;");
	nacre_text_close(t, "\n");
	nacre_text_function(
		t,
		"static void accept_table_%s(struct nacre_call *call, %s **host, %s **given, "
		"bool success)",
		name, r->spelling, r->spelling);
	nacre_text_line(t, "uint64_t present[%u];", words);
	nacre_text_line(t, "%s built;", r->spelling);
	nacre_text_line(t, "%s", "");
	nacre_text_open(t, "if ((nacre_get_word(&call->in) != NACRE_ABSENT) != (success && host))");
	nacre_text_line(t, "nacre_call_violate(call, \"a table of functions where none is due\");");
	nacre_text_line(t, "return;");
	nacre_text_close(t, "");
	nacre_text_line(t, "if (!success || !host)");
	nacre_text_line(t, "\treturn;");
	nacre_text_line(t, "memset(&built, 0, sizeof(built));");
	for (const struct nacre_item *f = r->fields; f; f = f->next)
		if (!is_entry(f))
			nacre_text_line(t,
					"nacre_get_flat(&call->in, &built.%s, sizeof(built.%s));",
					f->name, f->name);
	nacre_text_line(t, "nacre_get_flat(&call->in, present, sizeof(present));");
	nacre_text_line(t, "if (call->in.bad)");
	nacre_text_line(t, "\treturn;");
	for (const struct nacre_item *f = r->fields; f; f = f->next) {
		const struct nacre_function *to = emit_table_function(m, f);

		if (!is_entry(f))
			continue;
		if (to) {
			nacre_text_line(t, "if (present[%u] & UINT64_C(1) << %u)", n / 64, n % 64);
			nacre_text_line(t, "\tbuilt.%s = %s;", f->name, to->name);
		}
		n++;
	}
	nacre_text_line(t, "*given = table_%s(&built);", name);
	nacre_text_line(t, "nacre_call_give(call, host, given, sizeof(*given));");
	nacre_text_close(t, "\n");
}

static void stub_table(struct nacre_text *t, const struct nacre_model *m,
		       const struct nacre_record *r)
{
	unsigned words = (entries(r) + 63) / 64, n = 0;

	(void)m;
	nacre_text_comment(t,
			   "A table of functions: its plain fields, and which entries are there.");
	nacre_text_function(t,
			    "static void reply_table_%s(struct nacre_service *s, const %s *table)",
			    r->name, r->spelling);
	nacre_text_line(t, "uint64_t present[%u] = {0};", words);
	nacre_text_line(t, "%s", "");
	nacre_text_line(t, "nacre_put_word(&s->out, table ? 8 : NACRE_ABSENT);");
	nacre_text_line(t, "if (!table)");
	nacre_text_line(t, "\treturn;");
	for (const struct nacre_item *f = r->fields; f; f = f->next)
		if (!is_entry(f))
			nacre_text_line(
				t, "nacre_put_array(&s->out, &table->%s, 1, sizeof(table->%s));",
				f->name, f->name);
	for (const struct nacre_item *f = r->fields; f; f = f->next) {
		if (!is_entry(f))
			continue;
		nacre_text_line(t, "present[%u] |= (uint64_t)(table->%s != NULL) << %u;", n / 64,
				f->name, n % 64);
		n++;
	}
	nacre_text_line(t, "nacre_put_array(&s->out, present, 1, sizeof(present));");
	nacre_text_close(t, "\n");
}

void emit_proxy_tables(struct nacre_text *t, const struct nacre_model *m)
{
	each_table(t, m, proxy_table);
}

void emit_stub_tables(struct nacre_text *t, const struct nacre_model *m)
{
	each_table(t, m, stub_table);
}

/* The function that hands out a table and takes nothing else, so that it can be asked. */
static const struct nacre_function *table_giver(const struct nacre_model *m)
{
	for (const struct nacre_function *f = m->functions; f; f = f->next)
		if (!f->refuse && f->params && !f->params->next &&
		    f->params->rule->kind == NACRE_RULE_TABLE)
			return f;
	return NULL;
}

static void bind_from_table(const struct emit *e)
{
	const struct nacre_item *p = e->f->params;
	struct nacre_text *t = e->t;

	nacre_text_comment(t, "What the extension does not export may be in its table.");
	nacre_text_function(t, "static void bind_from_table(void)");
	nacre_text_line(t, "%s = NULL;",
			emit_declare(e, p->type->target, emit_text(e, "%s_own", p->name)));
	nacre_text_line(t, "%s", "");
	nacre_text_line(t, "if (!extension.%s)", e->f->name);
	nacre_text_line(t, "\treturn;");
	nacre_text_line(t, "%sextension.%s(&%s_own);",
			e->f->type->kind == NACRE_TYPE_VOID
				? ""
				: emit_text(e, "%s = ", emit_declare(e, e->f->type, "result")),
			e->f->name, p->name);
	if (e->f->success)
		nacre_text_line(t, "if (!(%s))\n\t\treturn;",
				emit_expr(e, e->f->success, EMIT_AFTER, NULL));
	nacre_text_line(t, "if (!%s_own)", p->name);
	nacre_text_line(t, "\treturn;");
	for (const struct nacre_item *f = emit_table_record(p)->fields; f; f = f->next) {
		const struct nacre_function *to = emit_table_function(e->m, f);

		if (!to || to->refuse)
			continue;
		nacre_text_line(t, "if (!extension.%s)", to->name);
		nacre_text_line(t, "\textension.%s = %s_own->%s;", to->name, p->name, f->name);
	}
	nacre_text_close(t, "\n");
}

void emit_bind(struct nacre_text *t, const struct nacre_model *m)
{
	struct emit e = {.t = t, .m = m, .f = table_giver(m)};

	if (e.f) {
		e.items = e.f->params;
		bind_from_table(&e);
	}
	nacre_text_function(t, "static int bind_extension(void *library, struct nacre_error *e)");
	nacre_text_open(t, "static nacre_function *const slots[] =");
	for (const struct nacre_function *f = m->functions; f; f = f->next)
		if (!f->refuse)
			nacre_text_line(t, "(nacre_function *)&extension.%s,", f->name);
	nacre_text_close(t, ";");
	nacre_text_line(t, "unsigned found = 0;");
	nacre_text_line(t, "%s", "");
	nacre_text_open(t, "for (unsigned i = 0; i < OP_COUNT; i++)");
	nacre_text_line(t, "*slots[i] = (nacre_function)dlsym(library, op_names[i]);");
	nacre_text_line(t, "found += *slots[i] != NULL;");
	nacre_text_close(t, "");
	nacre_text_line(t, "if (found == 0)");
	nacre_text_line(t,
			"\treturn nacre_error_set(e, NACRE_E_INPUT, 0, \"%s\", "
			"\"the extension has none of the interface's functions\");",
			m->name);
	if (e.f) {
		nacre_text_line(t, "if (found < OP_COUNT)");
		nacre_text_line(t, "\tbind_from_table();");
	}
	nacre_text_line(t, "return 0;");
	nacre_text_close(t, "\n");
}
