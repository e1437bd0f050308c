/* SPDX-License-Identifier: BSD-2-Clause */
/* nic_files.c - the formats of network configuration, as far as they name cards and addresses
 *
 * Sources: systemd.link(5), systemd.network(5), interfaces(5), nm-settings-keyfile(5), netplan(5),
 * sysconfig.txt of initscripts, ifcfg(5) of wicked, and the rules that udev once wrote.
 */
#include "conversion/inventory/nics.h"

#include "conversion/inventory/text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct nacre_nic from(const char *file)
{
	struct nacre_nic nic = {.name = ""};

	text_copy(nic.config, sizeof(nic.config), file);
	return nic;
}

/* The value of `KEY=="..."` or `KEY="..."` in a udev rule; @to is "" if it is not there. */
static void rule_value(const char *rule, const char *key, char *to, size_t size)
{
	const char *at = strstr(rule, key);
	size_t n;

	*to = 0;
	if (!at)
		return;
	at += strlen(key);
	at += strspn(at, "= ");
	if (*at++ != '"')
		return;
	n = strcspn(at, "\"");
	if (n < size) {
		memcpy(to, at, n);
		to[n] = 0;
	}
}

/* # PCI device 0x8086:0x100e (e1000)
 * SUBSYSTEM=="net", ACTION=="add", ATTR{address}=="52:54:00:12:34:56", ..., NAME="eth0" */
void nics_udev(struct nacre_inventory *inventory, const char *file, char *data)
{
	char driver[32] = "", *line;

	while ((line = text_line(&data))) {
		struct nacre_nic nic = from(file);
		char value[64], name[64];

		line = text_trim(line);
		if (*line == '#') {
			char *open = strrchr(line, '('), *close = open ? strchr(open, ')') : NULL;

			*driver = 0;
			if (close) {
				*close = 0;
				text_copy(driver, sizeof(driver), open + 1);
			}
			continue;
		}
		rule_value(line, "ATTR{address}", value, sizeof(value));
		if (!*value)
			rule_value(line, "SYSFS{address}", value, sizeof(value));
		rule_value(line, "NAME", name, sizeof(name));
		if (!text_mac(nic.mac, value))
			continue;
		text_copy(nic.name, sizeof(nic.name), name);
		strcpy(nic.driver, driver);
		nics_add(inventory, &nic);
		*driver = 0;
	}
}

/* struct ini - what an ini file has said so far */
struct ini {
	struct nacre_nic nic;
	bool ethernet, other;
	char method[16];
};

static void link_entry(void *arg, const char *section, const char *key, char *value)
{
	struct ini *ini = arg;

	if (!strcasecmp(section, "Match") &&
	    (!strcasecmp(key, "MACAddress") || !strcasecmp(key, "PermanentMACAddress")))
		text_mac(ini->nic.mac, value);
	else if (!strcasecmp(section, "Match") && !strcasecmp(key, "Driver"))
		text_copy(ini->nic.driver, sizeof(ini->nic.driver), value);
	else if (!strcasecmp(section, "Link") && !strcasecmp(key, "Name"))
		text_copy(ini->nic.name, sizeof(ini->nic.name), value);
}

void nics_link(struct nacre_inventory *inventory, const char *file, char *data)
{
	struct ini ini = {.nic = from(file)};

	text_ini(data, link_entry, &ini);
	if (*ini.nic.name)
		nics_add(inventory, &ini.nic);
}

static bool is_true(const char *value)
{
	return !strcasecmp(value, "yes") || !strcasecmp(value, "true") || !strcasecmp(value, "ipv4") ||
	       !strcasecmp(value, "ipv6") || !strcasecmp(value, "both") || !strcmp(value, "1");
}

static void network_entry(void *arg, const char *section, const char *key, char *value)
{
	struct ini *ini = arg;
	char *rest = value;

	if (!strcasecmp(section, "Match") && !strcasecmp(key, "Name")) {
		text_copy(ini->nic.name, sizeof(ini->nic.name), text_word(&rest) ? value : "");
	} else if (!strcasecmp(section, "Match") && strstr(key, "MACAddress")) {
		text_mac(ini->nic.mac, value);
	} else if (!strcasecmp(key, "Address") &&
		   (!strcasecmp(section, "Network") || !strcasecmp(section, "Address"))) {
		if (!*ini->nic.address)
			text_copy(ini->nic.address, sizeof(ini->nic.address), value);
	} else if (!strcasecmp(section, "Network") && !strcasecmp(key, "DHCP") && is_true(value)) {
		if (!*ini->nic.address)
			strcpy(ini->nic.address, "dhcp");
	}
}

