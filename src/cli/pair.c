/* SPDX-License-Identifier: BSD-2-Clause */
/* pair.c - the proxy and the stub for an overlay: shipped ready-made, or generated now */
#include "pair.h"
#include "cli.h"
#include "generate.h"
#include "store.h"

#include "base/auto.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOG_LINES = 20 };

/* The name in the line `NACRE_INTERFACE(name, ...`; NULL when there is none. */
static char *declared_interface(const char *path)
{
	static const char mark[] = "NACRE_INTERFACE(";
	NACRE_AUTO_FILE FILE *f = fopen(path, "re");
	NACRE_AUTO_FREE char *line = NULL;
	size_t room = 0;

	while (f && getline(&line, &room, f) > 0) {
		char *p = line + strspn(line, " \t");
		size_t size;

		if (strncmp(p, mark, sizeof(mark) - 1))
			continue;
		p += sizeof(mark) - 1;
		p += strspn(p, " \t");
		for (size = 0; isalnum((unsigned char)p[size]) || p[size] == '_'; size++)
			;
		if (size)
			return cli_format("%.*s", (int)size, p);
	}
	return NULL;
}

static bool is_word(const char *s)
{
	return *s && !s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-")];
}

int cli_overlay_find(struct cli_overlay *o, const char *word, const struct cli_layout *l)
{
	memset(o, 0, sizeof(*o));
	if (is_word(word)) {
		o->path = cli_format("%s/%s.h", l->overlays, word);
		o->shipped = !access(o->path, R_OK);
	}
	if (!o->shipped) {
		free(o->path);
		o->path = cli_canonical(word);
		if (access(o->path, R_OK))
			return cli_error(errno == ENOENT ? NACRE_E_ABSENT : NACRE_E_SYSTEM, word,
					 "%s; an overlay is a path, or the name of one in %s",
					 errno == ENOENT ? "no such overlay" : strerror(errno),
					 l->overlays);
	}
	o->interface = declared_interface(o->path);
	if (!o->interface)
		return cli_error(NACRE_E_INPUT, o->path,
				 "no overlay: it has no line NACRE_INTERFACE(name, ...); see "
				 "nacre-overlay(7)");
	return NACRE_OK;
}

void cli_overlay_free(struct cli_overlay *o)
{
	free(o->path);
	free(o->interface);
}

static void name_files(struct cli_pair *p, const char *dir)
{
	p->proxy = cli_format("%s/proxy.so", dir);
	p->stub = cli_format("%s/stub.so", dir);
	p->audit = cli_format("%s/audit.txt", dir);
}

bool cli_pair_is_shipped(const struct cli_overlay *o, const struct cli_layout *l)
{
	NACRE_AUTO_FREE char *proxy = cli_format("%s/%s/proxy.so", l->pairs, o->interface);
	NACRE_AUTO_FREE char *stub = cli_format("%s/%s/stub.so", l->pairs, o->interface);

	return o->shipped && !access(proxy, R_OK) && !access(stub, R_OK);
}

/* What the compiler said in a directory that is about to be removed. */
static void show_log(const char *dir, const char *name)
{
	NACRE_AUTO_FREE char *path = cli_format("%s/%s", dir, name);
	NACRE_AUTO_FILE FILE *f = fopen(path, "re");
	NACRE_AUTO_FREE char *line = NULL;
	size_t room = 0;

	for (int i = 0; i < LOG_LINES && f && getline(&line, &room, f) > 0; i++)
		fprintf(stderr, "    %s", line);
}

int cli_pair_make(struct cli_pair *p, const struct cli_overlay *o, const char *extension,
		  const char *const *include, const struct cli_layout *l)
{
	const char *tmp = getenv("TMPDIR");
	NACRE_AUTO_FREE char *shipped = cli_format("%s/%s", l->pairs, o->interface);
	int code;

	memset(p, 0, sizeof(*p));
	if (cli_pair_is_shipped(o, l)) {
		name_files(p, shipped);
		return NACRE_OK;
	}
	p->temp = cli_format("%s/nacre-wrap.XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");
	if (!mkdtemp(p->temp)) {
		code = cli_error(NACRE_E_SYSTEM, p->temp, "cannot make: %s", strerror(errno));
		free(p->temp);
		p->temp = NULL;
		return code;
	}
	name_files(p, p->temp);
	code = cli_generate(o->path, extension, p->temp, include, true, l);
	if (code) {
		show_log(p->temp, "proxy.log");
		show_log(p->temp, "stub.log");
	}
	return code;
}

void cli_pair_free(struct cli_pair *p)
{
	if (p->temp)
		store_remove_tree(p->temp);
	free(p->proxy);
	free(p->stub);
	free(p->audit);
	free(p->temp);
	memset(p, 0, sizeof(*p));
}
