/* SPDX-License-Identifier: BSD-2-Clause */
/* network.c - NICs keep their names by their MAC addresses
 *
 * A virtual machine has other slots and drivers, so names that come from these change, and the config files
 * that name the NIC no longer fit it. The MAC stays. Where udev names NICs by systemd.link(5), a .link file
 * per NIC says MAC -> old name; its "Path=*" keeps it away from bridges, bonds and VLANs, which have the MAC of
 * a NIC but no hardware path. Older systems get udev rules, those with mdev /etc/mactab. Addresses are in
 * files that name the NIC or the MAC: they fit as they are.
 */
#include "conversion/fixup/linux/network.h"
#include "base/auto.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

static const char rules_path[] = "/etc/udev/rules.d/70-persistent-net.rules";

bool nacre_uses_links(struct nacre_tree *tree)
{
	return nacre_tree_exists(tree, "/lib/udev/rules.d/80-net-setup-link.rules") ||
	       nacre_tree_exists(tree, "/usr/lib/udev/rules.d/80-net-setup-link.rules");
}

static bool uses_udev(struct nacre_tree *tree)
{
	return nacre_tree_exists(tree, "/lib/udev/rules.d") || nacre_tree_exists(tree, "/usr/lib/udev/rules.d");
}

void nacre_link_path(const struct nacre_nic_name *nic, char path[64])
{
	snprintf(path, 64, "/etc/systemd/network/10-nacre-%.15s.link", nic->name);
}

void nacre_link_text(const struct nacre_nic_name *nic, struct nacre_text *out)
{
	nacre_text_printf(out,
			  "# nacre: the NIC keeps the name that it had on the old machine\n"
			  "[Match]\nMACAddress=%s\nPath=*\n\n[Link]\nName=%s\n",
			  nic->mac, nic->name);
}

/* A name of one piece of hardware, not of something made of it. */
static bool good_name(const char *name)
{
	static const char *const made[] = {"lo", "br", "bond", "team", "vlan", "veth", "virbr", "docker", "tun",
					   "tap", "wg", "dummy", "ppp", NULL};
	size_t n = strlen(name);

	if (!n || n > 15)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '_' && name[i] != '-')
			return false; /* a '.' is a VLAN's, a ':' an alias's */
	for (int i = 0; made[i]; i++) {
		size_t m = strlen(made[i]);

		if (!strncmp(name, made[i], m) && (!name[m] || isdigit((unsigned char)name[m])))
			return false;
	}
	return true;
}

static bool good_mac(const char *from, char mac[18])
{
	if (strlen(from) != 17)
		return false;
	for (int i = 0; i < 17; i++) {
		if (i % 3 == 2 ? from[i] != ':' && from[i] != '-' : !isxdigit((unsigned char)from[i]))
			return false;
		mac[i] = i % 3 == 2 ? ':' : tolower((unsigned char)from[i]);
	}
	mac[17] = 0;
	return strcmp(mac, "00:00:00:00:00:00") != 0;
}

/* One KEY OP "VALUE" of a rule of udev(7). */
struct term {
	struct nacre_span key, value, whole; /* @whole: up to the comma behind it, or the end */
	bool match;
};

/* The next term. False: there is none, or it is no rule. */
static bool next_term(struct nacre_span *rest, struct term *t)
{
	const char *end = rest->at + rest->size, *p = rest->at, *key;

	while (p < end && nacre_one_of(" \t,\r\n", *p))
		p++;
	key = p;
	while (p < end && !nacre_one_of("=!+-: \t\"", *p))
		p++;
	t->key = (struct nacre_span){key, p - key};
	t->match = end - p > 1 && (!memcmp(p, "==", 2) || !memcmp(p, "!=", 2));
	while (p < end && nacre_one_of("=!+-: \t", *p))
		p++;
	if (p >= end || *p != '"' || !t->key.size)
		return false;
	t->value.at = ++p;
	while (p < end && *p != '"')
		p++;
	if (p >= end)
		return false;
	t->value.size = p - t->value.at;
	p++;
	while (p < end && nacre_one_of(", \t", *p))
		p++;
	t->whole = (struct nacre_span){key, p - key};
	rest->size -= p - rest->at;
	rest->at = p;
	return true;
}

static bool is_address(const struct term *t)
{
	return t->match && (nacre_span_is(t->key, "ATTR{address}") || nacre_span_is(t->key, "ATTRS{address}") ||
			    nacre_span_is(t->key, "SYSFS{address}"));
}

/* Does the rule @line give a NIC with @mac a name? */
static bool names_mac(struct nacre_span line, const char *mac, struct nacre_span *name)
{
	bool address = false;
	struct term t;

	*name = (struct nacre_span){0};
	if (nacre_span_starts(nacre_span_trim(line), "#"))
		return false;
	while (next_term(&line, &t)) {
		address |= is_address(&t) && t.value.size == 17 && !strncasecmp(t.value.at, mac, 17);
		if (!t.match && nacre_span_is(t.key, "NAME"))
			*name = t.value;
	}
	return address && name->size;
}

/* Would this condition fail on another bus, slot or driver? */
static bool of_old_hardware(const struct term *t)
{
	static const char *const keys[] = {"BUS", "ID", "KERNELS", "SUBSYSTEMS", "ATTRS{vendor}", "ATTRS{device}",
					   "ATTRS{subsystem_vendor}", "ATTRS{subsystem_device}", "ENV{ID_PATH}",
					   "SYSFS{vendor}", "SYSFS{device}", NULL};

	if (!t->match)
		return false;
	for (int i = 0; keys[i]; i++)
		if (nacre_span_is(t->key, keys[i]))
			return true;
	if (nacre_span_is(t->key, "DRIVERS") || nacre_span_is(t->key, "DRIVER"))
		return !nacre_span_is(t->value, "?*") && !nacre_span_is(t->value, "*");
	/* the name that the kernel gave it first: only a pattern fits again */
	return nacre_span_is(t->key, "KERNEL") && !nacre_span_find(t->value, "*") && !nacre_span_find(t->value, "?");
}

