/* SPDX-License-Identifier: BSD-2-Clause */
/* parts.h - the steps of an inventory, in their order */
#ifndef NACRE_CONVERSION_PARTS_H
#define NACRE_CONVERSION_PARTS_H

#include "conversion/inventory/look.h"

/** inventory_recognise() - members of LVM, md, LUKS and BitLocker by their magic numbers: known, not read.
 * @place: type, info.label and info.uuid are filled. Return: 1 it is one, 0 it is not, -1 read error */
int inventory_recognise(struct nacre_inventory *inventory, struct nacre_place *place, struct nacre_error *e);
/** inventory_is_root() - is a system's root in directory @below of @place? 2: one with a list of its volumes,
 * 1: one without, 0: no */
int inventory_is_root(const struct nacre_place *place, const char *below);
/** inventory_subvolume() - in which directory of @place, btrfs, is the root? Sets place->subvolume. Return: as
 * inventory_is_root() */
int inventory_subvolume(const struct nacre_inventory *inventory, struct nacre_place *place);
/** nacre_subvolume_path() - what mount's option subvol= says as a path in the volume: "/@/x", "" for the top.
 * @below: NACRE_FS_NAME bytes */
void nacre_subvolume_path(const char *value, char *below);
/** inventory_mounts() - fstab: which place is mounted where; what it names that is not here */
void inventory_mounts(struct nacre_inventory *inventory, struct look *look);
/** inventory_system() - which system it is, its kernels, its tools */
void inventory_system(struct nacre_inventory *inventory, struct look *look);
/** inventory_kernels() - /lib/modules against /boot; which of them have virtio drivers */
void inventory_kernels(struct nacre_inventory *inventory, struct look *look);
/** inventory_nics() - network cards, as all of the configuration tells */
void inventory_nics(struct nacre_inventory *inventory, struct look *look);
/** inventory_hardware() - findings: what a virtual machine has no device for */
void inventory_hardware(struct nacre_inventory *inventory, struct look *look);
/** inventory_bound() - findings: what no fix-up can mend */
void inventory_bound(struct nacre_inventory *inventory, struct look *look);
/** inventory_windows() - which Windows it is */
void inventory_windows(struct nacre_inventory *inventory, struct look *look);

#endif
