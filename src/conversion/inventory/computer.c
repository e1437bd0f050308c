/* SPDX-License-Identifier: BSD-2-Clause */
/* computer.c - what this computer has, when it is its own disk that is looked at */
#include "conversion/inventory/nics.h"

#include "base/auto.h"
#include "conversion/inventory/text.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void read_first_line(const char *path, char *to, size_t size)
{
	NACRE_AUTO_FILE FILE *f = fopen(path, "re");

	*to = 0;
	if (f && fgets(to, (int)size, f))
		to[strcspn(to, "\n")] = 0;
}

/* Only what has a device behind it is a card. */
static void add_card(struct nacre_inventory *inventory, const char *name)
{
	struct nacre_nic nic = {.config = "/sys/class/net"};
	char path[PATH_MAX], target[PATH_MAX], text[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/class/net/%.32s/device/driver", name);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return;
	target[n] = 0;
	text_copy(nic.driver, sizeof(nic.driver), strrchr(target, '/') ? strrchr(target, '/') + 1 : target);
	snprintf(path, sizeof(path), "/sys/class/net/%.32s/address", name);
	read_first_line(path, text, sizeof(text));
	text_mac(nic.mac, text);
	text_copy(nic.name, sizeof(nic.name), name);
	nics_add(inventory, &nic);
}

void nacre_inventory_computer(struct nacre_inventory *inventory)
{
	long pages = sysconf(_SC_PHYS_PAGES), cpus = sysconf(_SC_NPROCESSORS_CONF);
	long page = sysconf(_SC_PAGESIZE);
	struct dirent *entry;
	DIR *dir = opendir("/sys/class/net");

	if (pages > 0 && page > 0)
		inventory->memory_mb = (uint32_t)((uint64_t)pages * (uint64_t)page >> 20);
	inventory->cpus = cpus > 0 ? (uint32_t)cpus : 1;
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			add_card(inventory, entry->d_name);
	if (dir)
		closedir(dir);
}
