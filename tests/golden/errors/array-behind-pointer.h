/* SPDX-License-Identifier: BSD-2-Clause */
#include <nacre/overlay.h>

NACRE_INTERFACE(wrong, on_fail(-1));
#include <stdbool.h>
int put(bool (*v)[3] nacre(out));
