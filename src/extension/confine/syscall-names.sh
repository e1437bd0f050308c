#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# syscall-names.sh - print the table of system call names: syscall-names.sh OUTPUT CC [FLAGS...]
set -eu
output=$1
shift

# Since 5.1 a new call has the same number on every architecture: what the kernel's headers at hand
# are too old for. (Source: scripts/syscall.tbl of Linux 6.17.)
newer="cachestat 451
fchmodat2 452
map_shadow_stack 453
futex_wake 454
futex_wait 455
futex_requeue 456
statmount 457
listmount 458
lsm_get_self_attr 459
lsm_set_self_attr 460
lsm_list_modules 461
mseal 462
setxattrat 463
getxattrat 464
listxattrat 465
removexattrat 466
open_tree_attr 467
file_getattr 468
file_setattr 469"

{
	printf '%s\n' "$newer" | sed 's/^/#define __NR_/'
	echo '#include <asm/unistd.h>' | "$@" -E -dM -x c -
} | awk '
	$1 == "#define" && $2 ~ /^__NR(3264)?_/ { value[$2] = $3 }
	END {
		for (macro in value) {
			name = macro
			if (!sub(/^__NR_/, "", name) || name ~ /^(syscalls|arch_specific_syscall)$/)
				continue
			number = value[macro]
			while (number in value)
				number = value[number]
			if (number ~ /^[0-9]+$/ && number < 1024) {
				names[number + 0] = name
				if (number + 0 > most)
					most = number + 0
			}
		}
		print "/* made by syscall-names.sh from the headers of the kernel; do not edit */"
		print "#include \"extension/confine/names.h\"\n"
		print "const char *const nacre_syscall_names[] = {"
		for (i = 0; i <= most; i++)
			if (i in names)
				printf "\t[%d] = \"%s\",\n", i, names[i]
		print "};\n"
		printf "const size_t nacre_syscall_names_count = %d;\n", most + 1
	}' >"$output"
