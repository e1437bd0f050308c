/* SPDX-License-Identifier: BSD-2-Clause */
/* whole.c - reads and writes of files that neither signals nor the kernel's limits cut short */
#include "os/whole.h"

#include <errno.h>
#include <unistd.h>

ssize_t nacre_read_at(int fd, void *data, size_t size, uint64_t at)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, (char *)data + done, size - done, (off_t)(at + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int nacre_write_at(int fd, const void *data, size_t size, uint64_t at)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pwrite(fd, (const char *)data + done, size - done, (off_t)(at + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n ? errno : ENOSPC;
			return -1;
		}
		done += (size_t)n;
	}
	return 0;
}
