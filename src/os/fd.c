/* SPDX-License-Identifier: BSD-2-Clause */
/* fd.c - descriptors in somebody else's process, who may close them and use their numbers again */
#include "os/fd.h"

#include <sys/stat.h>
#include <unistd.h>

struct nacre_fd nacre_fd_own(int fd)
{
	struct nacre_fd f = {.fd = fd};
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0) {
		f.device = st.st_dev;
		f.inode = st.st_ino;
	}
	return f;
}

bool nacre_fd_ours(const struct nacre_fd *f)
{
	struct stat st;

	return f->fd >= 0 && fstat(f->fd, &st) == 0 && st.st_dev == f->device && st.st_ino == f->inode;
}

void nacre_fd_drop(struct nacre_fd *f)
{
	if (nacre_fd_ours(f))
		close(f->fd);
	*f = NACRE_NO_FD;
}
