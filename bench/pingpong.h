/* SPDX-License-Identifier: BSD-2-Clause */
/* pingpong.h - the peers of an empty call: a word back and forth between two processes, nothing else */
#ifndef NACRE_BENCH_PINGPONG_H
#define NACRE_BENCH_PINGPONG_H

#include <stdint.h>

/** struct pingpong - shared memory and a process that answers in it */
struct pingpong;

/** pingpong_start() - a partner on @cpu; @spin: both stay awake, else both sleep on a futex */
struct pingpong *pingpong_start(int cpu, int spin);
/** pingpong_round() - there and back */
void pingpong_round(struct pingpong *p);
void pingpong_stop(struct pingpong *p);

#endif