int nacre_edit_net_rules(struct nacre_span in, void *arg, struct nacre_text *out)
{
	const struct nacre_nic_list *nics = arg;
	struct nacre_span line, name;

	while (nacre_line_next(&in, &line)) {
		struct nacre_span rest = line;
		bool ours = false;
		struct term t;

		for (int i = 0; i < nics->count; i++)
			ours |= names_mac(line, nics->list[i].mac, &name);
		while (ours && rest.size) {
			const char *from = rest.at;

			if (!next_term(&rest, &t))
				break;
			nacre_text_add(out, from, t.whole.at - from);
			if (!of_old_hardware(&t))
				nacre_text_add(out, t.whole.at, t.whole.size);
		}
		nacre_text_add(out, rest.at, rest.size);
	}
	return 0;
}

/* The name that udev's old rules give @mac, where they do. */
static void name_by_rules(struct nacre_span rules, struct nacre_nic_name *nic)
{
	struct nacre_span line, name;
	char other[16];

	while (nacre_line_next(&rules, &line))
		if (names_mac(line, nic->mac, &name) && nacre_span_copy(name, other, sizeof(other)) && good_name(other))
			strcpy(nic->name, other);
}

int nacre_nic_names(struct nacre_run *r, struct nacre_nic_name names[NACRE_NICS_MAX])
{
	const struct nacre_inventory *inventory = r->f->inventory;
	NACRE_AUTO_FREE char *rules = NULL;
	size_t size;
	int count = 0;

	rules = nacre_run_read(r, rules_path, &size);
	for (int i = 0; i < inventory->nic_count && count < NACRE_NICS_MAX; i++) {
		struct nacre_nic_name *nic = &names[count];
		bool twice = false;

		*nic = (struct nacre_nic_name){0};
		if (!good_mac(inventory->nics[i].mac, nic->mac))
			continue;
		if (good_name(inventory->nics[i].name))
			strcpy(nic->name, inventory->nics[i].name);
		if (rules)
			name_by_rules((struct nacre_span){rules, size}, nic);
		for (int k = 0; k < count; k++)
			twice |= !strcmp(names[k].mac, nic->mac) || !strcmp(names[k].name, nic->name);
		count += nic->name[0] && !twice;
	}
	return count;
}

/* Rules for udev before systemd 197, which knows no .link files. */
static void add_rules(struct nacre_span old, const struct nacre_nic_list *nics, struct nacre_text *out)
{
	nacre_text_add(out, old.at, old.size);
	for (int i = 0; i < nics->count; i++) {
		struct nacre_span rest = old, line, name;
		bool there = false;

		while (nacre_line_next(&rest, &line))
			there |= names_mac(line, nics->list[i].mac, &name);
		if (!there)
			nacre_text_printf(out,
					  "SUBSYSTEM==\"net\", ACTION==\"add\", DRIVERS==\"?*\", "
					  "ATTR{address}==\"%s\", NAME=\"%s\"\n",
					  nics->list[i].mac, nics->list[i].name);
	}
}

/* /etc/mactab, for nameif: busybox's mdev calls it on Alpine. */
static void add_mactab(struct nacre_span old, const struct nacre_nic_list *nics, struct nacre_text *out)
{
	nacre_text_add(out, old.at, old.size);
	for (int i = 0; i < nics->count; i++)
		if (!nacre_span_find(old, nics->list[i].mac))
			nacre_text_printf(out, "%s %s\n", nics->list[i].name, nics->list[i].mac);
}

static int write_list(struct nacre_run *r, const char *path, const struct nacre_nic_list *nics,
		      void (*add)(struct nacre_span, const struct nacre_nic_list *, struct nacre_text *))
{
	NACRE_AUTO_TEXT struct nacre_text text = {0};
	NACRE_AUTO_FREE char *old = NULL;
	size_t size;

	old = nacre_run_read(r, path, &size);
	add((struct nacre_span){old ? old : "", old ? size : 0}, nics, &text);
	if (text.failed)
		return nacre_error_set(r->e, NACRE_E_SYSTEM, ENOMEM, path, "cannot edit it");
	return nacre_run_write(r, path, text.data, text.size, "NICs keep their names by their MAC addresses");
}

static int body(struct nacre_run *r)
{
	struct nacre_nic_name names[NACRE_NICS_MAX];
	struct nacre_nic_list nics = {names, nacre_nic_names(r, names)};
	char path[64];

	if (!nics.count)
		return 0;
	if (nacre_run_edit(r, rules_path, nacre_edit_net_rules, &nics, "the old driver and slot are no condition any more") < 0)
		return -1;
	if (!nacre_uses_links(r->f->tree))
		return uses_udev(r->f->tree) ? write_list(r, rules_path, &nics, add_rules)
					     : write_list(r, "/etc/mactab", &nics, add_mactab);
	for (int i = 0; i < nics.count; i++) {
		NACRE_AUTO_TEXT struct nacre_text text = {0};

		nacre_link_path(&names[i], path);
		nacre_link_text(&names[i], &text);
		if (text.failed)
			return nacre_error_set(r->e, NACRE_E_SYSTEM, ENOMEM, path, "cannot make it");
		if (nacre_run_write(r, path, text.data, text.size, "the NIC with this MAC keeps its name") < 0)
			return -1;
	}
	return 0;
}

NACRE_FIX(network, "network", "NICs keep their names", NULL, body);
