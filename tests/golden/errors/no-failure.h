/* SPDX-License-Identifier: BSD-2-Clause */
#include "upstream.h"
#include <nacre/overlay.h>

NACRE_INTERFACE(wrong, on_fail(-1));
const char *name(void) nacre(string, borrowed);
