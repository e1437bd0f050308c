/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * drive.c - a driver by command line, in this process: drive DRIVER.so IMAGE r|w COMMAND ARGS [,
 * COMMAND ARGS]..
 *
 * Says what went wrong as "error NAME" and goes on with the next command; ends with 1 if anything
 * went wrong.
 */
#include <nacre/fs.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void *library;
static struct nacre_fs *fs;
static int image;
static uint64_t bytes_read;

#define CALL(name) ((__typeof__(&nacre_fs_##name))(uintptr_t)find("nacre_fs_" #name))

static void *find(const char *name)
{
	void *function = dlsym(library, name);

	if (!function) {
		printf("the driver has no %s\n", name);
		exit(2);
	}
	return function;
}

static int reader(void *user, uint64_t offset, void *data, uint32_t size)
{
	(void)user;
	bytes_read += size;
	if (!size || size > NACRE_FS_CHUNK)
		return EINVAL;
	return pread(image, data, size, (off_t)offset) == (ssize_t)size ? 0 : EIO;
}

static int writer(void *user, uint64_t offset, const void *data, uint32_t size)
{
	(void)user;
	if (!size || size > NACRE_FS_CHUNK)
		return EINVAL;
	return pwrite(image, data, size, (off_t)offset) == (ssize_t)size ? 0 : EIO;
}

static int do_info(char **arg)
{
	struct nacre_fs_info i;
	int result = CALL(describe)(fs, &i);

	(void)arg;
	if (!result)
		printf("%s label=%s uuid=%s size=%" PRIu64 " free=%" PRIu64 " block=%u state=%u%s%s\n",
		       i.type, i.label, i.uuid, i.size, i.free, i.block, i.state, *i.root ? " root=" : "", i.root);
	return result;
}

/* Calls @each for every extent; a list that is out of order is a fault. */
static int each_extent(int (*each)(const struct nacre_fs_extent *, void *), void *user)
{
	struct nacre_fs_extent list[7];
	uint64_t from = 0;
	uint32_t count;
	int result;

	while ((result = CALL(map)(fs, from, list, 7, &count)) == 0 && count)
		for (uint32_t i = 0; i < count; i++) {
			if (!list[i].length || list[i].start < from) {
				printf("the map is out of order at %" PRIu64 "\n", list[i].start);
				return EPROTO;
			}
			from = list[i].start + list[i].length;
			result = each(&list[i], user);
			if (result)
				return result;
		}
	return result;
}

static int show(const struct nacre_fs_extent *e, void *user)
{
	(void)user;
	printf("%" PRIu64 " %" PRIu64 " %u\n", e->start, e->length, e->use);
	return 0;
}

static int do_map(char **arg)
{
	(void)arg;
	return each_extent(show, NULL);
}

static int sum(const struct nacre_fs_extent *e, void *user)
{
	((uint64_t *)user)[e->use < 8 ? e->use : 7] += e->length;
	return 0;
}

/* used: bytes of each use */
static int do_used(char **arg)
{
	uint64_t total[8] = {0};
	int result = each_extent(sum, total);

	(void)arg;
	printf("used=%" PRIu64 " page=%" PRIu64 " hibernation=%" PRIu64 " shadow=%" PRIu64
	       " bad=%" PRIu64 " read=%" PRIu64 "\n",
	       total[0], total[1], total[2], total[3], total[4], bytes_read);
	return result;
}

static int copy(const struct nacre_fs_extent *e, void *user)
{
	static char buffer[1 << 16];

	for (uint64_t done = 0, n; done < e->length && e->use == NACRE_FS_USED; done += n) {
		n = e->length - done < sizeof(buffer) ? e->length - done : sizeof(buffer);
		if (pread(image, buffer, n, (off_t)(e->start + done)) != (ssize_t)n ||
		    pwrite(*(int *)user, buffer, n, (off_t)(e->start + done)) != (ssize_t)n)
			return EIO;
	}
	return 0;
}

/* copy FILE: what is used and nothing else; the rest is zeroes */
static int do_copy(char **arg)
{
	int fd = open(arg[0], O_RDWR | O_CREAT | O_TRUNC, 0600), result;
	struct stat st;

	if (fd < 0 || fstat(image, &st) || ftruncate(fd, st.st_size))
		return errno;
	result = each_extent(copy, &fd);
	close(fd);
	return result;
}

/* pack FILE: as tests/fuzz/fuzz_fs.c reads it: size, then pieces that are not zero: where, how
 * many, bytes */
