/* SPDX-License-Identifier: BSD-2-Clause */
/* test_exports.c - what a shared object exports; a damaged file ends in an error, never worse */
#include <extension/wrap/exports.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

static char path[] = "/tmp/nacre-exports.XXXXXX";

static const struct wrap_symbol *find(const struct wrap_exports *x, const char *name)
{
	for (size_t i = 0; i < x->symbol_count; i++)
		if (!strcmp(x->symbols[i].name, name))
			return &x->symbols[i];
	return NULL;
}

static void whole(const char *library)
{
	struct nacre_error e = {0};
	struct wrap_exports *x = wrap_exports_read(library, &e);
	const struct wrap_symbol *s;

	if (!tap_ok(x != NULL, "a library is read"))
		return;
	tap_is_string(x->soname, "libversions.so.3", "its SONAME");
	s = find(x, "first");
	tap_ok(s && s->function && !s->data, "a function is one");
	tap_is_string(s ? s->version : NULL, "VERSIONS_1", "with its version");
	s = find(x, "second");
	tap_is_string(s ? s->version : NULL, "VERSIONS_2", "a function of a later version");
	s = find(x, "level");
	tap_ok(s && s->data, "a variable is one");
	tap_ok(!find(x, "inner"), "what is local is not exported");
	tap_ok(x->version_count == 3 && !strcmp(x->versions[2].parent, "VERSIONS_1"),
	       "versions build on each other");
	wrap_exports_free(x);
}

/* Bytes overwritten, and the file cut off, 3,000 times. */
static void damaged(const char *library)
{
	int fd = open(library, O_RDONLY), out = mkstemp(path);
	unsigned long seed = 1, read_well = 0;
	struct stat st;
	char *image;

	if (fd < 0 || out < 0 || fstat(fd, &st) < 0 || !(image = malloc((size_t)st.st_size)) ||
	    read(fd, image, (size_t)st.st_size) != st.st_size) {
		tap_ok(false, "the library can be copied");
		return;
	}
	for (int i = 0; i < 3000; i++) {
		size_t size = (size_t)st.st_size;
		struct wrap_exports *x;
		size_t at[4];
		char old[4];

		for (int j = 0; j < 4; j++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			at[j] = (seed >> 33) % (j < 2 ? 64 : size); /* the header more often */
			old[j] = image[at[j]];
			image[at[j]] = (char)(seed >> 20);
		}
		if (i % 10 == 0)
			size = (seed >> 35) % size;
		if (ftruncate(out, 0) < 0 || pwrite(out, image, size, 0) < 0)
			break;
		x = wrap_exports_read(path, NULL);
		read_well += x != NULL;
		wrap_exports_free(x);
		for (int j = 3; j >= 0; j--)
			image[at[j]] = old[j];
	}
	tap_ok(true, "3000 damaged files are read or refused (%lu read)", read_well);
	free(image);
	close(fd);
	close(out);
	unlink(path);
}

int main(int argc, char **argv)
{
	struct nacre_error e = {0};

	if (argc != 2)
		return 2;
	whole(argv[1]);
	damaged(argv[1]);
	tap_ok(!wrap_exports_read("/etc/passwd", &e), "a text is no library");
	tap_ok(!wrap_exports_read("/nowhere", &e) && e.sys, "a file that is not there");
	tap_ok(!wrap_exports_read("/dev/null", &e), "a device");
	return tap_done();
}
