/* SPDX-License-Identifier: BSD-2-Clause */
/* before.c - a log of what blocks of an image were before they were changed; theory of operation in before.h */
#include "conversion/transfer/before.h"

#include "base/auto.h"
#include "base/bytes.h"
#include "conversion/transfer/transfer.h"
#include "disk/file.h"
#include "os/whole.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

enum { BLOCK = NACRE_SINK_BLOCK, HEAD = 24, RECORD = 24, SUM_AT = 16 };

static const char magic[8] = "NACREBF1";

struct nacre_before {
	struct nacre_image *image;
	char *path;
	int fd;
	pthread_mutex_t lock; /* of what follows */
	uint64_t end;         /* of the log */
	uint64_t *noted;      /* a bit per block; of a large disk hardly a page of it is ever touched */
};

static int log_error(const char *path, const char *what, struct nacre_error *e)
{
	return nacre_error_set(e, NACRE_E_SYSTEM, errno, path, "the log of what was there before cannot be %s", what);
}

static size_t length_of(uint64_t size, uint64_t block)
{
	uint64_t left = size - block * BLOCK;

	return left < BLOCK ? (size_t)left : BLOCK;
}

static int append(struct nacre_before *b, const uint8_t *bytes, size_t size, struct nacre_error *e)
{
	if (nacre_write_at(b->fd, bytes, size, b->end))
		return log_error(b->path, "written", e);
	b->end += size;
	return 0;
}

static uint64_t sum_of(const uint8_t *record, size_t length)
{
	return XXH3_64bits_withSeed(record + RECORD, length, XXH3_64bits(record, SUM_AT));
}

/* Under the lock. */
static int note_block(struct nacre_before *b, uint64_t block, struct nacre_error *e)
{
	uint8_t bytes[RECORD + BLOCK] __attribute__((aligned(8)));
	size_t length = length_of(b->image->size, block);

	if (nacre_image_read(b->image, block * BLOCK, bytes + RECORD, length, e))
		return -1;
	if (!nacre_sink_hash(bytes + RECORD, length))
		length = 0;
	nacre_put_le64(bytes, block);
	nacre_put_le32(bytes + 8, (uint32_t)length);
	nacre_put_le32(bytes + 12, 0);
	nacre_put_le64(bytes + SUM_AT, sum_of(bytes, length));
	if (append(b, bytes, RECORD + length, e))
		return -1;
	b->noted[block / 64] |= 1ULL << block % 64;
	return 0;
}

int nacre_before_note(struct nacre_before *b, uint64_t offset, uint64_t size, struct nacre_error *e)
{
	uint64_t last = (offset + size - 1) / BLOCK;
	int status = 0;

	if (!size || offset >= b->image->size || size > b->image->size - offset)
		return 0; /* who writes there hears it from the image */
	pthread_mutex_lock(&b->lock);
	for (uint64_t block = offset / BLOCK; block <= last && !status; block++)
		if (!(b->noted[block / 64] >> block % 64 & 1))
			status = note_block(b, block, e);
	pthread_mutex_unlock(&b->lock);
	return status;
}

struct nacre_before *nacre_before_new(const char *path, struct nacre_image *image, struct nacre_error *e)
{
	struct nacre_before *b = calloc(1, sizeof(*b));
	uint64_t blocks = (image->size + BLOCK - 1) / BLOCK;
	uint8_t head[HEAD];

	if (!b || !(b->path = strdup(path)) || !(b->noted = calloc((size_t)(blocks + 63) / 64, sizeof(*b->noted)))) {
		nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, path, "there is no memory for it");
		if (b)
			free(b->path);
		free(b);
		return NULL;
	}
	b->image = image;
	pthread_mutex_init(&b->lock, NULL);
	memcpy(head, magic, sizeof(magic));
	nacre_put_le64(head + 8, image->size);
	nacre_put_le64(head + 16, XXH3_64bits(head, 16));
	b->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
	if (b->fd < 0)
		log_error(path, "made", e);
	else if (!append(b, head, sizeof(head), e))
		return b;
	nacre_before_close(b);
	return NULL;
}

void nacre_before_close(struct nacre_before *b)
{
	if (!b)
		return;
	if (b->fd >= 0)
		close(b->fd);
	pthread_mutex_destroy(&b->lock);
	free(b->noted);
	free(b->path);
	free(b);
}

/* The record at @at. Return: its bytes, 0: there is no more, -1 with errno */
static ssize_t take_record(int fd, uint64_t at, uint64_t size, uint8_t bytes[RECORD + BLOCK])
{
	ssize_t got = nacre_read_at(fd, bytes, RECORD + BLOCK, at);
	uint64_t block, blocks = (size + BLOCK - 1) / BLOCK;
	uint32_t length;

	if (got < RECORD)
		return got < 0 ? -1 : 0;
	block = nacre_le64(bytes);
	length = nacre_le32(bytes + 8);
	if (block >= blocks || nacre_le32(bytes + 12) || (length && length != length_of(size, block)) ||
	    length > (size_t)got - RECORD || nacre_le64(bytes + SUM_AT) != sum_of(bytes, length))
		return 0;
	if (!length)
		memset(bytes + RECORD, 0, BLOCK);
	return (ssize_t)(RECORD + length);
}

int nacre_before_put_back(const char *path, struct nacre_image *image, uint64_t *bytes, struct nacre_error *e)
{
	NACRE_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
	uint8_t record[RECORD + BLOCK] __attribute__((aligned(8)));
	ssize_t n = 0;

	*bytes = 0;
	if (fd < 0)
		return nacre_error_set(e, errno == ENOENT ? NACRE_E_ABSENT : NACRE_E_SYSTEM, errno, path, "cannot be opened");
	if (nacre_read_at(fd, record, HEAD, 0) != HEAD || memcmp(record, magic, sizeof(magic)) ||
	    nacre_le64(record + 8) != image->size || nacre_le64(record + 16) != XXH3_64bits(record, 16))
		return 0; /* who made it was killed before it had a head, and changed nothing; or it is damaged: the caller sees */
	for (*bytes = HEAD; (n = take_record(fd, *bytes, image->size, record)) > 0; *bytes += (uint64_t)n) {
		uint64_t block = nacre_le64(record);

		if (nacre_image_write(image, block * BLOCK, record + RECORD, length_of(image->size, block), e))
			return -1;
	}
	return n < 0 ? log_error(path, "read", e) : 0;
}

int nacre_before_last(const char *path, uint64_t *bytes, struct nacre_error *e)
{
	NACRE_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	*bytes = 0;
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) || fsync(fd))
		return log_error(path, "kept", e);
	*bytes = (uint64_t)st.st_size;
	return 0;
}
