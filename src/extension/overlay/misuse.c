/* SPDX-License-Identifier: BSD-2-Clause */
/* misuse.c - words that say something, where they mean nothing: an error, not silence */
#include "said.h"

#include <string.h>

/* Is a rule of @kind among @rule and what it points to or consists of? */
static bool any(const struct nacre_rule *rule, enum nacre_rule_kind kind)
{
	for (; rule; rule = rule->target)
		if (rule->kind == kind)
			return true;
	return false;
}

static bool any_resident(const struct nacre_rule *rule)
{
	return rule->kind == NACRE_RULE_POINTER && rule->resident;
}

static bool any_check(const struct nacre_rule *rule)
{
	for (; rule; rule = rule->target)
		if (rule->check)
			return true;
	return false;
}

static bool any_text(const struct nacre_rule *rule)
{
	return any(rule, NACRE_RULE_STRING) || (rule->kind == NACRE_RULE_POINTER && rule->text);
}

void reader_words_used(struct reader *r, const struct said *s, const struct nacre_rule *rule)
{
	const bool pointer = rule->type->kind == NACRE_TYPE_POINTER;
	const bool handle = any(rule, NACRE_RULE_HANDLE) || any_resident(rule);
	const struct {
		bool said, used;
		const char *word, *where;
	} words[] = {
		{s->dir && s->place == PLACE_RESULT, false, "in, out or inout",
		 "parameters and fields"},
		{s->dir && s->place == PLACE_PARAM, pointer, "in, out or inout", "pointers"},
		{s->count || s->cap || s->len, rule->kind == NACRE_RULE_POINTER,
		 "count, bytes, cap or len", "pointers to something that travels"},
		{s->string, any_text(rule), "string", "char *"},
		{s->strings, rule->kind == NACRE_RULE_STRINGS, "strings", "char **"},
		{s->nullable || s->nonnull, pointer, "nullable or nonnull", "pointers"},
		{s->null, rule->kind == NACRE_RULE_NULL, "null", "pointers"},
		{s->opens, handle, "opens", "handles"},
		{s->handle && !s->resident, handle, "handle", "integers and pointers"},
		{s->stale, handle, "stale", "handles"},
		{s->token, any(rule, NACRE_RULE_TOKEN), "token",
		 "pointers and integers of their size"},
		{s->callback, any(rule, NACRE_RULE_CALLBACK), "callback", "pointers to functions"},
		{s->view, any(rule, NACRE_RULE_STRUCT), "view", "structs"},
		{s->cases, rule->kind == NACRE_RULE_CASES || rule->kind == NACRE_RULE_POINTER,
		 "cases", "pointers, and unions in structs"},
		{s->alias, rule->kind == NACRE_RULE_ALIAS, "alias", "results that are pointers"},
		{s->resident, any_resident(rule), "resident", "pointers to structs"},
		{s->table, rule->kind == NACRE_RULE_TABLE, "table",
		 "pointers to pointers to structs"},
		{s->interned, any(rule, NACRE_RULE_STRING), "borrowed or interned", "strings"},
		{s->check, any_check(rule) || rule->kind == NACRE_RULE_HANDLE,
		 "a value rule (range, oneof, flags, check)",
		 "numbers; in a struct, on its fields"},
		{s->cursor, rule->kind == NACRE_RULE_POINTER && s->place == PLACE_FIELD, "cursor",
		 "pointers in a resident struct"},
	};

	if (rule->kind == NACRE_RULE_IGNORE)
		return;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (words[i].said && !words[i].used) {
			reader_fail(r, &s->at, "'%s': %s means nothing here: it is for %s", s->name,
				    words[i].word, words[i].where);
			return;
		}
}
