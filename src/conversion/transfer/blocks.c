/* SPDX-License-Identifier: BSD-2-Clause */
/* blocks.c - an image with a note of what is in its blocks; theory of operation in blocks.h */
#include "conversion/transfer/blocks.h"

#include "base/auto.h"
#include "base/bytes.h"
#include "conversion/transfer/before.h"
#include "disk/file.h"
#include "os/whole.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

enum {
	BLOCK = NACRE_SINK_BLOCK,
	HEAD = 4096,   /* bytes before the first word */
	PART = 512,    /* words at a time: 2 MiB of disk */
	BOOT_ID = 36,
	AT_FORMAT = 8, AT_SIZE = 24, AT_SOURCE = 32, AT_BOOT = 40,
	AT_WHOLE = 76, AT_DOUBTED = 77, AT_INSTANT = 80, AT_FILE = AT_INSTANT + NACRE_SINK_INSTANT, AT_BEFORE = AT_FILE + 32,
	AT_SUM = AT_BEFORE + 8, HEAD_USED = AT_SUM + 8
};

static const char magic[8] = "NACREBK2";

struct blocks {
	struct nacre_image *under;
	char *path;
	int fd;
	struct nacre_blocks_head head; /* @head.doubted: also as the computer went down since the note was begun */
	struct nacre_before *before;   /* NULL: what is changed is not logged */
};

static int note_error(const char *path, const char *what, struct nacre_error *e)
{
	return nacre_error_set(e, NACRE_E_SYSTEM, errno, path, "the note of what was received cannot be %s", what);
}

/* What is behind the end of the note was never written: zeroes. */
static int get(int fd, void *data, size_t size, uint64_t at)
{
	ssize_t n = nacre_read_at(fd, data, size, at);

	if (n < 0)
		return -1;
	memset((uint8_t *)data + n, 0, size - (size_t)n);
	return 0;
}

static void boot_id(char id[BOOT_ID])
{
	NACRE_AUTO_FD int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, id, BOOT_ID) != BOOT_ID)
		memset(id, 0, BOOT_ID);
}

static int read_head(int fd, const char *path, struct nacre_blocks_head *head, char boot[BOOT_ID],
		     struct nacre_error *e)
{
	uint8_t bytes[HEAD_USED];

	memset(head, 0, sizeof(*head));
	if (get(fd, bytes, sizeof(bytes), 0))
		return note_error(path, "read", e);
	memcpy(head->format, bytes + AT_FORMAT, sizeof(head->format));
	head->size = nacre_le64(bytes + AT_SIZE);
	head->source_size = nacre_le64(bytes + AT_SOURCE);
	memcpy(boot, bytes + AT_BOOT, BOOT_ID);
	head->whole = bytes[AT_WHOLE];
	head->doubted = bytes[AT_DOUBTED];
	memcpy(head->instant, bytes + AT_INSTANT, sizeof(head->instant));
	head->file = (struct nacre_blocks_file){nacre_le64(bytes + AT_FILE), nacre_le64(bytes + AT_FILE + 8),
						nacre_le64(bytes + AT_FILE + 16), nacre_le64(bytes + AT_FILE + 24)};
	head->before = nacre_le64(bytes + AT_BEFORE);
	if (memcmp(bytes, magic, sizeof(magic)) || nacre_le64(bytes + AT_SUM) != XXH3_64bits(bytes, AT_SUM) ||
	    !memchr(head->format, 0, sizeof(head->format)) || !memchr(head->instant, 0, sizeof(head->instant)))
		return nacre_error_set(e, NACRE_E_INPUT, 0, path, "is no note of what was received: remove it");
	return 0;
}

static int write_head(int fd, const char *path, const struct nacre_blocks_head *head, struct nacre_error *e)
{
	uint8_t bytes[HEAD_USED] = {0};
	char boot[BOOT_ID];

	boot_id(boot);
	memcpy(bytes, magic, sizeof(magic));
	memcpy(bytes + AT_FORMAT, head->format, sizeof(head->format));
	nacre_put_le64(bytes + AT_SIZE, head->size);
	nacre_put_le64(bytes + AT_SOURCE, head->source_size);
	memcpy(bytes + AT_BOOT, boot, BOOT_ID);
	bytes[AT_WHOLE] = head->whole;
	bytes[AT_DOUBTED] = head->doubted;
	memcpy(bytes + AT_INSTANT, head->instant, sizeof(head->instant));
	nacre_put_le64(bytes + AT_FILE, head->file.size);
	nacre_put_le64(bytes + AT_FILE + 8, head->file.seconds);
	nacre_put_le64(bytes + AT_FILE + 16, head->file.nanoseconds);
	nacre_put_le64(bytes + AT_FILE + 24, head->file.inode);
	nacre_put_le64(bytes + AT_BEFORE, head->before);
	nacre_put_le64(bytes + AT_SUM, XXH3_64bits(bytes, AT_SUM));
	return nacre_write_at(fd, bytes, sizeof(bytes), 0) ? note_error(path, "written", e) : 0;
}

