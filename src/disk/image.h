/* SPDX-License-Identifier: BSD-2-Clause */
/* image.h - disk images and block devices behind one ops table (C4)
 *
 * Formats: raw files and block devices, VHD fixed and dynamic, qcow2 and VHDX (read only, by qemu-nbd
 * and libnbd). An image is a sequence of `size` bytes; what was never written reads as zeroes. An image
 * that is being made is PATH.partial and carries no valid header or footer until nacre_image_finish()
 * gives it its name: a run that was cut short leaves nothing that looks whole.
 */
#ifndef NACRE_DISK_IMAGE_H
#define NACRE_DISK_IMAGE_H

#include <nacre/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nacre_image;
struct nacre_extents;

/** struct nacre_image_ops - one format; reached only through the functions below, which check */
struct nacre_image_ops {
	const char *name; /* "raw", "vhd", "vhd-fixed", "qcow2", "vhdx" */
	/** is it this format? @head: the first bytes of the file, @tail: its last 512. NULL: not by content */
	bool (*probe)(const uint8_t *head, size_t size, const uint8_t *tail);
	/** read headers of @fd (taken over on success), fill image->size and image->own */
	int (*open)(struct nacre_image *image, struct nacre_error *e);
	/** make an empty one of image->size bytes on image->fd; NULL: cannot be made */
	int (*create)(struct nacre_image *image, const struct nacre_extents *used, struct nacre_error *e);
	int (*read)(struct nacre_image *image, uint64_t offset, void *data, size_t size,
		    struct nacre_error *e);
	int (*write)(struct nacre_image *image, uint64_t offset, const void *data, size_t size,
		     struct nacre_error *e);
	/** take up image->fd, which create made and nothing finished; NULL: as it is, if its size is right */
	int (*resume)(struct nacre_image *image, struct nacre_error *e);
	/** the first range at or after @offset that may hold anything but zeroes; *length 0: none */
	int (*data)(struct nacre_image *image, uint64_t offset, uint64_t *start, uint64_t *length,
		    struct nacre_error *e);
	/** for nacre_image_place(); NULL: data never lies in a file as it is */
	int (*place)(const struct nacre_image *image, uint64_t offset, uint64_t *length, uint64_t *at);
	/** all is on the disk; headers and footer are valid from here on */
	int (*finish)(struct nacre_image *image, struct nacre_error *e);
	void (*close)(struct nacre_image *image);
};

/**
 * struct nacre_image - an open image
 *
 * Reads, writes and nacre_image_data() may run beside each other, in any number of threads, as long as
 * nobody writes what another reads or writes; so may nacre_image_finish() of an image that is whole already.
 * Everything else is for one thread alone. Who reads what is being written gets old or new bytes.
 */
struct nacre_image {
	const struct nacre_image_ops *ops;
	char *path;
	char *partial;      /* its name while it is being made, or NULL */
	int fd;
	int direct;         /* the same file past the page cache, for what is aligned; -1: not in use */
	uint64_t size;      /* bytes of the disk, a multiple of 512 */
	uint32_t sector;    /* logical sector: 512, or 4096 of a block device that has those */
	bool writable;
	bool device;        /* a block device */
	bool unfinished;    /* made here, and nacre_image_finish() not reached */
	bool keep;          /* ... and it stays even so */
	bool named;         /* the caller said the format; otherwise the content is not believed as much */
	void *own;          /* the format's */
};

extern const struct nacre_image_ops *const nacre_image_formats[]; /* NULL-ended */

/**
 * nacre_image_open() - @format: a name, or NULL to find out by content (raw if it is none of them)
 *
 * A block device is raw unless @format says otherwise: what is on it belongs to the machine that used it.
 * A raw file that is no whole number of sectors is one sector longer, and ends with zeroes.
 */
struct nacre_image *nacre_image_open(const char *path, const char *format, bool writable,
				     struct nacre_error *e);
/**
 * nacre_image_create() - make @path, which must not exist (or, for "raw", be a block device that nothing uses)
 * @size: bytes; rounded up to 512. Refused with the reason where the format cannot hold it
 * @used: what will be written, so that a dynamic VHD's table comes first and its blocks lie in order;
 *        NULL: blocks are added as they are written
 */
struct nacre_image *nacre_image_create(const char *path, const char *format, uint64_t size,
				       const struct nacre_extents *used, struct nacre_error *e);
/** nacre_image_probe() - the name of @path's format by its content, as nacre_image_open() would take it; nothing is decoded */
const char *nacre_image_probe(const char *path, struct nacre_error *e);
/**
 * nacre_image_resume() - take up what nacre_image_create() made as @path with the same @format and @size
 *
 * What it needs is PATH.partial: left by a process that was killed, or by one that said nacre_image_keep(). All that
 * was written is there, if the computer itself went on meanwhile; after a crash of that, what is in it has to be
 * looked at again.
 */
struct nacre_image *nacre_image_resume(const char *path, const char *format, uint64_t size,
				       struct nacre_error *e);
/** nacre_image_keep() - closed without being finished, it stays, for nacre_image_resume() */
void nacre_image_keep(struct nacre_image *image);
/** nacre_image_direct() - write past the page cache from here on, or no more; where that cannot be, nothing changes */
void nacre_image_direct(struct nacre_image *image, bool on);
/** nacre_image_read() - exactly @size bytes at @offset; beyond the end is an error */
int nacre_image_read(struct nacre_image *image, uint64_t offset, void *data, size_t size,
		     struct nacre_error *e);
int nacre_image_write(struct nacre_image *image, uint64_t offset, const void *data, size_t size,
		      struct nacre_error *e);
/**
 * nacre_image_data() - the first range at or after @offset that may hold anything but zeroes
 * @length: 0: there is none. The range is not always the longest: the next one may touch it
 */
int nacre_image_data(struct nacre_image *image, uint64_t offset, uint64_t *start, uint64_t *length,
		     struct nacre_error *e);
/**
 * nacre_image_place() - where data lies as it is: in a file that it can be spliced from
 * @length: in: how much is wanted, not beyond the end; out: how much of it lies together, or has to be read, at least 1
 *
 * Return: a descriptor of the image's, with the place in *at; -1: this has to be read.
 */
int nacre_image_place(const struct nacre_image *image, uint64_t offset, uint64_t *length, uint64_t *at);
/**
 * nacre_image_finish() - all that was written is on the disk, and the image is whole
 *
 * A new image gets its name here (-1 and NACRE_E_EXISTS if somebody took it meanwhile). It may be written to
 * afterwards, and finished again.
 */
int nacre_image_finish(struct nacre_image *image, struct nacre_error *e);
/** nacre_image_close() - also NULL; what was created and not finished is removed */
void nacre_image_close(struct nacre_image *image);

#endif
