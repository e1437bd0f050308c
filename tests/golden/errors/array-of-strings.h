/* SPDX-License-Identifier: BSD-2-Clause */
#include "upstream.h"
#include <nacre/overlay.h>

struct many {
	const char *names[4];
	int count;
};
NACRE_INTERFACE(wrong, on_fail(-1));
NACRE_VIEW(many) {
	struct many {
		const char *names[4] nacre(string);
		int count;
	};
}
int take(struct many *m nacre(in));
