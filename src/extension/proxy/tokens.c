/* SPDX-License-Identifier: BSD-2-Clause */
/* tokens.c - numbers that stand for host pointers in the virtual process
 *
 * A host pointer never leaves the host: it would tell the extension where things are, and what comes
 * back could be anything. A token is an index into a table; the same pointer of the same kind always
 * has the same token, so the table grows only with the number of different pointers. Tokens
 * survive restarts, as recorded calls name them.
 */
#include "extension/proxy/runtime.h"

#include <stdlib.h>

enum { TOKENS_MAX = 1 << 20 };

struct token {
	void *host;
	uint32_t kind;
	uint32_t next; /* in its bucket; index + 1 */
};

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
	tokens[count] = (struct token){host, kind, *bucket};
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

void nacre_put_token(struct nacre_writer *w, const void *host)
{
	uint64_t token = nacre_token_of(host, NACRE_TOKEN_DATA);

	if (host && !token)
		w->failed = true;
	nacre_put_word(w, token);
}

void *nacre_get_token(struct nacre_reader *r)
{
	uint64_t token = nacre_get_word(r);
	void *host = NULL;

	if (token && !nacre_token_find(token, NACRE_TOKEN_DATA, &host))
		r->bad = true;
	return host;
}

void nacre_put_callback(struct nacre_call *call, uint32_t kind, nacre_function host)
{
	uint64_t token = nacre_token_of((const void *)(uintptr_t)host, kind);

	if (host && !token)
		call->out.failed = true;
	nacre_put_word(&call->out, token);
}