void nics_network(struct nacre_inventory *inventory, const char *file, char *data)
{
	struct ini ini = {.nic = from(file)};

	text_ini(data, network_entry, &ini);
	nics_add(inventory, &ini.nic);
}

/* The length of a netmask's prefix, "255.255.255.0" or "24"; -1: it is none. */
static int prefix_of(const char *mask)
{
	struct in_addr a;
	uint32_t bits;
	int n;

	if (strspn(mask, "0123456789") == strlen(mask) && *mask && strlen(mask) < 4)
		return atoi(mask);
	if (inet_pton(AF_INET, mask, &a) != 1)
		return -1;
	bits = ntohl(a.s_addr);
	for (n = 0; n < 32 && bits & 0x80000000u >> n; n++)
		;
	return n;
}

static void put_address(struct nacre_nic *nic, const char *address, const char *mask)
{
	char text[sizeof(nic->address)];

	if (!*address || *nic->address)
		return;
	text_copy(text, sizeof(text), address);
	if (!strchr(text, '/') && prefix_of(mask) >= 0)
		snprintf(nic->address, sizeof(nic->address), "%.56s/%d", text, prefix_of(mask));
	else
		strcpy(nic->address, text);
}

/* KEY=value, KEY0=value: the first address has either name. */
static void first_value(const char *data, const char *key, char *to, size_t size)
{
	char zero[24];

	*to = 0;
	snprintf(zero, sizeof(zero), "%s0", key);
	if (!text_find(data, key, to, size))
		text_find(data, zero, to, size);
}

void nics_ifcfg(struct nacre_inventory *inventory, const char *file, char *data)
{
	struct nacre_nic nic = from(file);
	const char *own = strstr(file, "/ifcfg-");
	char value[64] = "", mask[64], address[64];

	if (!own || text_suffix(file, "~") || text_suffix(file, ".bak") || text_suffix(file, ".template"))
		return;
	if (text_find(data, "TYPE", value, sizeof(value)) && strcasecmp(value, "Ethernet"))
		return;
	if (text_find(data, "BONDING_OPTS", value, sizeof(value)) || text_find(data, "ETHERDEVICE", value, sizeof(value)) ||
	    text_find(data, "BRIDGE_PORTS", value, sizeof(value)))
		return;
	if (!text_find(data, "DEVICE", nic.name, sizeof(nic.name)))
		text_copy(nic.name, sizeof(nic.name), own + 7);
	if (text_find(data, "HWADDR", value, sizeof(value)) || text_find(data, "LLADDR", value, sizeof(value)))
		text_mac(nic.mac, value);
	first_value(data, "IPADDR", address, sizeof(address));
	first_value(data, "PREFIX", mask, sizeof(mask));
	if (!*mask)
		first_value(data, "PREFIXLEN", mask, sizeof(mask));
	if (!*mask)
		first_value(data, "NETMASK", mask, sizeof(mask));
	put_address(&nic, address, mask);
	if (!*nic.address && text_find(data, "BOOTPROTO", value, sizeof(value)) && !strncasecmp(value, "dhcp", 4))
		strcpy(nic.address, "dhcp");
	nics_add(inventory, &nic);
}

static void keyfile_entry(void *arg, const char *section, const char *key, char *value)
{
	struct ini *ini = arg;

	if (!strcmp(section, "connection") && !strcmp(key, "type")) {
		ini->ethernet = !strcmp(value, "ethernet") || !strcmp(value, "802-3-ethernet");
		ini->other = !ini->ethernet;
	} else if (!strcmp(section, "connection") && !strcmp(key, "interface-name")) {
		text_copy(ini->nic.name, sizeof(ini->nic.name), value);
	} else if (text_suffix(section, "ethernet") && !strcmp(key, "mac-address")) {
		text_mac(ini->nic.mac, value);
	} else if (!strcmp(section, "ipv4") && !strcmp(key, "method")) {
		text_copy(ini->method, sizeof(ini->method), value);
	} else if (!strcmp(section, "ipv4") && (!strcmp(key, "address1") || !strcmp(key, "addresses"))) {
		value[strcspn(value, ",;")] = 0;
		put_address(&ini->nic, text_trim(value), "");
	}
}

void nics_keyfile(struct nacre_inventory *inventory, const char *file, char *data)
{
	struct ini ini = {.nic = from(file)};

	text_ini(data, keyfile_entry, &ini);
	if (!ini.ethernet || ini.other)
		return;
	if (!*ini.nic.address && !strcmp(ini.method, "auto"))
		strcpy(ini.nic.address, "dhcp");
	nics_add(inventory, &ini.nic);
}

/* A scalar of YAML: without quotes, comma and comment. */
static char *yaml_value(char *s)
{
	char quote;

	s = text_trim(s);
	quote = *s == '"' || *s == '\'' ? *s++ : 0;
	s[quote ? strcspn(s, quote == '"' ? "\"" : "'") : strcspn(s, ",]} \t#")] = 0;
	return s;
}

