/* SPDX-License-Identifier: BSD-2-Clause */
/* drive.c - a volume by command line, for the tests: fs-drive IMAGE TYPE r|w COMMAND ARGS [, COMMAND ARGS]..
 *
 * Says what went wrong as "error CODE ERRNO-NAME: WHERE: MESSAGE" and goes on with the next command.
 */
#include "base/extents.h"
#include "fs/volume.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { MOST = 256 << 20 };

struct command {
	const char *name;
	int args;
	int (*run)(struct nacre_volume *v, char **arg, struct nacre_error *e);
};

static int do_info(struct nacre_volume *v, char **arg, struct nacre_error *e)
{
	const struct nacre_fs_info *i = nacre_volume_info(v);

	(void)arg;
	(void)e;
	printf("%s label=%s uuid=%s size=%" PRIu64 " free=%" PRIu64 " inodes=%" PRIu64 " block=%u state=%u\n",
	       i->type, i->label, i->uuid, i->size, i->free, i->inodes_free, i->block, i->state);
	return 0;
}

static int do_map(struct nacre_volume *v, char **arg, struct nacre_error *e)
{
	struct nacre_extents used = {0};
	int result = nacre_volume_map(v, &used, e);

	(void)arg;
	for (size_t i = 0; !result && i < used.count; i++)
		printf("%" PRIu64 " %" PRIu64 " %u\n", used.list[i].start, used.list[i].length,
		       used.list[i].tag);
	nacre_extents_free(&used);
	return result;
}

static int do_stat(struct nacre_volume *v, char **arg, struct nacre_error *e)
{
	struct nacre_fs_stat st;
	char more[16] = "";

	if (nacre_volume_stat(v, arg[0], &st, e))
		return -1;
	if (st.mtime_ns)
		snprintf(more, sizeof(more), ".%09u", st.mtime_ns);
	printf("mode=%o uid=%u gid=%u links=%u size=%" PRIu64 " mtime=%" PRId64 "%s dev=%u:%u\n", st.mode, st.uid,
	       st.gid, st.links, st.size, st.mtime, more, st.major, st.minor);
	return 0;
}

static int do_list(struct nacre_volume *v, char **arg, struct nacre_error *e)
{
	static struct nacre_fs_entry list[100];
	uint64_t cursor = 0;
	uint32_t count;

	do {
		if (nacre_volume_list(v, arg[0], &cursor, list, 100, &count, e))
			return -1;
		for (uint32_t i = 0; i < count; i++)
			printf("%o %s\n", list[i].type, list[i].name);
	} while (count);
	return 0;
}

/* Everything below a directory, as `find` would print it. */
static int do_tree(struct nacre_volume *v, char **arg, struct nacre_error *e)
{
	struct nacre_fs_entry list[64];
	struct nacre_fs_stat st;
	char path[NACRE_FS_PATH];
	uint64_t cursor = 0;
	uint32_t count;

	do {
		if (nacre_volume_list(v, arg[0], &cursor, list, 64, &count, e))
			return -1;
		for (uint32_t i = 0; i < count; i++) {
			snprintf(path, sizeof(path), "%s/%s", strcmp(arg[0], "/") ? arg[0] : "",
				 list[i].name);
			printf("%s\n", path);
			if (!list[i].type && !nacre_volume_stat(v, path, &st, e)) /* old ones do not say */
				list[i].type = st.mode & S_IFMT;
			if (list[i].type == S_IFDIR && do_tree(v, (char *[]){path}, e))
				return -1;
		}
	} while (count);
	return 0;
}

static int do_link(struct nacre_volume *v, char **arg, struct nacre_error *e)
{
	char target[NACRE_FS_PATH];

	if (nacre_volume_read_link(v, arg[0], target, sizeof(target), e))
		return -1;
	puts(target);
	return 0;
}

static int do_cat(struct nacre_volume *v, char **arg, struct nacre_error *e)
{
	char *data;
	size_t size;

	if (nacre_volume_read_file(v, arg[0], MOST, &data, &size, e))
		return -1;
	fwrite(data, 1, size, stdout);
	free(data);
	return 0;
}

static int do_create(struct nacre_volume *v, char **arg, struct nacre_error *e)
{
	return nacre_volume_create(v, arg[0], (uint32_t)strtoul(arg[1], NULL, 8),
				   (uint32_t)strtoul(arg[2], NULL, 10), (uint32_t)strtoul(arg[3], NULL, 10),
				   e);
}

static int do_put(struct nacre_volume *v, char **arg, struct nacre_error *e)
{
	FILE *f = fopen(arg[2], "re");
	char *data = malloc(MOST);
	size_t n = f && data ? fread(data, 1, MOST, f) : 0;
	int result = nacre_volume_write_file(v, arg[0], strtoull(arg[1], NULL, 10), data, n, e);

	if (f)
		fclose(f);
	free(data);
	return result;
}

static int do_truncate(struct nacre_volume *v, char **arg, struct nacre_error *e)
{
	return nacre_volume_truncate(v, arg[0], strtoull(arg[1], NULL, 10), e);
}

static int do_symlink(struct nacre_volume *v, char **arg, struct nacre_error *e)
{
	return nacre_volume_link_symbolic(v, arg[0], arg[1], e);
}

static int do_remove(struct nacre_volume *v, char **arg, struct nacre_error *e)
{
	return nacre_volume_remove(v, arg[0], e);
}

static int do_rename(struct nacre_volume *v, char **arg, struct nacre_error *e)
{
	return nacre_volume_rename(v, arg[0], arg[1], e);
}

