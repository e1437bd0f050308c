/* SPDX-License-Identifier: BSD-2-Clause */
/* keys.h - the keys of a drop-in file, for the parser and the writer */
#ifndef NACRE_REGISTRY_KEYS_H
#define NACRE_REGISTRY_KEYS_H

#include "registry.h"

#define REGISTRY_SUFFIX ".conf"

enum {
	REGISTRY_NAME_MAX = 64,		/* bytes of a registration's name */
	REGISTRY_LINE_MAX = 4096 + 256, /* bytes of a line: a key and a path */
	REGISTRY_LIST_MAX = 1024,	/* lines of one repeatable key */
	REGISTRY_FILE_MAX = 256 * 1024, /* bytes of a drop-in file */
	REGISTRY_FILES_MAX = 1024	/* drop-in files of one directory */
};

#define REGISTRY_TRAILER "nacre-registered"

/** struct nacre_registry_trailer - the last bytes of a file that carries its registration (see registry.h) */
struct nacre_registry_trailer {
	char name[REGISTRY_NAME_MAX]; /* padded with 0, which is not part of it */
	uint8_t size[8];	      /* bytes of text before this, little-endian */
	char magic[16];		      /* REGISTRY_TRAILER, without a 0 */
};

/** What a value must look like; from REGISTRY_PATHS on the key may be repeated. */
enum registry_kind {
	REGISTRY_PATH,	  /* absolute */
	REGISTRY_WORD,	  /* letters, digits, '.', '_', '-', '+', ':' */
	REGISTRY_BACKEND, /* one that this version has */
	REGISTRY_NUMBER,  /* decimal, at most .max */
	REGISTRY_PROFILE, /* balanced, latency, thrifty */
	REGISTRY_BOOL,	  /* yes, no */
	REGISTRY_PATHS,
	REGISTRY_SYSCALLS, /* lower-case letters, digits, '_' */
	REGISTRY_VARIABLES /* NAME=VALUE */
};

/** struct registry_key - one key and the member that holds its value */
struct registry_key {
	const char *name;
	enum registry_kind kind;
	size_t offset;
	uint32_t max;
	bool required;
};

/** The table of all keys, in the order in which they are written; ends with a NULL name. */
extern const struct registry_key nacre_registry_keys[];

/** nacre_registry_profile_name() - "balanced" for NACRE_PROFILE_BALANCED; NULL for no profile */
const char *nacre_registry_profile_name(enum nacre_profile profile);

/** nacre_registry_name_valid() - may @name (of @size bytes) name a registration? */
bool nacre_registry_name_valid(const char *name, size_t size);

/** nacre_registry_where() - "FILE:LINE" (0: "FILE") for an error's where, its end kept */
void nacre_registry_where(char where[48], const char *file, unsigned line);

/**
 * nacre_registration_parse() - read the text of one drop-in file; pure
 * @file: its name, for messages and for r->file
 * @name: becomes r->name
 *
 * Return: 0 with @r filled (nacre_registration_clear() frees it); -1 with @r zeroed.
 */
int nacre_registration_parse(struct nacre_registration *r, const char *file, const char *name,
			     const char *text, size_t size, struct nacre_error *e);

#endif