int nacre_blocks_look(const char *path, struct nacre_blocks_head *head, struct nacre_error *e)
{
	NACRE_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char boot[BOOT_ID];

	if (fd < 0)
		return nacre_error_set(e, errno == ENOENT ? NACRE_E_ABSENT : NACRE_E_SYSTEM, errno, path,
				       "cannot be opened");
	return read_head(fd, path, head, boot, e);
}

/* A note has its name once it has a head. */
static int make_note(struct blocks *b, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *fresh = NULL;

	if (asprintf(&fresh, "%s.new", b->path) < 0) {
		fresh = NULL;
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
	}
	b->fd = open(fresh, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_CREAT | O_TRUNC, 0600);
	if (b->fd < 0 || ftruncate(b->fd, HEAD))
		return note_error(b->path, "made", e);
	if (write_head(b->fd, b->path, &b->head, e))
		return -1;
	return rename(fresh, b->path) ? note_error(b->path, "made", e) : 0;
}

static int open_note(struct blocks *b, const struct nacre_blocks_head *head, struct nacre_error *e)
{
	static const char unknown[BOOT_ID];
	char boot[BOOT_ID], now[BOOT_ID];
	bool known;

	if (head) {
		b->head = *head;
		return make_note(b, e);
	}
	b->fd = open(b->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (b->fd < 0)
		return note_error(b->path, "opened", e);
	if (read_head(b->fd, b->path, &b->head, boot, e))
		return -1;
	boot_id(now);
	known = !memcmp(boot, now, BOOT_ID) && memcmp(boot, unknown, BOOT_ID);
	if (!b->head.whole) {
		b->head.doubted |= !known;
		return 0;
	}
	b->head.whole = false;
	if (write_head(b->fd, b->path, &b->head, e))
		return -1;
	return fdatasync(b->fd) ? note_error(b->path, "written", e) : 0;
}

const struct nacre_blocks_head *nacre_blocks_head(const struct nacre_image *image)
{
	return &((const struct blocks *)image->own)->head;
}

int nacre_blocks_mark(struct nacre_image *image, const struct nacre_blocks_head *head, struct nacre_error *e)
{
	struct blocks *b = image->own;

	if (write_head(b->fd, b->path, head, e))
		return -1;
	b->head = *head;
	return 0;
}

int nacre_blocks_mark_file(const char *path, const struct nacre_blocks_head *head, struct nacre_error *e)
{
	NACRE_AUTO_FD int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return note_error(path, "opened", e);
	/* A whole note's words are believed: they come first. */
	if (fsync(fd) || write_head(fd, path, head, e))
		return note_error(path, "written", e);
	return fdatasync(fd) ? note_error(path, "written", e) : 0;
}

int nacre_blocks_log(struct nacre_image *image, const char *path, struct nacre_error *e)
{
	struct blocks *b = image->own;

	nacre_before_close(b->before);
	b->before = nacre_before_new(path, b->under, e);
	return b->before ? 0 : -1;
}

/* The words of all blocks that [offset, offset + size) touches become "not known". */
static int begin(const struct blocks *b, uint64_t offset, uint64_t size, struct nacre_error *e)
{
	uint64_t words[PART], first = offset / BLOCK, last = (offset + size - 1) / BLOCK;

	for (size_t i = 0; i < PART; i++)
		words[i] = htole64(1);
	while (first <= last) {
		size_t n = last - first + 1 < PART ? (size_t)(last - first + 1) : PART;

		if (nacre_write_at(b->fd, words, n * 8, HEAD + first * 8))
			return note_error(b->path, "written", e);
		first += n;
	}
	return 0;
}

/* Bytes of block @block; the last of a disk may be short. */
static size_t length_of(const struct nacre_image *image, uint64_t block)
{
	uint64_t left = image->size - block * BLOCK;

	return left < BLOCK ? (size_t)left : BLOCK;
}

/* The words of the blocks that lie whole in [offset, offset + size): their hashes, of @data or (NULL) of zeroes. */
static int end(const struct nacre_image *image, uint64_t offset, const uint8_t *data, uint64_t size,
	       struct nacre_error *e)
{
	const struct blocks *b = image->own;
	uint64_t words[PART], block = (offset + BLOCK - 1) / BLOCK, stop = offset + size;
	size_t n = 0;

	for (; block * BLOCK < stop; block++) {
		uint64_t at = block * BLOCK;
		size_t length = length_of(image, block);

		if (length > stop - at)
			break;
		words[n++] = htole64(data ? nacre_sink_hash(data + (at - offset), length) : 0);
		if (n == PART) {
			if (nacre_write_at(b->fd, words, sizeof(words), HEAD + (block + 1 - n) * 8))
				return note_error(b->path, "written", e);
			n = 0;
		}
	}
	if (n && nacre_write_at(b->fd, words, n * 8, HEAD + (block - n) * 8))
		return note_error(b->path, "written", e);
	return 0;
}

static int blocks_read(struct nacre_image *image, uint64_t offset, void *data, size_t size,
		       struct nacre_error *e)
{
	return nacre_image_read(((struct blocks *)image->own)->under, offset, data, size, e);
}

static int blocks_write(struct nacre_image *image, uint64_t offset, const void *data, size_t size,
			struct nacre_error *e)
{
	struct blocks *b = image->own;

	if ((b->before && nacre_before_note(b->before, offset, size, e)) || begin(b, offset, size, e) ||
	    nacre_image_write(b->under, offset, data, size, e))
		return -1;
	return end(image, offset, data, size, e);
}

static int blocks_data(struct nacre_image *image, uint64_t offset, uint64_t *start, uint64_t *length,
		       struct nacre_error *e)
{
	return nacre_image_data(((struct blocks *)image->own)->under, offset, start, length, e);
}

static int blocks_finish(struct nacre_image *image, struct nacre_error *e)
{
	return nacre_image_finish(((struct blocks *)image->own)->under, e);
}

static void blocks_close(struct nacre_image *image)
{
	struct blocks *b = image->own;

	nacre_image_close(b->under);
	nacre_before_close(b->before);
	if (b->fd >= 0)
		close(b->fd);
	free(b->path);
	free(b);
}

static const struct nacre_image_ops blocks_ops = {
	.name = "noted", .read = blocks_read, .write = blocks_write, .data = blocks_data,
	.finish = blocks_finish, .close = blocks_close};

struct nacre_image *nacre_blocks_image(struct nacre_image *under, const char *path,
				       const struct nacre_blocks_head *head, struct nacre_error *e)
{
	struct nacre_image *image = calloc(1, sizeof(*image));
	struct blocks *b = calloc(1, sizeof(*b));

	if (!image || !b || !(b->path = strdup(path)) || !(image->path = strdup(under->path))) {
		nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, path, "there is no memory for it");
		free(b ? b->path : NULL);
		free(b);
		free(image);
		nacre_image_close(under);
		return NULL;
	}
	b->under = under;
	b->fd = -1;
	image->fd = image->direct = -1;
	image->ops = &blocks_ops;
	image->own = b;
	image->size = under->size;
	image->sector = under->sector;
	image->writable = image->named = true;
	if (open_note(b, head, e) == 0)
		return image;
	nacre_image_close(image);
	return NULL;
}

