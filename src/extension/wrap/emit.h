/* SPDX-License-Identifier: BSD-2-Clause */
/* emit.h - the state of writing generated code (private to this room)
 *
 * DOC: Theory of Operation
 *
 * A call has a caller and a callee. The caller sends (request) and accepts (reply); the callee
 *takes (request) and replies. For functions of the extension the proxy is the caller and the stub
 *the callee; for callbacks it is the other way round. emit_send.c, emit_accept.c and emit_callee.c
 *write both roles for parameters and for fields of views alike; emit_value.c knows how one word is
 *translated on each side.
 *
 * Wire order, the same at every level (parameters of a function, fields of a view): first all words
 * (numbers, handles, tokens, callbacks, and what pointers to one of these point to), then all the
 * rest, each in the order of the declaration. So every length and tag is known before what it
 * describes is decoded. A reply begins with the result.
 *
 * Names in generated functions, for a parameter x:
 *	x       the parameter; on the callee's side what the extension gets
 *	x_own   a private copy of *x before the call; on the callee's side what x points to
 *	x_new   *x after the call, as the reply has it
 *	x_room  capacity of an out buffer
 *	x_keep  private copies of structs before the call, as long as the reply needs them
 * In functions of views `own` is the private copy before the call (in the stub: what the extension
 * gets), keep->was the values before the call, keep->now what the reply says.
 */
#ifndef NACRE_WRAP_EMIT_H
#define NACRE_WRAP_EMIT_H

#include "text.h"

#include <extension/overlay/expr.h>
#include <extension/overlay/model.h>

enum emit_phase {
	EMIT_BEFORE, /* values before the call */
	EMIT_AFTER   /* values after it, with `result` */
};

/** struct emit - where code is being written to, and what names mean there */
struct emit {
	struct nacre_text *t;
	const struct nacre_model *m;
	bool proxy;		       /* else the stub */
	bool caller;		       /* else the callee */
	const struct nacre_view *view; /* the items are its fields; NULL: parameters */
	bool replying;		       /* callee: after the call */
	int dir;		       /* view: the direction it is used in */
	const char *call;     /* pointer to the call, service, upcall or downcall: "&call", "s" */
	const char *in, *out; /* "call.in", "call.out" */
	const struct nacre_item *items;
	const struct nacre_function *f; /* NULL in a view */
	enum emit_phase phase;
	const char *cap;
};

/* emit_value.c */

