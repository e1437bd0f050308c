/* SPDX-License-Identifier: BSD-2-Clause */
/* names.h - the generated table behind nacre_syscall_name() */
#ifndef NACRE_CONFINE_NAMES_H
#define NACRE_CONFINE_NAMES_H

#include <stddef.h>

extern const char *const nacre_syscall_names[]; /* by number; NULL where there is none */
extern const size_t nacre_syscall_names_count;

#endif
