/* SPDX-License-Identifier: BSD-2-Clause */
/* mount.c - a file system mounted nowhere: it is there for who has its descriptor, and gone with that
 *
 * Sources: fsopen(2), fsmount(2); xfs(5); the kernel's fs/xfs/libxfs/xfs_fs.h (XFS_IOC_FSGEOMETRY_V1,
 * XFS_IOC_FSGROWFSDATA) and include/uapi/linux/btrfs.h.
 *
 * A copy has the UUID of its source, which may be mounted here. XFS is told so (nouuid). The kernel tells
 * btrfs volumes apart by nothing else: where one with this UUID is mounted, it could be taken for ours, so that
 * is refused; and after mounting, the device has to be among those of the volume.
 */
#include "exchange.h"

#include "base/auto.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BTRFS_SUPER_AT = 65536, BTRFS_UUID_AT = 32 };

struct xfs_geometry {
	uint32_t block, rtextent, ag_blocks, ag_count, log_blocks, sector, inode, imaxpct;
	uint64_t data_blocks, rt_blocks, rt_extents, log_start;
	uint8_t uuid[16];
	uint32_t unit, width;
	int32_t version;
	uint32_t flags, log_sector, rt_sector, directory_block;
};

struct xfs_growth {
	uint64_t blocks;
	uint32_t imaxpct;
};

#define XFS_GEOMETRY _IOR('X', 100, struct xfs_geometry)
#define XFS_GROW     _IOW('X', 110, struct xfs_growth)

/* What the kernel says about a mount that failed, in its last line: "e xfs: ..." */
static void explain(int fs, char *text, size_t size)
{
	ssize_t n;

	*text = 0;
	while ((n = read(fs, text, size - 1)) > 0)
		text[n] = 0;
	text[strcspn(text, "\n")] = 0;
}

/* "/sys/fs/btrfs/UUID" of the file system on @device. */
static int btrfs_place(const char *device, char *path, size_t size)
{
	NACRE_AUTO_FD int fd = open(device, O_RDONLY | O_CLOEXEC);
	uint8_t u[16];

	if (fd < 0 || pread(fd, u, sizeof(u), BTRFS_SUPER_AT + BTRFS_UUID_AT) != sizeof(u))
		return -1;
	snprintf(path, size, "/sys/fs/btrfs/%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0],
		 u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
	return 0;
}

static int refuse_twin(const char *device, struct nacre_error *e)
{
	char path[80];
	struct stat st;

	if (btrfs_place(device, path, sizeof(path)) < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, device, "cannot be read");
	if (stat(path, &st))
		return 0;
	return nacre_error_set(e, NACRE_E_SUPPORT, 0, device,
			       "a btrfs with its UUID is mounted here, and the kernel could take the one for the other; "
			       "unmount that first");
}

static bool is_ours(const char *device)
{
	const char *name = strrchr(device, '/');
	char path[160];
	size_t n;
	struct stat st;

	if (!name || btrfs_place(device, path, sizeof(path)) < 0)
		return false;
	n = strlen(path);
	return snprintf(path + n, sizeof(path) - n, "/devices%s", name) < (int)(sizeof(path) - n) && stat(path, &st) == 0;
}

/* So that it does not stand in for its source, which the kernel may look for later. */
static void forget_btrfs(const char *device)
{
	NACRE_AUTO_FD int control = open("/dev/btrfs-control", O_RDWR | O_CLOEXEC);
	struct btrfs_ioctl_vol_args args = {.fd = 0};

	snprintf(args.name, sizeof(args.name), "%s", device);
	if (control >= 0 && ioctl(control, BTRFS_IOC_FORGET_DEV, &args))
		return; /* before Linux 5.4 nothing can be forgotten */
}

static int configure(int fs, const char *device, const char *type)
{
	if (fsconfig(fs, FSCONFIG_SET_STRING, "source", device, 0))
		return -1;
	if (!strcmp(type, "xfs") && fsconfig(fs, FSCONFIG_SET_FLAG, "nouuid", NULL, 0))
		return -1;
	if (!strcmp(type, "btrfs") && fsconfig(fs, FSCONFIG_SET_STRING, "subvolid", "5", 0))
		return -1;
	return fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
}

int kernel_mount(const char *device, const char *type, struct nacre_error *e)
{
	NACRE_AUTO_FD int fs = fsopen(type, FSOPEN_CLOEXEC);
	bool btrfs = !strcmp(type, "btrfs");
	char why[160];
	int root = -1, sys;

	if (fs < 0)
		return nacre_error_set(e, NACRE_E_SUPPORT, errno, type, "this computer's kernel does not know it");
	if (btrfs && refuse_twin(device, e) < 0)
		return -1;
	if (configure(fs, device, type) == 0)
		root = fsmount(fs, FSMOUNT_CLOEXEC,
			       MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOATIME);
	if (root < 0) {
		sys = errno;
		explain(fs, why, sizeof(why));
		return nacre_error_set(e, NACRE_E_SYSTEM, sys, type, "this computer's kernel cannot mount it%s%.100s",
				       *why ? ": " : "", *why ? why + 2 * (why[1] == ' ') : "");
	}
	if (!btrfs || is_ours(device))
		return root;
	close(root);
	return nacre_error_set(e, NACRE_E_SUPPORT, 0, device, "the kernel took another btrfs with this UUID for it");
}

int kernel_unmount(int root, const char *device, const char *type)
{
	int result = kernel_write_back(root), fd;

	/* The last descriptor: when this is back, it is unmounted. */
	if (close(root) && !result)
		result = errno;
	if (!strcmp(type, "btrfs"))
		forget_btrfs(device);
	fd = open(device, O_RDWR | O_EXCL | O_CLOEXEC);
	if (fd < 0)
		return result ? result : errno;
	if (fsync(fd) && !result)
		result = errno;
	close(fd);
	return result;
}

static int resize_xfs(int root, uint64_t size)
{
	struct xfs_geometry g;
	struct xfs_growth growth;

	if (ioctl(root, XFS_GEOMETRY, &g))
		return errno;
	growth = (struct xfs_growth){.blocks = size / g.block, .imaxpct = g.imaxpct};
	if (growth.blocks <= g.data_blocks)
		return 0;
	return ioctl(root, XFS_GROW, &growth) ? errno : 0;
}

static int resize_btrfs(int root, uint64_t size)
{
	struct btrfs_ioctl_vol_args args = {.fd = 0};

	snprintf(args.name, sizeof(args.name), "%llu", (unsigned long long)size);
	return ioctl(root, BTRFS_IOC_RESIZE, &args) ? errno : 0;
}

int kernel_resize(int root, const char *type, uint64_t size)
{
	NACRE_AUTO_FD int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	return !strcmp(type, "xfs") ? resize_xfs(fd, size) : !strcmp(type, "btrfs") ? resize_btrfs(fd, size) : ENOTSUP;
}
