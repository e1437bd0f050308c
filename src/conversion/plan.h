/* SPDX-License-Identifier: BSD-2-Clause */
/* plan.h - what of a disk travels, what does not and why (C3) */
#ifndef NACRE_CONVERSION_PLAN_H
#define NACRE_CONVERSION_PLAN_H

#include "base/extents.h"
#include "conversion/inventory/inventory.h"

/**
 * struct nacre_plan - the disk's map
 * @map:  what is in use, at offsets of the disk, tagged enum nacre_fs_use; what is in none is free
 * @used: bytes that travel (NACRE_FS_USED)
 */
struct nacre_plan {
	struct nacre_extents map;
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

/** nacre_use_name() - "used", "swap", "hibernation image"...: of an enum nacre_fs_use, for a person */
const char *nacre_use_name(uint32_t use);

#endif
