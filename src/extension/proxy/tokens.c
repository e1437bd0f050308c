/* SPDX-License-Identifier: BSD-2-Clause */
/* tokens.c - numbers that stand for host pointers in the virtual process
 *
 * A host pointer never leaves the host: it would tell the extension where things are, and what comes
 * back could be anything: the pointer of one purpose must not come back as that of another, so each
 * token is of a kind. A token is an index into a table; the same pointer of the same kind always
 * has the same token, so the table grows only with the number of different pointers. Tokens
 * survive restarts, as recorded calls name them.
 *
 * A pointer that is given together with a function, in one call, belongs to that function: it is
 * accepted back only from callbacks to one of the functions that it was given with. Otherwise a hostile
 * extension could call one function of the host with the data of another.
 */
#include "extension/proxy/runtime.h"

#include <stdlib.h>

enum { TOKENS_MAX = 1 << 20, GIVEN_MAX = 8 };

struct owner {
	struct owner *next;
	uint64_t function;
};

struct token {
	void *host;
	struct owner *owners; /* the functions that it was given with; none: any */
	uint32_t kind;
	uint32_t next; /* in its bucket; index + 1 */
};

/* What the request under construction gives, on this thread. */
struct given {
	const struct nacre_map *map; /* which request: the channel, and how many went before */
	uint32_t sent;
	unsigned function_count, data_count;
	uint64_t functions[GIVEN_MAX], data[GIVEN_MAX];
};

static _Thread_local struct given given;
static _Thread_local uint64_t serving; /* the function that a callback is for; 0 none */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct token *tokens;
static uint32_t count, room;
static uint32_t buckets[1024];

static uint32_t *bucket_of(const void *host)
{
	return &buckets[(((uintptr_t)host >> 4) * 0x9e3779b97f4a7c15u >> 32) % 1024];
}

static uint64_t token_add(void *host, uint32_t kind)
{
	uint32_t *bucket = bucket_of(host);
	struct token *more;

	if (count == room) {
		if (room >= TOKENS_MAX)
			return 0;
		more = realloc(tokens, (room ? room * 2 : 32) * sizeof(*tokens));
		if (!more)
			return 0;
		tokens = more;
		room = room ? room * 2 : 32;
	}
	tokens[count] = (struct token){host, NULL, kind, *bucket};
	*bucket = ++count;
	return count;
}

uint64_t nacre_token_of(const void *host, uint32_t kind)
{
	uint64_t token = 0;

	if (!host)
		return 0;
	pthread_mutex_lock(&lock);
	for (uint32_t i = *bucket_of(host); i && !token; i = tokens[i - 1].next)
		if (tokens[i - 1].host == host && tokens[i - 1].kind == kind)
			token = i;
	if (!token)
		token = token_add((void *)(uintptr_t)host, kind);
	pthread_mutex_unlock(&lock);
	return token;
}

bool nacre_token_find(uint64_t token, uint32_t kind, void **host)
{
	bool found;

	*host = NULL;
	pthread_mutex_lock(&lock);
	found = token > 0 && token <= count && tokens[token - 1].kind == kind;
	if (found)
		*host = tokens[token - 1].host;
	pthread_mutex_unlock(&lock);
	return found;
}

void nacre_tokens_clear(void)
{
	struct owner *next;

	for (uint32_t i = 0; i < count; i++)
		for (struct owner *o = tokens[i].owners; o; o = next) {
			next = o->next;
			free(o);
		}
	free(tokens);
	nacre_tokens_forked();
}

void nacre_tokens_forked(void)
{
	pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;

	memcpy(&lock, &fresh, sizeof(lock));
	tokens = NULL;
	count = room = 0;
	memset(buckets, 0, sizeof(buckets));
}

static bool owns(const struct token *t, uint64_t function)
{
	for (const struct owner *o = t->owners; o; o = o->next)
		if (o->function == function)
			return true;
	return false;
}

/* Tie the data of this request to its functions; in any order, so after each of them. */
static bool tie(void)
{
	bool well = true;

	pthread_mutex_lock(&lock);
	for (unsigned d = 0; d < given.data_count; d++)
		for (unsigned f = 0; f < given.function_count; f++) {
			struct token *t = &tokens[given.data[d] - 1];
			struct owner *o;

			if (owns(t, given.functions[f]))
				continue;
			o = malloc(sizeof(*o));
			if (!o) {
				well = false;
				break;
			}
			*o = (struct owner){t->owners, given.functions[f]};
			t->owners = o;
		}
	pthread_mutex_unlock(&lock);
	return well;
}

/* Note that @w's request gives @token. Return: false where it cannot be kept. */
static bool give(const struct nacre_writer *w, uint64_t token, bool function)
{
	uint64_t *list = function ? given.functions : given.data;
	unsigned *n = function ? &given.function_count : &given.data_count;

	if (given.map != w->map || given.sent != w->map->sent) {
		given.map = w->map;
		given.sent = w->map->sent;
		given.function_count = given.data_count = 0;
	}
	if (*n == GIVEN_MAX)
		return false;
	list[(*n)++] = token;
	return !given.function_count || !given.data_count || tie();
}

void nacre_token_serving(uint64_t function)
{
	serving = function;
}

void nacre_put_token(struct nacre_writer *w, uint32_t kind, const void *host)
{
	uint64_t token = nacre_token_of(host, kind);

	if (host && (!token || !give(w, token, false)))
		w->failed = true;
	nacre_put_word(w, token);
}

void *nacre_get_token(struct nacre_reader *r, uint32_t kind)
{
	uint64_t token = nacre_get_word(r);
	void *host = NULL;

	if (!token)
		return NULL;
	pthread_mutex_lock(&lock);
	if (token <= count && tokens[token - 1].kind == kind &&
	    (!serving || !tokens[token - 1].owners || owns(&tokens[token - 1], serving)))
		host = tokens[token - 1].host;
	pthread_mutex_unlock(&lock);
	r->bad |= !host;
	return host;
}

void nacre_put_callback(struct nacre_call *call, uint32_t kind, nacre_function host)
{
	uint64_t token = nacre_token_of((const void *)(uintptr_t)host, kind);

	if (host && (!token || !give(&call->out, token, true)))
		call->out.failed = true;
	nacre_put_word(&call->out, token);
}