static int do_pack(char **arg)
{
	enum { UNIT = 64, MOST = 256 };
	static const char zeroes[UNIT];
	static char buffer[(size_t)UNIT * MOST];
	FILE *to = fopen(arg[0], "wb");
	uint32_t size, at = 0, end;
	uint16_t count;
	struct stat st;

	if (!to || fstat(image, &st))
		return errno;
	size = (uint32_t)(st.st_size / UNIT);
	fwrite(&size, 4, 1, to);
	for (; at < size; at = end) {
		ssize_t n = pread(image, buffer, sizeof(buffer), (off_t)at * UNIT);

		for (count = 0;
		     count < n / UNIT && memcmp(buffer + (size_t)count * UNIT, zeroes, UNIT);
		     count++)
			;
		end = at + count;
		if (count && fwrite(&at, 4, 1, to) && fwrite(&count, 2, 1, to))
			fwrite(buffer, UNIT, count, to);
		for (; count < n / UNIT && !memcmp(buffer + (size_t)count * UNIT, zeroes, UNIT);
		     count++)
			end++;
	}
	return fclose(to) ? EIO : 0;
}

static int do_stat(char **arg)
{
	struct nacre_fs_stat st;
	int result = CALL(stat)(fs, arg[0], &st);

	if (!result)
		printf("mode=%o uid=%u gid=%u links=%u size=%" PRIu64 " mtime=%" PRId64
		       ".%09u dev=%u:%u\n",
		       st.mode, st.uid, st.gid, st.links, st.size, st.mtime, st.mtime_ns, st.major,
		       st.minor);
	return result;
}

static int list(const char *path, int deep)
{
	struct nacre_fs_entry entries[5];
	uint64_t cursor = 0;
	uint32_t count;
	int result;

	while ((result = CALL(list)(fs, path, &cursor, entries, 5, &count)) == 0 && count)
		for (uint32_t i = 0; i < count; i++) {
			char child[NACRE_FS_PATH];
			struct nacre_fs_stat st;

			if (snprintf(child, sizeof(child), "%s/%s", strcmp(path, "/") ? path : "",
				     entries[i].name) >= (int)sizeof(child))
				return ENAMETOOLONG;
			result = CALL(stat)(fs, child, &st);
			if (result) {
				printf("cannot stat %s\n", child);
				return result;
			}
			if (st.ino != entries[i].ino ||
			    (entries[i].type && entries[i].type != (st.mode & S_IFMT)))
				printf("list and stat differ on %s\n", child);
			printf("%o %" PRIu64 " %s\n", st.mode & S_IFMT,
			       S_ISREG(st.mode) ? st.size : 0, deep ? child : entries[i].name);
			if (deep && S_ISDIR(st.mode) && (result = list(child, deep)) != 0)
				return result;
		}
	return result;
}

static int do_ls(char **arg)
{
	return list(arg[0], 0);
}

static int do_tree(char **arg)
{
	return list(arg[0], 1);
}

static int do_cat(char **arg)
{
	static char buffer[300000]; /* no multiple of any block */
	uint64_t offset = 0;
	uint32_t length;
	int result;

	fflush(stdout);
	while ((result = CALL(read_file)(fs, arg[0], offset, buffer, sizeof(buffer), &length)) ==
		       0 &&
	       length) {
		if (write(STDOUT_FILENO, buffer, length) != (ssize_t)length)
			return EIO;
		offset += length;
	}
	return result;
}

static int do_link(char **arg)
{
	char target[NACRE_FS_PATH];
	int result = CALL(read_link)(fs, arg[0], target, sizeof(target));

	if (!result)
		puts(target);
	return result;
}

static int do_get(char **arg)
{
	char value[4096];
	uint32_t length;
	int result = CALL(get_attribute)(fs, arg[0], arg[1], value, sizeof(value), &length);

	if (!result)
		printf("%.*s\n", (int)length, value);
	return result;
}

static int do_names(char **arg)
{
	char names[4096];
	uint32_t length;
	int result = CALL(list_attributes)(fs, arg[0], names, sizeof(names), &length);

	for (uint32_t i = 0; !result && i < length; i += (uint32_t)strlen(names + i) + 1)
		puts(names + i);
	return result;
}

