/* SPDX-License-Identifier: BSD-2-Clause */
/* slots.c - directories: from slots to names, from paths to slots */
#include "fat.h"
#include "fs/driver/bytes.h"

#include <errno.h>
#include <string.h>

/** struct long_name - parts of a long name, as far as they came; @left: parts that are still to
 * come, -1: none */
struct long_name {
	int left;
	uint8_t checksum;
	uint32_t slot;
	size_t count;
	uint8_t units[20 * 13 * 2];
};

uint8_t fat_checksum(const uint8_t *name)
{
	uint8_t sum = 0;

	for (int i = 0; i < 11; i++)
		sum = (uint8_t)((sum << 7 | sum >> 1) + name[i]);
	return sum;
}

int fat_slot_offset(struct nacre_fs *f, struct fat_dir dir, uint32_t index, uint64_t *offset)
{
	uint32_t each = f->cluster / FAT_SLOT, cluster;
	int result;

	*offset = 0;
	if (!dir.first) {
		if (index < f->fixed_slots)
			*offset = f->fixed_root + (uint64_t)index * FAT_SLOT;
		return 0;
	}
	if (index >= FAT_SLOTS_MOST)
		return 0;
	result = fat_nth(f, dir.first, index / each, &cluster);
	if (!result && cluster)
		*offset = fat_cluster_offset(f, cluster) + (uint64_t)(index % each) * FAT_SLOT;
	return result;
}

/* One more part. Anything that does not continue what came before begins anew, or is nothing. */
static void add_part(struct long_name *l, const uint8_t *slot, uint32_t index)
{
	static const uint8_t at[13] = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};
	int order = slot[0] & 0x3f;

	if (slot[0] & 0x40 && order >= 1 && order <= 20) {
		l->left = order;
		l->checksum = slot[13];
		l->slot = index;
		l->count = (size_t)order * 13;
	}
	if (l->left != order || l->checksum != slot[13] || slot[12] || order < 1) {
		l->left = -1;
		return;
	}
	l->left--;
	for (int i = 0; i < 13; i++)
		memcpy(l->units + 2 * (l->left * 13 + i), slot + at[i], 2);
}

static void fill(struct nacre_fs *f, const uint8_t *slot, const struct long_name *l,
		 struct fat_node *node)
{
	size_t count = 0;

	memcpy(node->short_name, slot, 11);
	node->attributes = slot[11];
	node->time = le16(slot + 22);
	node->date = le16(slot + 24);
	node->first = le16(slot + 26) | (f->bits == 32 ? (uint32_t)le16(slot + 20) << 16 : 0);
	node->size = node->attributes & FAT_DIRECTORY ? 0 : le32(slot + 28);
	fat_short_text(slot, slot[12], node->short_text, sizeof(node->short_text));
	strcpy(node->name, node->short_text);
	node->long_slot = node->slot;
	if (l->left || l->checksum != fat_checksum(slot))
		return;
	node->long_slot = l->slot;
	while (count < l->count && le16(l->units + 2 * count))
		count++;
	/* A long name that does not fit into fs.h's is known by its short one. */
	if (count > FAT_UNITS || !fs_utf16_to_8(l->units, count, node->name, sizeof(node->name)))
		strcpy(node->name, node->short_text);
}

int fat_next(struct nacre_fs *f, struct fat_dir dir, uint32_t *index, struct fat_node *node)
{
	struct long_name l = {.left = -1};
	uint8_t slot[FAT_SLOT];
	uint64_t offset;
	int result;

	for (;; ++*index) {
		result = fat_slot_offset(f, dir, *index, &offset);
		if (!result && offset)
			result = fs_disk_get(&f->disk, offset, slot, sizeof(slot));
		if (result)
			return result;
		if (!offset || !slot[0])
			return ENOENT;
		if (slot[0] == 0xe5) {
			l.left = -1;
		} else if ((slot[11] & 0x3f) == FAT_LONG) {
			add_part(&l, slot, *index);
		} else if (slot[11] & FAT_LABEL || !memcmp(slot, ".          ", 11) ||
			   !memcmp(slot, "..         ", 11)) {
			l.left = -1;
		} else {
			*node = (struct fat_node){.parent = dir, .slot = *index, .at = offset};
			fill(f, slot, &l, node);
			++*index;
			return 0;
		}
	}
}

int fat_label(struct nacre_fs *f, char *text, size_t capacity)
{
	struct fat_dir root = {f->root};
	uint8_t slot[FAT_SLOT];
	uint64_t offset;
	size_t n = 11;
	int result;

	for (uint32_t i = 0;; i++) {
		result = fat_slot_offset(f, root, i, &offset);
		if (!result && offset)
			result = fs_disk_get(&f->disk, offset, slot, sizeof(slot));
		if (result || !offset || !slot[0])
			return result;
		if (slot[0] != 0xe5 && (slot[11] & 0x3f) != FAT_LONG && slot[11] & FAT_LABEL)
			break;
	}
	/* Not a name with a dot in it: all eleven characters, of which blanks at the end do not
	 * count. */
	while (n && slot[n - 1] == ' ')
		n--;
	text[0] = 0;
	for (size_t i = 0; i < n; i++) {
		uint8_t one[11] = "           ";
		char c[8];

		one[0] = slot[i];
		fat_short_text(one, 0, c, sizeof(c));
		if (slot[i] == ' ')
			strcpy(c, " ");
		if (strlen(text) + strlen(c) < capacity)
			strcat(text, c);
	}
	return 0;
}

int fat_find_in(struct nacre_fs *f, struct fat_dir dir, const char *name, struct fat_node *node)
{
	uint32_t index = 0;
	int result;

	while ((result = fat_next(f, dir, &index, node)) == 0)
		if (fs_same_name(name, node->name) || fs_same_name(name, node->short_text))
			return 0;
	return result;
}

int fat_find(struct nacre_fs *f, const char *path, struct fat_node *node)
{
	struct fs_walk w = {.rest = path};
	int more, result = 0;

	*node = (struct fat_node){.root = true, .first = f->root, .attributes = FAT_DIRECTORY};
	while ((more = fs_walk_next(&w, &result)) > 0) {
		if (!(node->attributes & FAT_DIRECTORY))
			return ENOTDIR;
		if (!node->first && !node->root)
			return EUCLEAN;
		result = fat_find_in(f, (struct fat_dir){node->first}, w.name, node);
		if (result)
			return result;
	}
	return result;
}
