/* SPDX-License-Identifier: BSD-2-Clause */
/* options.c - one option table: parser and help */
#include "options.h"

#include <stdlib.h>
#include <string.h>

static void *member(void *settings, const struct cli_option *o)
{
	return (char *)settings + o->offset;
}

static int wrong(const struct cli_command *c, const char *option, const char *reason)
{
	fprintf(stderr, "nacre %s: %s: %s; see `nacre %s --help`\n", c->name, option, reason,
		c->name);
	return -1;
}

static int set_number(const struct cli_command *c, const struct cli_option *o, uint32_t *to,
		      const char *value)
{
	char reason[96];
	uint64_t n = 0;
	bool good = *value != 0;

	for (const char *p = value; *p && good; p++) {
		good = *p >= '0' && *p <= '9';
		n = n * 10 + (uint64_t)(*p - '0');
		good = good && n <= o->max;
	}
	if (!good || n < o->min) {
		snprintf(reason, sizeof(reason), "takes a whole number from %u to %u", o->min,
			 o->max);
		return wrong(c, o->name, reason);
	}
	*to = (uint32_t)n;
	return 0;
}

/* Is @value one of the words in "a|b|c"? */
static bool is_choice(const char *choices, const char *value)
{
	size_t size = strlen(value);

	for (const char *p = choices; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL)
		if (size && !strncmp(p, value, size) && (p[size] == '|' || !p[size]))
			return true;
	return false;
}

static int append(const char ***list, const char *value)
{
	size_t n = 0;
	const char **more;

	while (*list && (*list)[n])
		n++;
	more = realloc(*list, (n + 2) * sizeof(*more));
	if (!more)
		return -1;
	more[n] = value;
	more[n + 1] = NULL;
	*list = more;
	return 0;
}

static int set(const struct cli_command *c, void *settings, const struct cli_option *o,
	       const char *value)
{
	void *to = member(settings, o);
	char reason[96];

	switch (o->kind) {
	case CLI_FLAG:
		*(bool *)to = true;
		return 0;
	case CLI_NUMBER:
		return set_number(c, o, to, value);
	case CLI_LIST:
		return append(to, value) ? wrong(c, o->name, "out of memory") : 0;
	case CLI_CHOICE:
		if (!is_choice(o->choices, value)) {
			snprintf(reason, sizeof(reason), "takes one of %s", o->choices);
			return wrong(c, o->name, reason);
		}
		/* fall through */
	case CLI_TEXT:
		if (!*value)
			return wrong(c, o->name, "the value is empty");
		*(const char **)to = value;
		return 0;
	}
	return -1;
}

static const struct cli_option *find_name(const struct cli_command *c, const char *name,
					  size_t size)
{
	for (const struct cli_option *o = c->options; o && o->name; o++)
		if (strlen(o->name) == size && !memcmp(o->name, name, size))
			return o;
	return NULL;
}

static const struct cli_option *find_letter(const struct cli_command *c, char letter)
{
	for (const struct cli_option *o = c->options; o && o->name; o++)
		if (o->letter == letter)
			return o;
	return NULL;
}

/* --name, --name=value, --name value. Return: words used up, -1 when wrong. */
static int take_long(const struct cli_command *c, void *settings, char *const *argv)
{
	const char *name = argv[0] + 2, *equals = strchr(name, '='), *value = argv[1];
	size_t size = equals ? (size_t)(equals - name) : strlen(name);
	const struct cli_option *o = find_name(c, name, size);

	if (!o)
		return wrong(c, argv[0], "unknown option");
	if (o->kind == CLI_FLAG)
		return equals			   ? wrong(c, argv[0], "takes no value")
		       : set(c, settings, o, NULL) ? -1
						   : 1;
	if (equals)
		return set(c, settings, o, equals + 1) ? -1 : 1;
	if (!value)
		return wrong(c, argv[0], "needs a value");
	return set(c, settings, o, value) ? -1 : 2;
}

/* -x, -xy (flags), -ovalue, -o value. Return: words used up, -1 when wrong. */
static int take_letters(const struct cli_command *c, void *settings, char *const *argv)
{
	for (const char *p = argv[0] + 1; *p; p++) {
		const struct cli_option *o = find_letter(c, *p);

		if (!o)
			return wrong(c, argv[0], "unknown option");
		if (o->kind == CLI_FLAG) {
			if (set(c, settings, o, NULL))
				return -1;
			continue;
		}
		if (p[1])
			return set(c, settings, o, p + 1) ? -1 : 1;
		if (!argv[1])
			return wrong(c, argv[0], "needs a value");
		return set(c, settings, o, argv[1]) ? -1 : 2;
	}
	return 1;
}

static enum cli_parsed check_operands(const struct cli_command *c, int count, char **argv)
{
	char reason[96];

	if (c->operands_max >= 0 && count > c->operands_max) {
		wrong(c, argv[c->operands_max], "one word too many");
		return CLI_WRONG;
	}
	if (count < c->operands_min) {
		snprintf(reason, sizeof(reason), "missing: nacre %s %s", c->name, c->operands);
		wrong(c, c->operands, reason);
		return CLI_WRONG;
	}
	return CLI_RUN;
}

enum cli_parsed cli_options_parse(const struct cli_command *c, void *settings, int *argc,
				  char **argv)
{
	bool ended = false;
	int operands = 0;

	for (int i = 0; i < *argc;) {
		char *word = argv[i];
		int used;

		if (ended || word[0] != '-' || !word[1]) {
			ended = ended || c->host;
			argv[operands++] = word;
			i++;
			continue;
		}
		if (!strcmp(word, "--")) {
			ended = true;
			i++;
			continue;
		}
		if (!strcmp(word, "--help") || !strcmp(word, "-h"))
			return CLI_HELP;
		used = word[1] == '-' ? take_long(c, settings, argv + i)
				      : take_letters(c, settings, argv + i);
		if (used < 0)
			return CLI_WRONG;
		i += used;
	}
	*argc = operands;
	argv[operands] = NULL;
	return check_operands(c, operands, argv);
}

void cli_options_free(const struct cli_command *c, void *settings)
{
	for (const struct cli_option *o = c->options; o && o->name; o++)
		if (o->kind == CLI_LIST)
			free(*(void **)member(settings, o));
}

static void help_option(const struct cli_option *o, FILE *to)
{
	char left[64], letter[8] = "    ";

	if (o->letter)
		snprintf(letter, sizeof(letter), "-%c, ", o->letter);
	snprintf(left, sizeof(left), "%s--%s%s%s", letter, o->name, o->arg ? " " : "",
		 o->arg ? o->arg : "");
	fprintf(to, "  %-28s %s\n", left, o->help);
}

void cli_options_help(const struct cli_command *c, FILE *to)
{
	static const struct cli_option help = {
		.name = "help", .letter = 'h', .help = "print this text"};

	fprintf(to, "usage: nacre %s [OPTION]...%s%s%s\n\n%s.\n", c->name, c->operands ? " " : "",
		c->host ? "[--] " : "", c->operands ? c->operands : "", c->summary);
	if (c->details)
		fprintf(to, "\n%s\n", c->details);
	fprintf(to, "\noptions:\n");
	for (const struct cli_option *o = c->options; o && o->name; o++)
		help_option(o, to);
	help_option(&help, to);
}
