/* SPDX-License-Identifier: BSD-2-Clause */
#include "upstream.h"
#include <nacre/overlay.h>

NACRE_INTERFACE(wrong, on_fail(-1));
NACRE_VIEW(a) { struct pair { int first; long second; }; }
NACRE_VIEW(b) { struct pair { int first; long second; }; }
int pairs(struct pair *p nacre(in));
