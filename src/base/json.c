/* SPDX-License-Identifier: BSD-2-Clause */
/* json.c - print JSON (RFC 8259) whose nesting and commas are always right */
#include "base/json.h"

/* Bytes of the UTF-8 character at @s (RFC 3629: shortest form, no surrogates), 0 when it is none.
 */
static int character(const unsigned char *s)
{
	static const struct {
		unsigned char first, last, low, high; /* bounds of bytes one and two */
		int size;
	} forms[] = {{0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
		     {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3},
		     {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
		     {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};

	if (s[0] < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (s[0] < forms[i].first || s[0] > forms[i].last)
			continue;
		if (s[1] < forms[i].low || s[1] > forms[i].high)
			return 0;
		for (int n = 2; n < forms[i].size; n++)
			if (s[n] < 0x80 || s[n] > 0xbf)
				return 0;
		return forms[i].size;
	}
	return 0;
}

static void string(struct json *j, const char *value)
{
	const unsigned char *s = (const unsigned char *)value;

	fputc('"', j->to);
	while (*s) {
		int size = character(s);

		if (size == 0)
			fputs("\\ufffd", j->to);
		else if (*s == '"' || *s == '\\')
			fprintf(j->to, "\\%c", *s);
		else if (*s < ' ')
			fprintf(j->to, "\\u%04x", *s);
		else
			fwrite(s, 1, (size_t)size, j->to);
		s += size ? size : 1;
	}
	fputc('"', j->to);
}

/* The comma, the line, and the key that come before a value. */
static void before(struct json *j, const char *key)
{
	if (j->more)
		fputc(',', j->to);
	if (j->depth)
		fprintf(j->to, "\n%*s", j->depth * 2, "");
	j->more = true;
	if (key) {
		string(j, key);
		fputs(": ", j->to);
	}
}

void json_begin(struct json *j, const char *key, char bracket)
{
	before(j, key);
	fputc(bracket, j->to);
	j->depth++;
	j->more = false;
}

void json_end(struct json *j, char bracket)
{
	j->depth--;
	if (j->more)
		fprintf(j->to, "\n%*s", j->depth * 2, "");
	fputc(bracket, j->to);
	j->more = true;
	if (!j->depth)
		fputc('\n', j->to);
}

void json_text(struct json *j, const char *key, const char *value)
{
	before(j, key);
	string(j, value);
}

void json_number(struct json *j, const char *key, int64_t value)
{
	before(j, key);
	fprintf(j->to, "%lld", (long long)value);
}

void json_bool(struct json *j, const char *key, bool value)
{
	before(j, key);
	fputs(value ? "true" : "false", j->to);
}

void json_list(struct json *j, const char *key, char *const *values)
{
	json_begin(j, key, '[');
	for (; *values; values++)
		json_text(j, NULL, *values);
	json_end(j, ']');
}