/* struct yaml - where in netplan's tree a line is, by its indentation */
struct yaml {
	struct nacre_nic nic;
	int section, card, key; /* columns of "ethernets:", of a card's name and of its keys; -1: not there */
	bool matching, addresses;
};

static void yaml_card_done(struct nacre_inventory *inventory, struct yaml *y, const char *file)
{
	if (y->card >= 0)
		nics_add(inventory, &y->nic);
	y->nic = from(file);
	y->card = y->key = -1;
	y->matching = y->addresses = false;
}

static void yaml_key(struct yaml *y, const char *key, char *value)
{
	y->addresses = y->matching = false;
	if (!strcmp(key, "match")) {
		y->matching = true;
		value = strstr(value, "macaddress:");
		if (value)
			text_mac(y->nic.mac, yaml_value(value + 11));
	} else if (!strcmp(key, "set-name")) {
		text_copy(y->nic.name, sizeof(y->nic.name), yaml_value(value));
	} else if (!strcmp(key, "dhcp4")) {
		if (is_true(yaml_value(value)) && !*y->nic.address)
			strcpy(y->nic.address, "dhcp");
	} else if (!strcmp(key, "addresses")) {
		y->addresses = true;
		value = text_trim(value);
		if (*value == '[')
			put_address(&y->nic, yaml_value(value + 1), "");
	}
}

/* One line of netplan: its column says what it belongs to. */
static void yaml_line(struct nacre_inventory *inventory, struct yaml *y, const char *file, char *line)
{
	int column = (int)strspn(line, " ");
	char *s = text_trim(line), *colon;

	if (!*s || *s == '#')
		return;
	if (*s == '-' && y->card >= 0) {
		if (y->addresses)
			put_address(&y->nic, yaml_value(s + 1), "");
		return;
	}
	colon = strchr(s, ':');
	if (!colon)
		return;
	*colon = 0;
	s = yaml_value(s);
	if (y->card >= 0 && column <= y->card)
		yaml_card_done(inventory, y, file);
	if (y->section >= 0 && column <= y->section)
		y->section = -1;
	if (!strcmp(s, "ethernets")) {
		y->section = column;
	} else if (y->section >= 0 && y->card < 0) {
		y->card = column;
		text_copy(y->nic.name, sizeof(y->nic.name), s);
	} else if (y->card >= 0 && (y->key < 0 || column <= y->key)) {
		y->key = column;
		yaml_key(y, s, colon + 1);
	} else if (y->matching && !strcmp(s, "macaddress")) {
		text_mac(y->nic.mac, yaml_value(colon + 1));
	}
}

void nics_netplan(struct nacre_inventory *inventory, const char *file, char *data)
{
	struct yaml y = {.nic = from(file), .section = -1, .card = -1, .key = -1};
	char *line;

	while ((line = text_line(&data)))
		yaml_line(inventory, &y, file, line);
	yaml_card_done(inventory, &y, file);
}

void nics_interfaces(struct nacre_inventory *inventory, const char *file, char *data)
{
	struct nacre_nic nic = from(file);
	char address[64] = "", mask[64] = "", *line;
	bool card = false;

	while (true) {
		char *word = NULL, *next = NULL;

		line = text_line(&data);
		if (line) {
			line = text_trim(line);
			if (!*line || *line == '#')
				continue;
			word = text_word(&line);
		}
		if (!word || !strcmp(word, "iface") || !strcmp(word, "auto") || !strncmp(word, "allow-", 6) ||
		    !strcmp(word, "mapping") || !strncmp(word, "source", 6)) {
			put_address(&nic, address, mask);
			if (card)
				nics_add(inventory, &nic);
			card = false;
		}
		if (!word)
			return;
		next = text_word(&line);
		if (!next)
			continue;
		if (!strcmp(word, "iface")) {
			nic = from(file);
			*address = *mask = 0;
			text_copy(nic.name, sizeof(nic.name), next);
			next = text_word(&line);
			card = next && !strcmp(next, "inet");
			next = card ? text_word(&line) : NULL;
			if (next && !strcmp(next, "dhcp"))
				strcpy(nic.address, "dhcp");
		} else if (!strcmp(word, "address")) {
			text_copy(address, sizeof(address), next);
		} else if (!strcmp(word, "netmask")) {
			text_copy(mask, sizeof(mask), next);
		} else if (!strncmp(word, "bridge", 6) || !strncmp(word, "bond-", 5) || !strncmp(word, "vlan", 4)) {
			/* A bond's member has bond-master, and is a card. */
			card = card && !strcmp(word, "bond-master");
		}
	}
}
