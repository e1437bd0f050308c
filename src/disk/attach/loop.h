/* SPDX-License-Identifier: BSD-2-Clause */
/* loop.h - loop devices: made, given partitions, let go */
#ifndef NACRE_DISK_ATTACH_LOOP_H
#define NACRE_DISK_ATTACH_LOOP_H

#include <nacre/error.h>

#include <stdbool.h>
#include <stdint.h>

/** struct nacre_loop - @fd keeps the device: it goes with the last descriptor and mount of it */
struct nacre_loop {
	int number, fd;
	char path[32];				/* "/dev/loop3" */
	uint64_t backing_device, backing_inode; /* of the file that it lies on */
};

/**
 * nacre_loop_make() - a device on the whole of @file, which has @size bytes
 * @name: what it lies on, for those who list loop devices
 *
 * Direct I/O where the file has it, sectors of 512 bytes, partitions found by the kernel where it can.
 */
int nacre_loop_make(struct nacre_loop *loop, int file, uint64_t size, bool writable, const char *name,
		    struct nacre_error *e);
/** nacre_loop_add_partition() - tell the kernel of one, unless it has found it; bytes */
int nacre_loop_add_partition(const struct nacre_loop *loop, int number, uint64_t start, uint64_t length,
			     struct nacre_error *e);
/** nacre_loop_is() - does loop device @number still lie on this file? */
bool nacre_loop_is(int number, uint64_t backing_device, uint64_t backing_inode);
/** nacre_loop_release() - let a device go that lies on this file, at once or with its last user */
int nacre_loop_release(int number, uint64_t backing_device, uint64_t backing_inode, struct nacre_error *e);

#endif
