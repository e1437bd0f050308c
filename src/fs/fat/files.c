/* SPDX-License-Identifier: BSD-2-Clause */
/* files.c - fs.h's functions that read files and directories */
#include "fat.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

FS_EXPORT int nacre_fs_stat(struct nacre_fs *f, const char *path, struct nacre_fs_stat *st)
{
	struct fat_node node;
	int result = fat_find(f, path, &node);

	*st = (struct nacre_fs_stat){0};
	if (result)
		return result;
	st->ino = node.root ? 1 : node.at / FAT_SLOT;
	st->size = node.size;
	st->mtime = fat_seconds(node.date, node.time);
	st->links = 1;
	st->mode = node.attributes & FAT_DIRECTORY ? S_IFDIR | 0755 : S_IFREG | 0644;
	if (node.attributes & FAT_READ_ONLY)
		st->mode &= ~0222U;
	return 0;
}

FS_EXPORT int nacre_fs_list(struct nacre_fs *f, const char *path, uint64_t *cursor,
			    struct nacre_fs_entry *entries, uint32_t capacity, uint32_t *count)
{
	uint32_t index = *cursor < FAT_SLOTS_MOST ? (uint32_t)*cursor : FAT_SLOTS_MOST;
	struct fat_node node;
	int result = fat_find(f, path, &node);
	struct fat_dir dir = {node.first};

	*count = 0;
	if (!result && !(node.attributes & FAT_DIRECTORY))
		result = ENOTDIR;
	if (!result && !node.first && !node.root)
		result = EUCLEAN;
	if (result)
		return result;
	while (*count < capacity && *count < NACRE_FS_LIST) {
		struct nacre_fs_entry *e = &entries[*count];

		result = fat_next(f, dir, &index, &node);
		if (result)
			break;
		*e = (struct nacre_fs_entry){.ino = node.at / FAT_SLOT,
					     .type = node.attributes & FAT_DIRECTORY ? S_IFDIR
										     : S_IFREG};
		strcpy(e->name, node.name);
		++*count;
	}
	*cursor = index;
	return result == ENOENT ? 0 : result;
}

FS_EXPORT int nacre_fs_read_link(struct nacre_fs *f, const char *path, char *target,
				 uint32_t capacity)
{
	struct fat_node node;
	int result = fat_find(f, path, &node);

	if (capacity)
		target[0] = 0;
	return result ? result : EINVAL;
}

FS_EXPORT int nacre_fs_read_file(struct nacre_fs *f, const char *path, uint64_t offset, void *data,
				 uint32_t capacity, uint32_t *length)
{
	struct fat_node node;
	uint32_t cluster;
	int result = fat_find(f, path, &node);

	*length = 0;
	if (!result && node.attributes & FAT_DIRECTORY)
		result = EISDIR;
	if (result)
		return result;
	capacity = fs_piece(node.size, offset, capacity);
	while (!result && *length < capacity) {
		uint32_t from = (uint32_t)(offset % f->cluster), n = capacity - *length, more;
		uint32_t index = (uint32_t)(offset / f->cluster), next;

		result = fat_nth(f, node.first, index, &cluster);
		if (!result && !cluster)
			result = EUCLEAN;
		if (result)
			break;
		/* As far as the clusters lie side by side */
		for (more = f->cluster - from; more < n; more += f->cluster) {
			if (fat_nth(f, node.first, index + (from + more) / f->cluster, &next) ||
			    next != cluster + (from + more) / f->cluster)
				break;
		}
		n = more < n ? more : n;
		result = fs_disk_get(&f->disk, fat_cluster_offset(f, cluster) + from,
				     (char *)data + *length, n);
		*length += n;
		offset += n;
	}
	return result;
}
