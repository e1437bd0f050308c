/* SPDX-License-Identifier: BSD-2-Clause */
/* source.h - the disk that a user names: a file, a block device, or a mount point for what it is on */
#ifndef NACRE_CLI_SOURCE_H
#define NACRE_CLI_SOURCE_H

#include <nacre/error.h>

#include <stdbool.h>

/** struct cli_source - @path: of the file or device; @own: this computer runs from it; @device: it is a block device */
struct cli_source {
	char *path;
	bool own, device;
	char user[160]; /* what is using it: "/ and 2 more mount points", ""; nobody is seen to */
};

/** cli_source_find() - @name as the user gave it. Return: 0, or -1 with @e; cli_source_free() in any case */
int cli_source_find(const char *name, struct cli_source *source, struct nacre_error *e);
void cli_source_free(struct cli_source *source);
/**
 * cli_source_others() - what this computer has mounted from disks that are none of @sources
 * @except: a path: not from the file system that it is on; may be NULL
 * @each:   called for each mount point and each such disk below it, "/dev/sdb"; not for loop devices
 */
void cli_source_others(const struct cli_source *sources, int count, const char *except,
		       void (*each)(const char *where, const char *disk));

#endif
