/* SPDX-License-Identifier: BSD-2-Clause */
/* differ.h - only what is not there already is written to a sink's disk
 *
 * Every block is compared by its hash with what the sink has. The hashes are asked for as they are needed,
 * NACRE_SINK_HASHES at a time, and the latest few are kept: who copies works from one end to the other. What is written here
 * is known from then on. It takes its memory when it is opened, and none later.
 */
#ifndef NACRE_CONVERSION_DIFFER_H
#define NACRE_CONVERSION_DIFFER_H

#include "conversion/transfer/transfer.h"

struct nacre_differ;

/** nacre_differ_open() - of disk @disk, which takes data. Several threads may write, as they may to a sink */
struct nacre_differ *nacre_differ_open(struct nacre_sink *sink, unsigned disk, struct nacre_error *e);
/**
 * nacre_differ_compare() - compare from now on, or write whatever comes; at first it compares
 *
 * While nothing is being written. To ask costs 8 bytes for each block near to what is written: of a few blocks, far apart, it does not pay.
 */
void nacre_differ_compare(struct nacre_differ *d, bool on);
/** nacre_differ_write() - as nacre_sink_write(), but of any length */
int nacre_differ_write(struct nacre_differ *d, uint64_t offset, const void *data, size_t size, struct nacre_error *e);
int nacre_differ_zero(struct nacre_differ *d, uint64_t offset, uint64_t length, struct nacre_error *e);
/** nacre_differ_there() - bytes that were there already, and were not written */
uint64_t nacre_differ_there(const struct nacre_differ *d);
void nacre_differ_close(struct nacre_differ *d);

#endif
