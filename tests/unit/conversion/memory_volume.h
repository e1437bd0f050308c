/* SPDX-License-Identifier: BSD-2-Clause */
/* memory_volume.h - a volume that lives in memory: what the tests of the tree need of volume.h */
#ifndef NACRE_TESTS_MEMORY_VOLUME_H
#define NACRE_TESTS_MEMORY_VOLUME_H

#include "fs/volume.h"

struct nacre_volume *memory_volume_new(void);
void memory_volume_free(struct nacre_volume *v);
/** memory_file() - make or replace a file, and the directories on the way */
void memory_file(struct nacre_volume *v, const char *path, const void *data, size_t size);
void memory_text(struct nacre_volume *v, const char *path, const char *text);
void memory_link(struct nacre_volume *v, const char *target, const char *path);
void memory_directory(struct nacre_volume *v, const char *path);
/** memory_picture() - all of it as text, times and owners too; to be freed */
char *memory_picture(struct nacre_volume *v);
/** memory_fail_after() - the change after @count more ones fails with EIO, and all after it; -1: none */
void memory_fail_after(struct nacre_volume *v, int count);
/** memory_fail_once() - the change after @count more ones fails, those after it do not */
void memory_fail_once(struct nacre_volume *v, int count);
/** memory_set_writable() - default true */
void memory_set_writable(struct nacre_volume *v, bool writable);
/** memory_calls() - how many calls were made */
int memory_calls(const struct nacre_volume *v);
struct nacre_fs_info *memory_info(struct nacre_volume *v);

#endif
