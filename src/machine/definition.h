/* SPDX-License-Identifier: BSD-2-Clause */
/* definition.h - the virtual machine around its disks (C11, C12): for libvirt and for ourselves */
#ifndef NACRE_MACHINE_DEFINITION_H
#define NACRE_MACHINE_DEFINITION_H

#include <nacre/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NACRE_DEFINITION_NICS = 16, NACRE_DEFINITION_DISKS = 16 };

/* The parts of a virtual machine's directory. */
#define NACRE_DEFINITION_FILE "nacre.json"
#define NACRE_DEFINITION_VARS "efivars.fd" /* its copy of the firmware's variables, where it has UEFI */

/** struct nacre_definition_disk - one disk */
struct nacre_definition_disk {
	char file[64];          /* in the virtual machine's directory */
	char format[16];        /* "vhd" (qemu: vpc) or "raw" */
	uint64_t size;          /* bytes, a multiple of 512 */
};

/** struct nacre_definition - @memory_mb and @cpus: of the source, or what the user said */
struct nacre_definition {
	char name[64];          /* letters, digits, '.', '_', '+', '-'; the first a letter or a digit */
	char uuid[40];
	struct nacre_definition_disk disks[NACRE_DEFINITION_DISKS]; /* the first is the one that is booted from */
	int disk_count;
	char architecture[16];  /* "x86_64" or "i686" */
	bool uefi;
	uint32_t memory_mb, cpus;
	struct { char mac[20]; char name[32]; } nics[NACRE_DEFINITION_NICS];
	int nic_count;
	char os_id[32], os_name[96];
};

/**
 * nacre_definition_init() - the defaults: x86_64, BIOS, 2048 MiB, 2 CPUs, no NIC, a new random UUID
 * @name: any text; what a name cannot have becomes a hyphen
 */
int nacre_definition_init(struct nacre_definition *d, const char *name, struct nacre_error *e);
/** nacre_definition_check() - does every member hold what its comment says? The message names the one that does not */
int nacre_definition_check(const struct nacre_definition *d, struct nacre_error *e);

/** nacre_definition_libvirt() - the domain as XML, in new memory; paths absolute */
char *nacre_definition_libvirt(const struct nacre_definition *d, const char *directory,
			       struct nacre_error *e);
/** nacre_definition_json() - the object "machine" of nacre.json, in new memory */
char *nacre_definition_json(const struct nacre_definition *d, struct nacre_error *e);
/**
 * nacre_definition_read() - from DIRECTORY/nacre.json, checked like any file that others wrote
 *
 * An unknown member of "machine" is an error, so that a misspelt one is not overlooked; other
 * members of the file are not looked at.
 */
int nacre_definition_read(const char *directory, struct nacre_definition *d, struct nacre_error *e);
/** nacre_definition_parse() - the same from @text, which needs no 0 at its end; @where: for messages */
int nacre_definition_parse(const char *text, size_t size, const char *where, struct nacre_definition *d,
			   struct nacre_error *e);
/**
 * nacre_definition_put() - set one member of DIRECTORY/nacre.json to the JSON in @text; the others stay
 *
 * The file is replaced as a whole, and made where it is not there yet: whoever reads it sees the old
 * one or the new one.
 */
int nacre_definition_put(const char *directory, const char *member, const char *text,
			 struct nacre_error *e);

/** struct nacre_firmware - UEFI for virtual machines, as distributions install it */
struct nacre_firmware {
	const char *code, *vars; /* absolute paths; @vars is the template */
};
/** nacre_firmware_find() - what this computer has, or NULL with a word on what to install */
const struct nacre_firmware *nacre_firmware_find(struct nacre_error *e);

#endif
