/* SPDX-License-Identifier: BSD-2-Clause */
/* image.c - open, make, check and name images; the formats do the rest
 *
 * An image that is being made lies beside its place, as PATH.partial, and gets its name as the last
 * step of nacre_image_finish(), without ever replacing anything. nacre_image_close() of one that was
 * not finished removes the partial file; after a kill, or where the caller wants to keep it, it stays, under a name
 * that says what it is, and can be taken up again.
 */
#include "disk/image.h"

#include "base/auto.h"
#include "disk/file.h"
#include "disk/format.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

const struct nacre_image_ops *const nacre_image_formats[] = {
	&nacre_image_qcow2,
	&nacre_image_vhdx,
	&nacre_image_vhd,
	&nacre_image_vhd_fixed,
	&nacre_image_raw,
	NULL,
};

static const struct nacre_image_ops *format_named(const char *name, struct nacre_error *e)
{
	for (size_t i = 0; nacre_image_formats[i]; i++)
		if (!strcmp(nacre_image_formats[i]->name, name))
			return nacre_image_formats[i];
	nacre_error_set(e, NACRE_E_USAGE, 0, name,
			"is no image format; there are raw, vhd, vhd-fixed, and for reading qcow2 and vhdx");
	return NULL;
}

static struct nacre_image *image_new(const char *path, struct nacre_error *e)
{
	struct nacre_image *image = calloc(1, sizeof(*image));

	if (image) {
		image->fd = image->direct = -1;
		image->sector = 512;
		image->path = strdup(path);
		if (image->path)
			return image;
		free(image);
	}
	nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, path, "cannot be opened");
	return NULL;
}

/* A file or block device; anything else (a pipe, a directory) is no disk. */
static int open_file(struct nacre_image *image, int flags, struct nacre_error *e)
{
	const char *where = nacre_file_where(image);
	struct stat st;

	if (stat(image->path, &st))
		return nacre_error_set(e, errno == ENOENT ? NACRE_E_ABSENT : NACRE_E_SYSTEM, errno, where,
				       "cannot be opened");
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return nacre_error_set(e, NACRE_E_INPUT, 0, where,
				       "is neither a file nor a block device: there is no disk in it");
	image->fd = open(image->path, flags | O_CLOEXEC | O_NOCTTY);
	if (image->fd < 0 || fstat(image->fd, &st))
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, where,
				       errno == EBUSY ? "is in use (mounted, or part of something): unmount it first"
						      : "cannot be opened");
	image->device = S_ISBLK(st.st_mode);
	return 0;
}

/* The format by its marks. Raw has none, and is what remains. */
static const struct nacre_image_ops *probe(struct nacre_image *image, struct nacre_error *e)
{
	uint8_t head[4096] = {0}, tail[512] = {0};
	uint64_t size;
	size_t length;

	if (image->device)
		return &nacre_image_raw;
	if (nacre_file_size(image, &size, e))
		return NULL;
	length = size < sizeof(head) ? (size_t)size : sizeof(head);
	if (nacre_file_read(image, 0, head, length, e) ||
	    (size >= sizeof(tail) && nacre_file_read(image, size - sizeof(tail), tail, sizeof(tail), e)))
		return NULL;
	for (size_t i = 0; nacre_image_formats[i]; i++)
		if (nacre_image_formats[i]->probe && nacre_image_formats[i]->probe(head, length, tail))
			return nacre_image_formats[i];
	return &nacre_image_raw;
}

const char *nacre_image_probe(const char *path, struct nacre_error *e)
{
	struct nacre_image *image = image_new(path, e);
	const struct nacre_image_ops *ops = NULL;

	if (image && open_file(image, O_RDONLY, e) == 0)
		ops = probe(image, e);
	nacre_image_close(image);
	return ops ? ops->name : NULL;
}

struct nacre_image *nacre_image_open(const char *path, const char *format, bool writable,
				     struct nacre_error *e)
{
	struct nacre_image *image = image_new(path, e);

