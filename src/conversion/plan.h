/* SPDX-License-Identifier: BSD-2-Clause */
/* plan.h - what of a disk travels, what does not and why (C3) */
#ifndef NACRE_CONVERSION_PLAN_H
#define NACRE_CONVERSION_PLAN_H

#include "base/extents.h"
#include "conversion/inventory/inventory.h"

/**
 * struct nacre_plan - a map of each disk
 * @maps: what is in use, at offsets of the disk, tagged enum nacre_fs_use or NACRE_USE_LEFT; what is in none is free
 * @used: bytes that travel (NACRE_FS_USED)
 */
struct nacre_plan {
	struct nacre_extents maps[NACRE_DISKS_MAX];
	int count;
	uint64_t used, skipped;
};

/**
 * nacre_plan_make() - ask the volumes of @inventory; where none can say, the whole volume travels
 *
 * What could not be asked, and why, is added to the inventory's findings.
 */
int nacre_plan_make(struct nacre_inventory *inventory, struct nacre_plan *plan,
		    struct nacre_error *e);
void nacre_plan_free(struct nacre_plan *plan);
/**
 * nacre_plan_choose() - of these volumes only; all others become NACRE_USE_LEFT, what is between volumes stays
 * @names: NULL-ended; each is a mount point, a device's name where that is known, UUID=, LABEL=, PARTUUID=, PARTLABEL=, or the
 *         partition's number, "2", of a further disk "1:2"
 *
 * NACRE_E_USAGE names one that is none, and says which there are.
 */
int nacre_plan_choose(struct nacre_plan *plan, const struct nacre_inventory *inventory, const char *const *names,
		      struct nacre_error *e);
/** nacre_plan_wants() - does any of @place travel, or is it at least not left out on request? */
bool nacre_plan_wants(const struct nacre_plan *plan, const struct nacre_place *place);
/** nacre_plan_total() - bytes of all disks that are of @use */
uint64_t nacre_plan_total(const struct nacre_plan *plan, uint32_t use);
/** nacre_plan_sum() - set used and skipped by the maps */
void nacre_plan_sum(struct nacre_plan *plan);

/** nacre_use_name() - "used", "swap", "hibernation image"...: of a tag, for a person */
const char *nacre_use_name(uint32_t use);

#endif
