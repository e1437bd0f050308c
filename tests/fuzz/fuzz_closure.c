/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_closure.c - any text as what the dynamic loader lists; the parser is inside closure.c */
#include "extension/confine/closure.c"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nacre_error e = {.code = NACRE_OK};
	struct files f = {0};
	char *text = malloc(size + 1);
	int result;

	if (!text)
		abort();
	if (size)
		memcpy(text, data, size);
	text[size] = 0;
	result = take_answer(&f, text, 0, "object", &e);
	if (result < 0 && (e.code == NACRE_OK || !memchr(e.msg, 0, sizeof(e.msg))))
		abort();
	for (size_t i = 0; i < f.count; i++)
		if (f.list[i][0] != '/' || f.list[f.count])
			abort();
	nacre_closure_free(f.list);
	free(text);
	return 0;
}
