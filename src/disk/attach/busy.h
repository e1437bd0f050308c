/* SPDX-License-Identifier: BSD-2-Clause */
/* busy.h - who uses a block device, one of its partitions, or a file */
#ifndef NACRE_DISK_ATTACH_BUSY_H
#define NACRE_DISK_ATTACH_BUSY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/**
 * nacre_busy_find() - look for mounts (in every namespace that can be seen), swap, what lies on it, programs
 * @path:   the device, or a file
 * @except: processes that do not count, ended by 0
 * @who:    "mounted at /mnt", "swap", "open in dd (process 77)"
 */
bool nacre_busy_find(const char *path, const pid_t *except, char *who, size_t size);

#endif
