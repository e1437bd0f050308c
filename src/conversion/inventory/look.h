/* SPDX-License-Identifier: BSD-2-Clause */
/* look.h - the machine's files over all its volumes, read as the machine would see them
 *
 * Paths are absolute and of the machine: links are followed within it, mount points are crossed. A file
 * that cannot be read counts as absent; if that is not because it is absent, a finding says so.
 */
#ifndef NACRE_CONVERSION_LOOK_H
#define NACRE_CONVERSION_LOOK_H

#include "conversion/inventory/inventory.h"

#include <stdbool.h>

/** struct look_name - an element of a directory; @type: S_IFMT bits, or 0 */
struct look_name {
	char name[NACRE_FS_NAME];
	uint32_t type;
};

/** struct look_names - a directory, sorted by bytes; zero-initialised, free() its list */
struct look_names {
	struct look_name *list;
	size_t count;
};

struct look; /* remembers directories that were walked */

struct look *look_new(struct nacre_inventory *inventory);
void look_free(struct look *look);
/** look_forget() - mount points have changed */
void look_forget(struct look *look);
bool look_exists(struct look *look, const char *path);
/** look_place() - the place that the file @path is on, and the path there, @size bytes. Return: place, -1: no file */
int look_place(struct look *look, const char *path, char *there, size_t size);
bool look_directory(struct look *look, const char *path);
/** look_read() - at most @most bytes of a file, as text in new memory without bytes of 0 inside; NULL: absent */
char *look_read(struct look *look, const char *path, size_t most);
/** look_bytes() - the first bytes of a file. Return: how many, 0: absent */
size_t look_bytes(struct look *look, const char *path, void *data, size_t size);
/** look_list() - the names in a directory; none if it is absent */
void look_list(struct look *look, const char *path, struct look_names *names);
bool look_has(const struct look_names *names, const char *name);

#endif
