/* SPDX-License-Identifier: BSD-2-Clause */
/* exact.h - private copies of messages that end where the message ends, and host memory with guards */
#ifndef NACRE_FUZZ_EXACT_H
#define NACRE_FUZZ_EXACT_H

#include "input.h"

#include "extension/channel/channel.h"

/** exact_say() - put the next message of @in on the peer's line: a length in two bytes, then that */
void exact_say(struct nacre_map *map, struct input *in, uint16_t kind, uint32_t op, int sys);
/** exact_receive() - nacre_map_receive(), then the copy goes into a block of just its size */
int exact_receive(struct nacre_map *map, struct nacre_heard *heard, struct nacre_reader *r);

/** block_make() - @size bytes of the host; @constant: no call may change them */
void *block_make(size_t size, int fill, bool constant);
/** block_keep() - what is in all blocks now is what they should hold */
void block_keep(void);
/** block_check() - abort where guards, or constant blocks (@all: any block), were changed */
void block_check(bool all);
void block_free(void);

#endif
