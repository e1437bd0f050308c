/* SPDX-License-Identifier: BSD-2-Clause */
/* place.h - a directory of this computer where a machine is made: the sink that does the work (C4, C14) */
#ifndef NACRE_CONVERSION_PLACE_H
#define NACRE_CONVERSION_PLACE_H

#include "conversion/transfer/transfer.h"

/**
 * nacre_place_open() - DIRECTORY.partial is made; define will make it DIRECTORY
 * @directory: what is above it has to exist; nothing is ever overwritten, but for a machine that is brought up to date (earlier.h)
 *
 * It wants volumes set up (fs/volume.h) before modify.
 */
struct nacre_sink *nacre_place_open(const char *directory, enum nacre_sink_mode mode, struct nacre_error *e);

/** nacre_place_values() - what this computer is; @directory: where there has to be room */
void nacre_place_values(const char *directory, struct nacre_sink_values *values);

/** nacre_place_above() - the nearest directory above @directory that is there, in new memory; NULL: there is no memory */
char *nacre_place_above(const char *directory);

#endif
