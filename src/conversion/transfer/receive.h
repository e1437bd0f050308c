/* SPDX-License-Identifier: BSD-2-Clause */
/* receive.h - a sink in two processes: one takes data and can do nothing else, one does the rest
 *
 * Bytes of a peer are decoded by a process that is confined to one directory. Fix-ups and the boot check
 * start other programs, so they are done by another one, which hears of them over a connection of the same
 * kind, and reads the same few messages as carefully. At attach the first gives the machine to the second.
 */
#ifndef NACRE_CONVERSION_RECEIVE_H
#define NACRE_CONVERSION_RECEIVE_H

#include "conversion/transfer/transfer.h"

/**
 * nacre_split_open() - @keep takes the data; the rest goes to whoever serves the other end of @host
 * @keep: belongs to the new sink, also after an error
 * @host: a connected socket; taken over
 * @watch: the descriptor whose end means that nobody waits any more
 */
struct nacre_sink *nacre_split_open(struct nacre_sink *keep, int host, int watch, const char *name, enum nacre_sink_mode mode,
				    struct nacre_error *e);

#endif
