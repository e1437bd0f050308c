/* SPDX-License-Identifier: BSD-2-Clause */
/* elf.c - what kind of object a file is, read without trusting it */
#include "elf.h"

#include "base/auto.h"
#include "os/whole.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum {
	ELF_PHDRS = 128,    /* program headers; compilers make about a dozen */
	ELF_DYNAMIC = 16384 /* entries of the dynamic section */
};

#if defined(__x86_64__)
#define ELF_NATIVE EM_X86_64
#elif defined(__aarch64__)
#define ELF_NATIVE EM_AARCH64
#else
#error "name this machine's e_machine here"
#endif

/** struct object - one file while it is being read */
struct object {
	int fd;
	const char *name;
	Elf64_Phdr phdrs[ELF_PHDRS];
	unsigned count;
	struct nacre_error *e;
};

static int malformed(const struct object *o, const char *what)
{
	return nacre_error_set(o->e, NACRE_E_INPUT, 0, o->name, "malformed ELF object: %s", what);
}

/* Exactly @size bytes at @offset, or an error that names @what. */
static int fetch(const struct object *o, void *to, size_t size, uint64_t offset, const char *what)
{
	ssize_t n;

	if (offset > INT64_MAX - size)
		return malformed(o, what);
	n = nacre_read_at(o->fd, to, size, offset);
	if (n < 0)
		return nacre_error_set(o->e, NACRE_E_SYSTEM, errno, o->name, "cannot read");
	return (size_t)n < size ? malformed(o, what) : 0;
}

/* A string of the file that must end within @size bytes of @to. */
static int fetch_string(const struct object *o, char *to, size_t size, uint64_t offset,
			const char *what)
{
	ssize_t n;

	if (offset > INT64_MAX - size)
		return malformed(o, what);
	do
		n = pread(o->fd, to, size, (off_t)offset);
	while (n < 0 && errno == EINTR);
	if (n <= 0 || !memchr(to, 0, (size_t)n)) {
		to[0] = 0;
		return malformed(o, what);
	}
	return 0;
}

static const Elf64_Phdr *segment(const struct object *o, uint32_t type)
{
	for (unsigned i = 0; i < o->count; i++)
		if (o->phdrs[i].p_type == type)
			return &o->phdrs[i];
	return NULL;
}

/* Where in the file a virtual address is, by the PT_LOAD that holds it. */
static bool file_offset(const struct object *o, uint64_t address, uint64_t *offset)
{
	for (unsigned i = 0; i < o->count; i++) {
		const Elf64_Phdr *p = &o->phdrs[i];

		if (p->p_type == PT_LOAD && address >= p->p_vaddr &&
		    address - p->p_vaddr < p->p_filesz &&
		    p->p_offset <= UINT64_MAX - (address - p->p_vaddr)) {
			*offset = p->p_offset + (address - p->p_vaddr);
			return true;
		}
	}
	return false;
}

static int read_dynamic(const struct object *o, const Elf64_Phdr *dynamic, struct nacre_elf *elf,
			bool *pie)
{
	uint64_t strings = 0, soname = 0, offset;
	bool has_strings = false, has_soname = false;
	Elf64_Dyn d;

	for (uint64_t i = 0;; i++) {
		if (i == ELF_DYNAMIC || (i + 1) * sizeof(d) > dynamic->p_filesz)
			break;
		if (fetch(o, &d, sizeof(d), dynamic->p_offset + i * sizeof(d), "dynamic section"))
			return -1;
		if (d.d_tag == DT_NULL)
			break;
		if (d.d_tag == DT_STRTAB)
			has_strings = true, strings = d.d_un.d_ptr;
		else if (d.d_tag == DT_SONAME)
			has_soname = true, soname = d.d_un.d_val;
		else if (d.d_tag == DT_FLAGS_1)
			*pie = d.d_un.d_val & DF_1_PIE;
	}
	if (!has_soname)
		return 0;
	if (!has_strings || strings > UINT64_MAX - soname ||
	    !file_offset(o, strings + soname, &offset))
		return malformed(o, "its soname lies outside the file");
	return fetch_string(o, elf->soname, sizeof(elf->soname), offset, "its soname has no end");
}

static int read_segments(struct object *o, const Elf64_Ehdr *header, struct nacre_elf *elf)
{
	const Elf64_Phdr *interpreter, *dynamic;
	bool pie = false;

	if (header->e_phnum > ELF_PHDRS ||
	    (header->e_phnum && header->e_phentsize != sizeof(Elf64_Phdr)))
		return malformed(o, "program headers");
	if (fetch(o, o->phdrs, header->e_phnum * sizeof(Elf64_Phdr), header->e_phoff,
		  "program headers"))
		return -1;
	o->count = header->e_phnum;
	interpreter = segment(o, PT_INTERP);
	if (interpreter && fetch_string(o, elf->interpreter, sizeof(elf->interpreter),
					interpreter->p_offset, "interpreter"))
		return -1;
	dynamic = segment(o, PT_DYNAMIC);
	if (dynamic && read_dynamic(o, dynamic, elf, &pie))
		return -1;
	elf->program =
		header->e_type == ET_EXEC || (header->e_type == ET_DYN && (interpreter || pie));
	elf->shared = header->e_type == ET_DYN && dynamic && !pie;
	return 0;
}

int nacre_elf_read(int fd, const char *name, struct nacre_elf *elf, struct nacre_error *e)
{
	struct object o = {.fd = fd, .name = name, .e = e};
	Elf64_Ehdr header;
	ssize_t n;

	memset(elf, 0, sizeof(*elf));
	memset(&header, 0, sizeof(header));
	do
		n = pread(fd, &header, sizeof(header), 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, name, "cannot read");
	if (n < EI_NIDENT || memcmp(header.e_ident, ELFMAG, SELFMAG))
		return 0;
	elf->bits = header.e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
	if (elf->bits == 32 ||
	    header.e_ident[EI_DATA] != (BYTE_ORDER == LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB))
		return 0;
	if ((size_t)n < sizeof(header))
		return malformed(&o, "header");
	elf->native = header.e_machine == ELF_NATIVE;
	return read_segments(&o, &header, elf);
}

int nacre_elf_open(const char *path, struct nacre_elf *elf, struct nacre_error *e)
{
	NACRE_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	memset(elf, 0, sizeof(*elf));
	if (fd < 0)
		return nacre_error_set(e, errno == ENOENT ? NACRE_E_ABSENT : NACRE_E_SYSTEM, errno,
				       path, "cannot open");
	return nacre_elf_read(fd, path, elf, e);
}
