/* SPDX-License-Identifier: BSD-2-Clause */
/* machine.h - what the commands that deal with machines share */
#ifndef NACRE_CLI_MACHINE_H
#define NACRE_CLI_MACHINE_H

#include "cli.h"

/** cli_size() - "40G", "512MiB", "1048576": bytes, binary units. Return: false if it is none of these */
bool cli_size(const char *text, uint64_t *bytes);

/** cli_bytes() - "1.5 GiB", in one of a few static buffers */
const char *cli_bytes(uint64_t bytes);

#endif
