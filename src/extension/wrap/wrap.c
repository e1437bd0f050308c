/* SPDX-License-Identifier: BSD-2-Clause */
/* wrap.c - an overlay becomes proxy, stub and audit report: the steps, in order */
#include "wrap.h"

#include "build.h"
#include "exports.h"
#include "emit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_FLAGS = 60 };

static int write_text(void (*emit)(struct nacre_text *, const struct nacre_model *),
		      const struct nacre_model *m, const char *dir, const char *name,
		      struct nacre_error *e)
{
	struct nacre_text t = {0};
	int result;

	emit(&t, m);
	result = nacre_text_write(&t, dir, name, e);
	nacre_text_free(&t);
	return result;
}

static int write_all(const struct nacre_wrap_options *o, const struct nacre_model *m,
		     const struct wrap_exports *elf, struct nacre_error *e)
{
	struct nacre_text map = {0};
	int result;

	if (mkdir(o->out, 0777) < 0 && errno != EEXIST)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, o->out, "cannot be made");
	if (write_text(emit_proxy, m, o->out, "proxy.c", e) < 0 ||
	    write_text(emit_stub, m, o->out, "stub.c", e) < 0 ||
	    write_text(emit_audit, m, o->out, "audit.txt", e) < 0)
		return -1;
	wrap_symbol_map(&map, m, elf);
	result = nacre_text_write(&map, o->out, "symbols.map", e);
	nacre_text_free(&map);
	return result;
}

int nacre_wrap(const struct nacre_wrap_options *options, struct nacre_error *e)
{
	const char *flags[MAX_FLAGS + 2];
	struct wrap_exports *elf = NULL;
	struct nacre_model *m;
	char include[4200];
	int n = 0, result;

	snprintf(include, sizeof(include), "-I%s", wrap_include_dir(options));
	flags[n++] = include;
	for (const char *const *f = options->flags; f && *f; f++) {
		if (n > MAX_FLAGS)
			return nacre_error_set(e, NACRE_E_USAGE, 0, "nacre wrap",
					       "more than %d compiler flags", MAX_FLAGS);
		flags[n++] = *f;
	}
	flags[n] = NULL;
	m = nacre_model_read(options->overlay, flags, e);
	if (!m)
		return -1;
	emit_collect(m);
	if (options->extension) {
		elf = wrap_exports_read(options->extension, e);
		if (!elf || wrap_compare(m, elf, options->overlay, e) < 0) {
			wrap_exports_free(elf);
			nacre_model_free(m);
			return -1;
		}
	}
	result = write_all(options, m, elf, e);
	if (result == 0 && options->build)
		result = wrap_build(options, flags, elf, e);
	wrap_exports_free(elf);
	nacre_model_free(m);
	return result;
}
