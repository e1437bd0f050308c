/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_elf.c - any bytes as an ELF object: refused or described, within bounds */
#include "os/elf.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct nacre_error e = {.code = NACRE_OK};
	struct nacre_elf elf;

	if (fd < 0)
		fd = memfd_create("object", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	if (nacre_elf_read(fd, "object", &elf, &e) && e.code != NACRE_E_INPUT)
		abort();
	if (!memchr(elf.soname, 0, sizeof(elf.soname)) ||
	    !memchr(elf.interpreter, 0, sizeof(elf.interpreter)))
		abort();
	return 0;
}
