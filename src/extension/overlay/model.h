/* SPDX-License-Identifier: BSD-2-Clause */
/* model.h - one interface, as its overlay describes it
 *
 * nacre_model_read() turns an overlay header into this; src/extension/wrap/ turns it into code. All
 * of it lives in the model's arena and goes with nacre_model_free(). Lists are linked in the order
 * of the overlay. Expressions are C text as the overlay has it; expr.h gives them a meaning.
 */
#ifndef NACRE_OVERLAY_MODEL_H
#define NACRE_OVERLAY_MODEL_H

#include <nacre/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** struct nacre_at - where something is said */
struct nacre_at {
	const char *file;
	unsigned line;
};

enum nacre_type_kind {
	NACRE_TYPE_VOID,
	NACRE_TYPE_INT,
	NACRE_TYPE_BOOL,
	NACRE_TYPE_ENUM,
	NACRE_TYPE_FLOAT,
	NACRE_TYPE_POINTER,
	NACRE_TYPE_FUNCTION,
	NACRE_TYPE_STRUCT,
	NACRE_TYPE_UNION,
	NACRE_TYPE_ARRAY,
	NACRE_TYPE_OTHER /* what no message can carry: long double, complex, vectors */
};

/** struct nacre_type - a C type */
struct nacre_type {
	enum nacre_type_kind kind;
	const char *spelling, *canonical; /* as written; without typedefs */
	const char *const *names;	  /* its typedefs, outermost first; ends with NULL */
	uint64_t size, align;
	bool is_signed, is_const, is_volatile;
	uint64_t count;		    /* of an array, or of what a parameter is declared as */
	struct nacre_type *target;  /* of a pointer or array; the result of a function */
	struct nacre_type **params; /* of a function; ends with NULL */
	struct nacre_record *record;
};

enum { NACRE_IN = 1, NACRE_OUT = 2, NACRE_INOUT = 3 };

enum nacre_rule_kind {
	NACRE_RULE_SCALAR,
	NACRE_RULE_HANDLE,
	NACRE_RULE_TOKEN,
	NACRE_RULE_CALLBACK,
	NACRE_RULE_NULL, /* of pointers: must be NULL */
	NACRE_RULE_IGNORE,
	NACRE_RULE_STRUCT,  /* by value, through a view */
	NACRE_RULE_ARRAY,   /* of fixed size, inside a struct */
	NACRE_RULE_POINTER, /* to `count` elements */
	NACRE_RULE_STRING,  /* an in string; an out string behind a pointer */
	NACRE_RULE_STRINGS,
	NACRE_RULE_CASES,
	NACRE_RULE_TABLE,
	NACRE_RULE_ALIAS,
	NACRE_RULE_REFUSE, /* inside cases: a value that is not NULL ends the call */
	NACRE_RULE_VOID
};

struct nacre_rule;

/** struct nacre_case - one alternative of a tagged pointer */
struct nacre_case {
	const char *when; /* NULL: else */
	int dir;	  /* where the case narrows the direction; else NACRE_INOUT */
	struct nacre_rule *rule;
	struct nacre_case *next;
};

/** struct nacre_failure - what the host gets: a value and statements */
struct nacre_failure {
	const char *value;	       /* NULL: none */
	const char *const *statements; /* ends with NULL */
};

/** struct nacre_rule - what one value means */
struct nacre_rule {
	enum nacre_rule_kind kind;
	struct nacre_at at;
	struct nacre_type *type;
	int dir; /* of a pointer's target; of a field, where it says so; else 0 */
	struct nacre_rule *target;
	const char *count;     /* elements before the call (in) */
	const char *cap, *len; /* elements of an out buffer: room before, used after */
	bool text;	       /* an out buffer that ends with 0 */
	bool embedded;	       /* of a case: the value is a union, and bytes of it travel */
	bool nullable, nonnull, opens, interned, cell, resident, cursor;
	const char *max;   /* of a string */
	const char *token; /* what a token stands for; NULL: all unnamed ones are of one kind */
	struct nacre_handle *handle;
	struct nacre_callback *callback;
	struct nacre_view *view;
	struct nacre_case *cases;
	struct nacre_failure *stale, *refuse;
	const char *check;	 /* C expression over `value`, or NULL */
	const char *check_words; /* the same as the overlay says it */
	const char *sized_by, *limit; /* of a cursor: its size; how much of it travels at most, or NULL */
	const char *alias;
	const char *waiver;
	const char *words; /* everything that was said, for the audit report */
};

/** struct nacre_item - a parameter or a field */
struct nacre_item {
	const char *name;     /* in generated code */
	const char *said;     /* in the overlay, where that is another; else NULL */
	const char *declared; /* of a parameter: its type before it became a pointer, or NULL */
	struct nacre_type *type;
	struct nacre_at at;
	const char *words; /* NULL: nothing was said */
	struct nacre_rule *rule;
	const char *table_entry; /* of a table: the function it is; "": none, waived */
	uint64_t offset;	 /* of a field, in bits */
	bool bit_field;
	struct nacre_item *next;
};

