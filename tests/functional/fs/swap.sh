#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# swap.sh - a swap area is known by its header, and all but that is left out
. "$(dirname "$0")/common.sh"
requires_program mkswap

uuid=01234567-89ab-cdef-0123-456789abcdef
for page in 4096 16384 65536; do
	rm -f "$image"
	truncate -s 8M "$image"
	mkswap -q -L "a swap" -U $uuid -p $page "$image" 2>/dev/null
	want="swap label=a swap uuid=$uuid size=8388608 free=0 inodes=0 block=$page state=0
0 $page 0
$page $((8388608 - page)) 5"
	is "$(vol r info , map)" "$want" "a swap area with pages of $page bytes is known"
done
# version, last page, bad pages: the other way round, as a big-endian machine writes them
printf '\0\0\0\1\0\0\0\177\0\0\0\0' | dd of="$image" bs=1 seek=1024 conv=notrunc status=none
is "$(vol r info , map)" "$want" "one of a machine with the other order of bytes as well"
printf 'S1SUSPEND\0' | dd of="$image" bs=1 seek=$((65536 - 10)) conv=notrunc status=none
run vol r info , map
said 'state=4' "a memory image in it is told"
said '65536 8323072 2' "and left out as well"
fails 1 "it has no files" vol r list /
said EOPNOTSUPP "that is said"
printf '\377\377\377\377' | dd of="$image" bs=1 seek=1028 conv=notrunc status=none
fails 1 "one that says to be larger than its volume is refused" vol r info
said EUCLEAN "that is said"
truncate -s 5000 "$image"
fails 1 "what is cut short is nothing known" vol r info
said 'no known file system' "that is said"
finish
