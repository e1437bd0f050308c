/* SPDX-License-Identifier: BSD-2-Clause */
/* exchange.h - what is said between a volume that the kernel has mounted and the process that has the mount
 *
 * DOC: Theory of Operation
 *
 * One page of questions in memory that both map; a byte on a socket hands it over, and another one back. So
 * there is one question at a time, and who waits can hear the end of the other, or give up. Both are this
 * program's, but what comes back is somebody's file system: it is copied once, and what the volume's caller
 * would rely on is checked (files.c).
 */
#ifndef NACRE_FS_KERNEL_EXCHANGE_H
#define NACRE_FS_KERNEL_EXCHANGE_H

#include <nacre/error.h>
#include <nacre/fs.h>

/* The descriptors that the process starts with. */
enum { KERNEL_SOCKET = 3, KERNEL_MEMORY = 4, KERNEL_DEVICE = 5 };

enum kernel_question {
	KERNEL_MOUNT, /* @path: the device, @other: the type; the error is in words */
	KERNEL_UNMOUNT,
	KERNEL_SYNC,
	KERNEL_DESCRIBE, /* what is free; the rest the driver knows */
	KERNEL_STAT,
	KERNEL_LIST,
	KERNEL_READ_LINK,
	KERNEL_READ,
	KERNEL_CREATE,
	KERNEL_WRITE,
	KERNEL_TRUNCATE,
	KERNEL_LINK,
	KERNEL_REMOVE,
	KERNEL_RENAME,
	KERNEL_GET_ATTRIBUTE,
	KERNEL_SET_ATTRIBUTE,
	KERNEL_LIST_ATTRIBUTES,
	KERNEL_SET_OWNER,
	KERNEL_SET_TIMES,
	KERNEL_RESIZE,
	KERNEL_QUESTIONS
};

/** struct kernel_exchange - the arguments as fs.h has them, then what comes back */
struct kernel_exchange {
	uint32_t question; /* enum kernel_question */
	int32_t result;	   /* 0 or errno */
	uint64_t offset;   /* or size, or cursor */
	int64_t mtime;
	uint32_t capacity, size; /* wanted; there */
	uint32_t mode, uid, gid, nanoseconds;
	char path[NACRE_FS_PATH], other[NACRE_FS_PATH]; /* second path, target, name of an attribute */
	struct nacre_error error;
	union {
		struct nacre_fs_stat stat;
		struct nacre_fs_info info;
		struct nacre_fs_entry entries[NACRE_FS_LIST];
		uint8_t bytes[NACRE_FS_CHUNK];
	};
};

/* files.c, in the process that has the mount */
/** kernel_answer() - do what @x asks below the directory @root */
int kernel_answer(int root, struct kernel_exchange *x);
/** kernel_sync() - all that was written is on the device. Return: 0 or errno */
int kernel_write_back(int root);

/* mount.c */
/** kernel_mount() - the file system on @device, mounted nowhere. Return: a descriptor of its root, -1 */
int kernel_mount(const char *device, const char *type, struct nacre_error *e);
/** kernel_unmount() - all is written, and the device is free again; @root is taken over. Return: 0 or errno */
int kernel_unmount(int root, const char *device, const char *type);
/** kernel_resize() - let the file system take @size bytes of its device. Return: 0 or errno */
int kernel_resize(int root, const char *type, uint64_t size);

#endif
