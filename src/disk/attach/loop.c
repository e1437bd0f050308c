/* SPDX-License-Identifier: BSD-2-Clause */
/* loop.c - loop devices: made, given partitions, let go
 *
 * Source: the kernel's include/uapi/linux/loop.h and drivers/block/loop.c. A number that the kernel calls free
 * may be taken by somebody else before it is configured: then the next one is asked for.
 */
#include "loop.h"

#include "base/auto.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/blkpg.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

enum { TRIES = 64, SECTOR = 512 };

static int open_number(int number, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/loop%d", number);
	return open(path, flags | O_CLOEXEC);
}

static int no_device(const struct nacre_loop *loop, struct nacre_error *e)
{
	return nacre_error_set(e, NACRE_E_SUPPORT, errno, loop->path,
			       errno == ENOENT ? "is missing: /dev does not follow the kernel here; make it "
						 "(mknod %s b 7 %d), or use --file"
					       : "cannot be opened as %s (7:%d)",
			       loop->path, loop->number);
}

static int configure(struct nacre_loop *loop, int file, uint64_t size, bool writable, const char *name,
		     struct nacre_error *e)
{
	NACRE_AUTO_FD int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	struct loop_config config = {
		.fd = (uint32_t)file,
		.block_size = SECTOR,
		.info = {.lo_sizelimit = size,
			 .lo_flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_PARTSCAN | LO_FLAGS_DIRECT_IO |
				     (writable ? 0 : LO_FLAGS_READ_ONLY)}};

	if (control < 0)
		return nacre_error_set(e, NACRE_E_SUPPORT, errno, "/dev/loop-control",
				       "cannot be opened: there are no loop devices to be had; use --file");
	snprintf((char *)config.info.lo_file_name, sizeof(config.info.lo_file_name), "%s", name);
	for (int i = 0; i < TRIES; i++) {
		loop->number = ioctl(control, LOOP_CTL_GET_FREE);
		if (loop->number < 0)
			break;
		snprintf(loop->path, sizeof(loop->path), "/dev/loop%d", loop->number);
		loop->fd = open_number(loop->number, writable ? O_RDWR : O_RDONLY);
		if (loop->fd < 0)
			return no_device(loop, e);
		if (ioctl(loop->fd, LOOP_CONFIGURE, &config) == 0)
			return 0;
		close(nacre_steal_fd(&loop->fd));
		if (errno != EBUSY)
			break;
	}
	return nacre_error_set(e, NACRE_E_SYSTEM, errno, "loop", "no loop device can be made");
}

int nacre_loop_make(struct nacre_loop *loop, int file, uint64_t size, bool writable, const char *name,
		    struct nacre_error *e)
{
	struct loop_info64 info;

	*loop = (struct nacre_loop){.number = -1, .fd = -1};
	if (configure(loop, file, size, writable, name, e) < 0)
		return -1;
	if (ioctl(loop->fd, LOOP_GET_STATUS64, &info) == 0) {
		loop->backing_device = info.lo_device;
		loop->backing_inode = info.lo_inode;
		return 0;
	}
	nacre_error_set(e, NACRE_E_SYSTEM, errno, loop->path, "does not say what it lies on");
	close(nacre_steal_fd(&loop->fd));
	return -1;
}

int nacre_loop_add_partition(const struct nacre_loop *loop, int number, uint64_t start, uint64_t length,
			     struct nacre_error *e)
{
	struct blkpg_partition p = {.start = (long long)start, .length = (long long)length, .pno = number};
	struct blkpg_ioctl_arg arg = {.op = BLKPG_ADD_PARTITION, .datalen = sizeof(p), .data = &p};
	char known[64];
	struct stat st;

	snprintf(known, sizeof(known), "/sys/class/block/loop%dp%d", loop->number, number);
	if (stat(known, &st) == 0)
		return 0;
	if (ioctl(loop->fd, BLKPG, &arg) == 0 || errno == EBUSY) /* EBUSY: found meanwhile, or it overlaps one */
		return 0;
	return nacre_error_set(e, NACRE_E_SYSTEM, errno, loop->path, "partition %d cannot be shown", number);
}

static bool lies_on(int fd, uint64_t backing_device, uint64_t backing_inode)
{
	struct loop_info64 info;

	return ioctl(fd, LOOP_GET_STATUS64, &info) == 0 && info.lo_device == backing_device &&
	       info.lo_inode == backing_inode;
}

bool nacre_loop_is(int number, uint64_t backing_device, uint64_t backing_inode)
{
	NACRE_AUTO_FD int fd = open_number(number, O_RDONLY);

	return fd >= 0 && lies_on(fd, backing_device, backing_inode);
}

int nacre_loop_release(int number, uint64_t backing_device, uint64_t backing_inode, struct nacre_error *e)
{
	NACRE_AUTO_FD int fd = open_number(number, O_RDONLY);
	char path[32];

	snprintf(path, sizeof(path), "/dev/loop%d", number);
	if (fd < 0 || !lies_on(fd, backing_device, backing_inode))
		return 0;
	if (ioctl(fd, LOOP_CLR_FD) == 0 || errno == ENXIO)
		return 0;
	return nacre_error_set(e, NACRE_E_SYSTEM, errno, path, "cannot be let go");
}
