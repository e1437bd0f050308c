/* SPDX-License-Identifier: BSD-2-Clause */
#include <nacre/overlay.h>

NACRE_INTERFACE(wrong, on_fail(-1));
#include <wchar.h>
int put(const wchar_t *text nacre(in, string));
