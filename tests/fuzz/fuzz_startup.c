/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_startup.c - the start-up configuration of nacre-vproc */
#include "extension/vproc/startup.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nacre_startup startup;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	nacre_startup_read(fd, &startup, NULL);
	nacre_startup_free(&startup);
	return 0;
}
