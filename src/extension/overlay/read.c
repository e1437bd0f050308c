/* SPDX-License-Identifier: BSD-2-Clause */
/* read.c - an overlay, parsed by libclang, becomes a model
 *
 * DOC: Theory of Operation
 *
 * One pass over the translation unit collects: every name that an expression may use (macros,
 * constants, functions), every struct of the upstream header, and what the overlay itself declares:
 * the interface, handles, callbacks, views and functions, with the text of their annotations. Only
 * then are the annotations turned into rules (they may name what is declared further down), the
 * expressions checked, and ops, handles and callbacks numbered in the order of the overlay.
 */
#include "reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct known {
	const char *name;
	bool macro;
	struct known *next;
};

static unsigned known_slot(const char *name)
{
	unsigned h = 5381;

	while (*name)
		h = h * 33 + (unsigned char)*name++;
	return h % 1024;
}

static struct known *find_known(const struct reader *r, const char *name)
{
	for (struct known *k = r->known[known_slot(name)]; k; k = k->next)
		if (!strcmp(k->name, name))
			return k;
	return NULL;
}

void reader_know(struct reader *r, const char *name)
{
	struct known *k, **slot = &r->known[known_slot(name)];

	if (!*name || reader_knows(r, name))
		return;
	k = nacre_arena_alloc(r->arena, sizeof(*k));
	k->name = name;
	k->next = *slot;
	*slot = k;
}

bool reader_knows(const struct reader *r, const char *name)
{
	return find_known(r, name) != NULL;
}

void reader_know_macro(struct reader *r, const char *name)
{
	reader_know(r, name);
	if (*name)
		find_known(r, name)->macro = true;
}

bool reader_knows_macro(const struct reader *r, const char *name)
{
	const struct known *k = find_known(r, name);

	return k && k->macro;
}

void *reader_fail(struct reader *r, const struct nacre_at *at, const char *fmt, ...)
{
	char text[sizeof(r->e->msg)];
	va_list ap;

	if (r->failed)
		return NULL;
	r->failed = true;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	nacre_at_error(r->e, at, "%s", text);
	return NULL;
}

const char *reader_text(struct reader *r, CXString s)
{
	const char *text = clang_getCString(s);
	char *copy = nacre_arena_copy(r->arena, text ? text : "", text ? strlen(text) : 0);

	clang_disposeString(s);
	return copy;
}

struct nacre_at reader_at(struct reader *r, CXCursor c)
{
	struct nacre_at at = {NULL, 0};
	CXFile file;

	clang_getExpansionLocation(clang_getCursorLocation(c), &file, &at.line, NULL, NULL);
	if (file)
		at.file = reader_text(r, clang_getFileName(file));
	return at;
}

struct words_search {
	struct reader *r;
	const char *text;
};

static enum CXChildVisitResult visit_annotation(CXCursor c, CXCursor parent, CXClientData data)
{
	struct words_search *search = data;
	const char *text;

	(void)parent;
	if (clang_getCursorKind(c) != CXCursor_AnnotateAttr)
		return CXChildVisit_Continue;
	text = reader_text(search->r, clang_getCursorSpelling(c));
	if (strncmp(text, "nacre:", 6))
		return CXChildVisit_Continue;
	if (search->text)
		search->text =
			nacre_arena_printf(search->r->arena, "%s, %s", search->text, text + 6);
	else
		search->text = text + 6;
	return CXChildVisit_Continue;
}

const char *reader_words(struct reader *r, CXCursor c)
{
	struct words_search search = {r, NULL};

	clang_visitChildren(c, visit_annotation, &search);
	return search.text;
}

