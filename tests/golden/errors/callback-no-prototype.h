/* SPDX-License-Identifier: BSD-2-Clause */
#include <nacre/overlay.h>

NACRE_INTERFACE(wrong, on_fail(-1));
NACRE_CALLBACK(tell, int, (), on_fail(0));
int put(int n);
