/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_inventory.c - a machine of any files: its inventory is taken and printed within bounds
 *
 * The input begins with a length and as many bytes of the disk; the rest is records that end with 0xff. A path stands
 * for one of the records, by its hash: 'd' begins a directory of the lines that follow, 'l' a link,
 * anything else a file. The volumes are the fuzzer's: drivers have targets of their own.
 */
#include "conversion/inventory/print.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIZE = 1 << 20, HEAD = 8192, RECORDS = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct nacre_volume {
	struct nacre_fs_info info;
};

static struct {
	const uint8_t *data;
	size_t size;
} records[RECORDS];
static int record_count;
static uint8_t head[HEAD];
static size_t head_size;

static int record_of(const char *path)
{
	uint32_t hash = 5381;

	if (!strcmp(path, "/") || !strcmp(path, "/etc") || !strcmp(path, "/usr"))
		return -2;
	while (*path)
		hash = hash * 33 + (uint8_t)*path++;
	hash %= RECORDS;
	return (int)hash < record_count ? (int)hash : -1;
}

static uint32_t kind_of(int record)
{
	if (record == -2 || (records[record].size && records[record].data[0] == 'd'))
		return S_IFDIR;
	return records[record].size && records[record].data[0] == 'l' ? S_IFLNK : S_IFREG;
}

static int absent(struct nacre_error *e)
{
	return nacre_error_set(e, NACRE_E_ABSENT, ENOENT, "volume", "there is none");
}

const char *nacre_volume_type(struct nacre_image *image, uint64_t start, uint64_t length, struct nacre_error *e)
{
	(void)image;
	(void)e;
	return length > 1 << 16 ? start & 512 ? "ntfs" : "ext" : NULL;
}

struct nacre_volume *nacre_volume_open(struct nacre_image *image, uint64_t start, uint64_t length,
				       const char *type, bool writable, struct nacre_error *e)
{
	struct nacre_volume *v = calloc(1, sizeof(*v));

	(void)image;
	(void)writable;
	(void)e;
	if (!v)
		abort();
	snprintf(v->info.type, sizeof(v->info.type), "%s", start & 1024 ? "btrfs" : type);
	v->info.size = length;
	v->info.state = (uint32_t)(start >> 11 & 7);
	return v;
}

int nacre_volume_close(struct nacre_volume *v, struct nacre_error *e)
{
	(void)e;
	free(v);
	return 0;
}

const struct nacre_fs_info *nacre_volume_info(const struct nacre_volume *v)
{
	return &v->info;
}

int nacre_volume_stat(struct nacre_volume *v, const char *path, struct nacre_fs_stat *st, struct nacre_error *e)
{
	int record = record_of(path);

	(void)v;
	if (*path != '/' || strlen(path) >= NACRE_FS_PATH)
		abort();
	if (record == -1)
		return absent(e);
	memset(st, 0, sizeof(*st));
	st->mode = kind_of(record) | 0755;
	return 0;
}

int nacre_volume_list(struct nacre_volume *v, const char *path, uint64_t *cursor, struct nacre_fs_entry *entries,
		      uint32_t capacity, uint32_t *count, struct nacre_error *e)
{
	int record = record_of(path);
	const uint8_t *p, *end;

	(void)v;
	*count = 0;
	if (record < 0)
		return record == -2 ? 0 : absent(e);
	p = records[record].data + *cursor;
	end = records[record].data + records[record].size;
	while (p < end && *count < capacity) {
		const uint8_t *line = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((line ? line : end) - p);

		if (n > NACRE_FS_NAME)
			n = NACRE_FS_NAME; /* without a 0: a driver may lie */
		memset(&entries[*count], 0, sizeof(entries[*count]));
		memcpy(entries[(*count)++].name, p, n);
		p = line ? line + 1 : end;
	}
	*cursor = (uint64_t)(p - records[record].data);
	return 0;
}

int nacre_volume_read_link(struct nacre_volume *v, const char *path, char *target, size_t capacity,
			   struct nacre_error *e)
{
	int record = record_of(path);

	(void)v;
	if (record < 0)
		return absent(e);
	snprintf(target, capacity, "%.*s", (int)records[record].size - 1, (const char *)records[record].data + 1);
	return 0;
}

int nacre_volume_read_file(struct nacre_volume *v, const char *path, size_t most, char **data, size_t *size,
			   struct nacre_error *e)
{
	int record = record_of(path);

	(void)v;
	if (record < 0 || records[record].size > most)
		return absent(e);
	*size = records[record].size;
	*data = malloc(*size + 1);
	if (!*data)
		abort();
	memcpy(*data, records[record].data, *size);
	(*data)[*size] = 0;
	return 0;
}

int nacre_volume_read_part(struct nacre_volume *v, const char *path, uint64_t offset, void *data,
			   uint32_t capacity, uint32_t *length, struct nacre_error *e)
{
	int record = record_of(path);

	(void)v;
	if (record < 0 || offset)
		return absent(e);
	*length = records[record].size < capacity ? (uint32_t)records[record].size : capacity;
	memcpy(data, records[record].data, *length);
	return 0;
}

static void split(const uint8_t *data, size_t size)
{
	record_count = 0;
	head_size = size < 2 ? 0 : data[0] | (size_t)data[1] << 8;
	data += size < 2 ? size : 2;
	size -= size < 2 ? size : 2;
	if (head_size > size)
		head_size = size;
	if (head_size > HEAD)
		head_size = HEAD;
	memset(head, 0, sizeof(head));
	memcpy(head, data, head_size);
	data += head_size;
	size -= head_size;
	while (size && record_count < RECORDS) {
		const uint8_t *end = memchr(data, 0xff, size);
		size_t n = end ? (size_t)(end - data) : size;

		records[record_count].data = data;
		records[record_count++].size = n;
		data += n + (end != NULL);
		size -= n + (end != NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct nacre_inventory inventory;
	static struct nacre_image *image;
	static int fd = -1;
	static FILE *to;
	struct nacre_error e;
	char path[64];

	if (fd < 0) {
		fd = memfd_create("disk", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		to = fopen("/dev/null", "we");
		if (fd < 0 || !to || ftruncate(fd, SIZE) || !(image = nacre_image_open(path, "raw", false, &e)))
			abort();
	}
	split(data, size);
	if (pwrite(fd, head, HEAD, 0) != HEAD)
		abort();
	if (nacre_inventory_take(&image, NULL, 1, false, &inventory, &e))
		return 0;
	for (int i = 0; i < inventory.finding_count; i++)
		if (!memchr(inventory.findings[i].why, 0, sizeof(inventory.findings[i].why)))
			abort();
	for (int i = 0; i < inventory.nic_count; i++)
		if (strpbrk(inventory.nics[i].name, "/\n\33") || strpbrk(inventory.nics[i].address, "\n\33"))
			abort();
	nacre_inventory_text(&inventory, to, 80);
	nacre_inventory_json(&inventory, &(struct json){.to = to}, NULL);
	nacre_inventory_free(&inventory);
	return 0;
}
