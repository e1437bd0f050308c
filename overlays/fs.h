/* SPDX-License-Identifier: BSD-2-Clause */
/* fs.h - nacre's own file-system drivers: include/nacre/fs.h in the overlay's words
 *
 * A driver decodes bytes that others wrote. When it is lost, its volume is: the call that was under way
 * returns ESTALE, and so do later ones. Nothing is repeated, as what was written half cannot be taken back.
 */
#ifndef NACRE_OVERLAY_FS_H
#define NACRE_OVERLAY_FS_H

#include <errno.h>
#include <stddef.h>
#include <nacre/fs.h>
#include <nacre/overlay.h>

/* Errors are errno numbers: nothing else comes back, whatever a driver says. */
NACRE_INTERFACE(fs, version("1"), success(result == 0), on_fail(ESTALE), deadline(60000),
		result(check(value >= 0 && value < 4096)));
NACRE_HANDLE(fs, stale(ESTALE), tracked);

NACRE_CALLBACK(reader, int, (void *user nacre(token(volume)), uint64_t offset,
			     void *data nacre(out, bytes(size)), uint32_t size nacre(range(1, NACRE_FS_CHUNK))),
	       success(result == 0), on_fail(EIO));
NACRE_CALLBACK(writer, int, (void *user nacre(token(volume)), uint64_t offset,
			     const void *data nacre(in, bytes(size)),
			     uint32_t size nacre(range(1, NACRE_FS_CHUNK))),
	       success(result == 0), on_fail(EIO));

#define FS   nacre(handle(fs))
#define PATH nacre(string(NACRE_FS_PATH - 1), nonnull)
#define IN   nacre(in, bytes(size))

int nacre_fs_open(nacre_fs_reader read nacre(callback(reader)),
		  nacre_fs_writer write nacre(callback(writer), nullable), void *user nacre(token(volume)),
		  uint64_t size, uint32_t flags, struct nacre_fs **fs nacre(out, handle(fs), opens));
int nacre_fs_close(struct nacre_fs *fs FS) nacre(success(true), closes(fs, fs));
int nacre_fs_sync(struct nacre_fs *fs FS);
int nacre_fs_describe(struct nacre_fs *fs FS, struct nacre_fs_info *info nacre(out));
int nacre_fs_map(struct nacre_fs *fs FS, uint64_t from,
		 struct nacre_fs_extent *extents nacre(out, cap(capacity), len(*count)), uint32_t capacity,
		 uint32_t *count nacre(out));

int nacre_fs_stat(struct nacre_fs *fs FS, const char *path PATH, struct nacre_fs_stat *st nacre(out));
int nacre_fs_list(struct nacre_fs *fs FS, const char *path PATH, uint64_t *cursor nacre(inout),
		  struct nacre_fs_entry *entries nacre(out, cap(capacity), len(*count)), uint32_t capacity,
		  uint32_t *count nacre(out));
int nacre_fs_read_link(struct nacre_fs *fs FS, const char *path PATH,
		       char *target nacre(out, string, cap(capacity)), uint32_t capacity);
int nacre_fs_read_file(struct nacre_fs *fs FS, const char *path PATH, uint64_t offset,
		       void *data nacre(out, bytes(capacity), len(*length)), uint32_t capacity,
		       uint32_t *length nacre(out));

int nacre_fs_file_map(struct nacre_fs *fs FS, const char *path PATH, uint64_t from,
		      struct nacre_fs_extent *extents nacre(out, cap(capacity), len(*count)), uint32_t capacity,
		      uint32_t *count nacre(out));

int nacre_fs_create(struct nacre_fs *fs FS, const char *path PATH, uint32_t mode, uint32_t uid,
		    uint32_t gid);
int nacre_fs_write_file(struct nacre_fs *fs FS, const char *path PATH, uint64_t offset,
			const void *data IN, uint32_t size);
int nacre_fs_truncate(struct nacre_fs *fs FS, const char *path PATH, uint64_t size);
int nacre_fs_link_symbolic(struct nacre_fs *fs FS, const char *target PATH, const char *path PATH);
int nacre_fs_remove(struct nacre_fs *fs FS, const char *path PATH);
int nacre_fs_rename(struct nacre_fs *fs FS, const char *from PATH, const char *to PATH);
int nacre_fs_get_attribute(struct nacre_fs *fs FS, const char *path PATH, const char *name PATH,
			   void *data nacre(out, bytes(capacity), len(*length)), uint32_t capacity,
			   uint32_t *length nacre(out));
int nacre_fs_set_attribute(struct nacre_fs *fs FS, const char *path PATH, const char *name PATH,
			   const void *data IN, uint32_t size);
int nacre_fs_list_attributes(struct nacre_fs *fs FS, const char *path PATH,
			     char *names nacre(out, bytes(capacity), len(*length)), uint32_t capacity,
			     uint32_t *length nacre(out));
int nacre_fs_set_owner(struct nacre_fs *fs FS, const char *path PATH, uint32_t uid, uint32_t gid);
int nacre_fs_set_times(struct nacre_fs *fs FS, const char *path PATH, int64_t mtime, uint32_t nanoseconds);
/* The inode tables of ext2 and ext3 have to be empty: of each TiB, 16 GiB are looked at. */
int nacre_fs_resize(struct nacre_fs *fs FS, uint64_t size) nacre(deadline(1800000));

#endif
