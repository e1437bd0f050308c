/* SPDX-License-Identifier: BSD-2-Clause */
#include <nacre/overlay.h>

NACRE_INTERFACE(wrong, on_fail(-1));
struct s {
	unsigned ready : 1;
};
struct s get(void) nacre(on_fail((struct s){0}));
