/* SPDX-License-Identifier: BSD-2-Clause */
/* parse.c - the text of a drop-in file becomes a registration
 *
 * DOC: Theory of Operation
 *
 * Lines of `key = value`; blank lines and lines that begin with '#' are skipped. The table below is
 * the whole grammar. Anything it does not allow is an error with file and line: a registration
 * decides what a sandbox permits, so nothing in it is guessed. The parser is pure: no file, no
 * global state. It is linked into every proxy.
 */
#include "keys.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY(member, how, ...)                                                                      \
	{                                                                                          \
		.name = #member, .kind = (how),                                                    \
		.offset = offsetof(struct nacre_registration, member), __VA_ARGS__                 \
	}

const struct registry_key nacre_registry_keys[] = {
	KEY(extension, REGISTRY_PATH, .required = true),
	KEY(soname, REGISTRY_WORD),
	KEY(interface, REGISTRY_WORD, .required = true),
	KEY(overlay, REGISTRY_PATH),
	KEY(proxy, REGISTRY_PATH, .required = true),
	KEY(stub, REGISTRY_PATH, .required = true),
	KEY(vproc, REGISTRY_PATH, .required = true),
	KEY(backend, REGISTRY_BACKEND),
	KEY(deadline_ms, REGISTRY_NUMBER, .max = 86400000),
	KEY(memory_mb, REGISTRY_NUMBER, .max = 16777216),
	KEY(max_failures, REGISTRY_NUMBER, .max = 1000000),
	KEY(profile, REGISTRY_PROFILE),
	KEY(cold, REGISTRY_BOOL),
	KEY(allow_net, REGISTRY_BOOL),
	KEY(allow_fork, REGISTRY_BOOL),
	KEY(allow_read, REGISTRY_PATHS),
	KEY(allow_write, REGISTRY_PATHS),
	KEY(allow_syscall, REGISTRY_SYSCALLS),
	KEY(environment, REGISTRY_VARIABLES),
	{.name = NULL}};

static const char *const profiles[] = {[NACRE_PROFILE_BALANCED] = "balanced",
				       [NACRE_PROFILE_LATENCY] = "latency",
				       [NACRE_PROFILE_THRIFTY] = "thrifty"};
enum { PROFILES = sizeof(profiles) / sizeof(profiles[0]) };

/** struct text - a piece of the file, not terminated */
struct text {
	const char *at;
	size_t size;
};

/** struct place - where the parser is, for messages */
struct place {
	const char *file;
	unsigned line; /* 0: the file as a whole */
	struct nacre_error *e;
};

const char *nacre_registry_profile_name(enum nacre_profile profile)
{
	return (unsigned)profile < PROFILES ? profiles[profile] : NULL;
}

void nacre_registry_where(char where[48], const char *file, unsigned line)
{
	size_t size = strlen(file), room;
	char number[16] = "";

	if (line)
		snprintf(number, sizeof(number), ":%u", line);
	room = 47 - strlen(number);
	if (size > room)
		snprintf(where, 48, "...%s%s", file + size - (room - 3), number);
	else
		snprintf(where, 48, "%s%s", file, number);
}

static int __attribute__((format(printf, 2, 3)))
malformed(const struct place *p, const char *fmt, ...)
{
	char where[sizeof(p->e->where)], msg[sizeof(p->e->msg)];
	va_list ap;

	nacre_registry_where(where, p->file, p->line);
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	return nacre_error_set(p->e, NACRE_E_INPUT, 0, where, "%s", msg);
}

static int no_memory(const struct place *p)
{
	return nacre_error_set(p->e, NACRE_E_SYSTEM, ENOMEM, "registry", "cannot read");
}

static struct text trim(struct text t)
{
	while (t.size && (*t.at == ' ' || *t.at == '\t'))
		t.at++, t.size--;
	while (t.size && (t.at[t.size - 1] == ' ' || t.at[t.size - 1] == '\t'))
		t.size--;
	return t;
}

static bool is(struct text t, const char *word)
{
	return t.size == strlen(word) && !memcmp(t.at, word, t.size);
}

static bool letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Only letters, digits and @more (a NUL never counts)? */
static bool only(struct text t, const char *more)
{
	for (size_t i = 0; i < t.size; i++)
		if (!letter_or_digit(t.at[i]) && (!t.at[i] || !strchr(more, t.at[i])))
			return false;
	return t.size > 0;
}

