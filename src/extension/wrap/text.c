/* SPDX-License-Identifier: BSD-2-Clause */
/* text.c - generated text: indented lines, broken at 100 columns */
#include "text.h"

#include <base/auto.h>

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 100, TAB = 8 };

static void append(struct nacre_text *t, const char *data, size_t n)
{
	if (t->length + n + 1 > t->room) {
		t->room = (t->length + n + 1) * 2;
		t->data = realloc(t->data, t->room);
		if (!t->data)
			abort();
	}
	memcpy(t->data + t->length, data, n);
	t->length += n;
	t->data[t->length] = 0;
}

static void indent(struct nacre_text *t, int depth)
{
	while (depth-- > 0)
		append(t, "\t", 1);
}

/* Is it " && " or " || ", or with @any another operator between spaces? */
static bool is_operator(const char *at, bool any)
{
	static const char *const names[] = {" && ", " || ", " ? ", " = ", " / ",
					    " * ",  " + ",  " - ", " : ", NULL};

	for (int i = 0; names[i] && (any || i < 2); i++)
		if (!strncmp(at, names[i], strlen(names[i])))
			return true;
	return false;
}

/*
 * Where to break @line so that at most @room characters stand before: behind the last ", " that is
 * least deep in parentheses, else behind the last " && " or " || ", else behind the first other
 * operator. 0: nowhere.
 */
static size_t break_from(const char *line, size_t from, size_t room)
{
	size_t best = 0, other = 0;
	int depth = 0, best_depth = INT_MAX;
	char quote = 0;

	for (size_t i = 0; line[i] && i < room; i++) {
		char c = line[i];

		if (quote) {
			if (c == '\\' && line[i + 1])
				i++;
			else if (c == quote)
				quote = 0;
			continue;
		}
		if (c == '"' || c == '\'')
			quote = c;
		depth += c == '(' || c == '{';
		depth -= c == ')' || c == '}';
		if (c == ',' && line[i + 1] == ' ' && i > from && depth <= best_depth) {
			best = i + 1;
			best_depth = depth > 1 ? depth : 1;
		}
		if (c == ' ' && i > from && is_operator(line + i, other == 0))
			other = i + 1 + strcspn(line + i + 1, " ");
	}
	return best ? best : other;
}

static size_t break_at(const char *line, size_t room)
{
	size_t at = break_from(line, 12, room); /* a stub of a line only where it must be */

	return at ? at : break_from(line, 0, room);
}

static void put_line(struct nacre_text *t, const char *line)
{
	int first = t->indent + (int)strspn(line, "\t"), depth = first;

	line += strspn(line, "\t");
	if (!*line) {
		append(t, "\n", 1);
		return;
	}
	while ((size_t)(depth * TAB) + strlen(line) > COLUMNS) {
		size_t at = break_at(line, (size_t)(COLUMNS - depth * TAB));

		if (!at)
			break;
		indent(t, depth);
		append(t, line, at);
		append(t, "\n", 1);
		line += at + strspn(line + at, " ");
		depth = first + 2;
	}
	indent(t, depth);
	append(t, line, strlen(line));
	append(t, "\n", 1);
}

static char *formatted(const char *fmt, va_list ap)
{
	char *line;

	if (vasprintf(&line, fmt, ap) < 0)
		abort();
	return line;
}

void nacre_text_line(struct nacre_text *t, const char *fmt, ...)
{
	NACRE_AUTO_FREE char *line = NULL;
	va_list ap;

	va_start(ap, fmt);
	line = formatted(fmt, ap);
	va_end(ap);
	put_line(t, line);
}

void nacre_text_open(struct nacre_text *t, const char *fmt, ...)
{
	NACRE_AUTO_FREE char *line = NULL, *whole = NULL;
	va_list ap;

	va_start(ap, fmt);
	line = formatted(fmt, ap);
	va_end(ap);
	if (asprintf(&whole, "%s {", line) < 0)
		abort();
	put_line(t, whole);
	t->indent++;
}

void nacre_text_close(struct nacre_text *t, const char *rest)
{
	t->indent--;
	nacre_text_line(t, "}%s", rest);
}

void nacre_text_function(struct nacre_text *t, const char *fmt, ...)
{
	NACRE_AUTO_FREE char *line = NULL;
	va_list ap;

	va_start(ap, fmt);
	line = formatted(fmt, ap);
	va_end(ap);
	put_line(t, line);
	put_line(t, "{");
	t->indent++;
}

void nacre_text_raw(struct nacre_text *t, const char *fmt, ...)
{
	NACRE_AUTO_FREE char *line = NULL;
	va_list ap;

	va_start(ap, fmt);
	line = formatted(fmt, ap);
	va_end(ap);
	append(t, line, strlen(line));
}

void nacre_text_comment(struct nacre_text *t, const char *text)
{
	size_t room = (size_t)(COLUMNS - t->indent * TAB);

	if (strlen(text) + 6 <= room) {
		nacre_text_line(t, "/* %s */", text);
		return;
	}
	nacre_text_line(t, "/*");
	while (*text) {
		size_t n = strlen(text);

		if (n > room - 3) {
			n = room - 3;
			while (n > 0 && text[n] != ' ')
				n--;
			if (n == 0)
				n = strcspn(text, " ");
		}
		indent(t, t->indent);
		append(t, " * ", 3);
		append(t, text, n);
		append(t, "\n", 1);
		text += n + strspn(text + n, " ");
	}
	nacre_text_line(t, " */");
}

void nacre_text_free(struct nacre_text *t)
{
	free(t->data);
	*t = (struct nacre_text){0};
}

int nacre_text_write(const struct nacre_text *t, const char *dir, const char *name,
		     struct nacre_error *e)
{
	char path[PATH_MAX], fresh[PATH_MAX];
	bool ok;
	FILE *f;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path) ||
	    snprintf(fresh, sizeof(fresh), "%s/.%s.new", dir, name) >= (int)sizeof(fresh))
		return nacre_error_set(e, NACRE_E_USAGE, 0, dir, "is too long a name");
	f = fopen(fresh, "we");
	if (!f)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, path, "cannot be written");
	ok = fwrite(t->data, 1, t->length, f) == t->length;
	ok = !fclose(f) && ok;
	if (!ok || rename(fresh, path) < 0) {
		nacre_error_set(e, NACRE_E_SYSTEM, errno, path, "cannot be written");
		unlink(fresh);
		return -1;
	}
	return 0;
}
