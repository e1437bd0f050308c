/* SPDX-License-Identifier: BSD-2-Clause */
/* console.h - editors of the files that say where there is a login; they take no argument */
#ifndef NACRE_CONVERSION_CONSOLE_H
#define NACRE_CONVERSION_CONSOLE_H

#include "base/text.h"

int nacre_edit_inittab(struct nacre_span in, void *arg, struct nacre_text *out);
int nacre_edit_securetty(struct nacre_span in, void *arg, struct nacre_text *out);

#endif
