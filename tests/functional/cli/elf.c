/* SPDX-License-Identifier: BSD-2-Clause */
/* elf.c - objects are told apart, and a malformed one is an error whatever is wrong with it */
#include "os/elf.h"

#include "tap.h"

#include <elf.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

/* One file in memory with everything that the reader looks at. */
struct object {
	Elf64_Ehdr header;
	Elf64_Phdr segments[3];
	Elf64_Dyn dynamic[4];
	char strings[32];
	char interpreter[32];
};

#define ADDRESS 0x400000u

static struct object sample(void)
{
	struct object o = {.header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
						  ELFDATA2LSB, EV_CURRENT},
				      .e_type = ET_DYN,
#ifdef __x86_64__
				      .e_machine = EM_X86_64,
#else
				      .e_machine = EM_AARCH64,
#endif
				      .e_phoff = offsetof(struct object, segments),
				      .e_phentsize = sizeof(Elf64_Phdr),
				      .e_phnum = 3},
			   .strings = "\0libx.so.1",
			   .interpreter = "/lib64/ld-linux-x86-64.so.2"};

	o.segments[0] = (Elf64_Phdr){.p_type = PT_LOAD, .p_vaddr = ADDRESS, .p_filesz = sizeof(o)};
	o.segments[1] = (Elf64_Phdr){.p_type = PT_DYNAMIC,
				     .p_offset = offsetof(struct object, dynamic),
				     .p_filesz = sizeof(o.dynamic)};
	o.segments[2] =
		(Elf64_Phdr){.p_type = PT_NULL, .p_offset = offsetof(struct object, interpreter)};
	o.dynamic[0] = (Elf64_Dyn){DT_SONAME, {1}};
	o.dynamic[1] = (Elf64_Dyn){DT_STRTAB, {ADDRESS + offsetof(struct object, strings)}};
	o.dynamic[2] = (Elf64_Dyn){DT_FLAGS_1, {0}};
	return o;
}

static int read_bytes(const void *bytes, size_t size, struct nacre_elf *elf, struct nacre_error *e)
{
	int fd = memfd_create("object", MFD_CLOEXEC), result;

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		exit(99);
	result = nacre_elf_read(fd, "object", elf, e);
	close(fd);
	return result;
}

static void kinds_are_told_apart(void)
{
	struct object o = sample();
	struct nacre_elf elf;

	tap_ok(read_bytes(&o, sizeof(o), &elf, NULL) == 0 && elf.shared && !elf.program &&
		       elf.native,
	       "a library is a library");
	tap_is_string(elf.soname, "libx.so.1", "its soname is found");
	o.dynamic[2].d_un.d_val = DF_1_PIE;
	tap_ok(read_bytes(&o, sizeof(o), &elf, NULL) == 0 && elf.program && !elf.shared &&
		       !elf.interpreter[0],
	       "a static position-independent program is a program");
	o.segments[2].p_type = PT_INTERP;
	tap_ok(read_bytes(&o, sizeof(o), &elf, NULL) == 0 && elf.program &&
		       !strcmp(elf.interpreter, "/lib64/ld-linux-x86-64.so.2"),
	       "a dynamic program has its interpreter");
	o.header.e_type = ET_EXEC;
	tap_ok(read_bytes(&o, sizeof(o), &elf, NULL) == 0 && elf.program, "so has an old one");
	o.header.e_ident[EI_CLASS] = ELFCLASS32;
	tap_ok(read_bytes(&o, sizeof(o), &elf, NULL) == 0 && elf.bits == 32 && !elf.native,
	       "32 bits are seen");
	tap_ok(read_bytes("#!/bin/sh\n", 10, &elf, NULL) == 0 && elf.bits == 0,
	       "a script is no object");
	tap_ok(read_bytes("", 0, &elf, NULL) == 0 && elf.bits == 0, "an empty file is none");
	tap_ok(nacre_elf_open("/nonexistent", &elf, NULL) < 0, "a missing file is an error");
	tap_ok(nacre_elf_open("/", &elf, NULL) < 0, "a directory is an error");
	tap_ok(nacre_elf_open("/proc/self/exe", &elf, NULL) == 0 && elf.program && elf.native &&
		       elf.interpreter[0],
	       "this program is recognised");
}

static void refused(const struct object *o, size_t size, const char *what)
{
	struct nacre_error e = {.code = NACRE_OK};
	struct nacre_elf elf;

	tap_ok(read_bytes(o, size, &elf, &e) < 0 && e.code == NACRE_E_INPUT, "%s is refused", what);
}

static void malformed_objects_are_refused(void)
{
	struct object o = sample();

	refused(&o, 40, "a header that is cut off");
	refused(&o, sizeof(o.header) + 20, "a segment table that is cut off");
	refused(&o, offsetof(struct object, dynamic) + 8, "a dynamic section that is cut off");
	o.header.e_phoff = UINT64_MAX - 8;
	refused(&o, sizeof(o), "a segment table at the end of the address space");
	o = sample();
	o.header.e_phentsize = 1;
	refused(&o, sizeof(o), "a segment table of another size");
	o = sample();
	o.header.e_phnum = 0xffff;
	refused(&o, sizeof(o), "a segment table without measure");
	o = sample();
	o.dynamic[0].d_un.d_val = UINT64_MAX;
	refused(&o, sizeof(o), "a soname beyond the address space");
	o = sample();
	o.dynamic[0].d_un.d_val = 1 << 20;
	refused(&o, sizeof(o), "a soname outside the segments");
	o = sample();
	o.dynamic[1].d_tag = DT_DEBUG;
	refused(&o, sizeof(o), "a soname without a string table");
	o = sample();
	o.segments[0].p_offset = UINT64_MAX;
	refused(&o, sizeof(o), "a segment at the end of the address space");
	o = sample();
	o.segments[2].p_type = PT_INTERP;
	memset(o.interpreter, 'x', sizeof(o.interpreter));
	refused(&o, sizeof(o), "an interpreter without an end");
	o = sample();
	o.segments[1].p_filesz = UINT64_MAX;
	o.dynamic[3] = (Elf64_Dyn){DT_DEBUG, {0}};
	memset(o.strings, 0x11, sizeof(o.strings) + sizeof(o.interpreter));
	refused(&o, sizeof(o), "a dynamic section without an end");
}

int main(void)
{
	kinds_are_told_apart();
	malformed_objects_are_refused();
	return tap_done();
}
