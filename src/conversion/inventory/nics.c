/* SPDX-License-Identifier: BSD-2-Clause */
/* nics.c - network cards: where a machine's configuration is, and how its parts come together */
#include "conversion/inventory/nics.h"

#include "base/auto.h"
#include "conversion/inventory/parts.h"
#include "conversion/inventory/text.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 1 << 20 };

static bool is_card(const char *name)
{
	static const char *const others[] = {"lo",    "br",     "bond", "team", "virbr", "docker", "veth",
					     "tun",   "tap",    "wg",   "dummy", "vlan", "ppp",	   "sit",
					     "lxcbr", "vmbr",   "vnet", "ib"};

	if (strlen(name) >= IFNAMSIZ || strpbrk(name, "/*?[] .:@!%\\\"'$`") || !strcmp(name, "all"))
		return false; /* a pattern, an alias, a VLAN, or nothing that the kernel would take */
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		size_t n = strlen(others[i]);

		/* "br0" and "lo", but not "brain" */
		if (!strncmp(name, others[i], n) && strspn(name + n, "0123456789") == strlen(name + n))
			return false;
	}
	return true;
}

static void complete(char *to, size_t size, const char *from)
{
	if (!*to)
		snprintf(to, size, "%s", from);
}

void nics_add(struct nacre_inventory *inventory, const struct nacre_nic *nic)
{
	struct nacre_nic *found = NULL;

	if ((!*nic->name && !*nic->mac) || !is_card(nic->name))
		return;
	for (int i = 0; i < inventory->nic_count && !found; i++) {
		struct nacre_nic *n = &inventory->nics[i];
		bool named = *nic->name && !strcmp(n->name, nic->name);
		bool same = *nic->mac && !strcmp(n->mac, nic->mac);

		/* One name, two cards: an old rule of a card that was taken out. */
		if (same || (named && (!*n->mac || !*nic->mac)))
			found = n;
	}
	if (!found) {
		if (inventory->nic_count == NACRE_NICS_MAX)
			return;
		found = &inventory->nics[inventory->nic_count++];
		memset(found, 0, sizeof(*found));
	}
	complete(found->name, sizeof(found->name), nic->name);
	complete(found->mac, sizeof(found->mac), nic->mac);
	complete(found->driver, sizeof(found->driver), nic->driver);
	complete(found->config, sizeof(found->config), nic->config);
	complete(found->address, sizeof(found->address), nic->address);
}

void nacre_inventory_cards(struct nacre_inventory *inventory, const struct nacre_nic *nics, int count)
{
	for (int i = 0; i < count; i++)
		nics_add(inventory, &nics[i]);
}

static const struct {
	const char *directory, *before, *behind; /* of the names in it */
	void (*read)(struct nacre_inventory *inventory, const char *file, char *data);
} sources[] = {
	/* Names first: they are what the rest refers to. */
	{"/etc/udev/rules.d", "", "-persistent-net.rules", nics_udev},
	{"/etc/systemd/network", "", ".link", nics_link},
	{"/etc/sysconfig/network-scripts", "ifcfg-", "", nics_ifcfg},
	{"/etc/sysconfig/network", "ifcfg-", "", nics_ifcfg},
	{"/etc/NetworkManager/system-connections", "", "", nics_keyfile},
	{"/etc/netplan", "", ".yaml", nics_netplan},
	{"/etc/network", "interfaces", "", nics_interfaces},
	{"/etc/network/interfaces.d", "", "", nics_interfaces},
	{"/etc/systemd/network", "", ".network", nics_network},
};

/* A card that has had several MACs under one name is one card: the last rule is the one that was in force. */
static void note(struct nacre_inventory *inventory)
{
	for (int i = 0; i < inventory->nic_count; i++)
		for (int n = 0; n < i; n++)
			if (*inventory->nics[i].name && !strcmp(inventory->nics[i].name, inventory->nics[n].name))
				nacre_inventory_find(inventory, NACRE_WARNING, "two network cards of one name",
						     "%s is said to be %s and %s: one of the rules is left over",
						     inventory->nics[i].name, inventory->nics[n].mac,
						     inventory->nics[i].mac);
}

void inventory_nics(struct nacre_inventory *inventory, struct look *look)
{
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		struct look_names names;
		size_t n = strlen(sources[i].before);

		look_list(look, sources[i].directory, &names);
		for (size_t k = 0; k < names.count; k++) {
			const char *name = names.list[k].name;
			char path[sizeof(inventory->nics[0].config)];
			NACRE_AUTO_FREE char *data = NULL;

			if (strncmp(name, sources[i].before, n) || !text_suffix(name, sources[i].behind) ||
			    (*sources[i].before == 'i' && !strcmp(sources[i].before, "interfaces") && name[n]) ||
			    snprintf(path, sizeof(path), "%s/%s", sources[i].directory, name) >= (int)sizeof(path))
				continue;
			data = look_read(look, path, FILE_MAX);
			if (data)
				sources[i].read(inventory, path, data);
		}
		free(names.list);
	}
	note(inventory);
}
