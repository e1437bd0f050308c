#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# state.sh - what a system left undone is finished before anything is written, and what is damaged is refused
. "$(dirname "$0")/common.sh"

tree=$work/tree
mkdir "$tree"
head -c 900000 /dev/urandom >"$tree/gone"
head -c 900000 /dev/urandom >"$tree/cut"
head -c 90000 /dev/urandom >"$tree/third"

number()
{
	dbg "stat $1" | sed -n 's/^Inode: \([0-9]*\).*/\1/p'
}

# make OPTIONS: /gone is open without a name, /cut is to be cut to 5000 bytes, /third is gone too
make()
{
	rm -f "$image"
	truncate -s 32M "$image"
	# shellcheck disable=SC2086 # words
	mke2fs -q -F $1 -J size=4 -d "$tree" "$image" 2>/dev/null
	debugfs -w -R "ea_set /gone user.large $(head -c 600 /dev/zero | tr '\0' v)" "$image" 2>/dev/null
	gone=$(number /gone) cut=$(number /cut) third=$(number /third)
	printf '%s\n' "unlink /gone" "unlink /third" "sif <$gone> links_count 0" "sif <$third> links_count 0" \
		"sif <$gone> dtime $2" "sif <$cut> size 5000" "sif <$cut> dtime $3" "sif <$third> dtime $4" |
		debugfs -w "$image" >/dev/null 2>&1
}

free_blocks()
{
	dumpe2fs -h "$image" 2>/dev/null | sed -n 's/^Free blocks: *//p'
}

for options in '-t ext4 -O ^metadata_csum' '-t ext4 -O metadata_csum,64bit' '-t ext4 -b 1024' '-t ext3 -b 1024'; do
	make "$options" 0 0 0
	debugfs -w -R "sif <$gone> dtime $cut" "$image" 2>/dev/null
	debugfs -w -R "sif <$cut> dtime $third" "$image" 2>/dev/null
	debugfs -w -R "ssv last_orphan $gone" "$image" 2>/dev/null
	fails 4 "$options: there are orphans" e2fsck -fn "$image"
	before=$(free_blocks)
	ok "$options: it is opened for writing" vol w info
	ok "$options: e2fsck finds nothing then" e2fsck -fn "$image"
	ok "$options: their space is free again" test $(($(free_blocks) - before)) -gt 400
	debugfs -R "dump /cut $work/got" "$image" 2>/dev/null
	ok "$options: what was cut has its beginning" sh -c "head -c 5000 '$tree/cut' | cmp - '$work/got'"
done

# The same by a file of inode numbers.
make '-t ext4 -O ^metadata_csum,orphan_file' 0 0 0
file=$(dumpe2fs -h "$image" 2>/dev/null | sed -n 's/^Orphan file inode: *//p')
at=$(dbg "blocks <$file>" | cut -d' ' -f1)
size=$(dumpe2fs -h "$image" 2>/dev/null | sed -n 's/^Block size: *//p')
for ino in $gone $cut $third; do
	# shellcheck disable=SC2059 # the format is the number
	printf "\\$(printf %o "$ino")\\0\\0\\0"
done | dd of="$image" bs=1 seek=$((at * size)) conv=notrunc status=none
debugfs -w -R 'feature orphan_present' "$image" >/dev/null 2>&1
before=$(free_blocks)
ok "orphan file: it is opened for writing" vol w info
ok "orphan file: e2fsck finds nothing then" e2fsck -fn "$image"
ok "orphan file: their space is free again" test $(($(free_blocks) - before)) -gt 400

# A list that leads back to itself, or to nowhere.
make '-t ext4' 0 0 0
debugfs -w -R "sif <$cut> dtime $third" "$image" 2>/dev/null
debugfs -w -R "sif <$third> dtime $cut" "$image" 2>/dev/null
debugfs -w -R "ssv last_orphan $cut" "$image" 2>/dev/null
run vol w info
ok "a list of orphans that leads back to itself ends" test "$status" -le 1
for ino in 5 99999 8; do
	make '-t ext4' 0 0 0
	debugfs -w -R "ssv last_orphan $ino" "$image" 2>/dev/null
	fails 1 "an orphan that cannot be one ($ino) is refused" vol w info
	said EUCLEAN "that is said"
done

# Opened for writing, and then nothing happens, or nothing that works.
for options in '-t ext2' '-t ext4' '-t ext4 -O ^metadata_csum,uninit_bg'; do
	rm -f "$image"
	truncate -s 16M "$image"
	# shellcheck disable=SC2086 # words
	mke2fs -q -F $options "$image"
	cp "$image" "$work/untouched"
	ok "$options: it is opened for writing, and looked at" vol w info , map , tree / , sync
	fails 1 "$options: what cannot be done" vol w remove /none , create /none/file 100644 0 0 , \
		rename /none /other , truncate /none 5 , set /none user.x y , sync
	ok "$options: changes no byte" cmp "$image" "$work/untouched"
done

rm -f "$image"
truncate -s 16M "$image"
mke2fs -q -F -t ext4 "$image"
debugfs -w -R 'ssv state 3' "$image" 2>/dev/null
fails 1 "what says that it is damaged is not written to" vol w info
said 'repair it first' "the remedy is told"
run vol r info
said 'state=2' "it may be looked at"
fails 1 "but what it says of its used space is not relied on" vol r map
mke2fs -q -F -t ext2 "$image"
debugfs -w -R 'ssv state 0' "$image" 2>/dev/null
fails 1 "nor is that of one without a journal that was not unmounted" vol r map
mke2fs -q -F -t ext4 "$image"
truncate -s 15M "$image"
fails 1 "one that is larger than its volume is refused" vol r info
said EUCLEAN "that is said"
mke2fs -q -F -t ext4 -O ^metadata_csum "$image"
printf '\377\377\377\377' | dd of="$image" bs=1 seek=$((1024 + 0x60)) conv=notrunc status=none
run vol r info
said EOPNOTSUPP "features that nobody knows are told from damage"
mke2fs -q -F -t ext4 -b 1024 "$image" 4000
head -c 5000000 /dev/zero | tr '\0' f >"$work/full"
fails 1 "a disk that is full says so" vol w create /large 100644 0 0 , put /large 0 "$work/full"
said ENOSPC "by its number"
ok "and is whole" e2fsck -fn "$image"
finish
