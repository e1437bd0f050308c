/* SPDX-License-Identifier: BSD-2-Clause */
/* cpio.h - "newc" archives as the kernel unpacks them, and where an initramfs ends
 *
 * Source: Documentation/driver-api/early-userspace/buffer-format.rst, init/initramfs.c,
 * lib/decompress_unlz4.c of Linux.
 */
#ifndef NACRE_CONVERSION_CPIO_H
#define NACRE_CONVERSION_CPIO_H

#include "base/text.h"

#include <nacre/error.h>

/** nacre_cpio_add() - a member at the end of @out; @mode with its kind; a link's data is its target */
void nacre_cpio_add(struct nacre_text *out, const char *name, uint32_t mode, const void *data, size_t size);
/** nacre_cpio_end() - the trailer */
void nacre_cpio_end(struct nacre_text *out);

/** Bytes of the initramfs: up to @size at @offset, *got less at its end. Return: 0, -1 */
typedef int (*nacre_initramfs_reader)(void *arg, uint64_t offset, void *data, size_t size, size_t *got);

/** struct nacre_initramfs_end - what stands at the end of an initramfs */
struct nacre_initramfs_end {
	bool lz4;  /* it ends within an LZ4 stream: what follows has to be one too */
};

/** nacre_initramfs_end() - walk the members as far as that is cheap. Return: 0, -1: it is no initramfs */
int nacre_initramfs_look(nacre_initramfs_reader read, void *arg, uint64_t size, struct nacre_initramfs_end *end);
/** nacre_lz4_store() - @size bytes as an LZ4 stream ("legacy" frame) of literals, at the end of @out */
void nacre_lz4_store(struct nacre_text *out, const void *data, size_t size);

#endif
