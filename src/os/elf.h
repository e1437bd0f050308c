/* SPDX-License-Identifier: BSD-2-Clause */
/* elf.h - what kind of object a file is, read without trusting it */
#ifndef NACRE_OS_ELF_H
#define NACRE_OS_ELF_H

#include <nacre/error.h>

#include <stdbool.h>
#include <stdint.h>

/**
 * struct nacre_elf - the little that a loader decides by
 *
 * A file that is no ELF object has bits 0 and nothing else set; one of another word size or byte
 * order has only bits and native set.
 */
struct nacre_elf {
	int bits;     /* 64, 32, or 0: not ELF */
	bool native;  /* 64 bits, this machine's byte order and instruction set */
	bool program; /* can be started: ET_EXEC, or ET_DYN with an interpreter or marked PIE */
	bool shared;  /* ET_DYN with a dynamic section and not marked PIE: a library or plug-in */
	char interpreter[256]; /* PT_INTERP; "" for a static program and most libraries */
	char soname[256];      /* DT_SONAME or "" */
};

/**
 * nacre_elf_read() - look at the object in @fd; its offset does not matter and stays
 * @name: for messages
 *
 * Every offset and size is checked against the file and a fixed bound; nothing is mapped, so that a
 * file that shrinks meanwhile is an error and no signal. Return: -1 for a malformed object
 * (NACRE_E_INPUT) or a read error (NACRE_E_SYSTEM). Format: System V ABI, chapters 4 and 5.
 */
int nacre_elf_read(int fd, const char *name, struct nacre_elf *elf, struct nacre_error *e);

/** nacre_elf_open() - the same for the file @path */
int nacre_elf_open(const char *path, struct nacre_elf *elf, struct nacre_error *e);

#endif
