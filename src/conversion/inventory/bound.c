/* SPDX-License-Identifier: BSD-2-Clause */
/* bound.c - findings: what is bound to this computer or signed as it is, so that no fix-up can mend it */
#include "base/auto.h"
#include "conversion/inventory/parts.h"
#include "conversion/inventory/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 1 << 20 };

/* Kernel, initramfs and command line in one file, often signed: nothing can be put behind it. */
static void unified_kernels(struct nacre_inventory *inventory, struct look *look)
{
	static const char *const places[] = {"/boot/efi/EFI/Linux", "/efi/EFI/Linux", "/boot/EFI/Linux"};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct look_names names;

		look_list(look, places[i], &names);
		for (size_t k = 0; k < names.count; k++) {
			char name[64];

			if (!text_suffix(names.list[k].name, ".efi"))
				continue;
			text_copy(name, sizeof(name), names.list[k].name);
			nacre_inventory_find(inventory, NACRE_WARNING, "a unified kernel image",
					     "%s/%s is left as it is: it starts here only if virtio_blk is in its "
					     "initramfs; rebuild it with that driver first", places[i], name);
		}
		free(names.list);
	}
}

/* Cards that are chosen by driver: those of netplan. For systemd-networkd there is a fix. */
static void netplan(struct nacre_inventory *inventory, struct look *look)
{
	struct look_names names;
	char path[NACRE_FS_NAME + 32];

	look_list(look, "/etc/netplan", &names);
	for (size_t i = 0; i < names.count; i++) {
		NACRE_AUTO_FREE char *data = NULL;
		char *rest, *line;
		bool found = false;

		if (!text_suffix(names.list[i].name, ".yaml"))
			continue;
		snprintf(path, sizeof(path), "/etc/netplan/%s", names.list[i].name);
		rest = data = look_read(look, path, FILE_MAX);
		while (data && !found && (line = text_line(&rest)))
			found = !strncmp(text_trim(line), "driver:", 7);
		text_copy(path, sizeof(path), names.list[i].name);
		if (found)
			nacre_inventory_find(inventory, NACRE_WARNING, "a network card chosen by its driver",
					     "/etc/netplan/%.80s: the driver will be virtio_net; match macaddress instead",
					     path);
	}
	free(names.list);
}

void inventory_bound(struct nacre_inventory *inventory, struct look *look)
{
	unified_kernels(inventory, look);
	netplan(inventory, look);
	if (look_exists(look, "/etc/ima/ima-policy"))
		nacre_inventory_find(inventory, NACRE_WARNING, "files signed for IMA",
				     "those that are changed lose their signature: sign them anew, or start once with "
				     "ima_appraise=fix (/etc/ima/ima-policy)");
	if (inventory->disks[0].table.boot == NACRE_BOOT_LILO)
		nacre_inventory_find(inventory, NACRE_WARNING, "LILO",
				     "its map of the old disk still fits, but it gives the kernel the old root=: install GRUB "
				     "first");
}
