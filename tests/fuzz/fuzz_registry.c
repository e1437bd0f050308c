/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_registry.c - any bytes as a drop-in file: refused, or written and read back the same */
#include "extension/registry/keys.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nacre_registration r, again;
	struct nacre_error e = {.code = NACRE_OK};
	char *text = NULL, *second = NULL;
	size_t length, second_length;

	if (nacre_registration_parse(&r, "/r/x.conf", "x", (const char *)data, size, &e)) {
		if (e.code == NACRE_OK || !memchr(e.msg, 0, sizeof(e.msg)) || r.name)
			abort();
		return 0;
	}
	/* A file near the largest size may grow beyond it by the defaults. */
	if (nacre_registration_format(&r, &text, &length, NULL) == 0) {
		if (nacre_registration_parse(&again, "/r/x.conf", "x", text, length, NULL) ||
		    nacre_registration_format(&again, &second, &second_length, NULL) ||
		    length != second_length || memcmp(text, second, length))
			abort();
		nacre_registration_clear(&again);
	} else if (size < REGISTRY_FILE_MAX / 2) {
		abort();
	}
	free(text);
	free(second);
	nacre_registration_clear(&r);
	return 0;
}
