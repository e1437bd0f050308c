/* SPDX-License-Identifier: BSD-2-Clause */
#include <nacre/overlay.h>

NACRE_INTERFACE(wrong, on_fail(-1));
struct s {
	struct {
		char *text;
	} in;
};
int put(struct s *v nacre(in));
