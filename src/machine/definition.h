/* SPDX-License-Identifier: BSD-2-Clause */
/* definition.h - the virtual machine around the disk (C11, C12): for libvirt and for ourselves */
#ifndef NACRE_MACHINE_DEFINITION_H
#define NACRE_MACHINE_DEFINITION_H

#include <nacre/error.h>

#include <stdbool.h>
#include <stdint.h>

enum { NACRE_DEFINITION_NICS = 16 };

/** struct nacre_definition - @memory_mb and @cpus: of the source, or what the user said */
struct nacre_definition {
	char name[64];
	char uuid[40];
	char disk[256];         /* file in the virtual machine's directory */
	char format[16];        /* "vhd" (qemu: vpc) or "raw" */
	uint64_t size;          /* bytes of the disk */
	char architecture[16];  /* "x86_64" */
	bool uefi;
	uint32_t memory_mb, cpus;
	struct { char mac[20]; char name[32]; } nics[NACRE_DEFINITION_NICS];
	int nic_count;
	char os_id[32], os_name[96];
};

/** nacre_definition_libvirt() - the domain as XML, in new memory; paths absolute */
char *nacre_definition_libvirt(const struct nacre_definition *d, const char *directory,
			       struct nacre_error *e);
/** nacre_definition_json() - the object "machine" of nacre.json, in new memory */
char *nacre_definition_json(const struct nacre_definition *d, struct nacre_error *e);
/** nacre_definition_read() - from DIRECTORY/nacre.json, checked like any file that others wrote */
int nacre_definition_read(const char *directory, struct nacre_definition *d, struct nacre_error *e);

#endif
