/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_fs.c - any bytes as a file system, for the driver that this is linked with
 *
 * An input is a sparse image: its size in units of 64 bytes, then pieces: unit (4 bytes), count (2
 * bytes), content. tests/functional/drivers/drive packs images like that. Everything is read that
 * can be reached; where the driver writes, some of it is changed as well. What comes back has to be
 * within fs.h's limits, and a volume opened for reading is never written to.
 */
#include <nacre/fs.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { UNIT = 64, UNITS = 1 << 23, NAMES = 200, DEPTH = 6, CALLS = 300 };
enum { PAGE = 4096, PAGES = UNIT * UNITS / PAGE, TOUCHED_MOST = 8192 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t *image;
static uint64_t image_size;
static int names;

/* Pages of the image that may hold something: to clear them costs less than to have all of it anew. */
static uint32_t touched[TOUCHED_MOST], touched_count;
static uint8_t is_touched[PAGES];

static void touch(uint64_t offset, size_t size)
{
	for (uint64_t page = offset / PAGE; size && page <= (offset + size - 1) / PAGE; page++) {
		if (is_touched[page])
			continue;
		is_touched[page] = 1;
		if (touched_count < TOUCHED_MOST)
			touched[touched_count] = (uint32_t)page;
		touched_count++;
	}
}

static void clear(void)
{
	if (touched_count > TOUCHED_MOST) {
		memset(is_touched, 0, sizeof(is_touched));
		if (madvise(image, (size_t)UNIT * UNITS, MADV_DONTNEED))
			abort();
		touched_count = 0;
	}
	while (touched_count) {
		uint32_t page = touched[--touched_count];

		is_touched[page] = 0;
		memset(image + (size_t)page * PAGE, 0, PAGE);
	}
}

static int reader(void *user, uint64_t offset, void *data, uint32_t size)
{
	if (user != image || !size || size > NACRE_FS_CHUNK || offset > image_size ||
	    size > image_size - offset)
		abort();
	memcpy(data, image + offset, size);
	return 0;
}

static int writer(void *user, uint64_t offset, const void *data, uint32_t size)
{
	if (user != image || !size || size > NACRE_FS_CHUNK || offset > image_size ||
	    size > image_size - offset)
		abort();
	touch(offset, size);
	memcpy(image + offset, data, size);
	return 0;
}

/* Empty but for the input's pieces; what the last input left is gone. */
static void fill(const uint8_t *data, size_t size)
{
	uint32_t units = 0, at;
	uint16_t count;

	if (!image)
		image = mmap(NULL, (size_t)UNIT * UNITS, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (image == MAP_FAILED)
		abort();
	clear();
	memcpy(&units, data, size < 4 ? size : 4);
	units = units < UNITS ? units : UNITS;
	image_size = (uint64_t)units * UNIT;
	for (size_t i = 4; size > 10 && i < size - 6;) {
		memcpy(&at, data + i, 4);
		memcpy(&count, data + i + 4, 2);
		i += 6;
		for (uint32_t n = 0; n < count && size - i >= UNIT; n++, i += UNIT)
			if (at + (uint64_t)n < units) {
				touch((at + (uint64_t)n) * UNIT, UNIT);
				memcpy(image + (at + (uint64_t)n) * UNIT, data + i, UNIT);
			}
	}
}

static void map(struct nacre_fs *fs)
{
	struct nacre_fs_extent list[16];
	uint64_t from = 0;
	uint32_t count;

	for (int i = 0; i < CALLS && nacre_fs_map(fs, from, list, 16, &count) == 0 && count; i++) {
		if (count > 16)
			abort();
		for (uint32_t n = 0; n < count; n++) {
			if (!list[n].length || list[n].start < from ||
			    list[n].length > UINT64_MAX - list[n].start ||
			    list[n].use > NACRE_FS_SWAP)
				abort();
			from = list[n].start + list[n].length;
		}
	}
}

static void file(struct nacre_fs *fs, const char *path)
{
	static uint8_t content[20000];
	struct nacre_fs_extent list[8];
	struct nacre_fs_stat st;
	char target[512];
	uint32_t length;

	nacre_fs_stat(fs, path, &st);
	if (nacre_fs_read_link(fs, path, target, sizeof(target)) == 0 &&
	    !memchr(target, 0, sizeof(target)))
		abort();
	if (nacre_fs_read_file(fs, path, 0, content, sizeof(content), &length) == 0 &&
	    length > sizeof(content))
		abort();
	nacre_fs_read_file(fs, path, st.size / 2, content, 100, &length);
	if (nacre_fs_list_attributes(fs, path, (char *)content, 500, &length) == 0 && length &&
	    (length > 500 || content[length - 1]))
		abort();
	if (nacre_fs_get_attribute(fs, path, "user.x", content, 100, &length) == 0 && length > 100)
		abort();
	for (uint64_t from = 0; nacre_fs_file_map(fs, path, from, list, 8, &length) == 0 && length;)
		for (uint32_t i = 0; i < length; i++) {
			if (length > 8 || !list[i].length || from > (1ULL << 40))
				return;
			from += list[i].length;
		}
}

static void tree(struct nacre_fs *fs, const char *path, int depth)
{
	struct nacre_fs_entry list[8];
	char child[NACRE_FS_PATH];
	uint64_t cursor = 0;
	uint32_t count;

	for (int i = 0;
	     i < CALLS && nacre_fs_list(fs, path, &cursor, list, 8, &count) == 0 && count; i++) {
		if (count > 8)
			abort();
		for (uint32_t n = 0; n < count && names < NAMES; n++, names++) {
			if (!list[n].name[0] || !memchr(list[n].name, 0, sizeof(list[n].name)) ||
			    strchr(list[n].name, '/'))
				abort();
			snprintf(child, sizeof(child), "%s/%s", path, list[n].name);
			file(fs, child);
			if (depth < DEPTH && (!list[n].type || S_ISDIR(list[n].type)))
				tree(fs, child, depth + 1);
		}
	}
}

static void change(struct nacre_fs *fs)
{
	struct nacre_fs_entry list[4];
	char path[NACRE_FS_NAME + 2];
	uint64_t cursor = 0;
	uint32_t count = 0;

	nacre_fs_list(fs, "/", &cursor, list, 4, &count);
	nacre_fs_create(fs, "/a new directory", S_IFDIR | 0755, 0, 0);
	for (uint32_t i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "/%s", list[i].name);
		nacre_fs_write_file(fs, path, 3000, "content", 7);
		nacre_fs_truncate(fs, path, 10);
		nacre_fs_rename(fs, path, "/a new directory/another name");
		nacre_fs_set_times(fs, path, 1, 2);
		nacre_fs_set_owner(fs, path, 3, 70000);
		nacre_fs_set_attribute(fs, path, "user.x", "value", 5);
		nacre_fs_remove(fs, path);
	}
	nacre_fs_link_symbolic(fs, "where it leads to", "/a new directory/a link");
	nacre_fs_create(fs, "/a new directory/and a file.txt", S_IFREG | 0644, 0, 0);
	nacre_fs_write_file(fs, "/a new directory/and a file.txt", 5000, "content", 7);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nacre_fs_info info;
	struct nacre_fs *fs;

	fill(data, size);
	names = 0;
	if (nacre_fs_open(reader, NULL, image, image_size, 0, &fs) == 0) {
		if (nacre_fs_describe(fs, &info) == 0 &&
		    (!memchr(info.label, 0, sizeof(info.label)) ||
		     !memchr(info.uuid, 0, sizeof(info.uuid))))
			abort();
		map(fs);
		tree(fs, "", 0);
		nacre_fs_resize(fs, image_size);
		nacre_fs_close(fs);
	}
	if (nacre_fs_open(reader, writer, image, image_size, NACRE_FS_WRITABLE, &fs) == 0) {
		change(fs);
		map(fs);
		nacre_fs_resize(fs, image_size);
		map(fs);
		names = 0;
		tree(fs, "", 0);
		nacre_fs_close(fs);
	}
	return 0;
}
