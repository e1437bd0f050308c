/* SPDX-License-Identifier: BSD-2-Clause */
/* volume.h - one volume's file system, decoded by its driver in a virtual process of its own (M1)
 *
 * DOC: Theory of Operation
 *
 * Every volume gets a copy of the generated proxy of fs.h with a registration of its own (host.c), in
 * memory: so each volume has its own virtual process, limits and quarantine. The copy is loaded like any
 * plug-in. Drivers read and write by callbacks, through the image, within the volume's bounds and
 * nowhere else.
 *
 * A driver that ends, hangs or lies costs its volume: every call from there on fails at once with
 * NACRE_E_LOST, and the message names the log that says why. What a driver says is checked: names and
 * numbers that come out of here are well formed, though they may be wrong.
 *
 * Errors: `sys` has the driver's errno, so that ENOENT can be told from the rest.
 */
#ifndef NACRE_FS_VOLUME_H
#define NACRE_FS_VOLUME_H

#include "disk/image.h"

#include <nacre/fs.h>

struct nacre_volume;

/** struct nacre_volume_parts - where nacre's own parts are; directories and files, absolute */
struct nacre_volume_parts {
	const char *vproc;   /* the nacre-vproc program */
	const char *pair;    /* directory with proxy.so and stub.so of fs.h's interface */
	const char *drivers; /* directory with TYPE.so */
	const char *kernel;  /* nacre-mount: what no driver writes may be mounted by this computer's kernel; or NULL */
	uint32_t deadline_ms; /* of one call; 0: a minute */
	uint32_t memory_mb;   /* of one virtual process; 0: 256 */
};

/** nacre_volume_setup() - say it once, before the first volume is opened; @parts is not copied */
void nacre_volume_setup(const struct nacre_volume_parts *parts);

/**
 * nacre_volume_type() - "ext", "xfs", ...: the driver that the magic numbers ask for
 *
 * Return: NULL with @e set; its code is NACRE_E_SUPPORT where the image can be read, but knows none.
 */
const char *nacre_volume_type(struct nacre_image *image, uint64_t start, uint64_t length,
			      struct nacre_error *e);
/**
 * nacre_volume_open() - open [start, start + length) of @image with driver @type
 * @image: stays the caller's, and open until nacre_volume_close()
 * @writable: what a mount would do first is done: the journal is replayed. What no driver writes is mounted by this
 *            computer's kernel, where that is trusted (nacre_volume_parts.kernel), else refused
 */
struct nacre_volume *nacre_volume_open(struct nacre_image *image, uint64_t start, uint64_t length,
				       const char *type, bool writable, struct nacre_error *e);
/** nacre_volume_writes() - can a volume of @type be opened for writing, as far as its type goes? -1: @e has the remedy */
int nacre_volume_writes(const char *type, struct nacre_error *e);
/** nacre_volume_by_kernel() - would it be mounted by this computer's kernel, which also enlarges it? */
bool nacre_volume_by_kernel(const char *type);
/** nacre_volume_close() - also NULL; 0 only when all that was written is in the image */
int nacre_volume_close(struct nacre_volume *volume, struct nacre_error *e);
const struct nacre_fs_info *nacre_volume_info(const struct nacre_volume *volume);
/** nacre_volume_writable() - was it opened for writing? */
bool nacre_volume_writable(const struct nacre_volume *volume);
/** nacre_volume_map() - add what is in use to @used, at offsets of the image, tagged enum nacre_fs_use */
int nacre_volume_map(struct nacre_volume *volume, struct nacre_extents *used, struct nacre_error *e);

/** nacre_volume_file_map() - add where bytes of @path from @from on are, at offsets of the image, as @use */
int nacre_volume_file_map(struct nacre_volume *volume, const char *path, uint64_t from, uint32_t use,
			  struct nacre_extents *map, struct nacre_error *e);

/* As in fs.h, with errors in words; @path in the volume. */
int nacre_volume_sync(struct nacre_volume *v, struct nacre_error *e);
int nacre_volume_stat(struct nacre_volume *v, const char *path, struct nacre_fs_stat *st,
		      struct nacre_error *e);
int nacre_volume_list(struct nacre_volume *v, const char *path, uint64_t *cursor,
		      struct nacre_fs_entry *entries, uint32_t capacity, uint32_t *count,
		      struct nacre_error *e);
int nacre_volume_read_link(struct nacre_volume *v, const char *path, char *target, size_t capacity,
			   struct nacre_error *e);
/** nacre_volume_read_file() - the whole file, at most @most bytes, in new memory with a 0 behind it */
int nacre_volume_read_file(struct nacre_volume *v, const char *path, size_t most, char **data,
			   size_t *size, struct nacre_error *e);
/** nacre_volume_read_part() - at most @capacity bytes from @offset; *length less only at the end of the file */
int nacre_volume_read_part(struct nacre_volume *v, const char *path, uint64_t offset, void *data,
			   uint32_t capacity, uint32_t *length, struct nacre_error *e);
int nacre_volume_write_file(struct nacre_volume *v, const char *path, uint64_t offset,
			    const void *data, size_t size, struct nacre_error *e);
int nacre_volume_truncate(struct nacre_volume *v, const char *path, uint64_t size,
			  struct nacre_error *e);
int nacre_volume_create(struct nacre_volume *v, const char *path, uint32_t mode, uint32_t uid,
			uint32_t gid, struct nacre_error *e);
int nacre_volume_link_symbolic(struct nacre_volume *v, const char *target, const char *path,
			       struct nacre_error *e);
int nacre_volume_remove(struct nacre_volume *v, const char *path, struct nacre_error *e);
int nacre_volume_rename(struct nacre_volume *v, const char *from, const char *to,
			struct nacre_error *e);
/** nacre_volume_get_attribute() - in new memory; *data NULL where there is none */
int nacre_volume_get_attribute(struct nacre_volume *v, const char *path, const char *name,
			       char **data, size_t *size, struct nacre_error *e);
int nacre_volume_set_attribute(struct nacre_volume *v, const char *path, const char *name,
			       const void *data, size_t size, struct nacre_error *e);
/** nacre_volume_list_attributes() - the names, each with a 0 behind it, in new memory */
int nacre_volume_list_attributes(struct nacre_volume *v, const char *path, char **names, size_t *size,
				 struct nacre_error *e);
int nacre_volume_set_owner(struct nacre_volume *v, const char *path, uint32_t uid, uint32_t gid,
			   struct nacre_error *e);
int nacre_volume_set_times(struct nacre_volume *v, const char *path, int64_t mtime,
			   uint32_t nanoseconds, struct nacre_error *e);
/**
 * nacre_volume_resize() - the volume has @size bytes, and its file system takes them
 *
 * Of a volume that is open for reading nothing is changed: it is only said whether it could. Code
 * NACRE_E_SUPPORT: it cannot, and is as it was.
 */
int nacre_volume_resize(struct nacre_volume *v, uint64_t size, struct nacre_error *e);

#endif
