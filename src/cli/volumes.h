/* SPDX-License-Identifier: BSD-2-Clause */
/* volumes.h - where the drivers of file systems are, said to src/fs once */
#ifndef NACRE_CLI_VOLUMES_H
#define NACRE_CLI_VOLUMES_H

/** cli_volumes_setup() - before the first volume is opened */
void cli_volumes_setup(void);
/**
 * cli_volumes_trust_kernel() - XFS and btrfs may be mounted by this computer's kernel to be changed
 *
 * Return: NACRE_OK, or NACRE_E_USAGE and said why not
 */
int cli_volumes_trust_kernel(void);

#endif
