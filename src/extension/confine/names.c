/* SPDX-License-Identifier: BSD-2-Clause */
/* names.c - the names of system calls, from a table that the build makes (syscall-names.sh)
 *
 * Without libseccomp, as the host process, which logs the names, must not load it.
 */
#include "confine.h"
#include "names.h"

#include <string.h>

const char *nacre_syscall_name(int nr)
{
	if (nr < 0 || (size_t)nr >= nacre_syscall_names_count)
		return NULL;
	return nacre_syscall_names[nr];
}

int nacre_syscall_number(const char *name)
{
	size_t nr;

	for (nr = 0; nr < nacre_syscall_names_count; nr++)
		if (nacre_syscall_names[nr] && !strcmp(nacre_syscall_names[nr], name))
			return (int)nr;
	return -1;
}