static void read_symbol_waiver(struct reader *r, const char *args, const struct nacre_at *at)
{
	const char *const *list = nacre_words_list(r->arena, args, ',');
	struct nacre_symbol_waiver *w = nacre_arena_alloc(r->arena, sizeof(*w)), **end;

	w->symbol = list ? list[0] : NULL;
	w->why = w->symbol && list[1] ? reader_string(r, list[1]) : NULL;
	if (!w->why || !*w->why) {
		reader_fail(r, at, "a waiver needs a reason: waive_symbol(name, \"why\")");
		return;
	}
	for (end = &r->m->symbol_waivers; *end; end = &(*end)->next)
		;
	*end = w;
}

static void read_interface_word(struct reader *r, const struct nacre_word *w,
				const struct nacre_at *at)
{
	struct nacre_model *m = r->m;

	if (!strcmp(w->name, "version") && w->args && reader_string(r, w->args)) {
		m->version = reader_string(r, w->args);
	} else if (!strcmp(w->name, "success") && w->args) {
		m->success = w->args;
	} else if (!strcmp(w->name, "on_fail") && w->args) {
		m->on_fail = reader_failure(r, w->args, at);
	} else if (!strcmp(w->name, "deadline") && w->args) {
		m->no_deadline = !strcmp(w->args, "none");
		m->deadline = m->no_deadline ? NULL : w->args;
	} else if (!strcmp(w->name, "include") && w->args && reader_string(r, w->args)) {
		struct nacre_include *i = nacre_arena_alloc(r->arena, sizeof(*i)), **end;

		for (end = &m->includes; *end; end = &(*end)->next)
			;
		i->file = reader_string(r, w->args);
		*end = i;
	} else if (!strcmp(w->name, "result") && w->args) {
		m->result = w->args;
	} else if (!strcmp(w->name, "waive_symbol") && w->args) {
		read_symbol_waiver(r, w->args, at);
	} else {
		reader_fail(r, at,
			    "'%s' is not a word of NACRE_INTERFACE (version, success, "
			    "on_fail, deadline, include, waive_symbol)",
			    w->name);
	}
}

static void read_interface(struct reader *r, CXCursor c, const char *name)
{
	struct nacre_at at = reader_at(r, c);
	struct nacre_word *w = NULL;

	if (r->m->name) {
		reader_fail(r, &at, "a second NACRE_INTERFACE: an overlay describes one interface");
		return;
	}
	r->m->name = name;
	if (nacre_words_split(r->arena, reader_words(r, c), &at, &w, r->e) < 0)
		r->failed = true;
	for (; w && !r->failed; w = w->next)
		read_interface_word(r, w, &at);
}

static void read_handle(struct reader *r, CXCursor c, const char *name)
{
	struct nacre_handle *h = nacre_arena_alloc(r->arena, sizeof(*h));
	struct nacre_word *w = NULL;

	*h = (struct nacre_handle){.name = name, .none = "0", .at = reader_at(r, c)};
	if (nacre_words_split(r->arena, reader_words(r, c), &h->at, &w, r->e) < 0)
		r->failed = true;
	for (; w && !r->failed; w = w->next) {
		if (!strcmp(w->name, "type") && w->args)
			h->type = w->args;
		else if (!strcmp(w->name, "none") && w->args)
			h->none = w->args;
		else if (!strcmp(w->name, "stale") && w->args)
			h->stale = reader_failure(r, w->args, &h->at);
		else if (!strcmp(w->name, "tracked"))
			h->tracked = true;
		else
			reader_fail(r, &h->at,
				    "'%s' is not a word of NACRE_HANDLE (type, none, "
				    "stale, tracked)",
				    w->name);
	}
	h->number = r->m->handle_count++;
	*r->handle_end = h;
	r->handle_end = &h->next;
}

/* A variable that the overlay declares as a part of the interface. */
static void read_extern(struct reader *r, CXCursor c, const char *name)
{
	struct nacre_at at = reader_at(r, c);

	reader_know(r, name);
	if (!nacre_model_waives(r->m, name))
		reader_fail(r, &at,
			    "%s is a variable, which host and extension could not share: leave it "
			    "out and say waive_symbol(%s, \"why\") in NACRE_INTERFACE",
			    name, name);
}

