/* SPDX-License-Identifier: BSD-2-Clause */
/* build.h - the generator's later steps (private to this room) */
#ifndef NACRE_WRAP_BUILD_H
#define NACRE_WRAP_BUILD_H

#include "exports.h"
#include "text.h"
#include "wrap.h"

#include <extension/overlay/model.h>

/** wrap_compare() - every function of the overlay is in the extension, and the other way round */
int wrap_compare(const struct nacre_model *m, const struct wrap_exports *elf, const char *overlay,
		 struct nacre_error *e);
/** wrap_symbol_map() - the linker's version script: the extension's versions where it has some */
void wrap_symbol_map(struct nacre_text *t, const struct nacre_model *m,
		     const struct wrap_exports *elf);
const char *wrap_include_dir(const struct nacre_wrap_options *o);
/** wrap_build() - compile proxy.so and stub.so */
int wrap_build(const struct nacre_wrap_options *o, const char *const *flags,
	       const struct wrap_exports *elf, struct nacre_error *e);

#endif
