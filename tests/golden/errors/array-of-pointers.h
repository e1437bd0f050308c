/* SPDX-License-Identifier: BSD-2-Clause */
#include <nacre/overlay.h>

NACRE_INTERFACE(wrong, on_fail(-1));
struct s {
	char *list[3];
};
NACRE_VIEW(s) {
	struct s {
		char *list[3] nacre(string);
	};
}
int put(struct s *v nacre(in));
