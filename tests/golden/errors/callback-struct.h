/* SPDX-License-Identifier: BSD-2-Clause */
#include <nacre/overlay.h>

NACRE_INTERFACE(wrong, on_fail(-1));
struct s {
	char *text;
};
NACRE_VIEW(s) {
	struct s {
		char *text nacre(string);
	};
}
NACRE_CALLBACK(tell, int, (struct s *v nacre(in)), on_fail(0));
int put(int (*f)(struct s *v) nacre(callback(tell)));
