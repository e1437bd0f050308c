/* SPDX-License-Identifier: BSD-2-Clause */
/* kernel.h - a volume that this computer's kernel mounts, behind the same functions as a driver's */
#ifndef NACRE_FS_KERNEL_H
#define NACRE_FS_KERNEL_H

#include "host.h"

/** nacre_kernel_calls - fs.h on a volume of nacre_kernel_open(); `open` and `map` are not among them */
extern const struct nacre_fs_calls nacre_kernel_calls;

/** nacre_kernel_knows() - is @type one that no driver writes, and the kernel does? */
bool nacre_kernel_knows(const char *type);
/**
 * nacre_kernel_open() - mount [start, start + length) of @image, which stays the caller's, for writing
 * @program:     nacre-mount
 * @deadline_ms: of one call; 0: a minute
 * @info:        what the driver says about it, kept as the answer to describe, but for what is free
 *
 * Needs root. nacre_kernel_calls.close() unmounts; its 0 means that all that was written is in the image.
 */
int nacre_kernel_open(struct nacre_image *image, uint64_t start, uint64_t length, const char *type,
		      const char *program, uint32_t deadline_ms, const struct nacre_fs_info *info,
		      struct nacre_fs **fs, struct nacre_error *e);

#endif
