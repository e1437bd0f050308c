/* SPDX-License-Identifier: BSD-2-Clause */
/* whole.h - reads and writes of files that neither signals nor the kernel's limits cut short */
#ifndef NACRE_OS_WHOLE_H
#define NACRE_OS_WHOLE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** nacre_read_at() - @size bytes at byte @at. Return: how many; fewer: the file ends there. -1 with errno: not all can be read */
ssize_t nacre_read_at(int fd, void *data, size_t size, uint64_t at);
/** nacre_write_at() - all of it. Return: 0, -1 with errno; then some may be written */
int nacre_write_at(int fd, const void *data, size_t size, uint64_t at);

#endif
