/* SPDX-License-Identifier: BSD-2-Clause */
#include <nacre/overlay.h>

NACRE_INTERFACE(wrong, on_fail(-1));
NACRE_HANDLE(thing, stale(-2));
struct thing;
int put(unsigned a nacre(handle(thing)), unsigned long b nacre(handle(thing)));
