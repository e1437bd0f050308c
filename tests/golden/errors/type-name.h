/* SPDX-License-Identifier: BSD-2-Clause */
#include <nacre/overlay.h>

NACRE_INTERFACE(wrong, on_fail(-1));
typedef struct {
	int n;
} own;
int put(own *v nacre(in));