/* Zeroes over what is something else in [at, stop) of the image below. */
static int wipe(struct nacre_image *under, uint64_t at, uint64_t stop, struct nacre_error *e)
{
	static const uint8_t zeroes[64 << 10] __attribute__((aligned(NACRE_FILE_BLOCK)));

	while (at < stop) {
		uint64_t start, length;

		if (nacre_image_data(under, at, &start, &length, e))
			return -1;
		if (!length || start >= stop)
			return 0;
		length = length < stop - start ? length : stop - start;
		for (at = start; at < start + length;) {
			uint64_t left = start + length - at;
			size_t n = left < sizeof(zeroes) ? (size_t)left : sizeof(zeroes);

			if (nacre_image_write(under, at, zeroes, n, e))
				return -1;
			at += n;
		}
	}
	return 0;
}

int nacre_blocks_zero(struct nacre_image *image, uint64_t offset, uint64_t length, struct nacre_error *e)
{
	struct blocks *b = image->own;

	if ((b->before && nacre_before_note(b->before, offset, length, e)) || begin(b, offset, length, e) ||
	    wipe(b->under, offset, offset + length, e))
		return -1;
	return end(image, offset, NULL, length, e);
}

/* [first, first + count) of the words, whose blocks are read where they are marked. */
static int look(struct nacre_image *image, uint64_t first, uint32_t count, uint64_t *words, bool all,
		struct nacre_error *e)
{
	struct blocks *b = image->own;
	uint8_t data[BLOCK];

	for (uint32_t i = 0; i < count; i++) {
		uint64_t at = (first + i) * BLOCK, start, length;
		size_t size = length_of(image, first + i);

		if (!all && words[i] != 1)
			continue;
		if (nacre_image_data(b->under, at, &start, &length, e))
			return -1;
		words[i] = 0;
		if (!length || start >= at + size) {
			/* Up to the next data there are only zeroes. */
			uint64_t next = length ? start / BLOCK : first + count;

			for (; all && i + 1 < count && first + i + 1 < next; i++)
				words[i + 1] = 0;
			continue;
		}
		if (nacre_image_read(b->under, at, data, size, e))
			return -1;
		words[i] = nacre_sink_hash(data, size);
	}
	return 0;
}

int nacre_blocks_have(struct nacre_image *image, uint64_t first, uint32_t count, uint64_t *hashes,
		      struct nacre_error *e)
{
	struct blocks *b = image->own;

	if (get(b->fd, hashes, (size_t)count * 8, HEAD + first * 8))
		return note_error(b->path, "read", e);
	for (uint32_t i = 0; i < count; i++)
		hashes[i] = le64toh(hashes[i]);
	return look(image, first, count, hashes, b->head.doubted, e);
}

int nacre_blocks_read(struct nacre_image *image, uint64_t first, uint32_t count, uint64_t *hashes,
		      struct nacre_error *e)
{
	return look(image, first, count, hashes, true, e);
}
