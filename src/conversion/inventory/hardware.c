/* SPDX-License-Identifier: BSD-2-Clause */
/* hardware.c - findings: what the machine has that a virtual machine has no device for
 *
 * Each is told by a file that only its owner has. What is merely useless (microcode, a sensor's daemon)
 * is a note; what keeps the boot waiting or fails loudly is a warning.
 */
#include "base/auto.h"
#include "conversion/inventory/parts.h"
#include "conversion/inventory/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { FILE_MAX = 1 << 20 };

static const struct {
	const char *file, *what, *why;
	enum nacre_severity severity;
} owners[] = {
	{"/etc/multipath.conf", "multipath", "a virtual disk has one path: its names /dev/mapper/mpath* are gone",
	 NACRE_WARNING},
	{"/etc/multipath/bindings", "multipath names", "they are bound to the WWIDs of the old disks", NACRE_WARNING},
	{"/usr/sbin/smartd", "smartd", "virtual disks have no SMART: the service ends with an error", NACRE_NOTE},
	{"/usr/sbin/mcelog", "mcelog", "machine checks are the host's business", NACRE_NOTE},
	{"/usr/sbin/rasdaemon", "rasdaemon", "memory errors are the host's business", NACRE_NOTE},
	{"/usr/sbin/thermald", "thermald", "a virtual machine has no temperature", NACRE_NOTE},
	{"/usr/sbin/fancontrol", "fancontrol", "a virtual machine has no fans: the service fails", NACRE_WARNING},
	{"/etc/sensors.d", "lm-sensors", "a virtual machine has no sensors", NACRE_NOTE},
	{"/usr/sbin/ipmievd", "IPMI", "a virtual machine has no BMC: the service fails", NACRE_WARNING},
	{"/etc/default/openipmi", "IPMI", "a virtual machine has no BMC: the service fails", NACRE_WARNING},
	{"/opt/MegaRAID", "an agent of MegaRAID controllers", "there is no controller for it", NACRE_WARNING},
	{"/opt/lsi", "an agent of LSI controllers", "there is no controller for it", NACRE_WARNING},
	{"/usr/StorMan", "an agent of Adaptec controllers", "there is no controller for it", NACRE_WARNING},
	{"/opt/dell/srvadmin", "Dell OpenManage", "it finds no Dell hardware, and tries at every boot", NACRE_WARNING},
	{"/opt/hp", "HP's agents", "they find no HP hardware, and try at every boot", NACRE_WARNING},
	{"/opt/smartstorageadmin", "HP Smart Storage", "there is no controller for it", NACRE_WARNING},
	{"/opt/ibm/director", "IBM Director", "it finds no IBM hardware", NACRE_WARNING},
	{"/usr/bin/nvidia-smi", "NVIDIA's driver", "there is no such card unless one is passed through; the screen "
	 "needs the kernel's own driver", NACRE_WARNING},
	{"/usr/bin/vmtoolsd", "VMware's tools", "they work under VMware alone", NACRE_NOTE},
	{"/usr/sbin/VBoxService", "VirtualBox's additions", "they work under VirtualBox alone", NACRE_NOTE},
	{"/usr/sbin/xe-daemon", "Xen's tools", "they work under Xen alone", NACRE_NOTE},
	{"/usr/bin/prltoolsd", "Parallels' tools", "they work under Parallels alone", NACRE_NOTE},
	{"/etc/lvm/devices/system.devices", "LVM's list of devices", "it names the old disks: LVM does not look at "
	 "others", NACRE_WARNING},
	{"/boot/grub/device.map", "GRUB's device map", "it names the old disks", NACRE_NOTE},
	{"/boot/grub2/device.map", "GRUB's device map", "it names the old disks", NACRE_NOTE},
};

static void raid_arrays(struct nacre_inventory *inventory, struct look *look)
{
	static const char *const files[] = {"/etc/mdadm/mdadm.conf", "/etc/mdadm.conf"};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		NACRE_AUTO_FREE char *data = look_read(look, files[i], FILE_MAX);
		char *rest = data, *line;
		int arrays = 0;

		while (data && (line = text_line(&rest)))
			arrays += !strncasecmp(text_trim(line), "ARRAY", 5);
		if (arrays)
			nacre_inventory_find(inventory, NACRE_WARNING, "Linux RAID",
					     "%s names %d array%s: what is not on this disk is waited for", files[i],
					     arrays, arrays == 1 ? "" : "s");
	}
}

/* Modules that were built for this hardware, for this kernel. */
static void built_modules(struct nacre_inventory *inventory, struct look *look)
{
	struct look_names names;
	char list[128] = "";
	size_t n = 0;

	look_list(look, "/var/lib/dkms", &names);
	for (size_t i = 0; i < names.count; i++) {
		char name[48];

		if (names.list[i].type && !S_ISDIR(names.list[i].type))
			continue;
		text_copy(name, sizeof(name), names.list[i].name);
		if (n + strlen(name) + 3 < sizeof(list))
			n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", n ? ", " : "", name);
	}
	free(names.list);
	if (n)
		nacre_inventory_find(inventory, NACRE_WARNING, "modules built by DKMS",
				     "%s: made for hardware that may not be there", list);
}

static void display(struct nacre_inventory *inventory, struct look *look)
{
	NACRE_AUTO_FREE char *data = look_read(look, "/etc/X11/xorg.conf", FILE_MAX);
	char *rest = data, *line;

	while (data && (line = text_line(&rest))) {
		char *word = text_word(&line), *driver;

		if (!word || strcasecmp(word, "Driver"))
			continue;
		driver = text_value(line);
		if (!strcmp(driver, "modesetting") || !strcmp(driver, "fbdev") || !strcmp(driver, "vesa") ||
		    !strcmp(driver, "kbd") || !strcmp(driver, "mouse") || !strcmp(driver, "evdev") ||
		    !strcmp(driver, "libinput"))
			continue;
		nacre_inventory_find(inventory, NACRE_WARNING, "a driver of the old graphics card",
				     "/etc/X11/xorg.conf asks for %.40s: the screen stays dark", driver);
	}
}

static void encryption(struct nacre_inventory *inventory, struct look *look)
{
	NACRE_AUTO_FREE char *data = look_read(look, "/etc/crypttab", FILE_MAX);
	char *rest = data, *line;

	while (data && (line = text_line(&rest))) {
		char *name = text_word(&line), *device = name && *name != '#' ? text_word(&line) : NULL;

		if (!device)
			continue;
		if (!strncmp(device, "/dev/disk/by-id/", 16) || !strncmp(device, "/dev/disk/by-path/", 18))
			nacre_inventory_find(inventory, NACRE_WARNING, "an encrypted disk named by its hardware",
					     "crypttab opens %.40s from %.90s: a virtual disk has another name", name,
					     device);
		if (strstr(line, "tpm2-device"))
			nacre_inventory_find(inventory, NACRE_OBSTACLE, "a key in this computer's TPM",
					     "crypttab opens %.60s with it: it stays behind", name);
	}
}

void inventory_hardware(struct nacre_inventory *inventory, struct look *look)
{
	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++)
		if (look_exists(look, owners[i].file))
			nacre_inventory_find(inventory, owners[i].severity, owners[i].what, "%s (%s)", owners[i].why,
					     owners[i].file);
	raid_arrays(inventory, look);
	built_modules(inventory, look);
	display(inventory, look);
	encryption(inventory, look);
}
