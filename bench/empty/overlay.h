/* SPDX-License-Identifier: BSD-2-Clause */
/* overlay.h - empty.h for nacre; the order of the functions is known to takeover.c */
#ifndef BENCH_EMPTY_OVERLAY_H
#define BENCH_EMPTY_OVERLAY_H

#include "empty.h"
#include <nacre/overlay.h>

NACRE_INTERFACE(empty, version("1"), on_fail(-1, errno = EIO), deadline(2000));

int empty_call(int x);
int empty_fault(int x);

#endif
