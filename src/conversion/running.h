/* SPDX-License-Identifier: BSD-2-Clause */
/* running.h - the source is in use: what of a conversion is then different (C2, C14) */
#ifndef NACRE_CONVERSION_RUNNING_H
#define NACRE_CONVERSION_RUNNING_H

#include "conversion/convert.h"
#include "conversion/snapshot/snapshot.h"
#include "conversion/transfer/transfer.h"

/** nacre_running_elsewhere() - an error if @directory would lie on what is converted: a copy cannot hold itself */
int nacre_running_elsewhere(const struct nacre_snapshot *s, const char *directory, struct nacre_error *e);
/**
 * nacre_running_look() - take inventory and plan of disks that change
 * @images, @names: as nacre_inventory_take() has them, in the order of the snapshot's disks
 *
 * What was read earlier is forgotten before, so that what the file systems have on the disk is seen. A volume that
 * changed while it was read is tried again, then it is a place with a problem, as any other.
 */
int nacre_running_look(struct nacre_image *const *images, const char *const *names, int count, const struct nacre_snapshot *s,
		       struct nacre_inventory *inventory, struct nacre_plan *plan, struct nacre_error *e);
/**
 * nacre_running_copy() - to the disks of @sink, until the instant is there
 * @there: bytes that a resumed sink had already; they were read, and not sent
 */
int nacre_running_copy(struct nacre_snapshot *s, const struct nacre_plan *plan, struct nacre_sink *sink,
		       const struct nacre_snapshot_options *o, const struct nacre_convert_says *says,
		       struct nacre_snapshot_result *result, uint64_t *there, struct nacre_error *e);
/** nacre_running_notes() - lines for the report. Return: how many of @most were written */
int nacre_running_notes(const struct nacre_snapshot_result *r, struct nacre_sink_note *notes, int most);

#endif