static void read_variable(struct reader *r, CXCursor c)
{
	const char *name = reader_text(r, clang_getCursorSpelling(c));

	if (!strncmp(name, "nacre_interface_", 16))
		read_interface(r, c, name + 16);
	else if (!strncmp(name, "nacre_handle_", 13))
		read_handle(r, c, name + 13);
	else if (!strncmp(name, "nacre_callback_", 15))
		reader_callback(r, c, name + 15);
	else if (clang_Cursor_getStorageClass(c) == CX_SC_Extern)
		read_extern(r, c, name);
	else
		reader_know(r, name);
}

static void know_type(struct reader *r, CXCursor c, const char *name, bool is_typedef)
{
	struct named *n;

	if (!*name)
		return;
	n = nacre_arena_alloc(r->arena, sizeof(*n));
	*n = (struct named){name, clang_getCursorType(c), is_typedef, r->named};
	r->named = n;
	if (is_typedef)
		reader_know(r, name);
}

static enum CXChildVisitResult visit_constant(CXCursor c, CXCursor parent, CXClientData data)
{
	struct reader *r = data;

	(void)parent;
	if (clang_getCursorKind(c) == CXCursor_EnumConstantDecl)
		reader_know(r, reader_text(r, clang_getCursorSpelling(c)));
	return CXChildVisit_Continue;
}

static bool in_overlay(const struct reader *r, CXCursor c)
{
	CXFile file;

	clang_getExpansionLocation(clang_getCursorLocation(c), &file, NULL, NULL, NULL);
	return file && clang_File_isEqual(file, r->main_file);
}

static enum CXChildVisitResult visit_top(CXCursor c, CXCursor parent, CXClientData data)
{
	struct reader *r = data;
	const char *name = reader_text(r, clang_getCursorSpelling(c));

	(void)parent;
	switch (clang_getCursorKind(c)) {
	case CXCursor_StructDecl:
	case CXCursor_UnionDecl:
		if (clang_isCursorDefinition(c))
			know_type(r, c, name, false);
		break;
	case CXCursor_TypedefDecl:
		know_type(r, c, name, true);
		break;
	case CXCursor_EnumDecl:
		clang_visitChildren(c, visit_constant, r);
		break;
	case CXCursor_MacroDefinition:
		reader_know_macro(r, name);
		break;
	case CXCursor_VarDecl:
		if (in_overlay(r, c))
			read_variable(r, c);
		else
			reader_know(r, name);
		break;
	case CXCursor_FunctionDecl:
		if (!strncmp(name, "nacre_view_", 11))
			reader_view(r, c);
		else if (!in_overlay(r, c) || clang_isCursorDefinition(c))
			reader_know(r, name);
		else
			reader_function(r, c);
		break;
	default:
		break;
	}
	return r->failed ? CXChildVisit_Break : CXChildVisit_Continue;
}

/* The compiler's own errors: the first one ends the reading. */
static void check_diagnostics(struct reader *r)
{
	unsigned count = clang_getNumDiagnostics(r->tu);

	for (unsigned i = 0; i < count && !r->failed; i++) {
		CXDiagnostic d = clang_getDiagnostic(r->tu, i);
		struct nacre_at at = {NULL, 0};
		const char *text;
		CXFile file = NULL;

		if (clang_getDiagnosticSeverity(d) >= CXDiagnostic_Error) {
			clang_getExpansionLocation(clang_getDiagnosticLocation(d), &file, &at.line,
						   NULL, NULL);
			if (file)
				at.file = reader_text(r, clang_getFileName(file));
			text = reader_text(r, clang_getDiagnosticSpelling(d));
			reader_fail(r, &at,
				    strncmp(text, "conflicting types", 17)
					    ? "%s"
					    : "%s: declare it as the upstream header does",
				    text);
		}
		clang_disposeDiagnostic(d);
	}
}

