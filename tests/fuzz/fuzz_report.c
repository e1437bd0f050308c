/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_report.c - any texts in the report: no mark-up of theirs gets through, and the diff tells both */
#include "conversion/report_parts.h"
#include "input.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Only our own elements may be in it, and no control character. */
static void check(const char *page, size_t size)
{
	static const char *const ours[] = {"<span class=\"gone\">", "<span class=\"come\">", "<span class=\"same\">",
					   "<span class=\"hunk\">", "</span>", "<pre class=\"diff\">", "</pre>",
					   "<p class=\"note\">", "</p>", NULL};

	for (const char *p = page; p < page + size; p++) {
		const char *const *o = ours;

		if (((unsigned char)*p < ' ' && *p != '\n' && *p != '\t') || *p == 127)
			abort();
		if (*p != '<')
			continue;
		while (*o && strncmp(p, *o, strlen(*o)))
			o++;
		if (!*o)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *both = malloc(size + 1), *page = NULL, *after;
	size_t length = 0;
	FILE *to = open_memstream(&page, &length);

	if (!both || !to)
		abort();
	memcpy(both, data, size);
	both[size] = 0;
	after = both + strlen(both);
	after += after < both + size; /* behind the first 0 */
	nacre_report_diff(to, both, after);
	nacre_html(to, "%s", both);
	fclose(to);
	check(page, length);
	free(page);
	free(both);
	return 0;
}