	if (!image)
		return NULL;
	image->writable = writable;
	image->named = format != NULL;
	if (open_file(image, writable ? O_RDWR : O_RDONLY, e))
		goto undo;
	image->ops = format ? format_named(format, e) : probe(image, e);
	if (!image->ops)
		goto undo;
	if (writable && !image->ops->write) {
		nacre_error_set(e, NACRE_E_SUPPORT, 0, nacre_file_where(image),
				"%s images are only read; convert it to raw or vhd to change it", image->ops->name);
		goto undo;
	}
	if (image->ops->open(image, e))
		goto undo;
	return image;
undo:
	nacre_image_close(image);
	return NULL;
}

/* Make PATH.partial, which is removed again unless finished. */
static int create_file(struct nacre_image *image, struct nacre_error *e)
{
	const char *where = nacre_file_where(image), *slash = strrchr(image->path, '/');
	struct stat st;

	if (stat(image->path, &st) == 0 && S_ISBLK(st.st_mode)) {
		if (image->ops != &nacre_image_raw)
			return nacre_error_set(e, NACRE_E_USAGE, 0, where,
					       "is a block device, which can only hold a raw image");
		return open_file(image, O_RDWR | O_EXCL, e);
	}
	if (lstat(image->path, &st) == 0)
		return nacre_error_set(e, NACRE_E_EXISTS, 0, where,
				       "exists already and is not overwritten; remove it, or choose another name");
	if (asprintf(&image->partial, "%s.partial", image->path) < 0) {
		image->partial = NULL;
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, where, "cannot be made");
	}
	image->fd = open(image->partial, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0666);
	if (image->fd >= 0) {
		image->unfinished = true;
		return 0;
	}
	if (errno == EEXIST)
		return nacre_error_set(e, NACRE_E_EXISTS, 0, where,
				       "%s.partial is there: another run makes it, or one was cut short; "
				       "in that case remove it", slash ? slash + 1 : image->path);
	return nacre_error_set(e, NACRE_E_SYSTEM, errno, where, "cannot be made");
}

struct nacre_image *nacre_image_create(const char *path, const char *format, uint64_t size,
				       const struct nacre_extents *used, struct nacre_error *e)
{
	struct nacre_image *image = image_new(path, e);

	if (!image)
		return NULL;
	image->writable = image->named = true;
	image->ops = format_named(format, e);
	if (!image->ops)
		goto undo;
	if (!image->ops->create) {
		nacre_error_set(e, NACRE_E_SUPPORT, 0, nacre_file_where(image),
				"%s images can only be read, not made; choose raw or vhd", format);
		goto undo;
	}
	if (!size || size > INT64_MAX - (1 << 30)) {
		nacre_error_set(e, NACRE_E_USAGE, 0, nacre_file_where(image),
				"there is no disk of %" PRIu64 " bytes", size);
		goto undo;
	}
	image->size = size + (512 - size % 512) % 512;
	if (create_file(image, e) || image->ops->create(image, used, e))
		goto undo;
	return image;
undo:
	nacre_image_close(image);
	return NULL;
}

/* The partial file of an earlier run. */
static int open_partial(struct nacre_image *image, struct nacre_error *e)
{
	const char *where = nacre_file_where(image);
	struct stat st;

	if (asprintf(&image->partial, "%s.partial", image->path) < 0) {
		image->partial = NULL;
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, where, "cannot be taken up");
	}
	image->fd = open(image->partial, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
	if (image->fd < 0 || fstat(image->fd, &st))
		return nacre_error_set(e, errno == ENOENT ? NACRE_E_ABSENT : NACRE_E_SYSTEM, errno, where,
				       "what was begun of it cannot be taken up");
	if (!S_ISREG(st.st_mode))
		return nacre_error_set(e, NACRE_E_INPUT, 0, where, "what was begun of it is no file");
	image->unfinished = image->keep = true;
	if (image->ops->resume)
		return image->ops->resume(image, e);
	if ((uint64_t)st.st_size != image->size)
		return nacre_error_set(e, NACRE_E_INPUT, 0, where,
				       "what was begun of it has another size: remove it and begin anew");
	return 0;
}

struct nacre_image *nacre_image_resume(const char *path, const char *format, uint64_t size,
				       struct nacre_error *e)
{
	struct nacre_image *image = image_new(path, e);

