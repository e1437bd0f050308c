/* SPDX-License-Identifier: BSD-2-Clause */
/* empty.h - a library that does nothing, so that only the way there and back is measured */
#ifndef BENCH_EMPTY_H
#define BENCH_EMPTY_H

int empty_call(int x); /* x */
int empty_fault(int x); /* a write to address 0 */

#endif
