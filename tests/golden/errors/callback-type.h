/* SPDX-License-Identifier: BSD-2-Clause */
#include <nacre/overlay.h>

NACRE_INTERFACE(wrong, on_fail(-1));
NACRE_CALLBACK(tell, int, (int n), on_fail(0));
int put(int (*f)(char *text) nacre(callback(tell)));