static void parse(struct reader *r, CXIndex index, const char *overlay, const char *const *flags)
{
	unsigned options = CXTranslationUnit_DetailedPreprocessingRecord;
	const char *args[64] = {"-xc", "-std=gnu11", "-D_GNU_SOURCE"};
	struct nacre_at at = {overlay, 0};
	int n = 3;

	for (; flags && *flags; flags++) {
		if (n == 64) {
			reader_fail(r, &at, "more than 60 compiler flags");
			return;
		}
		args[n++] = *flags;
	}
	if (clang_parseTranslationUnit2(index, overlay, args, n, NULL, 0, options, &r->tu) !=
	    CXError_Success) {
		r->failed = true;
		nacre_error_set(r->e, NACRE_E_INPUT, 0, overlay, "cannot be read as a C header");
		return;
	}
	r->main_file = clang_getFile(r->tu, overlay);
	check_diagnostics(r);
}

static void number_functions(struct nacre_model *m)
{
	for (struct nacre_function *f = m->functions; f; f = f->next)
		if (!f->refuse)
			f->number = m->op_count++;
}

static void digest(struct nacre_model *m)
{
	static const uint64_t basis[2] = {0xcbf29ce484222325u, 0x84222325cbf29ce4u};
	char *text = nacre_model_text(m);

	for (int half = 0; half < 2; half++) {
		uint64_t h = basis[half];

		for (const char *p = text; *p; p++) /* FNV-1a, and a rotation for the second half */
			h = ((half ? h << 7 | h >> 57 : h) ^ (uint8_t)*p) * 0x100000001b3u;
		for (int i = 0; i < 8; i++)
			m->digest[half * 8 + i] = (uint8_t)(h >> (i * 8));
	}
}

static void read_rules(struct reader *r)
{
	struct nacre_model *m = r->m;
	struct nacre_at at = {m->overlay, 1};

	if (!m->name) {
		reader_fail(r, &at, "no NACRE_INTERFACE: say what the interface is called");
		return;
	}
	for (struct nacre_view *v = m->views; v; v = v->next)
		reader_view_rules(r, v);
	for (struct nacre_callback *c = m->callbacks; c; c = c->next)
		reader_callback_rules(r, c);
	for (struct nacre_function *f = m->functions; f; f = f->next)
		reader_function_rules(r, f);
	if (!r->failed)
		reader_check(r);
	if (!r->failed) {
		number_functions(m);
		digest(m);
	}
}

struct nacre_model *nacre_model_read(const char *overlay, const char *const *flags,
				     struct nacre_error *e)
{
	const char *slash = strrchr(overlay, '/');
	struct nacre_error unwanted;
	struct reader *r = calloc(1, sizeof(*r));
	struct nacre_model *m = NULL;
	CXIndex index;

	if (!r)
		abort();
	r->e = e ? e : &unwanted;
	r->arena = nacre_arena_new();
	r->m = m = nacre_arena_alloc(r->arena, sizeof(*m));
	m->arena = r->arena;
	m->overlay = nacre_arena_printf(r->arena, "%s", slash ? slash + 1 : overlay);
	m->version = "";
	r->function_end = &m->functions;
	r->handle_end = &m->handles;
	r->callback_end = &m->callbacks;
	r->view_end = &m->views;
	r->record_end = &m->records;
	index = clang_createIndex(0, 0);
	parse(r, index, overlay, flags);
	if (!r->failed)
		clang_visitChildren(clang_getTranslationUnitCursor(r->tu), visit_top, r);
	if (!r->failed)
		read_rules(r);
	if (r->tu)
		clang_disposeTranslationUnit(r->tu);
	clang_disposeIndex(index);
	if (r->failed) {
		nacre_model_free(m);
		m = NULL;
	}
	free(r);
	return m;
}

void nacre_model_free(struct nacre_model *m)
{
	if (m)
		nacre_arena_free(m->arena);
}
