/* SPDX-License-Identifier: BSD-2-Clause */
/* cutover.h - services of the source stop for good, so that the copy's can take over (--cutover)
 *
 * DOC: Theory of Operation
 *
 * While they work everything is copied, and again what they wrote meanwhile, until little is left. Then they are stopped by systemd, one after
 * the other; what they write on their way down is copied, and the machine is fixed and defined. That is their downtime.
 * From then on they stay stopped.
 *
 * If it does not come so far they are started again, in the reverse order. A process of its own does that: it is started
 * before any of them is stopped, waits at a pipe, and when that ends without a word everything is to be started again. So it makes no
 * difference whether the conversion failed or was killed.
 */
#ifndef NACRE_CONVERSION_CUTOVER_H
#define NACRE_CONVERSION_CUTOVER_H

#include <nacre/error.h>

#include <stdbool.h>

struct nacre_cutover;

/** nacre_cutover_open() - @units: NULL-ended, may be empty; stay the caller's. While there is one thread only */
struct nacre_cutover *nacre_cutover_open(const char *const *units, struct nacre_error *e);
/** nacre_cutover_stop() - stop them all. On an error some may be stopped: nacre_cutover_close() starts them again */
int nacre_cutover_stop(struct nacre_cutover *c, struct nacre_error *e);
/** nacre_cutover_ms() - milliseconds since the first was told to stop; 0: none was */
double nacre_cutover_ms(const struct nacre_cutover *c);
/** nacre_cutover_done() - all went well: they stay stopped */
void nacre_cutover_done(struct nacre_cutover *c);
/** nacre_cutover_close() - also NULL. Return: were they started again? */
bool nacre_cutover_close(struct nacre_cutover *c);

#endif
