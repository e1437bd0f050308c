/* SPDX-License-Identifier: BSD-2-Clause */
/* text.c - the small text formats of a machine's configuration, taken apart in place */
#include "conversion/inventory/text.h"

#include "base/auto.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_copy(char *to, size_t size, const char *from)
{
	size_t n = 0;

	for (; n + 1 < size && from[n]; n++)
		to[n] = (unsigned char)from[n] < ' ' || from[n] == 0x7f ? '?' : from[n];
	to[n] = 0;
}

void text_clean(char *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (!data[i])
			data[i] = ' ';
}

char *text_line(char **rest)
{
	char *line = *rest, *end;

	if (!line || !*line)
		return NULL;
	end = strchr(line, '\n');
	*rest = end ? end + 1 : NULL;
	if (end)
		*end = 0;
	end = line + strlen(line);
	if (end > line && end[-1] == '\r')
		end[-1] = 0;
	return line;
}

char *text_trim(char *s)
{
	char *end;

	while (isspace((unsigned char)*s))
		s++;
	end = s + strlen(s);
	while (end > s && isspace((unsigned char)end[-1]))
		*--end = 0;
	return s;
}

char *text_word(char **rest)
{
	char *s = *rest, *end;

	while (isspace((unsigned char)*s))
		s++;
	if (!*s)
		return NULL;
	for (end = s; *end && !isspace((unsigned char)*end);)
		end++;
	*rest = *end ? end + 1 : end;
	*end = 0;
	return s;
}

char *text_value(char *s)
{
	char *to, *start, quote = 0;

	while (isspace((unsigned char)*s))
		s++;
	for (start = to = s; *s; s++) {
		if (quote && *s == quote)
			quote = 0;
		else if (!quote && (*s == '"' || *s == '\''))
			quote = *s;
		else if (!quote && isspace((unsigned char)*s))
			break;
		else if (*s == '\\' && quote != '\'' && s[1])
			*to++ = *++s;
		else
			*to++ = *s;
	}
	*to = 0;
	return start;
}

char *text_assignment(char *line, const char *key)
{
	size_t n = strlen(key);

	while (isspace((unsigned char)*line))
		line++;
	if (!strncmp(line, "export ", 7))
		line += 7;
	if (strncmp(line, key, n) || line[n] != '=')
		return NULL;
	return text_value(line + n + 1);
}

bool text_find(const char *data, const char *key, char *to, size_t size)
{
	NACRE_AUTO_FREE char *copy = strdup(data);
	char *rest = copy, *line, *value;
	bool found = false;

	while ((line = text_line(&rest))) {
		value = text_assignment(line, key);
		if (!value)
			continue;
		text_copy(to, size, value);
		found = true; /* the last one counts, as in a shell */
	}
	return found;
}

void text_ini(char *data, void (*entry)(void *arg, const char *section, const char *key, char *value),
	      void *arg)
{
	const char *section = "";
	char *rest = data, *line;

	while ((line = text_line(&rest))) {
		char *end;

		line = text_trim(line);
		if (*line == '#' || *line == ';' || !*line)
			continue;
		if (*line == '[') {
			end = strchr(line, ']');
			if (end)
				*end = 0;
			section = line + 1;
			continue;
		}
		end = strchr(line, '=');
		if (!end)
			continue;
		*end = 0;
		entry(arg, section, text_trim(line), text_trim(end + 1));
	}
}

bool text_mac(char *to, const char *s)
{
	for (int i = 0; i < 17; i++) {
		char c = (char)tolower((unsigned char)s[i]);

		if (i % 3 == 2 ? c != ':' && c != '-' : !isxdigit((unsigned char)c))
			return false;
		to[i] = i % 3 == 2 ? ':' : c;
	}
	to[17] = 0;
	return !isxdigit((unsigned char)s[17]) && s[17] != ':';
}

bool text_suffix(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && !strcmp(s + n - m, suffix);
}