bool nacre_registry_name_valid(const char *name, size_t size)
{
	struct text t = {name, size};

	return size > 0 && size <= REGISTRY_NAME_MAX && name[0] != '.' && name[0] != '-' &&
	       only(t, "._-");
}

static char *copy(struct text t)
{
	char *s = malloc(t.size + 1);

	if (s) {
		memcpy(s, t.at, t.size);
		s[t.size] = 0;
	}
	return s;
}

static bool variable_valid(struct text t)
{
	const char *equals = memchr(t.at, '=', t.size);
	struct text name = {t.at, equals ? (size_t)(equals - t.at) : 0};

	return only(name, "_") && !(name.at[0] >= '0' && name.at[0] <= '9');
}

/* Does the text value suit its key? Numbers, profiles and booleans are checked where they are set.
 */
static int check_text(const struct place *p, const struct registry_key *key, struct text v)
{
	switch (key->kind) {
	case REGISTRY_PATH:
	case REGISTRY_PATHS:
		if (v.at[0] != '/')
			return malformed(p, "%s must be an absolute path: write it from / on",
					 key->name);
		if (v.size > 4095)
			return malformed(p, "the path of %s is longer than 4095 bytes", key->name);
		return 0;
	case REGISTRY_WORD:
		if (!only(v, "._-+:"))
			return malformed(p, "%s may have letters, digits and . _ - + : only",
					 key->name);
		return 0;
	case REGISTRY_BACKEND:
		if (!is(v, "process"))
			return malformed(p,
					 "this version has one backend: write backend = process");
		return 0;
	case REGISTRY_SYSCALLS:
		if (!only(v, "_") || v.size > 64)
			return malformed(p, "%s takes the name of one system call, such as openat",
					 key->name);
		return 0;
	case REGISTRY_VARIABLES:
		if (!variable_valid(v))
			return malformed(p, "%s takes NAME=VALUE; NAME has letters, digits and _",
					 key->name);
		return 0;
	default:
		return 0;
	}
}

static int set_string(const struct place *p, char **to, struct text v)
{
	*to = copy(v);
	return *to ? 0 : no_memory(p);
}

static int append(const struct place *p, char ***to, const char *key, struct text v)
{
	size_t n = 0;
	char **list, *s;

	while (*to && (*to)[n])
		n++;
	if (n >= REGISTRY_LIST_MAX)
		return malformed(p, "more than %d lines of %s", REGISTRY_LIST_MAX, key);
	list = realloc(*to, (n + 2) * sizeof(*list));
	if (!list)
		return no_memory(p);
	*to = list;
	list[n] = s = copy(v);
	list[n + 1] = NULL;
	return s ? 0 : no_memory(p);
}

static int set_number(const struct place *p, uint32_t *to, const struct registry_key *key,
		      struct text v)
{
	uint64_t n = 0;

	for (size_t i = 0; i < v.size; i++) {
		if (v.at[i] < '0' || v.at[i] > '9')
			return malformed(p, "%s takes a whole number in decimal, 0 to %u",
					 key->name, key->max);
		n = n * 10 + (uint64_t)(v.at[i] - '0');
		if (n > key->max)
			return malformed(p, "%s is too large: at most %u", key->name, key->max);
	}
	*to = (uint32_t)n;
	return 0;
}

static int set_profile(const struct place *p, enum nacre_profile *to, struct text v)
{
	for (unsigned i = 0; i < PROFILES; i++) {
		if (is(v, profiles[i])) {
			*to = (enum nacre_profile)i;
			return 0;
		}
	}
	return malformed(p, "profile is one of balanced, latency, thrifty");
}

static int set_bool(const struct place *p, bool *to, const char *key, struct text v)
{
	*to = is(v, "yes");
	return *to || is(v, "no") ? 0 : malformed(p, "%s is yes or no", key);
}

static int set(const struct place *p, struct nacre_registration *r, const struct registry_key *key,
	       struct text v)
{
	void *to = (char *)r + key->offset;

	if (check_text(p, key, v))
		return -1;
	switch (key->kind) {
	case REGISTRY_NUMBER:
		return set_number(p, to, key, v);
	case REGISTRY_PROFILE:
		return set_profile(p, to, v);
	case REGISTRY_BOOL:
		return set_bool(p, to, key->name, v);
	case REGISTRY_PATHS:
	case REGISTRY_SYSCALLS:
	case REGISTRY_VARIABLES:
		return append(p, to, key->name, v);
	default:
		return set_string(p, to, v);
	}
}

