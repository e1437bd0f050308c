/* SPDX-License-Identifier: BSD-2-Clause */
#include "upstream.h"
#include <nacre/overlay.h>

NACRE_INTERFACE(wrong, on_fail(-1));
int fill(int *numbers nacre(out, count(m)), int n);
