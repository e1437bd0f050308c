/* SPDX-License-Identifier: BSD-2-Clause */
/* said.h - the words behind one parameter, field or result (private to this room) */
#ifndef NACRE_OVERLAY_SAID_H
#define NACRE_OVERLAY_SAID_H

#include "reader.h"

/** struct said - the words, sorted; NULL or false: not said */
struct said {
	struct reader *r;
	enum rule_place place;
	const char *name; /* of the parameter or field, for messages */
	const char *all;
	struct nacre_at at;
	int dir;
	bool string, strings, nullable, nonnull, null, opens, token, cursor, table, interned,
		ignore;
	const char *count, *cap, *len, *max, *handle, *callback, *view, *resident, *sized_by, *limit;
	const char *token_name; /* of token(name) */
	const char *cases, *alias, *check, *check_words, *waiver, *stale;
	bool bytes;
};

/** said_words() - sort the words of one annotation */
void said_words(struct said *s, const char *words);
/** said_rule() - a new rule at the place of @s */
struct nacre_rule *said_rule(const struct said *s, enum nacre_rule_kind kind,
			     struct nacre_type *type);
/** said_rule_for() - what @s means for a value of @type */
struct nacre_rule *said_rule_for(struct said *s, struct nacre_type *type);
/** said_cases() - cases(..), struct(x) or array(x, n) */
struct nacre_rule *said_cases(struct said *s, struct nacre_type *type);
/** said_bytes() - a pointer to bytes */
struct nacre_rule *said_bytes(struct said *s, struct nacre_type *type);
struct nacre_rule *said_string(struct said *s, struct nacre_type *type);

#endif
