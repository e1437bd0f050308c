/* SPDX-License-Identifier: BSD-2-Clause */
/* check.c - does each cluster belong to one chain at most? Asked before the first change */
#include "fat.h"

#include <errno.h>
#include <stdlib.h>

/** struct check - a bit for each cluster that was seen; the directories that are still to be read
 */
struct check {
	uint8_t *seen;
	uint32_t *todo;
	size_t count, room;
};

static int chain(struct nacre_fs *f, struct check *c, uint32_t first)
{
	int result;

	for (uint32_t at = first, next; at <= FAT_BAD; at = next) {
		if (!fat_is_cluster(f, at) || c->seen[at / 8] >> at % 8 & 1)
			return EUCLEAN;
		c->seen[at / 8] |= (uint8_t)(1U << at % 8);
		result = fat_get(f, at, &next);
		if (result)
			return result;
	}
	return 0;
}

static int push(struct check *c, uint32_t first)
{
	uint32_t *todo;

	if (c->count == c->room) {
		c->room = c->room ? 2 * c->room : 64;
		todo = reallocarray(c->todo, c->room, sizeof(*todo));
		if (!todo)
			return ENOMEM;
		c->todo = todo;
	}
	c->todo[c->count++] = first;
	return 0;
}

static int directory(struct nacre_fs *f, struct check *c, struct fat_dir dir)
{
	struct fat_node node;
	uint32_t index = 0;
	int result;

	while ((result = fat_next(f, dir, &index, &node)) == 0) {
		if (node.first && (result = chain(f, c, node.first)) != 0)
			return result;
		if (!node.first && node.attributes & FAT_DIRECTORY)
			return EUCLEAN;
		if (node.attributes & FAT_DIRECTORY && (result = push(c, node.first)) != 0)
			return result;
	}
	return result == ENOENT ? 0 : result;
}

int fat_check(struct nacre_fs *f)
{
	struct check c = {.seen = calloc(1, (size_t)f->clusters / 8 + 1 + 1)};
	int result = c.seen ? 0 : ENOMEM;

	if (!result && f->root)
		result = chain(f, &c, f->root);
	if (!result)
		result = directory(f, &c, (struct fat_dir){f->root});
	/* Each chain was seen once: there are no more directories than clusters. */
	while (!result && c.count)
		result = directory(f, &c, (struct fat_dir){c.todo[--c.count]});
	free(c.seen);
	free(c.todo);
	return result;
}
