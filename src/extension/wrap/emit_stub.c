/* SPDX-License-Identifier: BSD-2-Clause */
/* emit_stub.c - stub.c as a whole: its tables, views, thunks and functions */
#include "emit.h"

#include <string.h>

static void extension(struct nacre_text *t, const struct nacre_model *m)
{
	nacre_text_comment(t, "The extension's functions; NULL where it has none.");
	nacre_text_open(t, "static struct");
	for (const struct nacre_function *f = m->functions; f; f = f->next)
		if (!f->refuse)
			nacre_text_line(t, "__typeof__(%s) *%s;", f->name, f->name);
	nacre_text_close(t, " extension;\n");
}

static void tables(struct nacre_text *t, const struct nacre_model *m)
{
	nacre_text_open(t, "static const char *const op_names[] =");
	for (const struct nacre_function *f = m->functions; f; f = f->next)
		if (!f->refuse)
			nacre_text_line(t, "[OP_%s] = \"%s\",", f->name, f->name);
	nacre_text_close(t, ";\n");
}

static void stub(struct nacre_text *t, const struct nacre_model *m)
{
	nacre_text_open(t, "static void (*const serve[])(struct nacre_service *s) =");
	for (const struct nacre_function *f = m->functions; f; f = f->next)
		if (!f->refuse)
			nacre_text_line(t, "[OP_%s] = serve_%s,", f->name, f->name);
	nacre_text_close(t, ";\n");
	nacre_text_open(t, "EXPORT const struct nacre_stub nacre_stub =");
	nacre_text_line(t, ".name = \"%s\",", m->name);
	nacre_text_line(t, ".version = \"%s\",", m->version);
	emit_digest(t, m);
	nacre_text_line(t, ".op_count = OP_COUNT,");
	nacre_text_line(t, ".callback_count = CALLBACK_COUNT,");
	nacre_text_line(t, ".op_names = op_names,");
	nacre_text_line(t, ".serve = serve,");
	if (m->callbacks)
		nacre_text_line(t, ".thunks = thunks,");
	nacre_text_line(t, ".bind = bind_extension,");
	nacre_text_close(t, ";");
}

void emit_stub(struct nacre_text *t, const struct nacre_model *m)
{
	emit_preamble(t, m, "stub.c", "what stands before an extension in its virtual process",
		      "#include <nacre/stub.h>\n\n#include <dlfcn.h>\n#include <stdlib.h>\n");
	extension(t, m);
	emit_stub_callbacks(t, m);
	emit_views(t, m, false);
	emit_stub_tables(t, m);
	for (const struct nacre_function *f = m->functions; f; f = f->next)
		emit_stub_function(t, m, f);
	tables(t, m);
	emit_bind(t, m);
	stub(t, m);
}
