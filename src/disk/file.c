/* SPDX-License-Identifier: BSD-2-Clause */
/* file.c - the file or device that an image lies in */
#include "disk/file.h"

#include "os/whole.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

const char *nacre_file_where(const struct nacre_image *image)
{
	size_t room = sizeof(((struct nacre_error *)0)->where) - 1, length = strlen(image->path);
	const char *tail;

	if (length <= room)
		return image->path;
	tail = strchr(image->path + length - room, '/');
	return tail && tail[1] ? tail + 1 : image->path + length - room;
}

int nacre_file_size(const struct nacre_image *image, uint64_t *size, struct nacre_error *e)
{
	struct stat st;

	if (image->device) {
		if (ioctl(image->fd, BLKGETSIZE64, size) == 0)
			return 0;
	} else if (fstat(image->fd, &st) == 0) {
		*size = (uint64_t)st.st_size;
		return 0;
	}
	return nacre_error_set(e, NACRE_E_SYSTEM, errno, nacre_file_where(image), "its size is not known");
}

int nacre_file_read(const struct nacre_image *image, uint64_t at, void *data, size_t size,
		    struct nacre_error *e)
{
	ssize_t n = nacre_read_at(image->fd, data, size, at);

	if (n < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, nacre_file_where(image), "cannot be read at byte %" PRIu64, at);
	if ((size_t)n < size)
		return nacre_error_set(e, NACRE_E_INPUT, 0, nacre_file_where(image),
				       "ends at byte %" PRIu64 ", before what should be there", at + (uint64_t)n);
	return 0;
}

static int write_error(const struct nacre_image *image, uint64_t at, int error, struct nacre_error *e)
{
	const char *where = nacre_file_where(image);

	switch (error) {
	case ENOSPC:
		return nacre_error_set(e, NACRE_E_SYSTEM, error, where,
				       image->device ? "the device is full at byte %" PRIu64
						     : "its file system is full at byte %" PRIu64
						       " of the image; make room, or choose another place",
				       at);
	case EDQUOT:
		return nacre_error_set(e, NACRE_E_SYSTEM, error, where,
				       "the quota of its owner is used up at byte %" PRIu64
				       "; raise it, or choose another place", at);
	case EFBIG:
		return nacre_error_set(e, NACRE_E_SYSTEM, error, where,
				       "may not grow beyond byte %" PRIu64
				       ": the largest file of its file system, or ulimit -f", at);
	default:
		return nacre_error_set(e, NACRE_E_SYSTEM, error, where,
				       "cannot be written at byte %" PRIu64, at);
	}
}

/* How much from here goes in one write, and whether past the page cache: that takes whole blocks. */
static size_t next_part(const struct nacre_image *image, uint64_t at, const uint8_t *data, size_t size,
			bool *past)
{
	size_t off = (size_t)(at % NACRE_FILE_BLOCK);

	*past = image->direct >= 0 && off == (uintptr_t)data % NACRE_FILE_BLOCK && size >= NACRE_FILE_BLOCK;
	if (!*past)
		return size;
	if (!off)
		return size - size % NACRE_FILE_BLOCK;
	*past = false;
	return NACRE_FILE_BLOCK - off;
}

int nacre_file_write(const struct nacre_image *image, uint64_t at, const void *data, size_t size,
		     struct nacre_error *e)
{
	const uint8_t *from = data;

	while (size) {
		bool past;
		size_t part = next_part(image, at, from, size, &past);
		ssize_t n = pwrite(past ? image->direct : image->fd, from, part, (off_t)at);

		/* A file system may take the flag and refuse the write. */
		if (n < 0 && past && errno == EINVAL)
			n = pwrite(image->fd, from, part, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return write_error(image, at, n ? errno : ENOSPC, e);
		from += n;
		at += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

int nacre_file_data(const struct nacre_image *image, uint64_t at, uint64_t end, uint64_t *start,
		    uint64_t *length, struct nacre_error *e)
{
	off_t data = -1, hole = -1;

	*start = at;
	*length = 0;
	if (at >= end)
		return 0;
	*length = end - at;
	if (image->device)
		return 0;
	data = lseek(image->fd, (off_t)at, SEEK_DATA);
	if (data < 0 && errno != ENXIO)
		return errno == EINVAL ? 0 :
		       nacre_error_set(e, NACRE_E_SYSTEM, errno, nacre_file_where(image),
				       "what is in it is not known from byte %" PRIu64 " on", at);
	if (data < 0 || (uint64_t)data >= end) {
		uint64_t size;

		/* What is missing at the end of the file is no hole: reading it has to fail. */
		if (data < 0 && nacre_file_size(image, &size, e))
			return -1;
		if (data >= 0 || size >= end)
			*length = 0;
		return 0;
	}
	hole = lseek(image->fd, data, SEEK_HOLE);
	*start = (uint64_t)data;
	*length = (hole > data && (uint64_t)hole < end ? (uint64_t)hole : end) - *start;
	return 0;
}

int nacre_file_sync(const struct nacre_image *image, struct nacre_error *e)
{
	if (fdatasync(image->fd) == 0)
		return 0;
	return nacre_error_set(e, NACRE_E_SYSTEM, errno, nacre_file_where(image),
			       "what was written did not reach the disk");
}

int nacre_file_truncate(const struct nacre_image *image, uint64_t size, struct nacre_error *e)
{
	if (ftruncate(image->fd, (off_t)size) == 0)
		return 0;
	return errno == EFBIG || errno == EINVAL ?
		nacre_error_set(e, NACRE_E_SUPPORT, errno, nacre_file_where(image),
				"its file system takes no file of %" PRIu64 " bytes; choose another place", size) :
		nacre_error_set(e, NACRE_E_SYSTEM, errno, nacre_file_where(image),
				"cannot be made %" PRIu64 " bytes long", size);
}
