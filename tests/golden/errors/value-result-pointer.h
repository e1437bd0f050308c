/* SPDX-License-Identifier: BSD-2-Clause */
#include <nacre/overlay.h>

NACRE_INTERFACE(wrong, on_fail(-1));
struct s {
	int n;
	char *text;
};
NACRE_VIEW(s) {
	struct s {
		int n;
		char *text nacre(string);
	};
}
struct s get(void) nacre(on_fail((struct s){0}));
