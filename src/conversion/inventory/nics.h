/* SPDX-License-Identifier: BSD-2-Clause */
/* nics.h - what the files of network configuration say about network cards; each takes one file's text
 *
 * @file: its path in the machine; @data is changed. Cards are added or completed: what an earlier file
 * said stays. Cards are known by their name or their MAC; bridges, bonds and the like are none.
 */
#ifndef NACRE_CONVERSION_NICS_H
#define NACRE_CONVERSION_NICS_H

#include "conversion/inventory/inventory.h"

void nics_udev(struct nacre_inventory *inventory, const char *file, char *data);
void nics_link(struct nacre_inventory *inventory, const char *file, char *data);
void nics_network(struct nacre_inventory *inventory, const char *file, char *data);
void nics_ifcfg(struct nacre_inventory *inventory, const char *file, char *data);
void nics_keyfile(struct nacre_inventory *inventory, const char *file, char *data);
void nics_netplan(struct nacre_inventory *inventory, const char *file, char *data);
void nics_interfaces(struct nacre_inventory *inventory, const char *file, char *data);
/** nics_add() - one card as a file describes it; members that it does not know are "" */
void nics_add(struct nacre_inventory *inventory, const struct nacre_nic *nic);

#endif
