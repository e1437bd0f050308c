/* SPDX-License-Identifier: BSD-2-Clause */
#include <nacre/overlay.h>

NACRE_INTERFACE(wrong, on_fail(-1));
struct __attribute__((aligned(64))) s {
	int n;
};
int put(struct s *v nacre(in));
