/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_learn.c - any bytes as a profile of an earlier learning run: read, written, read again */
#include "extension/confine/learn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char directory[] = "/dev/shm/nacre-fuzz-XXXXXX"; /* in memory: each input is a few files */
static char path[sizeof(directory) + 8];

static void leave(void)
{
	unlink(path);
	rmdir(directory);
}

static void put(const uint8_t *data, size_t size)
{
	FILE *f = fopen(path, "we");

	if (!f || fwrite(data, 1, size, f) != size || fclose(f))
		abort();
}

/* Nothing that is in the first is lost by being said by something else twice. */
static size_t again(struct learn_profile *p)
{
	struct nacre_error e = {.code = NACRE_OK};
	size_t lines;

	if (learn_profile_write(p, NULL, path, &e) < 0)
		abort();
	learn_profile_clear(p);
	if (learn_profile_read(p, path, &e) < 0)
		abort();
	lines = p->lines;
	for (size_t i = 1; i < lines; i++) {
		const struct learn_line *a = &p->line[i - 1], *b = &p->line[i];

		if (a->kind > b->kind || (a->kind == b->kind && strcmp(a->value, b->value) >= 0))
			abort();
	}
	return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct learn_profile p = {0};
	size_t lines;

	if (!*path) {
		if (!mkdtemp(directory))
			abort();
		snprintf(path, sizeof(path), "%s/profile", directory);
		atexit(leave);
	}
	put(data, size);
	if (learn_profile_read(&p, path, NULL) < 0)
		abort();
	lines = again(&p);
	if (again(&p) != lines)
		abort();
	learn_profile_clear(&p);
	return 0;
}
