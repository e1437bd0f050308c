/* SPDX-License-Identifier: BSD-2-Clause */
/* json.c - print JSON (RFC 8259) whose nesting and commas are always right */
#include "base/json.h"

#include "base/utf8.h"

static void string(struct json *j, const char *value)
{
	const unsigned char *s = (const unsigned char *)value;

	fputc('"', j->to);
	while (*s) {
		int size = nacre_utf8_size(s);

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
	if (j->depth && !j->one_line)
		fprintf(j->to, "\n%*s", j->depth * 2, "");
	j->more = true;
	if (key) {
		string(j, key);
		fputs(j->one_line ? ":" : ": ", j->to);
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
	if (j->more && !j->one_line)
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