static const struct registry_key *find_key(struct text name)
{
	for (const struct registry_key *k = nacre_registry_keys; k->name; k++)
		if (is(name, k->name))
			return k;
	return NULL;
}

static int parse_line(const struct place *p, struct nacre_registration *r, uint32_t *seen,
		      struct text line)
{
	struct text name, value;
	const struct registry_key *key;
	const char *equals;
	uint32_t bit;

	line = trim(line);
	if (!line.size || line.at[0] == '#')
		return 0;
	equals = memchr(line.at, '=', line.size);
	if (!equals)
		return malformed(p, "not `key = value`; a comment begins with #");
	name = trim((struct text){line.at, (size_t)(equals - line.at)});
	value = trim((struct text){equals + 1, line.size - (size_t)(equals + 1 - line.at)});
	key = find_key(name);
	if (!key)
		return malformed(p, "unknown key '%.*s': see nacre-registry(5) for the keys",
				 name.size > 32 ? 32 : (int)name.size, name.at);
	if (!value.size)
		return malformed(p, "%s has no value: give one or remove the line", key->name);
	if (memchr(value.at, '\t', value.size))
		return malformed(p, "%s has a tab within its value: remove it", key->name);
	bit = 1u << (key - nacre_registry_keys);
	if (key->kind < REGISTRY_PATHS && (*seen & bit))
		return malformed(p, "%s is given twice: remove one of the lines", key->name);
	*seen |= bit;
	return set(p, r, key, value);
}

static int check_bytes(const struct place *p, struct text line)
{
	if (line.size > REGISTRY_LINE_MAX)
		return malformed(p, "line longer than %d bytes", REGISTRY_LINE_MAX);
	for (size_t i = 0; i < line.size; i++) {
		unsigned char c = (unsigned char)line.at[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return malformed(p, "control character 0x%02x: remove it", c);
	}
	return 0;
}

/* What was not given: defaults, or an error for what has none. */
static int complete(const struct place *p, struct nacre_registration *r, uint32_t seen)
{
	for (const struct registry_key *k = nacre_registry_keys; k->name; k++) {
		char **string = (char **)(void *)((char *)r + k->offset);
		char ***list = (char ***)(void *)string;

		if (seen & (1u << (k - nacre_registry_keys)))
			continue;
		if (k->required)
			return malformed(p, "%s is missing: add a line `%s = ...`", k->name,
					 k->name);
		if (k->kind == REGISTRY_PATH || k->kind == REGISTRY_WORD)
			*string = copy((struct text){"", 0});
		else if (k->kind == REGISTRY_BACKEND)
			*string = copy((struct text){"process", 7});
		else if (k->kind >= REGISTRY_PATHS)
			*list = calloc(1, sizeof(**list));
		else
			continue;
		if (!*string)
			return no_memory(p);
	}
	return 0;
}

int nacre_registration_parse(struct nacre_registration *r, const char *file, const char *name,
			     const char *text, size_t size, struct nacre_error *e)
{
	struct place p = {.file = file, .e = e};
	uint32_t seen = 0;
	size_t at = 0;

	memset(r, 0, sizeof(*r));
	r->memory_mb = 1024;
	if (size > REGISTRY_FILE_MAX)
		return malformed(&p, "larger than %d bytes", REGISTRY_FILE_MAX);
	r->name = copy((struct text){name, strlen(name)});
	r->file = copy((struct text){file, strlen(file)});
	if (!r->name || !r->file) {
		no_memory(&p);
		goto undo;
	}
	while (at < size) {
		const char *end = memchr(text + at, '\n', size - at);
		struct text line = {text + at, end ? (size_t)(end - text) - at : size - at};

		p.line++;
		if (check_bytes(&p, line) || parse_line(&p, r, &seen, line))
			goto undo;
		at += line.size + 1;
	}
	p.line = 0;
	if (complete(&p, r, seen))
		goto undo;
	return 0;
undo:
	nacre_registration_clear(r);
	return -1;
}

void nacre_registration_clear(struct nacre_registration *r)
{
	for (const struct registry_key *k = nacre_registry_keys; k->name; k++) {
		char **string = (char **)(void *)((char *)r + k->offset);
		char ***list = (char ***)(void *)string;

		if (k->kind >= REGISTRY_PATHS) {
			for (size_t i = 0; *list && (*list)[i]; i++)
				free((*list)[i]);
			free(*list);
		} else if (k->kind <= REGISTRY_BACKEND) {
			free(*string);
		}
	}
	free(r->name);
	free(r->file);
	memset(r, 0, sizeof(*r));
}
