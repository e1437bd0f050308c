/* SPDX-License-Identifier: BSD-2-Clause */
/* emit_preamble.c - what proxy.c and stub.c begin with: the same numbers on both sides of a channel */
#include "emit.h"

void emit_heading(struct nacre_text *t, const struct nacre_model *m, const char *file,
		  const char *purpose)
{
	nacre_text_line(t, "/* SPDX-License-Identifier: BSD-2-Clause */");
	nacre_text_line(t, "/* %s - %s", file, purpose);
	nacre_text_line(t, " *");
	nacre_text_line(t, " * Made by nacre from the overlay %s: do not edit. Interface %s %s.",
			m->overlay, m->name, m->version);
	nacre_text_line(t, " */");
}

static void numbers_of(struct nacre_text *t, const char *prefix, bool last)
{
	nacre_text_line(t, "%s_COUNT", prefix);
	nacre_text_close(t, last ? ";\n" : ";");
}

static void numbers(struct nacre_text *t, const struct nacre_model *m)
{
	nacre_text_open(t, "enum");
	for (const struct nacre_function *f = m->functions; f; f = f->next)
		if (!f->refuse)
			nacre_text_line(t, "OP_%s,", f->name);
	numbers_of(t, "OP", true);
	nacre_text_open(t, "enum");
	for (const struct nacre_handle *h = m->handles; h; h = h->next)
		nacre_text_line(t, "HANDLE_%s,", h->name);
	numbers_of(t, "HANDLE", true);
	nacre_text_open(t, "enum");
	for (const struct nacre_callback *c = m->callbacks; c; c = c->next)
		nacre_text_line(t, "CALLBACK_%s,", c->function.name);
	numbers_of(t, "CALLBACK", true);
}

/* Macros of the headers that have the name of a function. */
static void undefine(struct nacre_text *t, const struct nacre_model *m)
{
	bool any = false;

	for (const struct nacre_function *f = m->functions; f; f = f->next) {
		if (!f->macro)
			continue;
		if (!any)
			nacre_text_raw(t, "\n/* Macros of the headers that have the name of a "
					  "function. */\n");
		any = true;
		nacre_text_raw(t, "#undef %s\n", f->name);
	}
}

void emit_preamble(struct nacre_text *t, const struct nacre_model *m, const char *file, const char *purpose,
		   const char *includes)
{
	emit_heading(t, m, file, purpose);
	nacre_text_raw(t, "#include \"%s\"\n\n%s", m->overlay, includes);
	for (const struct nacre_include *i = m->includes; i; i = i->next)
		nacre_text_raw(t, "#include \"%s\"\n", i->file);
	undefine(t, m);
	nacre_text_raw(t, "\n/* An overlay says result >= 0 of unsigned results as well. */\n"
			  "#pragma GCC diagnostic ignored \"-Wtype-limits\"\n\n"
			  "#define EXPORT __attribute__((visibility(\"default\")))\n\n");
	numbers(t, m);
}
