/* SPDX-License-Identifier: BSD-2-Clause */
#include <nacre/overlay.h>

NACRE_INTERFACE(wrong, on_fail(-1));
struct in {
	unsigned ready : 1;
};
struct s {
	struct in in;
};
int put(struct s *v nacre(in));