/* A file by its map, from the image. */
static int do_fetch(char **arg)
{
	struct nacre_fs_extent list[3];
	struct nacre_fs_stat st;
	uint64_t from = 0;
	uint32_t count;
	int result = CALL(stat)(fs, arg[0], &st);

	while (!result && !(result = CALL(file_map)(fs, arg[0], from, list, 3, &count)) && count)
		for (uint32_t i = 0; i < count; i++) {
			uint64_t left = st.size - from, n = list[i].length < left ? list[i].length : left;
			char *data = malloc(n);

			if (!data || pread(image, data, n, (off_t)list[i].start) != (ssize_t)n)
				return EIO;
			fwrite(data, 1, n, stdout);
			free(data);
			from += list[i].length;
		}
	if (!result && from < st.size)
		printf("the map ends at %" PRIu64 "\n", from);
	return result;
}

static int do_mkdir(char **arg)
{
	return CALL(create)(fs, arg[0], S_IFDIR | 0755, 0, 0);
}

static int do_create(char **arg)
{
	return CALL(create)(fs, arg[0], S_IFREG | 0644, 0, 0);
}

/* put PATH FILE: a new or changed file with FILE's content */
static int do_put(char **arg)
{
	static char buffer[100001];
	int fd = open(arg[1], O_RDONLY), result;
	uint64_t offset = 0;
	ssize_t n;

	if (fd < 0)
		return errno;
	result = do_create(arg);
	if (result == EEXIST)
		result = CALL(truncate)(fs, arg[0], 0);
	while (!result && (n = read(fd, buffer, sizeof(buffer))) > 0) {
		result = CALL(write_file)(fs, arg[0], offset, buffer, (uint32_t)n);
		offset += (uint64_t)n;
	}
	close(fd);
	return result;
}

static int do_write(char **arg)
{
	return CALL(write_file)(fs, arg[0], strtoull(arg[1], NULL, 0), arg[2],
				(uint32_t)strlen(arg[2]));
}

static int do_truncate(char **arg)
{
	return CALL(truncate)(fs, arg[0], strtoull(arg[1], NULL, 0));
}

static int do_remove(char **arg)
{
	return CALL(remove)(fs, arg[0]);
}

static int do_rename(char **arg)
{
	return CALL(rename)(fs, arg[0], arg[1]);
}

static int do_touch(char **arg)
{
	return CALL(set_times)(fs, arg[0], strtoll(arg[1], NULL, 0), 0);
}

static const struct {
	const char *name;
	int args;
	int (*run)(char **arg);
} commands[] = {{"info", 0, do_info},	{"map", 0, do_map},	      {"used", 0, do_used},
		{"copy", 1, do_copy},	{"stat", 1, do_stat},	      {"ls", 1, do_ls},
		{"tree", 1, do_tree},	{"cat", 1, do_cat},	      {"link", 1, do_link},
		{"mkdir", 1, do_mkdir}, {"create", 1, do_create},     {"put", 2, do_put},
		{"write", 3, do_write}, {"truncate", 2, do_truncate}, {"remove", 1, do_remove},
		{"pack", 1, do_pack},	{"rename", 2, do_rename},     {"touch", 2, do_touch},
		{"fetch", 1, do_fetch}, {"get", 2, do_get},	{"names", 1, do_names}};

static int failed;

static void check(int result)
{
	if (result) {
		fflush(stdout);
		printf("error %s\n", strerrorname_np(result) ? strerrorname_np(result) : "?");
		failed = 1;
	}
}

static char **run(char **arg)
{
	if (!strncmp(arg[0], "cat/", 4)) { /* many at once, for scripts */
		*arg += 3;
		check(do_cat(arg));
		return arg + 1;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(arg[0], commands[i].name))
			continue;
		for (int n = 1; n <= commands[i].args; n++)
			if (!arg[n])
				exit(2);
		check(commands[i].run(arg + 1));
		return arg + 1 + commands[i].args;
	}
	fprintf(stderr, "drive: no such command: %s\n", arg[0]);
	exit(2);
}

int main(int argc, char **argv)
{
	int write = argc > 3 && argv[3][0] == 'w', result;
	char **arg = argv + 4;

	if (argc < 5)
		return 2;
	library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
	image = open(argv[2], write ? O_RDWR : O_RDONLY);
	if (!library || image < 0) {
		fprintf(stderr, "drive: %s\n", library ? strerror(errno) : dlerror());
		return 2;
	}
	result =
		CALL(open)(reader, write ? writer : NULL, NULL, (uint64_t)lseek(image, 0, SEEK_END),
			   write ? NACRE_FS_WRITABLE : 0, &fs);
	check(result);
	while (!result && *arg) {
		arg = run(arg);
		if (*arg && !strcmp(*arg, ","))
			arg++;
	}
	if (!result)
		check(CALL(close)(fs));
	return failed;
}
