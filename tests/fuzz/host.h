/* SPDX-License-Identifier: BSD-2-Clause */
/* host.h - a proxy's runtime without virtual processes: the fuzz input is what the stub says */
#ifndef NACRE_FUZZ_HOST_H
#define NACRE_FUZZ_HOST_H

#include "exact.h"

#include "extension/proxy/runtime.h"

extern struct input host_input;

/** host_begin() - a new input: no tokens, no handles, no records; nothing lost */
void host_begin(const uint8_t *data, size_t size);
/** host_end() - whether what the proxy holds of a call was given back; abort where not */
void host_end(void);
/** host_served() - has any reply since host_mark() been neither refused nor found to be wrong? */
bool host_served(void);
void host_mark(void);

#endif
