/* SPDX-License-Identifier: BSD-2-Clause */
/* exports.c - what a shared object exports, read from its file without loading it */
#include "exports.h"

#include <base/auto.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct section {
	const Elf64_Shdr *header;
	const char *data;
	size_t size;
};

/* @size bytes at @offset, aligned for @align; NULL where the file does not hold them. */
static const void *inside(const struct wrap_exports *elf, uint64_t offset, uint64_t size,
			  size_t align)
{
	if (offset > elf->size || size > elf->size - offset || offset % align)
		return NULL;
	return elf->image + offset;
}

static int load(struct wrap_exports *elf, const char *path, struct nacre_error *e)
{
	NACRE_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	size_t done = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, path, "cannot be read");
	if (!S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(Elf64_Ehdr) || st.st_size > 1 << 30)
		return nacre_error_set(e, NACRE_E_INPUT, 0, path, "is not a shared object");
	elf->size = (size_t)st.st_size;
	elf->image = calloc(1, elf->size + 1);
	if (!elf->image)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, path, "cannot be read");
	while (done < elf->size) {
		ssize_t n = read(fd, elf->image + done, elf->size - done);

		if (n <= 0)
			return nacre_error_set(e, NACRE_E_SYSTEM, n ? errno : EIO, path,
					       "cannot be read");
		done += (size_t)n;
	}
	return 0;
}

/* The section of type @type; without one all members are 0. Return: false where it is malformed. */
static bool find_section(const struct wrap_exports *elf, uint32_t type, struct section *found)
{
	const Elf64_Ehdr *head = (const void *)elf->image;
	const Elf64_Shdr *list =
		inside(elf, head->e_shoff, (uint64_t)head->e_shnum * sizeof(*list), 8);

	memset(found, 0, sizeof(*found));
	for (unsigned i = 0; list && i < head->e_shnum; i++) {
		if (list[i].sh_type != type)
			continue;
		found->header = &list[i];
		found->data = inside(elf, list[i].sh_offset, list[i].sh_size, 1);
		found->size = list[i].sh_size;
		return found->data && list[i].sh_offset % 8 % (type == SHT_GNU_versym ? 2 : 4) == 0;
	}
	return list != NULL;
}

/* The string table that @s refers to. */
static struct section strings_of(const struct wrap_exports *elf, const struct section *s)
{
	const Elf64_Ehdr *head = (const void *)elf->image;
	const Elf64_Shdr *list =
		inside(elf, head->e_shoff, (uint64_t)head->e_shnum * sizeof(*list), 8);
	struct section none = {0};

	if (!list || !s->header || s->header->sh_link >= head->e_shnum)
		return none;
	list += s->header->sh_link;
	return (struct section){list, inside(elf, list->sh_offset, list->sh_size, 1),
				list->sh_size};
}

/* The string at @at, which must end within its table; "" otherwise. */
static const char *string_at(const struct section *strings, uint64_t at)
{
	if (!strings->data || at >= strings->size ||
	    !memchr(strings->data + at, 0, strings->size - at))
		return "";
	return strings->data + at;
}

static bool read_soname(struct wrap_exports *elf)
{
	struct section dynamic, strings;

	if (!find_section(elf, SHT_DYNAMIC, &dynamic))
		return false;
	strings = strings_of(elf, &dynamic);
	for (size_t i = 0; i < dynamic.size / sizeof(Elf64_Dyn); i++) {
		const Elf64_Dyn *d = (const Elf64_Dyn *)(const void *)dynamic.data + i;

		if (d->d_tag == DT_NULL)
			break;
		if (d->d_tag == DT_SONAME)
			elf->soname = string_at(&strings, d->d_un.d_val);
	}
	return true;
}

/* The names of version @definition and of its parent. */
static void read_version(struct wrap_exports *elf, const struct section *s,
			 const struct section *strings, size_t at, const Elf64_Verdef *definition)
{
	struct wrap_version *v = &elf->versions[elf->version_count];
	size_t aux = at + definition->vd_aux;

	*v = (struct wrap_version){"", ""};
	for (int i = 0; i < definition->vd_cnt && i < 2; i++) {
		const Elf64_Verdaux *a = (const void *)(s->data + aux);

		if (aux > s->size || s->size - aux < sizeof(*a) || aux % 4)
			break;
		*(i ? &v->parent : &v->name) = string_at(strings, a->vda_name);
		aux += a->vda_next;
	}
	elf->version_count++;
}

