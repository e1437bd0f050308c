/* SPDX-License-Identifier: BSD-2-Clause */
#include <nacre/overlay.h>

NACRE_INTERFACE(wrong, on_fail(-1));
struct s {
	int (*f)(int n);
};
NACRE_VIEW(s) {
	struct s {
		int (*f)(int n);
	};
}
int put(struct s *v nacre(in));
