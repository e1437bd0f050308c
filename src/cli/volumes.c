/* SPDX-License-Identifier: BSD-2-Clause */
/* volumes.c - where the drivers of file systems are, said to src/fs once */
#include "volumes.h"
#include "cli.h"
#include "layout.h"

#include "fs/volume.h"

#include <unistd.h>

static struct nacre_volume_parts parts;
static struct cli_layout layout;

void cli_volumes_setup(void)
{
	if (parts.vproc)
		return;
	cli_layout_find(&layout);
	parts.vproc = layout.vproc;
	parts.pair = cli_format("%s/fs", layout.pairs);
	parts.drivers = layout.drivers;
	nacre_volume_setup(&parts);
}

int cli_volumes_trust_kernel(void)
{
	if (geteuid())
		return cli_error(NACRE_E_USAGE, "--trust-kernel-mount", "needs root, who alone may mount");
	cli_volumes_setup();
	parts.kernel = layout.mount;
	return NACRE_OK;
}
