/* SPDX-License-Identifier: BSD-2-Clause */
/* text.c - bytes that grow, and lines and words of somebody else's files */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for @more bytes and a 0. */
static bool grow(struct nacre_text *t, size_t more)
{
	size_t need, room = t->room ? t->room : 256;
	char *data;

	if (t->failed || __builtin_add_overflow(t->size, more, &need) || need > SIZE_MAX / 4) {
		t->failed = true;
		return false;
	}
	while (room <= need)
		room *= 2;
	if (room == t->room)
		return true;
	data = realloc(t->data, room);
	if (!data) {
		t->failed = true;
		return false;
	}
	t->data = data;
	t->room = room;
	return true;
}

void nacre_text_add(struct nacre_text *t, const void *data, size_t size)
{
	if (!grow(t, size))
		return;
	if (size)
		memcpy(t->data + t->size, data, size);
	t->size += size;
	t->data[t->size] = 0;
}

void nacre_text_puts(struct nacre_text *t, const char *s)
{
	nacre_text_add(t, s, strlen(s));
}

void nacre_text_zeroes(struct nacre_text *t, size_t count)
{
	if (!grow(t, count))
		return;
	memset(t->data + t->size, 0, count + 1);
	t->size += count;
}

void nacre_text_printf(struct nacre_text *t, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		t->failed = true;
	else if (grow(t, n)) {
		vsnprintf(t->data + t->size, (size_t)n + 1, fmt, again);
		t->size += n;
	}
	va_end(again);
}

void nacre_text_free(struct nacre_text *t)
{
	free(t->data);
	*t = (struct nacre_text){0};
}

bool nacre_span_is(struct nacre_span a, const char *s)
{
	return a.size == strlen(s) && !memcmp(a.at, s, a.size);
}

bool nacre_span_starts(struct nacre_span a, const char *s)
{
	size_t n = strlen(s);

	return a.size >= n && !memcmp(a.at, s, n);
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct nacre_span nacre_span_trim(struct nacre_span a)
{
	while (a.size && blank(a.at[0])) {
		a.at++;
		a.size--;
	}
	while (a.size && blank(a.at[a.size - 1]))
		a.size--;
	return a;
}

const char *nacre_span_find(struct nacre_span a, const char *s)
{
	return a.size ? memmem(a.at, a.size, s, strlen(s)) : NULL;
}

bool nacre_span_copy(struct nacre_span a, char *to, size_t room)
{
	if (a.size >= room || (a.size && memchr(a.at, 0, a.size))) {
		if (room)
			to[0] = 0;
		return false;
	}
	if (a.size)
		memcpy(to, a.at, a.size);
	to[a.size] = 0;
	return true;
}

bool nacre_line_next(struct nacre_span *rest, struct nacre_span *line)
{
	const char *end;

	if (!rest->size)
		return false;
	end = memchr(rest->at, '\n', rest->size);
	line->at = rest->at;
	line->size = end ? (size_t)(end - rest->at) + 1 : rest->size;
	rest->at += line->size;
	rest->size -= line->size;
	return true;
}

bool nacre_word_next(struct nacre_span *rest, const char *blanks, struct nacre_span *word)
{
	size_t n = strlen(blanks);

	while (rest->size && memchr(blanks, rest->at[0], n)) {
		rest->at++;
		rest->size--;
	}
	*word = (struct nacre_span){rest->at, 0};
	while (rest->size && !memchr(blanks, rest->at[0], n)) {
		rest->at++;
		rest->size--;
		word->size++;
	}
	return word->size > 0;
}

bool nacre_is_text(const char *data, size_t size)
{
	size_t odd = 0;

	for (size_t i = 0; i < size; i++) {
		unsigned char c = data[i];

		if (!c)
			return false;
		odd += (c < 32 && c != '\n' && c != '\t' && c != '\r') || c == 127;
	}
	return odd <= size / 32;
}
