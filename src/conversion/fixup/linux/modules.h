/* SPDX-License-Identifier: BSD-2-Clause */
/* modules.h - a kernel's modules, as depmod's files describe them */
#ifndef NACRE_CONVERSION_MODULES_H
#define NACRE_CONVERSION_MODULES_H

#include "base/text.h"

/** struct nacre_module - one line of modules.dep; spans lie in its text */
struct nacre_module {
	char name[64];                 /* "virtio_blk": '-' is '_', no ".ko" */
	struct nacre_span path, needs; /* relative to the kernel's directory */
	bool chosen;
};

struct nacre_modules {
	struct nacre_module *list; /* by name */
	size_t count;
	struct nacre_span builtin, alias, soft; /* modules.builtin, .alias, .softdep; may be empty */
};

enum nacre_module_state { NACRE_MODULE_NONE, NACRE_MODULE_BUILTIN, NACRE_MODULE_FILE };

/** nacre_modules_parse() - 0, -1: no memory. The texts stay the caller's and have to outlive it */
int nacre_modules_parse(struct nacre_modules *m, struct nacre_span dep, struct nacre_span builtin,
			struct nacre_span alias, struct nacre_span soft);
/** nacre_modules_choose() - mark @name and all that it needs, soft dependencies too */
enum nacre_module_state nacre_modules_choose(struct nacre_modules *m, const char *name);
void nacre_modules_free(struct nacre_modules *m);
/** nacre_module_suffix() - "", ".xz", ".zst" or ".gz": how @path is compressed */
const char *nacre_module_suffix(struct nacre_span path);

#endif