static int do_get(struct nacre_volume *v, char **arg, struct nacre_error *e)
{
	char *data;
	size_t size;

	if (nacre_volume_get_attribute(v, arg[0], arg[1], &data, &size, e))
		return -1;
	printf("%s\n", data ? data : "(none)");
	free(data);
	return 0;
}

static int do_set(struct nacre_volume *v, char **arg, struct nacre_error *e)
{
	return nacre_volume_set_attribute(v, arg[0], arg[1], arg[2], strlen(arg[2]), e);
}

static int do_time(struct nacre_volume *v, char **arg, struct nacre_error *e)
{
	char *end;
	int64_t seconds = strtoll(arg[1], &end, 10);

	return nacre_volume_set_times(v, arg[0], seconds, *end ? (uint32_t)strtoul(end + 1, NULL, 10) : 0, e);
}

static int do_owner(struct nacre_volume *v, char **arg, struct nacre_error *e)
{
	return nacre_volume_set_owner(v, arg[0], (uint32_t)strtoul(arg[1], NULL, 10),
				      (uint32_t)strtoul(arg[2], NULL, 10), e);
}

static int do_names(struct nacre_volume *v, char **arg, struct nacre_error *e)
{
	char *names;
	size_t size;

	if (nacre_volume_list_attributes(v, arg[0], &names, &size, e))
		return -1;
	for (size_t i = 0; i < size; i += strlen(names + i) + 1)
		puts(names + i);
	free(names);
	return 0;
}

static int do_resize(struct nacre_volume *v, char **arg, struct nacre_error *e)
{
	return nacre_volume_resize(v, strtoull(arg[0], NULL, 10), e);
}

static int do_sync(struct nacre_volume *v, char **arg, struct nacre_error *e)
{
	(void)arg;
	return nacre_volume_sync(v, e);
}

/* End here as a crash would, without closing. */
static int do_die(struct nacre_volume *v, char **arg, struct nacre_error *e)
{
	(void)v;
	(void)arg;
	(void)e;
	fflush(stdout);
	return raise(SIGKILL);
}

/* Something happens meanwhile. */
static int do_shell(struct nacre_volume *v, char **arg, struct nacre_error *e)
{
	(void)v;
	fflush(stdout);
	return system(arg[0]) ? nacre_error_set(e, NACRE_E_FAILED, 0, arg[0], "has failed") : 0;
}

static const struct command commands[] = {
	{"info", 0, do_info},	{"map", 0, do_map},	  {"stat", 1, do_stat},
	{"list", 1, do_list},	{"tree", 1, do_tree},	  {"link", 1, do_link},
	{"cat", 1, do_cat},	{"create", 4, do_create}, {"put", 3, do_put},
	{"truncate", 2, do_truncate}, {"symlink", 2, do_symlink}, {"remove", 1, do_remove},
	{"rename", 2, do_rename}, {"get", 2, do_get},	  {"set", 3, do_set},
	{"time", 2, do_time},	{"owner", 3, do_owner},	  {"names", 1, do_names},
		{"resize", 1, do_resize}, {"sync", 0, do_sync},
	{"shell", 1, do_shell},	  {"die", 0, do_die},	    {NULL, 0, NULL}};

static int complain(const struct nacre_error *e)
{
	const char *name = e->sys > 0 ? strerrorname_np(e->sys) : NULL;

	printf("error %d %s: %s: %s\n", e->code, name ? name : "-", e->where, e->msg);
	return 1;
}

static int run(struct nacre_volume *v, int argc, char **argv)
{
	struct nacre_error e = {0};
	int failed = 0, i = 0;

	while (i < argc) {
		const struct command *c = commands;

		while (c->name && strcmp(c->name, argv[i]))
			c++;
		if (!c->name || i + c->args >= argc) {
			fprintf(stderr, "fs-drive: %s?\n", argv[i]);
			return 2;
		}
		if (c->run(v, argv + i + 1, &e))
			failed = complain(&e);
		i += c->args + 1;
		if (i < argc && !strcmp(argv[i], ","))
			i++;
	}
	return failed;
}

static uint32_t number(const char *name)
{
	const char *value = getenv(name);

	return value ? (uint32_t)strtoul(value, NULL, 10) : 0;
}

int main(int argc, char **argv)
{
	struct nacre_volume_parts parts = {.vproc = getenv("NACRE_TEST_VPROC"),
					   .pair = getenv("NACRE_TEST_PAIR"),
					   .drivers = getenv("NACRE_TEST_DRIVERS"),
					   .kernel = getenv("NACRE_TEST_KERNEL"),
					   .deadline_ms = number("NACRE_TEST_DEADLINE"),
					   .memory_mb = number("NACRE_TEST_MEMORY")};
	struct nacre_error e = {0};
	struct nacre_image *image;
	struct nacre_volume *v;
	const char *type;
	int result;
	bool write;

	if (argc < 4 || !parts.vproc || !parts.pair || !parts.drivers)
		return 2;
	write = argv[3][0] == 'w';
	nacre_volume_setup(&parts);
	image = nacre_image_open(argv[1], NULL, write, &e);
	if (!image)
		return complain(&e);
	type = strcmp(argv[2], "?") ? argv[2] : nacre_volume_type(image, 0, image->size, &e);
	v = type ? nacre_volume_open(image, 0, image->size, type, write, &e) : NULL;
	if (!v) {
		nacre_image_close(image);
		return complain(&e);
	}
	result = run(v, argc - 4, argv + 4);
	if (nacre_volume_close(v, &e))
		result = complain(&e);
	nacre_image_close(image);
	return result;
}
