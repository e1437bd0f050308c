/* SPDX-License-Identifier: BSD-2-Clause */
/* exports.h - what a shared object exports, read from its file without loading it
 *
 * Format: System V gABI, ELF-64; symbol versions as the Linux Standard Base describes them. Every
 * offset and count of the file is checked against its size: the file is not trusted.
 */
#ifndef NACRE_WRAP_EXPORTS_H
#define NACRE_WRAP_EXPORTS_H

#include <nacre/error.h>

#include <stdbool.h>
#include <stddef.h>

/** struct wrap_symbol - one exported symbol; version "" where it has none */
struct wrap_symbol {
	const char *name, *version;
	bool function, data, weak, default_version;
};

/** struct wrap_version - a version that the file defines, and the one that it builds on */
struct wrap_version {
	const char *name, *parent; /* parent: "" where there is none */
};

/** struct wrap_exports - strings lie in @image */
struct wrap_exports {
	char *image;
	size_t size;
	const char *soname; /* "" where there is none */
	struct wrap_symbol *symbols;
	size_t symbol_count;
	struct wrap_version *versions;
	size_t version_count;
};

/** wrap_exports_read() - Return: to be freed with wrap_exports_free(); NULL on error */
struct wrap_exports *wrap_exports_read(const char *path, struct nacre_error *e);
void wrap_exports_free(struct wrap_exports *elf);

#endif
