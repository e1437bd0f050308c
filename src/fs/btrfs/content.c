/* SPDX-License-Identifier: BSD-2-Clause */
/* content.c - what is in a file: extents inside of the tree, on the device, compressed, and holes
 */
#include "btrfs.h"
#include "fs/driver/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { INSIDE, REGULAR, RESERVED, HEAD = 21, WHOLE = 53, METHODS = 3 };

/** struct extent - bytes [start, start + length) of a file; @disk 0 and no @inside: zeroes */
struct extent {
	uint64_t start, length;
	int method; /* 0: not compressed */
	const uint8_t *inside;
	uint32_t inside_size;
	uint64_t disk, disk_size, offset, plain_size;
};

/* One that is in the tree: its bytes come behind the head. */
static int decode_inside(const struct btrfs_item *item, struct extent *x)
{
	x->inside = item->data + HEAD;
	x->inside_size = item->size - HEAD;
	if (!x->method)
		x->plain_size = x->inside_size;
	x->length = x->plain_size;
	return x->plain_size > BTRFS_UNPACKED ? EUCLEAN : 0;
}

static int decode(const struct btrfs_item *item, struct extent *x)
{
	const uint8_t *d = item->data;

	if (item->size < HEAD)
		return EUCLEAN;
	*x = (struct extent){.start = item->key.offset, .plain_size = le64(d + 8), .method = d[16]};
	if (d[17] || le16(d + 18) || d[16] > METHODS)
		return ENOTSUP; /* encrypted, or encoded as nobody does */
	if (d[20] == INSIDE)
		return decode_inside(item, x);
	if (d[20] > RESERVED || item->size < WHOLE)
		return EUCLEAN;
	x->disk = d[20] == RESERVED ? 0 : le64(d + 21);
	x->disk_size = le64(d + 29);
	x->offset = le64(d + 37);
	x->length = le64(d + 45);
	if (!x->length || x->start > INT64_MAX || x->length > INT64_MAX - x->start)
		return EUCLEAN;
	if (!x->disk)
		return 0;
	if (x->method && (x->plain_size > BTRFS_UNPACKED || x->disk_size > BTRFS_UNPACKED))
		return EUCLEAN;
	if (!x->method)
		x->plain_size = x->disk_size;
	return x->offset > x->plain_size || x->length > x->plain_size - x->offset ? EUCLEAN : 0;
}

/* An extent is in one chunk. */
static int read_logical(struct nacre_fs *f, uint64_t logical, void *data, uint64_t size)
{
	const struct btrfs_chunk *c = btrfs_chunk_find(f, logical, size);

	if (!c)
		return EUCLEAN;
	return c->copies ? fs_disk_get(&f->disk, c->at[0] + (logical - c->logical), data, size)
			 : ENOTSUP; /* striped, or on other devices only */
}

/* All of a compressed extent in f->plain, where it stays for the next read. */
static int unpack(struct nacre_fs *f, const struct extent *x)
{
	const uint8_t *from = x->inside;
	int result = 0;

	if (!from && f->plain_at == x->disk && f->plain_size == x->plain_size)
		return 0;
	if (!f->packed)
		f->packed = malloc(BTRFS_UNPACKED);
	if (!f->plain)
		f->plain = malloc(BTRFS_UNPACKED);
	if (!f->packed || !f->plain)
		return ENOMEM;
	f->plain_at = 0;
	if (!from) {
		from = f->packed;
		result = read_logical(f, x->disk, f->packed, x->disk_size);
	}
	if (!result)
		result = btrfs_unpack(f, x->method, from,
				      x->inside ? x->inside_size : (uint32_t)x->disk_size, f->plain,
				      (uint32_t)x->plain_size);
	if (!result && !x->inside) {
		f->plain_at = x->disk;
		f->plain_size = (uint32_t)x->plain_size;
	}
	return result;
}

/* @size bytes from @within the extent on. */
static int read_extent(struct nacre_fs *f, const struct extent *x, uint64_t within, uint8_t *data,
		       uint32_t size)
{
	int result = 0;

	if (x->method && (x->disk || x->inside)) {
		result = unpack(f, x);
		if (!result)
			memcpy(data, f->plain + x->offset + within, size);
	} else if (x->inside) {
		memcpy(data, x->inside + within, size);
	} else if (x->disk) {
		result = read_logical(f, x->disk + x->offset + within, data, size);
	} else {
		memset(data, 0, size);
	}
	return result;
}

/* The extent that has @offset, or what lies between two of them. */
static int extent_at(struct nacre_fs *f, const struct btrfs_inode *i, uint64_t offset,
		     struct extent *x)
{
	struct btrfs_key key = {i->number, offset, BTRFS_EXTENT_DATA};
	struct btrfs_item item;
	int result = btrfs_at_most(f, i->tree.root, &key, &item);

	if (!result && item.key.object == i->number && item.key.type == BTRFS_EXTENT_DATA) {
		result = decode(&item, x);
		if (result || offset - x->start < x->length)
			return result;
	}
	if (result && result != ENOENT)
		return result;
	key.offset++;
	result = btrfs_first_of(f, i->tree.root, &key, &item);
	if (result && result != ENOENT)
		return result;
	*x = (struct extent){.start = offset,
			     .length = (result ? (uint64_t)INT64_MAX : item.key.offset) - offset};
	return 0;
}

int btrfs_content(struct nacre_fs *f, const struct btrfs_inode *i, uint64_t offset, uint8_t *data,
		  uint32_t size)
{
	int result = 0;

	while (size && !result) {
		struct extent x;
		uint32_t n = size;

		result = extent_at(f, i, offset, &x);
		if (result)
			break;
		if (x.length - (offset - x.start) < n)
			n = (uint32_t)(x.length - (offset - x.start));
		result = read_extent(f, &x, offset - x.start, data, n);
		data += n;
		offset += n;
		size -= n;
	}
	return result;
}

int btrfs_place(struct nacre_fs *f, const struct btrfs_inode *i, uint64_t offset,
		struct nacre_fs_extent *place)
{
	const struct btrfs_chunk *c;
	struct extent x;
	uint64_t within;
	int result = extent_at(f, i, offset, &x);

	if (result)
		return result;
	if (x.method || x.inside || !x.disk)
		return ENOTSUP;
	within = x.offset + (offset - x.start);
	c = btrfs_chunk_find(f, x.disk + within, x.length - (offset - x.start));
	if (!c)
		return EUCLEAN;
	if (c->copies != 1)
		return ENOTSUP;
	*place = (struct nacre_fs_extent){.start = c->at[0] + (x.disk + within - c->logical),
					  .length = x.length - (offset - x.start)};
	return 0;
}
