/* SPDX-License-Identifier: BSD-2-Clause */
/* network.h - NICs keep their names by their MAC addresses */
#ifndef NACRE_CONVERSION_NETWORK_H
#define NACRE_CONVERSION_NETWORK_H

#include "conversion/fixup/linux/run.h"

/** struct nacre_nic_name - a NIC that can be named: both checked, @mac in small letters */
struct nacre_nic_name {
	char name[16], mac[18];
};

/** nacre_nic_names() - of the inventory's NICs, with the names that old rules of udev gave them. Return: how many */
int nacre_nic_names(struct nacre_run *r, struct nacre_nic_name names[NACRE_NICS_MAX]);
/** nacre_link_path() - "/etc/systemd/network/10-nacre-eth0.link" */
void nacre_link_path(const struct nacre_nic_name *nic, char path[64]);
/** nacre_link_text() - its content, systemd.link(5) */
void nacre_link_text(const struct nacre_nic_name *nic, struct nacre_text *out);
/** nacre_uses_links() - does the machine name its NICs by .link files? */
bool nacre_uses_links(struct nacre_tree *tree);

struct nacre_nic_list {
	const struct nacre_nic_name *list;
	int count;
};
/** nacre_edit_net_rules() - 70-persistent-net.rules: what asks for the old driver or slot goes. @arg: a nacre_nic_list */
int nacre_edit_net_rules(struct nacre_span in, void *arg, struct nacre_text *out);

#endif
