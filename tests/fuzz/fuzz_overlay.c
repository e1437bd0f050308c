/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_overlay.c - any text as an annotation: words, lists, expressions; refused or taken apart */
#include "extension/overlay/expr.h"
#include "extension/overlay/words.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct nacre_item count_item = {.name = "count"};
static const struct nacre_item items = {.name = "n", .next = (struct nacre_item *)&count_item};

static const char *name(const struct nacre_scope *scope, const struct nacre_item *item, bool deref)
{
	(void)scope;
	if (item == &count_item)
		return deref ? "count_own" : NULL;
	return deref ? NULL : "own->n";
}

static bool knows(const struct nacre_scope *scope, const char *text)
{
	(void)scope;
	return *text >= 'A';
}

static void rewrite(struct nacre_arena *arena, const char *expr)
{
	struct nacre_scope scope = {.arena = arena, .items = &items, .name = name,
				    .result = "result_new", .cap = "(n_room)", .value = "v"};
	const char *unknown = NULL, *text;

	for (int i = 0; i < 2; i++) {
		text = nacre_expr_rewrite(&scope, expr, &unknown);
		if (!text && (!unknown || !strstr(expr, unknown)))
			abort();
		scope.knows = knows;
		scope.cap = scope.value = NULL;
	}
	nacre_expr_names(expr, "count");
}

static void split(struct nacre_arena *arena, const char *text, int depth)
{
	const struct nacre_at at = {"overlay.h", 1};
	struct nacre_error e = {.code = NACRE_OK};
	struct nacre_word *words;
	const char *const *list;

	if (nacre_words_split(arena, text, &at, &words, &e) < 0) {
		if (e.code == NACRE_OK || !memchr(e.msg, 0, sizeof(e.msg)))
			abort();
		return;
	}
	for (; words; words = words->next) {
		if (!words->name || !*words->name)
			abort();
		if (!words->args)
			continue;
		rewrite(arena, words->args);
		list = nacre_words_list(arena, words->args, ';');
		for (; list && *list; list++)
			rewrite(arena, *list);
		if (depth < 4)
			split(arena, words->args, depth + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nacre_arena *arena = nacre_arena_new();
	char *text;

	if (size > 4096)
		size = 4096;
	text = nacre_arena_copy(arena, (const char *)data, size);
	split(arena, text, 0);
	rewrite(arena, text);
	nacre_arena_free(arena);
	return 0;
}
