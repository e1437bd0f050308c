/* SPDX-License-Identifier: BSD-2-Clause */
/* grow.h - a file system as it will be on a larger volume; see grow.c */
#ifndef NACRE_FS_EXT_GROW_H
#define NACRE_FS_EXT_GROW_H

#include "ext.h"

/**
 * struct ext_growth - what a file system grows to
 * @desc_blocks: blocks that all descriptors fill
 * @reserved:    blocks behind them that are kept for more
 * @meta:        descriptors from block @first_meta on are in the groups that they describe (meta_bg)
 * @convert:     it was not so before
 * @free:        blocks, known once it is drawn
 */
struct ext_growth {
	uint64_t blocks, free;
	dgrp_t groups;
	uint32_t desc_blocks, reserved, first_meta;
	bool meta, convert;
};

/** ext_grow_write() - write what was drawn; groups from @first on are new */
int ext_grow_write(struct nacre_fs *f, const struct ext_growth *g, dgrp_t first);

#endif
