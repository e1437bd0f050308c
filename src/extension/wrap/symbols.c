/* SPDX-License-Identifier: BSD-2-Clause */
/* symbols.c - the overlay's functions against the extension's symbols, and the version script */
#include "build.h"

#include <stdio.h>
#include <string.h>

static const struct nacre_function *function_named(const struct nacre_model *m, const char *name)
{
	for (const struct nacre_function *f = m->functions; f; f = f->next)
		if (!strcmp(f->name, name))
			return f;
	return NULL;
}

static const struct wrap_symbol *symbol_named(const struct wrap_exports *elf, const char *name)
{
	for (size_t i = 0; i < elf->symbol_count; i++)
		if (!strcmp(elf->symbols[i].name, name) && elf->symbols[i].default_version)
			return &elf->symbols[i];
	return NULL;
}

/* Every extension has these of its own, or they are a C++ runtime's. */
static bool is_incidental(const struct wrap_symbol *s)
{
	static const char *const names[] = {"_init", "_fini",	    "_edata",
					    "_end",  "__bss_start", NULL};

	if (!*s->name || !strncmp(s->name, "_Z", 2))
		return true;
	for (int i = 0; names[i]; i++)
		if (!strcmp(names[i], s->name))
			return true;
	return false;
}

static bool has_table(const struct nacre_model *m)
{
	for (const struct nacre_function *f = m->functions; f; f = f->next)
		for (const struct nacre_item *p = f->params; p; p = p->next)
			if (p->rule && p->rule->kind == NACRE_RULE_TABLE)
				return true;
	return false;
}

/* The first function (or variable) in the alphabet that the extension exports and nobody describes.
 */
static const struct wrap_symbol *uncovered(const struct nacre_model *m,
					   const struct wrap_exports *elf, bool data)
{
	const struct wrap_symbol *first = NULL;

	for (size_t i = 0; i < elf->symbol_count; i++) {
		const struct wrap_symbol *s = &elf->symbols[i];

		if (s->data == data && !is_incidental(s) && !function_named(m, s->name) &&
		    !nacre_model_waives(m, s->name) && (!first || strcmp(s->name, first->name) < 0))
			first = s;
	}
	return first;
}

/* A function of the overlay that the extension has under another version as well, "name@VERSION".
 */
static const struct wrap_symbol *older(const struct nacre_model *m, const struct wrap_exports *elf,
				       char *full, size_t room)
{
	for (size_t i = 0; i < elf->symbol_count; i++) {
		const struct wrap_symbol *s = &elf->symbols[i];

		if (!s->function || s->default_version || !*s->version ||
		    !function_named(m, s->name))
			continue;
		snprintf(full, room, "%s@%s", s->name, s->version);
		if (!nacre_model_waives(m, full))
			return s;
	}
	return NULL;
}

int wrap_compare(const struct nacre_model *m, const struct wrap_exports *elf, const char *overlay,
		 struct nacre_error *e)
{
	const char *slash = strrchr(overlay, '/'), *file = slash ? slash + 1 : overlay;
	char where[48], full[200];
	const struct wrap_symbol *old;

	for (const struct nacre_function *f = m->functions; f; f = f->next) {
		if (symbol_named(elf, f->name) || has_table(m))
			continue;
		snprintf(where, sizeof(where), "%s:%u", file, f->at.line);
		return nacre_error_set(
			e, NACRE_E_INPUT, 0, where,
			"the extension has no function %s: take it out of the overlay, or "
			"wrap the version that has it",
			f->name);
	}
	old = older(m, elf, full, sizeof(full));
	if (old) {
		snprintf(where, sizeof(where), "%s:%u", file,
			 function_named(m, old->name)->at.line);
		return nacre_error_set(
			e, NACRE_E_INPUT, 0, where,
			"the extension exports %s for hosts of an older version, and a proxy "
			"has the default one alone: say waive_symbol(%s, \"why\") in "
			"NACRE_INTERFACE",
			full, full);
	}
	for (int data = 0; data <= 1; data++) {
		const struct wrap_symbol *s = uncovered(m, elf, data);

		if (!s)
			continue;
		return nacre_error_set(
			e, NACRE_E_INPUT, 0, file,
			s->data ? "the extension exports the variable %s, which a host could not "
				  "share: say waive_symbol(%s, \"why\") in NACRE_INTERFACE"
				: "the extension exports %s, which the overlay does not describe: "
				  "declare it, with refuse and waive(\"why\") if need be",
			s->name, s->name);
	}
	return 0;
}

static const char *version_in(const struct wrap_exports *elf, const char *name)
{
	const struct wrap_symbol *s = elf ? symbol_named(elf, name) : NULL;

	return s ? s->version : "";
}

/* Symbols without a version cannot be named in a script with versions: they stay as they are,
 * exported by their visibility, and so must all that is not named. */
static bool all_versioned(const struct nacre_model *m, const struct wrap_exports *elf)
{
	for (const struct nacre_function *f = m->functions; f; f = f->next)
		if (!*version_in(elf, f->name))
			return false;
	return true;
}

static void node(struct nacre_text *t, const struct nacre_model *m, const struct wrap_exports *elf,
		 const char *version, const char *parent, bool last)
{
	bool any = false;

	nacre_text_raw(t, "%s%s{\n", version, *version ? " " : "");
	for (const struct nacre_function *f = m->functions; f; f = f->next) {
		if (strcmp(version_in(elf, f->name), version))
			continue;
		if (!any)
			nacre_text_raw(t, "global:\n");
		any = true;
		nacre_text_raw(t, "\t%s;\n", f->name);
	}
	if (last)
		nacre_text_raw(t, "local:\n\t*;\n");
	nacre_text_raw(t, "}%s%s;\n", *parent ? " " : "", parent);
}

void wrap_symbol_map(struct nacre_text *t, const struct nacre_model *m,
		     const struct wrap_exports *elf)
{
	size_t written = 0;

	/* The first definition of a versioned file is the file itself. */
	for (size_t i = 1; elf && i < elf->version_count; i++, written++) {
		if (written)
			nacre_text_raw(t, "\n");
		node(t, m, elf, elf->versions[i].name, elf->versions[i].parent,
		     i + 1 == elf->version_count && all_versioned(m, elf));
	}
	if (!written)
		node(t, m, NULL, "", "", true);
}