/** struct nacre_record - a struct or union of the upstream header */
struct nacre_record {
	const char *name;     /* tag or typedef name; NULL for one without a name */
	const char *spelling; /* "struct x" or its typedef; one without a name: its type by
				 __typeof__ */
	const char *key;      /* what libclang calls it */
	bool is_union, complete, nameless;
	uint64_t size, align;
	struct nacre_item *fields;
	struct nacre_view *views; /* those that describe it */
	struct nacre_record *next;
};

/** struct nacre_view - one meaning of a struct; made up from the plain fields where none is said */
struct nacre_view {
	const char *name;
	struct nacre_record *record;
	struct nacre_item *fields;
	struct nacre_at at;
	bool plain; /* made up */
	unsigned used,
		kept; /* wrap: directions that are generated, are written, as bits 1 << dir */
	struct nacre_handle *resident; /* structs of this view live under such a handle */
	struct nacre_view *next, *next_of_record;
};

struct nacre_handle {
	const char *name, *type, *none;
	struct nacre_failure *stale;
	bool tracked;
	bool pointer; /* its values are pointers in the extension */
	unsigned bits, number;
	struct nacre_at at;
	struct nacre_handle *next;
};

/** struct nacre_close - a successful call ends a handle; param NULL: all of the kind */
struct nacre_close {
	struct nacre_handle *handle;
	const char *param;
	struct nacre_close *next;
};

struct nacre_function {
	const char *name;
	struct nacre_at at;
	const char *words;	 /* as they stand behind the declarator; NULL: none */
	struct nacre_type *type; /* the result's */
	struct nacre_rule *result;
	struct nacre_item *params;
	bool macro; /* a macro of the headers has this name as well */
	bool variadic, refuse, idempotent, replay, secret, no_deadline;
	const char *deadline; /* NULL: the interface's */
	const char *success;  /* NULL: always */
	const char *waiver;
	struct nacre_failure *on_fail;
	struct nacre_function *forgets;
	const char *forgets_name;
	struct nacre_close *closes;
	unsigned number; /* op number, among those that are forwarded */
	struct nacre_function *next;
};

/** struct nacre_callback - a host function; its parameters are read as those of a function */
struct nacre_callback {
	struct nacre_function function; /* first: name, parameters and rules */
	struct nacre_type *type;	/* the function pointer's */
	unsigned number;
	struct nacre_callback *next;
};

/** struct nacre_symbol_waiver - a symbol of the extension that the proxy does without */
struct nacre_symbol_waiver {
	const char *symbol, *why;
	struct nacre_symbol_waiver *next;
};

struct nacre_include {
	const char *file;
	struct nacre_include *next;
};

/** struct nacre_model - one interface */
struct nacre_model {
	struct nacre_arena *arena;
	const char *overlay; /* base name of the overlay */
	const char *name, *version, *success, *deadline;
	const char *result; /* a value rule for the results of all functions that return a number */
	bool no_deadline;
	struct nacre_failure *on_fail;
	struct nacre_include *includes;
	struct nacre_symbol_waiver *symbol_waivers;
	struct nacre_handle *handles;
	struct nacre_callback *callbacks;
	struct nacre_view *views;
	struct nacre_record *records;
	struct nacre_function *functions;
	unsigned handle_count, callback_count, op_count;
	uint8_t digest[16];
};

/**
 * nacre_model_read() - read an overlay
 * @flags: compiler flags (-I.., -D..), ends with NULL
 *
 * Return: the model; NULL with file and line in @e where the overlay does not say enough.
 */
struct nacre_model *nacre_model_read(const char *overlay, const char *const *flags,
				     struct nacre_error *e);
void nacre_model_free(struct nacre_model *m);

/** nacre_model_text() - the canonical text that the digest is made from; one line per rule */
char *nacre_model_text(const struct nacre_model *m);

/** nacre_model_waives() - is the extension's symbol @name waived by name? */
bool nacre_model_waives(const struct nacre_model *m, const char *name);

/** nacre_rule_flat() - may values of @rule travel as they lie in memory, in direction @dir? */
bool nacre_rule_flat(const struct nacre_rule *rule, int dir);

/** nacre_item_said() - what the overlay calls @item */
static inline const char *nacre_item_said(const struct nacre_item *item)
{
	return item->said ? item->said : item->name;
}

/** nacre_rule_element() - what an array is made of in the end, and how many; others: @rule, 1 */
const struct nacre_rule *nacre_rule_element(const struct nacre_rule *rule, uint64_t *count);

/** nacre_rule_word() - is @rule one that takes one word of a message? */
bool nacre_rule_word(const struct nacre_rule *rule);

/** nacre_field_dir() - the direction of a field of a view that is used in direction @dir */
int nacre_field_dir(const struct nacre_item *field, int dir);

#endif
