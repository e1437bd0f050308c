/* SPDX-License-Identifier: BSD-2-Clause */
#include "upstream.h"
#include <nacre/overlay.h>

NACRE_INTERFACE(wrong, on_fail(-1));
NACRE_VIEW(v) { struct linked { int value; char *text nacre(out, cursor, sized_by(value)); }; }
int links(struct linked *l nacre(in));
