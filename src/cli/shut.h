/* SPDX-License-Identifier: BSD-2-Clause */
/* shut.h - what a process of nacre gives up once it only works with what it has open */
#ifndef NACRE_CLI_SHUT_H
#define NACRE_CLI_SHUT_H

#include <nacre/error.h>

#include <stdbool.h>

/**
 * cli_shut() - no capabilities, no new privileges, no files but @image, no system calls that are not needed
 * @image: NULL: none
 *
 * For nacre_attach_options.confine. What this machine does not offer is left out.
 */
int cli_shut(const char *image, bool writable, struct nacre_error *e);

#endif
