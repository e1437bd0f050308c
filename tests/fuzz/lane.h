/* SPDX-License-Identifier: BSD-2-Clause */
/* lane.h - a stub's lane without a process around it: the fuzz input is what the host says */
#ifndef NACRE_FUZZ_LANE_H
#define NACRE_FUZZ_LANE_H

#include "exact.h"

#include <nacre/stub.h>

extern struct input lane_input;

/** lane_run() - bind @stub to this program's own functions once; then serve all requests of an input */
void lane_run(const struct nacre_stub *stub, const uint8_t *data, size_t size);
/** lane_read() - look at every byte that an extension was given */
void lane_read(const void *data, size_t size);

#endif
