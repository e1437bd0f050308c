/* SPDX-License-Identifier: BSD-2-Clause */
/* reader.h - the state of reading one overlay (private to this room)
 *
 * The first error sticks: every function does nothing once `failed` is set, and returns something
 * harmless.
 */
#ifndef NACRE_OVERLAY_READER_H
#define NACRE_OVERLAY_READER_H

#include "arena.h"
#include "model.h"
#include "words.h"

#include <clang-c/Index.h>

struct said;
struct known; /* a name that expressions may use */
struct named; /* a struct, union or typedef of the upstream header */

struct reader {
	struct nacre_model *m;
	struct nacre_arena *arena;
	struct nacre_error *e;
	bool failed;
	CXTranslationUnit tu;
	CXFile main_file;
	struct known *known[1024];
	struct named *named;
	struct nacre_function **function_end;
	struct nacre_handle **handle_end;
	struct nacre_callback **callback_end;
	struct nacre_view **view_end;
	struct nacre_record **record_end;
};

/** reader_fail() - keep the first error. Return: NULL */
void *reader_fail(struct reader *r, const struct nacre_at *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** reader_text() - a copy of a libclang string, which is disposed of */
const char *reader_text(struct reader *r, CXString s);
struct nacre_at reader_at(struct reader *r, CXCursor c);
/** reader_words() - the text of all nacre annotations of @c, joined by commas; NULL without one */
const char *reader_words(struct reader *r, CXCursor c);
void reader_know(struct reader *r, const char *name);
void reader_know_macro(struct reader *r, const char *name);
bool reader_knows_macro(const struct reader *r, const char *name);
bool reader_knows(const struct reader *r, const char *name);

/* type.c */
struct nacre_type *reader_type(struct reader *r, CXType t);
/** reader_named_type() - "struct x", "x" or a typedef of the upstream header; NULL unknown */
struct nacre_type *reader_named_type(struct reader *r, const char *name);
/** reader_fields() - the fields of @type, which generated code knows as @record */
struct nacre_item *reader_fields(struct reader *r, CXType type, const struct nacre_record *record);

struct named {
	const char *name;
	CXType type;
	bool is_typedef;
	struct named *next;
};

/* rule.c, said.c, cases.c */
enum rule_place { PLACE_PARAM, PLACE_FIELD, PLACE_RESULT };
struct nacre_rule *reader_rule(struct reader *r, enum rule_place place, const char *name,
			       struct nacre_type *type, const char *words,
			       const struct nacre_at *at);
struct nacre_failure *reader_failure(struct reader *r, const char *args, const struct nacre_at *at);
/** reader_string() - the text of a C string constant; NULL where @args is not one */
const char *reader_string(struct reader *r, const char *args);

/* view.c */
void reader_view(struct reader *r, CXCursor function);
struct nacre_view *reader_plain_view(struct reader *r, struct nacre_record *record,
				     const struct nacre_at *at);
struct nacre_view *reader_find_view(struct reader *r, struct nacre_record *record, const char *name,
				    const struct nacre_at *at);
void reader_view_rules(struct reader *r, struct nacre_view *view);

/* function.c */
void reader_function(struct reader *r, CXCursor c);
void reader_callback(struct reader *r, CXCursor c, const char *name);
void reader_function_rules(struct reader *r, struct nacre_function *f);
void reader_callback_rules(struct reader *r, struct nacre_callback *c);
struct nacre_handle *reader_find_handle(const struct reader *r, const char *name);
struct nacre_callback *reader_find_callback(const struct reader *r, const char *name);

/* misuse.c */
/** reader_words_used() - every word that was said has become a part of @rule */
void reader_words_used(struct reader *r, const struct said *s, const struct nacre_rule *rule);

/* support.c: what generated code cannot do */
void reader_support_type(struct reader *r, const char *name, const struct nacre_type *type,
			 const struct nacre_at *at);
void reader_support_field(struct reader *r, const struct nacre_item *field);
void reader_support_function(struct reader *r, CXCursor c, const struct nacre_function *f);
void reader_support_name(struct reader *r, const struct nacre_function *f);
void reader_support_values(struct reader *r, const struct nacre_function *f);
/** reader_rename_params() - away from names that generated code uses itself */
void reader_rename_params(struct reader *r, struct nacre_function *f);

/* check.c */
void reader_check(struct reader *r);

#endif