	if (!image)
		return NULL;
	image->writable = image->named = true;
	image->size = size + (512 - size % 512) % 512;
	image->ops = format_named(format, e);
	if (image->ops && !image->ops->create) {
		nacre_error_set(e, NACRE_E_SUPPORT, 0, nacre_file_where(image), "%s images are not made", format);
		image->ops = NULL;
	}
	if (image->ops && size && size <= INT64_MAX - (1 << 30) && !open_partial(image, e))
		return image;
	nacre_image_close(image);
	return NULL;
}

void nacre_image_keep(struct nacre_image *image)
{
	image->keep = true;
}

void nacre_image_direct(struct nacre_image *image, bool on)
{
	char path[32];

	if (on && image->direct < 0 && image->fd >= 0) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", image->fd);
		image->direct = open(path, O_WRONLY | O_DIRECT | O_CLOEXEC);
	}
	if (!on && image->direct >= 0) {
		close(image->direct);
		image->direct = -1;
	}
}

static int check_range(const struct nacre_image *image, uint64_t offset, uint64_t size,
		       struct nacre_error *e)
{
	if (offset <= image->size && size <= image->size - offset)
		return 0;
	return nacre_error_set(e, NACRE_E_INPUT, 0, nacre_file_where(image),
			       "%" PRIu64 " bytes at %" PRIu64 " are beyond the end of the disk at %" PRIu64,
			       size, offset, image->size);
}

int nacre_image_read(struct nacre_image *image, uint64_t offset, void *data, size_t size,
		     struct nacre_error *e)
{
	if (check_range(image, offset, size, e))
		return -1;
	return size ? image->ops->read(image, offset, data, size, e) : 0;
}

int nacre_image_write(struct nacre_image *image, uint64_t offset, const void *data, size_t size,
		      struct nacre_error *e)
{
	if (!image->writable)
		return nacre_error_set(e, NACRE_E_USAGE, 0, nacre_file_where(image),
				       "was opened for reading only");
	if (check_range(image, offset, size, e))
		return -1;
	return size ? image->ops->write(image, offset, data, size, e) : 0;
}

int nacre_image_data(struct nacre_image *image, uint64_t offset, uint64_t *start, uint64_t *length,
		     struct nacre_error *e)
{
	*start = offset;
	*length = 0;
	return offset < image->size ? image->ops->data(image, offset, start, length, e) : 0;
}

int nacre_image_place(const struct nacre_image *image, uint64_t offset, uint64_t *length, uint64_t *at)
{
	return image->ops->place ? image->ops->place(image, offset, length, at) : -1;
}

/* The name of a directory entry lasts once the directory is on the disk. */
static int sync_directory(const struct nacre_image *image, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *copy = strdup(image->path);
	NACRE_AUTO_FD int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	/* EINVAL: the file system has no such thing. */
	if (fd < 0 || (fsync(fd) && errno != EINVAL))
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, nacre_file_where(image),
				       "its directory did not reach the disk");
	return 0;
}

static int give_name(struct nacre_image *image, struct nacre_error *e)
{
	int status = renameat2(AT_FDCWD, image->partial, AT_FDCWD, image->path, RENAME_NOREPLACE);

	/* NFS and some others only know the older way. */
	if (status && (errno == EINVAL || errno == ENOSYS)) {
		status = link(image->partial, image->path);
		if (status == 0)
			unlink(image->partial);
	}
	if (status && errno == EEXIST)
		return nacre_error_set(e, NACRE_E_EXISTS, 0, nacre_file_where(image),
				       "somebody else made it meanwhile; it is not overwritten");
	if (status)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, nacre_file_where(image),
				       "cannot get its name");
	image->unfinished = false;
	return sync_directory(image, e);
}

int nacre_image_finish(struct nacre_image *image, struct nacre_error *e)
{
	if (!image->writable)
		return 0;
	if (image->ops->finish(image, e))
		return -1;
	return image->unfinished ? give_name(image, e) : 0;
}

void nacre_image_close(struct nacre_image *image)
{
	if (!image)
		return;
	if (image->ops && image->ops->close)
		image->ops->close(image);
	if (image->unfinished && !image->keep)
		unlink(image->partial);
	if (image->direct >= 0)
		close(image->direct);
	if (image->fd >= 0)
		close(image->fd);
	free(image->partial);
	free(image->path);
	free(image);
}
