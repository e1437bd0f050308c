/* SPDX-License-Identifier: BSD-2-Clause */
#include <nacre/overlay.h>

NACRE_INTERFACE(wrong, on_fail(-1));
struct s {
	int n;
	union either {
		int i;
		double d;
	} either;
};
NACRE_VIEW(s) {
	struct s {
		int n;
		union either either nacre(cases(n: bytes(4); else: bytes(8)));
	};
}
struct s get(void) nacre(on_fail((struct s){0}));