/** emit_text() - formatted text in the model's arena */
const char *emit_text(const struct emit *e, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/** emit_expr() - an expression of the overlay, in the terms of this place */
const char *emit_expr(const struct emit *e, const char *expr, enum emit_phase phase,
		      const char *cap);
/** emit_declare() - "type name" for any type */
const char *emit_declare(const struct emit *e, const struct nacre_type *type, const char *name);
/** emit_plain() - the spelling of @type without an outer const */
const char *emit_plain(const struct emit *e, const struct nacre_type *type);
/** emit_size() - the size of an element of the kind that @rule points to */
const char *emit_size(const struct emit *e, const struct nacre_rule *rule);
/** emit_item() - the value of an item: "x", "own->x" */
const char *emit_item(const struct emit *e, const struct nacre_item *item);
int emit_dir(const struct emit *e, const struct nacre_item *item);
/** emit_put() - a statement that sends @value */
void emit_put(const struct emit *e, const struct nacre_rule *rule, const char *name,
	      const char *value);
/** emit_put_if() - the same, only where the pointer @name is not NULL */
void emit_put_if(const struct emit *e, const struct nacre_rule *rule, const char *name,
		 const char *value);
/** emit_get() - an expression that reads a value; handles of a reply come raw */
const char *emit_get(const struct emit *e, const struct nacre_rule *rule);
/** emit_check() - the value rule of @rule, in terms of @value; on a breach @then */
void emit_check(const struct emit *e, const struct nacre_rule *rule, const char *value,
		const char *then);
/** emit_refuse() - statements that end the call before it is sent, with what @f or on_fail says */
void emit_refuse(const struct emit *e, const char *why, const struct nacre_failure *f);
/** emit_on_fail() - the statements that leave a function with its declared failure */
void emit_on_fail(const struct emit *e);
/** emit_violate() - the statement that marks a reply as malformed */
const char *emit_violate(const struct emit *e, const char *what);
const char *emit_room(const struct emit *e, const struct nacre_item *item,
		      const struct nacre_rule *rule);
const char *emit_used(const struct emit *e, const struct nacre_item *item,
		      const struct nacre_rule *rule);
const char *emit_max(const struct emit *e, const struct nacre_rule *rule, bool from_extension);
/** emit_instance() - the name of a view's functions for one direction */
const char *emit_instance(const struct emit *e, const struct nacre_view *view, int dir);
/** emit_keep() - where the kept copies for @item (a case of it: @number > 0) are */
const char *emit_keep(const struct emit *e, const struct nacre_item *item, int number);
/** emit_deep() - does @rule point to structs that travel field by field? */
bool emit_deep(const struct nacre_rule *rule, int dir);
bool emit_flat(const struct nacre_rule *rule, int dir);

/** emit_is_cell() - does @rule point to one word that travels with the words? */
bool emit_is_cell(const struct nacre_rule *rule);
/** emit_case_open() - the branch of the generated code for case @c of @rule; the cases are taken in order */
void emit_case_open(const struct emit *e, const struct nacre_rule *rule, const struct nacre_case *c);
/** emit_case_close() - its end, and that of the whole behind the last one */
void emit_case_close(const struct emit *e, const struct nacre_case *c);
/** emit_as_case() - the pointer @p as what a case takes it for */
const char *emit_as_case(const struct emit *e, const struct nacre_item *p,
			 const struct nacre_rule *rule, int dir);

/* emit_send.c, emit_accept.c */
void emit_send_words(const struct emit *e);
void emit_send_rest(const struct emit *e);
void emit_accept_words(const struct emit *e);
void emit_accept_rest(const struct emit *e);

/* emit_callee.c */
void emit_take_words(const struct emit *e);
void emit_take_rest(const struct emit *e);
void emit_reply_words(const struct emit *e);
void emit_reply_rest(const struct emit *e);

/* emit_array.c */
/* An array of fixed size that does not travel as it lies in memory; in the four roles. */
void emit_send_array(const struct emit *e, const struct nacre_item *p, int dir);
void emit_accept_array(const struct emit *e, const struct nacre_item *p, int dir);
void emit_take_array(const struct emit *e, const struct nacre_item *p, int dir);
void emit_reply_array(const struct emit *e, const struct nacre_item *p, int dir);
/* A struct that is a result: room for it, read and checked, its handles translated, sent. */
void emit_expect_struct(const struct emit *e);
void emit_read_struct(const struct emit *e);
void emit_translate_struct(const struct emit *e);
void emit_put_struct(const struct emit *e);

/* emit_view.c */
/** emit_collect() - which views are needed in which direction, from all functions */
void emit_collect(const struct nacre_model *m);
void emit_views(struct nacre_text *t, const struct nacre_model *m, bool proxy);
/** emit_with_locals() - @body behind the declarations of `wire` and `no`, where it uses them */
void emit_with_locals(struct nacre_text *t, const struct nacre_text *body);
/** emit_uses() - does @body use the name @name? */
bool emit_uses(const struct nacre_text *body, const char *name);

/* emit_resident.c */
bool emit_is_mark(const struct nacre_view *view, const struct nacre_item *field);
void emit_resident_send(const struct emit *e, const struct nacre_item *p);
void emit_resident_accept(const struct emit *e, const struct nacre_item *p);
void emit_resident_take(const struct emit *e, const struct nacre_item *p);
void emit_resident_reply(const struct emit *e, const struct nacre_item *p);

/* emit_function.c, emit_serve.c, emit_callback.c, emit_table.c */
void emit_proxy_function(struct nacre_text *t, const struct nacre_model *m,
			 const struct nacre_function *f);
void emit_stub_function(struct nacre_text *t, const struct nacre_model *m,
			const struct nacre_function *f);
void emit_proxy_callbacks(struct nacre_text *t, const struct nacre_model *m);
void emit_stub_callbacks(struct nacre_text *t, const struct nacre_model *m);
/** emit_table_type() - the struct of functions behind a table parameter */
const struct nacre_record *emit_table_record(const struct nacre_item *p);
/** emit_table_function() - the function of the interface that @field is an entry for, or NULL */
const struct nacre_function *emit_table_function(const struct nacre_model *m,
						 const struct nacre_item *field);
void emit_proxy_tables(struct nacre_text *t, const struct nacre_model *m);
void emit_stub_tables(struct nacre_text *t, const struct nacre_model *m);
void emit_bind(struct nacre_text *t, const struct nacre_model *m);

/* emit_preamble.c */
void emit_heading(struct nacre_text *t, const struct nacre_model *m, const char *file,
		  const char *purpose);
/** emit_preamble() - heading, @includes and those of the overlay, and the numbers of all that is called */
void emit_preamble(struct nacre_text *t, const struct nacre_model *m, const char *file, const char *purpose,
		   const char *includes);

/* emit_proxy.c, emit_stub.c, audit.c: whole files */
void emit_proxy(struct nacre_text *t, const struct nacre_model *m);
void emit_stub(struct nacre_text *t, const struct nacre_model *m);
void emit_audit(struct nacre_text *t, const struct nacre_model *m);
void emit_digest(struct nacre_text *t, const struct nacre_model *m);

#endif
