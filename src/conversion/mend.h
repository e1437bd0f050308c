/* SPDX-License-Identifier: BSD-2-Clause */
/* mend.h - the fix-ups of one image: its volumes become a tree, the fixes work on it (C8, C9, C18) */
#ifndef NACRE_CONVERSION_MEND_H
#define NACRE_CONVERSION_MEND_H

#include "conversion/fixup/fixup.h"

/**
 * nacre_mend() - plan the fixes, or apply them and write everything to the image
 * @f: inventory (volumes open, writable unless @plan_only), options, say, arg; tree is made and kept
 *     there, for the caller to free, also after an error
 */
int nacre_mend(struct nacre_fixing *f, const char *undo, bool plan_only, struct nacre_error *e);

#endif
