/* SPDX-License-Identifier: BSD-2-Clause */
/* system.c - which system it is: name, family, host name, architecture, tools
 *
 * Sources: os-release(5), hostname(5); the ELF header (elf.h) of the shell for the architecture.
 */
#include "base/auto.h"
#include "base/bytes.h"
#include "conversion/inventory/parts.h"
#include "conversion/inventory/text.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 1 << 20 };

static const struct {
	const char *family;
	const char *ids; /* words with a space before and behind each */
} families[] = {
	{"debian", " debian ubuntu linuxmint raspbian devuan kali pop proxmox pureos elementary "},
	{"redhat", " fedora rhel centos rocky almalinux ol scientific amzn oracle mageia openmandriva "},
	{"suse", " suse opensuse opensuse-leap opensuse-tumbleweed sles sled sles_sap "},
	{"arch", " arch archarm manjaro endeavouros artix "},
	{"alpine", " alpine postmarketos "},
};

static const char *family_of(const char *id)
{
	char word[72];

	snprintf(word, sizeof(word), " %s ", id);
	for (size_t i = 0; *id && i < sizeof(families) / sizeof(families[0]); i++)
		if (strstr(families[i].ids, word))
			return families[i].family;
	return "";
}

/* Systems from before os-release say it in files of their own. */
static void old_release(struct nacre_inventory *inventory, struct look *look)
{
	static const struct {
		const char *file, *id;
	} releases[] = {{"/etc/redhat-release", "rhel"}, {"/etc/SuSE-release", "suse"},
			{"/etc/alpine-release", "alpine"}, {"/etc/arch-release", "arch"},
			{"/etc/debian_version", "debian"}};

	for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++) {
		NACRE_AUTO_FREE char *data = look_read(look, releases[i].file, TEXT_MAX);
		char *rest = data, *line = data ? text_line(&rest) : NULL;

		if (!data)
			continue;
		strcpy(inventory->os_id, releases[i].id);
		if (line)
			text_copy(inventory->os_name, sizeof(inventory->os_name), text_trim(line));
		return;
	}
}

static void release(struct nacre_inventory *inventory, struct look *look)
{
	NACRE_AUTO_FREE char *data = look_read(look, "/etc/os-release", TEXT_MAX);
	char like[128] = "", *rest = like, *word;

	if (!data)
		data = look_read(look, "/usr/lib/os-release", TEXT_MAX);
	if (data) {
		text_find(data, "ID", inventory->os_id, sizeof(inventory->os_id));
		text_find(data, "VERSION_ID", inventory->os_version, sizeof(inventory->os_version));
		if (!text_find(data, "PRETTY_NAME", inventory->os_name, sizeof(inventory->os_name)))
			text_find(data, "NAME", inventory->os_name, sizeof(inventory->os_name));
		text_find(data, "ID_LIKE", like, sizeof(like));
	}
	if (!inventory->os_id[0])
		old_release(inventory, look);
	strcpy(inventory->family, family_of(inventory->os_id));
	while (!inventory->family[0] && (word = text_word(&rest)))
		strcpy(inventory->family, family_of(word));
}

static void host_name(struct nacre_inventory *inventory, struct look *look)
{
	static const struct {
		const char *file, *key; /* NULL: the first line that is no comment */
	} places[] = {{"/etc/hostname", NULL}, {"/etc/HOSTNAME", NULL}, {"/etc/sysconfig/network", "HOSTNAME"},
		      {"/etc/conf.d/hostname", "hostname"}};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && !inventory->hostname[0]; i++) {
		NACRE_AUTO_FREE char *data = look_read(look, places[i].file, TEXT_MAX);
		char *rest = data, *line;

		if (data && places[i].key)
			text_find(data, places[i].key, inventory->hostname, sizeof(inventory->hostname));
		while (data && !places[i].key && (line = text_line(&rest))) {
			line = text_trim(line);
			if (!*line || *line == '#')
				continue;
			text_copy(inventory->hostname, sizeof(inventory->hostname), line);
			break;
		}
	}
}

static const char *machine_name(const uint8_t *elf)
{
	switch (elf[EI_DATA] == ELFDATA2MSB ? nacre_be16(elf + 18) : nacre_le16(elf + 18)) {
	case EM_X86_64:
		return "x86_64";
	case EM_386:
		return "i686";
	case EM_AARCH64:
		return "aarch64";
	case EM_ARM:
		return "arm";
	case EM_PPC64:
		return elf[EI_DATA] == ELFDATA2MSB ? "ppc64" : "ppc64le";
	case EM_S390:
		return "s390x";
	case EM_RISCV:
		return "riscv64";
	}
	return "unknown";
}

static void architecture(struct nacre_inventory *inventory, struct look *look)
{
	static const char *const programs[] = {"/bin/sh", "/sbin/init", "/usr/lib/systemd/systemd",
					       "/bin/busybox", "/lib64/libc.so.6"};
	uint8_t elf[20];

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (look_bytes(look, programs[i], elf, sizeof(elf)) < sizeof(elf) || memcmp(elf, ELFMAG, SELFMAG))
			continue;
		strcpy(inventory->architecture, machine_name(elf));
		return;
	}
}

static void tools(struct nacre_inventory *inventory, struct look *look)
{
	static const struct {
		const char *file, *tool;
	} makers[] = {{"/usr/sbin/update-initramfs", "initramfs-tools"}, {"/usr/bin/dracut", "dracut"},
		      {"/usr/sbin/dracut", "dracut"}, {"/sbin/dracut", "dracut"},
		      {"/etc/mkinitcpio.conf", "mkinitcpio"}, {"/etc/mkinitfs", "mkinitfs"},
		      {"/etc/initramfs-tools", "initramfs-tools"}, {"/etc/dracut.conf", "dracut"},
		      {"/etc/dracut.conf.d", "dracut"}};
	char mode[32] = "";
	NACRE_AUTO_FREE char *selinux = look_read(look, "/etc/selinux/config", TEXT_MAX);

	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]) && !inventory->initramfs_tool[0]; i++)
		if (look_exists(look, makers[i].file))
			strcpy(inventory->initramfs_tool, makers[i].tool);
	if (selinux && text_find(selinux, "SELINUX", mode, sizeof(mode)))
		inventory->selinux = strcmp(mode, "disabled") != 0;
}

void inventory_system(struct nacre_inventory *inventory, struct look *look)
{
	release(inventory, look);
	host_name(inventory, look);
	architecture(inventory, look);
	tools(inventory, look);
}
