/* SPDX-License-Identifier: BSD-2-Clause */
/* driver.c - run a fuzz target over the files of its corpus, as an ordinary test */
#include "tap.h"

#include <dirent.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool replay(const char *path)
{
	static uint8_t data[1 << 20];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (!f)
		return false;
	n = fread(data, 1, sizeof(data), f);
	fclose(f);
	LLVMFuzzerTestOneInput(data, n);
	return true;
}

int main(int argc, char **argv)
{
	struct dirent *entry;
	int count = 0;
	char path[4096];
	DIR *dir = argc > 1 ? opendir(argv[1]) : NULL;

	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
		count += replay(path);
	}
	if (dir)
		closedir(dir);
	tap_ok(count > 0, "%d files of the corpus are borne", count);
	return tap_done();
}
