/* SPDX-License-Identifier: BSD-2-Clause */
/* kept.c - what stays with the kernel beside a tracker that was left behind; theory of operation in kept.h */
#include "conversion/snapshot/kept.h"

#include "base/auto.h"
#include "conversion/snapshot/tracker.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

struct nacre_kept {
	int bits_fd, record_fd;
	uint64_t *bits;
	size_t words;
};

static const char *const pins[] = {"have", "record"};

enum { PINS = sizeof(pins) / sizeof(*pins) };

bool nacre_kept_mounted(void)
{
	struct statfs fs;

	return !statfs(NACRE_KEPT_MOUNT, &fs) && (unsigned long)fs.f_type == BPF_FS_MAGIC;
}

static size_t bits_size(const struct nacre_kept *k)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (k->words * sizeof(*k->bits) + page - 1) / page * page;
}

static int no(struct nacre_error *e)
{
	return nacre_error_set(e, NACRE_E_SYSTEM, errno, "tracking", "what is up to date cannot be kept with the kernel");
}

static struct nacre_kept *make(size_t words, int bits_fd, int record_fd, struct nacre_error *e)
{
	struct nacre_kept *k = calloc(1, sizeof(*k));
	void *p = MAP_FAILED;

	if (k) {
		*k = (struct nacre_kept){.bits_fd = bits_fd, .record_fd = record_fd, .words = words};
		if (bits_fd >= 0 && record_fd >= 0)
			p = mmap(NULL, bits_size(k), PROT_READ | PROT_WRITE, MAP_SHARED, bits_fd, 0);
		if (p != MAP_FAILED) {
			k->bits = p;
			return k;
		}
	}
	no(e);
	if (k)
		nacre_kept_close(k);
	return NULL;
}

struct nacre_kept *nacre_kept_new(size_t words, struct nacre_error *e)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	int bits = bpf_map_create(BPF_MAP_TYPE_ARRAY, "nacre_have", 4, 8, (__u32)words, &options);
	int record = bpf_map_create(BPF_MAP_TYPE_ARRAY, "nacre_record", 4, sizeof(struct nacre_kept_record), 1, NULL);

	return make(words, bits, record, e);
}

/* A map of this shape: others may lie there, of another version. */
static int open_map(const char *directory, const char *name, uint32_t value, uint32_t entries)
{
	NACRE_AUTO_FREE char *path = NULL;
	struct bpf_map_info info = {0};
	__u32 size = sizeof(info);
	int fd;

	if (asprintf(&path, "%s/%s", directory, name) < 0) {
		path = NULL;
		return -1;
	}
	fd = bpf_obj_get(path);
	if (fd < 0)
		return -1;
	if (!bpf_obj_get_info_by_fd(fd, &info, &size) && info.type == BPF_MAP_TYPE_ARRAY && info.key_size == 4 &&
	    info.value_size == value && info.max_entries == entries)
		return fd;
	close(fd);
	return -1;
}

static int absent(const char *directory, struct nacre_error *e)
{
	return nacre_error_set(e, NACRE_E_ABSENT, 0, directory, "nothing is kept there of an earlier copy");
}

struct nacre_kept *nacre_kept_find(const char *directory, size_t words, struct nacre_error *e)
{
	int bits = open_map(directory, pins[0], 8, (uint32_t)words);
	int record = open_map(directory, pins[1], sizeof(struct nacre_kept_record), 1);

	if (bits >= 0 && record >= 0)
		return make(words, bits, record, e);
	absent(directory, e);
	if (bits >= 0)
		close(bits);
	if (record >= 0)
		close(record);
	return NULL;
}

int nacre_kept_leave(struct nacre_kept *k, const char *directory, struct nacre_error *e)
{
	const int fds[] = {k->bits_fd, k->record_fd};

	for (size_t i = 0; i < PINS; i++) {
		NACRE_AUTO_FREE char *path = NULL;

		if (asprintf(&path, "%s/%s", directory, pins[i]) < 0)
			path = NULL;
		if (!path || bpf_obj_pin(fds[i], path))
			return no(e);
	}
	return 0;
}

uint64_t *nacre_kept_bits(struct nacre_kept *k)
{
	return k->bits;
}

static int get_record(int fd, struct nacre_kept_record *record, struct nacre_error *e)
{
	__u32 key = 0;

	if (bpf_map_lookup_elem(fd, &key, record))
		return no(e);
	/* Only root writes there; a version of ours that comes later may do so in another way. */
	if (record->version != NACRE_KEPT_VERSION || !memchr(record->instant, 0, sizeof(record->instant)) ||
	    !memchr(record->next, 0, sizeof(record->next)) || !memchr(record->disk, 0, sizeof(record->disk)) ||
	    !memchr(record->destination, 0, sizeof(record->destination)))
		return absent("tracking", e);
	return 0;
}

int nacre_kept_get(const struct nacre_kept *k, struct nacre_kept_record *record, struct nacre_error *e)
{
	return get_record(k->record_fd, record, e);
}

int nacre_kept_put(struct nacre_kept *k, const struct nacre_kept_record *record, struct nacre_error *e)
{
	__u32 key = 0;

	return bpf_map_update_elem(k->record_fd, &key, record, 0) ? no(e) : 0;
}

int nacre_kept_read(const char *directory, struct nacre_kept_record *record, struct nacre_error *e)
{
	int fd = open_map(directory, pins[1], sizeof(*record), 1), status;

	if (fd < 0)
		return absent(directory, e);
	status = get_record(fd, record, e);
	close(fd);
	return status;
}

void nacre_kept_forget(const char *directory)
{
	for (size_t i = 0; i < PINS; i++) {
		NACRE_AUTO_FREE char *path = NULL;

		if (asprintf(&path, "%s/%s", directory, pins[i]) >= 0)
			unlink(path);
		else
			path = NULL;
	}
	nacre_tracker_forget(directory);
}

void nacre_kept_close(struct nacre_kept *k)
{
	if (!k)
		return;
	if (k->bits)
		munmap(k->bits, bits_size(k));
	if (k->bits_fd >= 0)
		close(k->bits_fd);
	if (k->record_fd >= 0)
		close(k->record_fd);
	free(k);
}
