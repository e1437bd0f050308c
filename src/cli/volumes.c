/* SPDX-License-Identifier: BSD-2-Clause */
/* volumes.c - where the drivers of file systems are, said to src/fs once */
#include "volumes.h"
#include "cli.h"
#include "layout.h"

#include "fs/volume.h"

void cli_volumes_setup(void)
{
	static struct nacre_volume_parts parts;
	static struct cli_layout layout;

	if (parts.vproc)
		return;
	cli_layout_find(&layout);
	parts.vproc = layout.vproc;
	parts.pair = cli_format("%s/fs", layout.pairs);
	parts.drivers = layout.drivers;
	nacre_volume_setup(&parts);
}
