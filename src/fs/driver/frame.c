/* SPDX-License-Identifier: BSD-2-Clause */
/* frame.c - fs.h's functions that are the same in each driver: open, close and map */
#include "driver.h"

#include <errno.h>
#include <stdlib.h>

/* Each driver's struct nacre_fs begins with it. */
static struct fs_disk *disk_of(struct nacre_fs *f)
{
	return (struct fs_disk *)(void *)f;
}

static int forget(struct nacre_fs *f, int result)
{
	if (fs_driver.forget)
		fs_driver.forget(f);
	fs_disk_close(disk_of(f));
	free(f);
	return result;
}

FS_EXPORT int nacre_fs_open(nacre_fs_reader reader, nacre_fs_writer writer, void *user,
			    uint64_t size, uint32_t flags, struct nacre_fs **fs)
{
	struct nacre_fs *f = calloc(1, fs_driver.size);
	int result;

	if (!f)
		return ENOMEM;
	result = fs ? fs_disk_open(disk_of(f), reader, writer, user, size, flags,
				   fs_driver.line_size)
		    : EINVAL;
	if (!result && flags & NACRE_FS_WRITABLE && !fs_driver.writes)
		result = ENOTSUP;
	if (!result)
		result = fs_driver.open(f);
	if (result)
		return forget(f, result);
	*fs = f;
	return 0;
}

FS_EXPORT int nacre_fs_close(struct nacre_fs *f)
{
	return forget(f, nacre_fs_sync(f));
}

int fs_map_have(struct nacre_fs *f)
{
	struct fs_disk *d = disk_of(f);
	int result;

	if (d->mapped)
		return 0;
	nacre_extents_free(&d->map);
	result = fs_driver.map(f);
	d->mapped = !result;
	return result;
}

FS_EXPORT int nacre_fs_map(struct nacre_fs *f, uint64_t from, struct nacre_fs_extent *extents,
			   uint32_t capacity, uint32_t *count)
{
	struct fs_disk *d = disk_of(f);
	const struct nacre_extent *e;
	int result;

	*count = 0;
	if (!from && d->write)
		d->mapped = false; /* it may have changed since */
	result = capacity ? fs_map_have(f) : EINVAL;
	if (result)
		return result;
	e = nacre_extents_find(&d->map, from);
	for (; e && e < d->map.list + d->map.count && *count < capacity && *count < NACRE_FS_LIST;
	     e++)
		extents[(*count)++] = (struct nacre_fs_extent){
			.start = e->start, .length = e->length, .use = e->tag};
	return 0;
}
