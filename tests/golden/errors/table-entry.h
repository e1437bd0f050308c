/* SPDX-License-Identifier: BSD-2-Clause */
#include "upstream.h"
#include <nacre/overlay.h>

NACRE_INTERFACE(wrong, on_fail(-1));
int plain(int number);
int functions(struct table **table nacre(out, table));
