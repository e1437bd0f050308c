/* SPDX-License-Identifier: BSD-2-Clause */
#include <nacre/overlay.h>

NACRE_INTERFACE(wrong, on_fail(-1));
#include <stdarg.h>
int put(const char *text nacre(string), va_list list);
