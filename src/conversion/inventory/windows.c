/* SPDX-License-Identifier: BSD-2-Clause */
/* windows.c - which Windows it is, by the version that its servicing directory is named after */
#include "conversion/inventory/parts.h"
#include "conversion/inventory/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *version, *name; /* the version's beginning; the longest first */
} names[] = {
	{"10.0.26", "Windows 11 24H2 or Server 2025"}, {"10.0.22", "Windows 11"}, {"10.0.20", "Windows Server 2022"},
	{"10.0.17763", "Windows 10 1809 or Server 2019"}, {"10.0.14393", "Windows 10 1607 or Server 2016"},
	{"10.0", "Windows 10"}, {"6.3", "Windows 8.1 or Server 2012 R2"}, {"6.2", "Windows 8 or Server 2012"},
	{"6.1", "Windows 7 or Server 2008 R2"}, {"6.0", "Windows Vista or Server 2008"}};

void inventory_windows(struct nacre_inventory *inventory, struct look *look)
{
	struct look_names versions;
	const char *newest = NULL;

	strcpy(inventory->os_id, "windows");
	strcpy(inventory->family, "windows");
	strcpy(inventory->os_name, "Windows");
	look_list(look, "/Windows/servicing/Version", &versions);
	for (size_t i = 0; i < versions.count; i++)
		if (!newest || strverscmp(versions.list[i].name, newest) > 0)
			newest = versions.list[i].name;
	for (size_t i = 0; newest && i < sizeof(names) / sizeof(names[0]); i++) {
		if (strncmp(newest, names[i].version, strlen(names[i].version)))
			continue;
		text_copy(inventory->os_version, sizeof(inventory->os_version), newest);
		strcpy(inventory->os_name, names[i].name);
		break;
	}
	free(versions.list);
	nacre_inventory_find(inventory, NACRE_OBSTACLE, "Windows",
			     "its disk can be copied, but nothing in it is changed: it may not find a virtio disk; "
			     "give the virtual machine an IDE or SATA disk first");
}
