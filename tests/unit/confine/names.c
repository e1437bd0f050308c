/* SPDX-License-Identifier: BSD-2-Clause */
/* names.c - system calls have names */
#include "extension/confine/confine.h"
#include "tap.h"

#include <sys/syscall.h>

int main(void)
{
	int nr, wrong = 0;

	tap_is_string(nacre_syscall_name(SYS_openat), "openat", "openat has its name");
	tap_is_string(nacre_syscall_name(SYS_futex_waitv), "futex_waitv", "futex_waitv has its name");
	tap_is_string(nacre_syscall_name(452), "fchmodat2", "newer calls than the headers have names");
	tap_ok(!nacre_syscall_name(-1) && !nacre_syscall_name(100000) && !nacre_syscall_name(400),
	       "numbers without a call have none");
	tap_is_number(nacre_syscall_number("clone3"), SYS_clone3, "clone3 has its number");
	tap_is_number(nacre_syscall_number("no_such_call"), -1, "an unknown name has none");
	for (nr = 0; nr < 600; nr++)
		if (nacre_syscall_name(nr) && nacre_syscall_number(nacre_syscall_name(nr)) != nr)
			wrong++;
	tap_is_number(wrong, 0, "names and numbers agree");
	return tap_done();
}