/* All versions that the file defines; indices[i] is the number that symbols use for it. */
static bool read_versions(struct wrap_exports *elf, uint16_t **indices)
{
	struct section s, strings;
	size_t count, at = 0;

	if (!find_section(elf, SHT_GNU_verdef, &s))
		return false;
	count = s.header ? s.header->sh_info : 0;
	if (count > s.size / sizeof(Elf64_Verdef))
		return false;
	elf->versions = calloc(count + 1, sizeof(*elf->versions));
	*indices = calloc(count + 1, sizeof(**indices));
	if (!elf->versions || !*indices)
		return false;
	strings = strings_of(elf, &s);
	for (size_t i = 0; i < count; i++) {
		const Elf64_Verdef *d = (const void *)(s.data + at);

		if (at > s.size || s.size - at < sizeof(*d) || at % 4)
			return false;
		(*indices)[elf->version_count] = d->vd_flags & VER_FLG_BASE ? 0 : d->vd_ndx;
		read_version(elf, &s, &strings, at, d);
		if (!d->vd_next)
			break;
		at += d->vd_next;
	}
	return true;
}

static const char *version_of(const struct wrap_exports *elf, const uint16_t *indices,
			      uint16_t number)
{
	for (size_t i = 0; i < elf->version_count; i++)
		if (indices[i] && indices[i] == (number & 0x7fff))
			return elf->versions[i].name;
	return "";
}

static bool read_symbols(struct wrap_exports *elf, const uint16_t *indices)
{
	struct section s, versions, strings;
	const uint16_t *numbers;
	size_t count;

	if (!find_section(elf, SHT_DYNSYM, &s) || !s.header ||
	    !find_section(elf, SHT_GNU_versym, &versions))
		return false;
	strings = strings_of(elf, &s);
	count = s.size / sizeof(Elf64_Sym);
	numbers = versions.size / 2 >= count ? (const void *)versions.data : NULL;
	elf->symbols = calloc(count + 1, sizeof(*elf->symbols));
	if (!elf->symbols || s.header->sh_offset % 8)
		return false;
	for (size_t i = 1; i < count; i++) {
		const Elf64_Sym *sym = (const Elf64_Sym *)(const void *)s.data + i;
		int type = ELF64_ST_TYPE(sym->st_info), bind = ELF64_ST_BIND(sym->st_info);
		struct wrap_symbol *to = &elf->symbols[elf->symbol_count];

		if (sym->st_shndx == SHN_UNDEF || sym->st_shndx == SHN_ABS || bind == STB_LOCAL ||
		    ELF64_ST_VISIBILITY(sym->st_other) == STV_HIDDEN)
			continue;
		to->name = string_at(&strings, sym->st_name);
		to->version = numbers ? version_of(elf, indices, numbers[i]) : "";
		to->default_version = !numbers || !(numbers[i] & 0x8000);
		to->function = type == STT_FUNC || type == STT_GNU_IFUNC;
		to->data = type == STT_OBJECT || type == STT_TLS || type == STT_COMMON;
		to->weak = bind == STB_WEAK || bind == STB_GNU_UNIQUE;
		elf->symbol_count++;
	}
	return true;
}

static bool is_shared_object(const struct wrap_exports *elf)
{
	const Elf64_Ehdr *head = (const void *)elf->image;

	return !memcmp(head->e_ident, ELFMAG, SELFMAG) && head->e_ident[EI_CLASS] == ELFCLASS64 &&
	       head->e_ident[EI_DATA] == ELFDATA2LSB && head->e_type == ET_DYN &&
	       head->e_shentsize == sizeof(Elf64_Shdr);
}

struct wrap_exports *wrap_exports_read(const char *path, struct nacre_error *e)
{
	struct wrap_exports *elf = calloc(1, sizeof(*elf));
	NACRE_AUTO_FREE uint16_t *indices = NULL;

	if (!elf || load(elf, path, e) < 0) {
		wrap_exports_free(elf);
		return NULL;
	}
	elf->soname = "";
	if (!is_shared_object(elf) || !read_soname(elf) || !read_versions(elf, &indices) ||
	    !read_symbols(elf, indices)) {
		nacre_error_set(e, NACRE_E_INPUT, 0, path,
				"is not a 64-bit shared object, or a damaged one");
		wrap_exports_free(elf);
		return NULL;
	}
	return elf;
}

void wrap_exports_free(struct wrap_exports *elf)
{
	if (!elf)
		return;
	free(elf->image);
	free(elf->symbols);
	free(elf->versions);
	free(elf);
}
