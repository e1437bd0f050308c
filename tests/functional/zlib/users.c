/* SPDX-License-Identifier: BSD-2-Clause */
/* users.c - one process that comes to libz in every way that there is
 *
 *	zlib-users PLUGIN LIBZ
 *
 * Prints which file each user's crc32() is in, and each file named libz that is mapped, in whatever
 * namespace of the linker.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

typedef uLong (*sum)(uLong, const Bytef *, uInt);

static void say(const char *user, void *function)
{
	Dl_info info = {0};

	dladdr(function, &info);
	printf("%s: %s, %lx\n", user, info.dli_fname ? info.dli_fname : "nowhere",
	       function ? ((sum)function)(0, (const Bytef *)"nacre", 5) : 0);
}

static void *open_and_find(const char *file, const char *symbol)
{
	void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);

	return library ? dlsym(library, symbol) : NULL;
}

static void say_mapped(void)
{
	char line[4096], last[4096] = "", *path;
	FILE *maps = fopen("/proc/self/maps", "r");

	while (maps && fgets(line, sizeof(line), maps)) {
		path = strchr(line, '/');
		if (!path || !strstr(path, "libz.so") || !strcmp(path, last))
			continue;
		printf("mapped: %s", path);
		strcpy(last, path);
	}
	if (maps)
		fclose(maps);
}

int main(int argc, char **argv)
{
	void *(*plugin)(void);
	unsigned long (*plugin_sum)(const unsigned char *, unsigned);

	if (argc != 3)
		return 2;
	plugin = (void *(*)(void))open_and_find(argv[1], "plugin_function");
	plugin_sum = (unsigned long (*)(const unsigned char *, unsigned))open_and_find(argv[1], "plugin_sum");
	if (!plugin || !plugin_sum)
		return 1;
	printf("called: %lx %lx\n", crc32(0, (const Bytef *)"nacre", 5),
	       plugin_sum((const unsigned char *)"nacre", 5));
	say("linked", (void *)crc32);
	say("linked plug-in", plugin());
	say("dlopen by name", open_and_find("libz.so.1", "crc32"));
	say("dlopen by path", open_and_find(argv[2], "crc32"));
	say("dlsym of all", dlsym(RTLD_DEFAULT, "crc32"));
	say_mapped();
	return 0;
}
