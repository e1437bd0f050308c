/* SPDX-License-Identifier: BSD-2-Clause */
/* definition.c - write a machine's nacre.json and NAME.xml, for shell tests
 *
 *	definition DIRECTORY DISK FORMAT bios|uefi [MAC...]
 */
#include "machine/definition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int fail(const struct nacre_error *e)
{
	fprintf(stderr, "%s: %s\n", e->where, e->msg);
	return 1;
}

int main(int argc, char **argv)
{
	struct nacre_definition d;
	struct nacre_error e;
	char path[4096], *json, *xml;
	struct stat st;
	FILE *f;

	if (argc < 5 || nacre_definition_init(&d, strrchr(argv[1], '/') ? strrchr(argv[1], '/') + 1 : argv[1], &e))
		return 2;
	snprintf(path, sizeof(path), "%s/%s", argv[1], argv[2]);
	if (stat(path, &st))
		return 2;
	snprintf(d.disks[0].file, sizeof(d.disks[0].file), "%s", argv[2]);
	snprintf(d.disks[0].format, sizeof(d.disks[0].format), "%s", argv[3]);
	d.disk_count = 1;
	snprintf(d.os_name, sizeof(d.os_name), "A <system> & \"more\"");
	d.disks[0].size = (uint64_t)st.st_size;
	d.uefi = !strcmp(argv[4], "uefi");
	for (int i = 5; i < argc && d.nic_count < NACRE_DEFINITION_NICS; i++)
		snprintf(d.nics[d.nic_count++].mac, sizeof(d.nics[0].mac), "%s", argv[i]);
	json = nacre_definition_json(&d, &e);
	if (!json || nacre_definition_put(argv[1], "machine", json, &e))
		return fail(&e);
	xml = nacre_definition_libvirt(&d, argv[1], &e);
	if (!xml)
		return fail(&e);
	snprintf(path, sizeof(path), "%s/%s.xml", argv[1], d.name);
	f = fopen(path, "w");
	if (!f || fputs(xml, f) < 0 || fclose(f))
		return 1;
	free(json);
	free(xml);
	return 0;
}
